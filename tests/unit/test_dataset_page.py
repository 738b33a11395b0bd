"""The page about a dataset: whole in itself, right in its numbers, readable whatever the names are, and it warns before training."""

import re
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from dataset_folders import Row, build, path_of, put
from dataset_manager.datasets import summary, summary_page
from dataset_manager.datasets.finding import Dataset

HOSTILE = "<script>alert('1')</script>\"&amp; | `x` [a](http://b)"
UNKNOWN: Row = dict.fromkeys(
    ("transaction_id", "device_id", "device_name", "transaction_start_time", "confidence", "result", "model_result", "predicted")
)


def page_of(dataset: Dataset) -> str:
    summary.summarise(dataset, None, timezone="Europe/Madrid")
    return summary.page_file(dataset).read_text("utf-8")


def made(tmp_path: Path, folders: dict[str, int], rows: dict[str, Row] | None = None, **provenance: Any) -> Dataset:
    """So many pictures per folder, each of another day of August."""
    paths = [
        path_of(folder, f"{place}{number}", day=number % 28 + 1)
        for place, folder in enumerate(folders)
        for number in range(folders[folder])
    ]
    return build(tmp_path / "datasets", paths, rows, **provenance)


def warnings_of(dataset: Dataset) -> dict[str, list[str]]:
    return {one["kind"]: one["items"] for one in summary.summarise(dataset, None, timezone="Europe/Madrid")["warnings"]}


class Seen(HTMLParser):
    """Tags that are open at the end, the texts, and every attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def cells(html: str, section: str) -> list[list[str]]:
    """The rows of a section's first table, as text."""
    body = re.search(rf'<section id="{section}">.*?<tbody>(.*?)</tbody>', html, re.S)
    assert body
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in re.findall(r"<tr>(.*?)</tr>", body[1])
    ]


def hostile(tmp_path: Path) -> Dataset:
    path = path_of("limpia-1234/57", 1)
    named = {"class": HOSTILE, "label_id": HOSTILE, "reference_name": HOSTILE, "device_id": HOSTILE, "device_name": HOSTILE}
    short = {"reason": "reference", "reference_name": HOSTILE, "reference_code": "1", "class": HOSTILE, "device_id": None}
    numbers = {"wanted": 2, "placed": 1, "short": 1, "available": 1, "failed": 0}
    dataset = build(tmp_path / "datasets", [path], {path: named}, short=[short | numbers], process=HOSTILE)
    put(dataset.tree, "limpia-1234/57/<img src=http:__x onerror=1>.jpg")
    put(dataset.tree, "<b>negra/57/x_1_a.jpg")
    return dataset


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    html = page_of(hostile(tmp_path))
    seen = Seen(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.names)
    assert all(value and value.startswith("#") for name, value in seen.attributes if name in {"href", "src", "xlink:href", "action"})
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    style = re.search("<style>(.*?)</style>", html, re.S)
    assert style and "url(" not in style[1] and "@import" not in style[1]


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    html = page_of(hostile(tmp_path))
    seen = Seen(html)
    assert seen.open in ([], ["html"])
    assert [text for text in seen.texts if HOSTILE in text]
    assert "<script>" not in html and "<img" not in html and "<b>negra" not in html


def test_the_numbers_come_first(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"pera/57": 25, "kiwi/60": 22}, sample=True, window={"gte": "2025-07-02T00", "lt": "2025-08-02T00"})
    (dataset.tree / path_of("pera/57", "00")).unlink()
    html = page_of(dataset)
    assert re.findall(r"<div><b>([^<]+)</b><span>([^<]+)</span>", html)[:5] == [
        ("46", "imágenes"), ("2", "clases"), ("2", "labels"), ("1", "dispositivo"), ("25", "días"),
    ]  # fmt: skip
    assert "<div><b>1</b><span>borrada</span></div>" in html
    assert "datos de ejemplo" in html and "ventana del 02/07/2025 02:00 al 02/08/2025 02:00 (sin incluir)" in html


def test_real_data_are_not_called_an_example(tmp_path: Path) -> None:
    assert "datos de ejemplo" not in page_of(made(tmp_path, {"pera/57": 1}))


def test_obtained_stands_beside_wanted(tmp_path: Path) -> None:
    asked = {"extra": 1, "failed": 2, "bytes": 0, "placed": 3}
    classes = [{"class": "kiwi", "wanted": 5, "short": 2} | asked, {"class": "pera", "wanted": 2, "short": 0} | asked]
    dataset = made(tmp_path, {"pera/57": 4, "kiwi/60": 2}, classes=classes)
    put(dataset.tree, "uva/70/x_5_b.jpg")
    html = page_of(dataset)
    assert cells(html, "clases") == [
        ["kiwi", "", "2", "5", "1", "2", "2"],
        ["pera", "", "4", "2", "1", "0", "2"],
        ["uva", "", "1", "–", "–", "–", "–"],
    ]
    assert "<mark>2</mark>" in html and 'style="left:83.33%"' in html  # 5 of at most 6


def test_nobody_asked_a_merged_dataset_for_numbers_of_pictures(tmp_path: Path) -> None:
    classes = [{"class": "pera", "wanted": 4, "extra": 0, "short": 0, "failed": 0, "bytes": 0, "placed": 4}]
    html = page_of(made(tmp_path, {"pera/57": 4}, kind="merged", classes=classes))
    assert cells(html, "clases") == [["pera", "", "4"]] and '<th class="n">pedidas' not in html


def test_the_columns_of_the_balance_have_names_of_their_own(tmp_path: Path) -> None:
    html = page_of(made(tmp_path, {"pera/57": 4}))
    heads = re.findall(r"<th[^>]*>([^<]*)</th>", html.split('<section id="equilibrio">')[1].split("</section>")[0])
    assert len(heads) == len(set(heads)) and {"% del dispositivo", "% del día"} <= set(heads)


def test_a_class_that_was_emptied_is_still_there_with_nothing(tmp_path: Path) -> None:
    counts = {"wanted": 2, "extra": 0, "short": 0, "failed": 0, "bytes": 0, "placed": 2}
    dataset = made(tmp_path, {"pera/57": 2, "kiwi/60": 1}, classes=[{"class": name} | counts for name in ("kiwi", "pera")])
    (dataset.tree / path_of("kiwi/60", "10")).unlink()
    assert cells(page_of(dataset), "clases")[0][:4] == ["kiwi", "", "0", "2"]


def test_what_was_not_filled_is_listed(tmp_path: Path) -> None:
    numbers = {"wanted": 9, "placed": 3, "short": 6, "available": 4, "failed": 1}
    short = [
        {"reason": "reference", "reference_name": "PERA", "reference_code": "00012", "class": "pera", "device_id": None} | numbers,
        {"reason": "device", "reference_name": None, "reference_code": None, "class": None, "device_id": "1309"} | numbers,
    ]
    html = page_of(made(tmp_path, {"pera/57": 3}, short=short, counts={"wanted": 18, "placed": 6, "short": 12, "failed": 2}))
    assert "PERA (00012)" in html and "dispositivo 1309" in html
    assert "Al construirse, de las pedidas faltaron 12 imágenes" in html


def test_the_model_s_answers_are_shares_of_each_class(tmp_path: Path) -> None:
    answers = [
        ("SUCCESS", "Ok", "HIGH"),
        ("SUCCESS", "Ok", "HIGH"),
        ("FAIL", "Error", "MEDIUM"),
        ("NOT_TRAINED", "No_result", "LOW"),
        (None,) * 3,
    ]
    rows = {
        path_of("pera/57", f"0{number}", day=number + 1): dict(zip(("model_result", "result", "confidence"), answer, strict=True))
        for number, answer in enumerate(answers)
    }
    html = page_of(made(tmp_path, {"pera/57": 5}, rows))
    assert cells(html, "modelo") == [["pera", "", "", "", "66,7 %", "20,0 %", "20,0 %", "5"]]
    text = re.sub(r"<[^>]+>", " ", html)
    for words in (
        "acierto 2 (40,0 %)",
        "fallo 1 (20,0 %)",
        "no entrenada 1 (20,0 %)",
        "HIGH 2 (40,0 %)",
        "LOW 1 (20,0 %)",
        "sin dato 1 (20,0 %)",
    ):
        assert words in text


def test_pictures_without_time_device_or_answer_are_a_page_too(tmp_path: Path) -> None:
    path = path_of("pera/57", 1)
    html = page_of(build(tmp_path / "datasets", [path], {path: UNKNOWN}))
    assert "Ninguna imagen tiene fecha" in html and "<svg" not in html
    assert cells(html, "dispositivos")[0][0] == "sin dato"
    assert cells(html, "modelo")[0][4] == "–"
    assert "nan" not in html.lower().replace("manzana", "") and "None" not in html


def test_300_classes_with_long_names_are_a_page_too(tmp_path: Path) -> None:
    folders = {f"{'pimiento muy largo ' * 3}{number:03d}/{number}": 1 for number in range(300)}
    html = page_of(made(tmp_path, folders))
    assert len(cells(html, "clases")) == len(cells(html, "labels")) == len(cells(html, "equilibrio")) == 300


def test_the_days_are_those_of_the_clock_on_the_wall(tmp_path: Path) -> None:
    path = path_of("pera/57", 1)
    html = page_of(build(tmp_path / "datasets", [path], {path: {"transaction_start_time": datetime(2025, 8, 1, 22, 30)}}))
    assert "<title>02/08/2025: 1</title>" in html


def test_days_without_pictures_keep_their_place_and_many_days_are_weeks() -> None:
    first = date(2025, 7, 30)
    assert summary_page.periods([(first, 3), (first + timedelta(days=2), 1)], 1) == [
        (first, 3),
        (date(2025, 7, 31), 0),
        (date(2025, 8, 1), 1),
    ]
    weeks = summary_page.periods([(first, 3), (date(2025, 8, 3), 1), (date(2025, 8, 4), 5)], 7)
    assert weeks == [(date(2025, 7, 28), 4), (date(2025, 8, 4), 5)]


@pytest.mark.parametrize(("value", "top"), [(1, 4), (4, 4), (5, 8), (9, 12), (79, 80), (311, 400), (2360, 3000), (1_000_001, 1_200_000)])
def test_the_scale_ends_at_a_round_number(value: int, top: int) -> None:
    assert summary_page.round_up(value) == top


def test_nothing_changed_is_said(tmp_path: Path) -> None:
    assert "la carpeta es la que se construyó" in page_of(made(tmp_path, {"pera/57": 1}))


def test_what_a_person_changed_is_listed_per_label_and_by_name(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"pera/57": 3, "kiwi/60": 1, "uva/70": 1})
    (dataset.tree / path_of("pera/57", "00", day=1)).unlink()
    (dataset.tree / path_of("pera/57", "01", day=2)).rename(dataset.tree / "kiwi/60/otra.jpg")
    html = page_of(dataset)
    assert cells(html, "cambios") == [["kiwi", "60", "1", "0", "0", "1", "0", "0", "2"], ["pera", "57", "3", "1", "1", "0", "0", "0", "1"]]
    assert f"{path_of('pera/57', '01', day=2)} → kiwi/60/otra.jpg" in html
    assert f"<li>{path_of('pera/57', '00', day=1)}</li>" in html


# ---- warnings


def test_a_balanced_dataset_warns_of_nothing(tmp_path: Path) -> None:
    rows = device_rows({"pera/57": 22, "kiwi/60": 22}, lambda number: str(number % 3))
    assert warnings_of(made(tmp_path, {"pera/57": 22, "kiwi/60": 22}, rows)) == {}


def device_rows(folders: dict[str, int], device: Any) -> dict[str, Row]:
    """What `made` would make, with devices by number."""
    numbered = ((place, folder, number) for place, (folder, count) in enumerate(folders.items()) for number in range(count))
    return {
        path_of(folder, f"{place}{number}", day=number % 28 + 1): {"device_id": device(number), "device_name": f"Balanza {device(number)}"}
        for place, folder, number in numbered
    }


def test_small_and_large_classes_and_small_labels_are_named(tmp_path: Path) -> None:
    found = warnings_of(made(tmp_path, {"a/1": 4, "b/2": 10, "c/3": 10, "d/4": 31, "b/5": 0}))
    assert found["clase_pequeña"] == ["a (4)"]
    assert found["clase_grande"] == ["d (31)"]
    assert found["label_pequeño"] == ["a / 1 (4)", "b / 2 (10)", "c / 3 (10)"]


def test_half_of_the_median_is_enough(tmp_path: Path) -> None:
    assert "clase_pequeña" not in warnings_of(made(tmp_path, {"a/1": 5, "b/2": 10, "c/3": 10}))


def test_one_device_that_gives_most_of_a_class_is_named(tmp_path: Path) -> None:
    folders = {"pera/57": 12, "kiwi/60": 10}
    found = warnings_of(made(tmp_path, folders, device_rows(folders, lambda number: "8" if number < 2 else "7")))
    assert found["un_dispositivo"] == ["pera: Balanza 7 (83,3 %)"]


def test_a_dataset_of_one_device_says_so_once(tmp_path: Path) -> None:
    assert warnings_of(made(tmp_path, {"pera/57": 12, "kiwi/60": 12}))["un_dispositivo"] == []


def test_one_day_that_gives_most_of_a_class_is_named(tmp_path: Path) -> None:
    paths = [path_of("pera/57", number, day=1 if number < 7 else number) for number in range(12)]
    found = warnings_of(build(tmp_path / "datasets", [*paths, path_of("kiwi/60", 99, day=3)]))
    assert found["un_dia"] == ["pera: 01/08/2025 (58,3 %)"]


def test_folders_that_a_person_made_are_looked_at(tmp_path: Path) -> None:
    dataset = made(tmp_path, {"Pera/57": 1, "kiwi/60": 1})
    put(dataset.tree, "péra/57/x_9_a.jpg")
    found = warnings_of(dataset)
    assert found["carpeta_nueva"] == ["péra/57"]
    assert found["label_en_dos_clases"] == ["57 (Pera, péra)"]
    assert found["clases_parecidas"] == ["Pera = péra"]


def test_long_lists_are_folded_and_cut(tmp_path: Path) -> None:
    dataset = made(tmp_path, {f"c{number:03d}/{number}": 1 for number in range(210)})
    summary.summarise(dataset, None, timezone="Europe/Madrid")
    html = summary.page_file(dataset).read_text("utf-8")
    assert "<b>Labels con menos de 20 imágenes</b>: 210</summary>" in html and "… y 10 más" in html
