"""summary_dataset accepts what a person made of a dataset's folder, tells what became of every picture, and accepts all or nothing."""

import csv
import io
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_folders import build, curated, path_of, products, put, write_transactions
from dataset_manager.datasets import content, summary, summary_lines
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import CountError
from dataset_manager.files import read_json, sha256_of
from pictures import picture

PERA, KIWI = "pera/57", "kiwi/60"
PATHS = [path_of(folder, number) for folder, first in ((PERA, 100), (KIWI, 200)) for number in range(first, first + 3)]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "datasets", PATHS)


def summarise(dataset: Dataset, transactions: Path | None = None, **more: Any) -> dict[str, Any]:
    return summary.summarise(dataset, transactions, timezone="Europe/Madrid", **more)


def row_of(dataset: Dataset, path: str) -> dict[str, Any]:
    return next(row for row in curated(dataset) if row["path"] == path)


def label(result: dict[str, Any], folder: str) -> dict[str, Any]:
    return dict(next(one for one in result["labels"] if one["folder"] == folder))


def test_an_untouched_dataset_is_accepted_as_it_was_built(dataset: Dataset) -> None:
    result = summarise(dataset)
    assert result["content_id"] == result["dataset_id"]
    assert {row["origin"] for row in curated(dataset)} == {"construida"}
    assert [row["path"] for row in curated(dataset)] == sorted(PATHS)
    assert result["counts"]["kept"] == result["counts"]["built"] == result["counts"]["present"] == 6


def test_the_accepted_content_is_what_the_other_commands_compare_with(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).unlink()
    with pytest.raises(CountError):
        content.require_accepted(dataset)
    result = summarise(dataset)
    accepted = content.require_accepted(dataset)
    assert content.content_id({path: one.sha256 for path, one in accepted.items()}) == result["content_id"]


def test_deleted_pictures_are_counted_where_they_were(dataset: Dataset) -> None:
    for path in PATHS[:2]:
        (dataset.tree / path).unlink()
    result = summarise(dataset)
    assert result["counts"] | {"removed": 2, "present": 4, "kept": 4, "moved": 0} == result["counts"]
    assert label(result, PERA) | {"built": 3, "removed": 2, "present": 1} == label(result, PERA)
    assert label(result, KIWI)["removed"] == 0
    assert len(curated(dataset)) == 4 and result["content_id"] != result["dataset_id"]


def test_a_label_whose_pictures_are_all_gone_stays_in_the_counts(dataset: Dataset) -> None:
    shutil.rmtree(dataset.tree / KIWI)
    result = summarise(dataset)
    assert label(result, KIWI) | {"removed": 3, "present": 0} == label(result, KIWI)
    assert "kiwi" in next(one["text"] for one in result["warnings"] if one["kind"] == "clase_vacía")


def test_a_picture_moved_to_another_label_keeps_what_is_known_of_it(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).rename(dataset.tree / KIWI / "otra.jpg")
    result = summarise(dataset)
    row = row_of(dataset, f"{KIWI}/otra.jpg")
    assert (row["origin"], row["class"], row["label_id"]) == ("movida", "kiwi", "60")
    assert (row["transaction_id"], row["device_id"], row["key"], row["width"]) == ("100", "7", "fotos/100/a.jpg", 64)
    assert row["transaction_start_time"] == datetime(2025, 8, 1, 10, 30)
    assert (result["counts"]["moved"], result["counts"]["relabelled"], result["counts"]["removed"]) == (1, 1, 0)
    assert (label(result, PERA)["moved_out"], label(result, KIWI)["moved_in"]) == (1, 1)


def test_a_new_name_in_the_same_label_is_a_move_but_no_relabelling(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).rename(dataset.tree / PERA / "otra.jpg")
    counts = summarise(dataset)["counts"]
    assert (counts["moved"], counts["relabelled"], counts["added"], counts["removed"]) == (1, 0, 0, 0)


def test_two_pictures_that_change_places_are_two_moves(dataset: Dataset) -> None:
    first, second = dataset.tree / PATHS[0], dataset.tree / PATHS[3]
    first.rename(dataset.tree / "aparte")
    second.rename(first)
    (dataset.tree / "aparte").rename(second)
    result = summarise(dataset)
    assert (result["counts"]["moved"], result["counts"]["changed"]) == (2, 0)
    assert row_of(dataset, PATHS[0])["transaction_id"] == "200"


def test_one_picture_put_over_another_is_a_move_and_a_removal(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).replace(dataset.tree / PATHS[3])
    result = summarise(dataset)
    assert (result["counts"]["moved"], result["counts"]["removed"], result["counts"]["changed"]) == (1, 1, 0)
    assert label(result, KIWI) | {"built": 3, "removed": 1, "moved_in": 1, "present": 3} == label(result, KIWI)


def test_of_equal_pictures_the_one_with_the_same_file_name_moved() -> None:
    built = {"a/1/x.jpg": "same", "a/1/y.jpg": "same"}
    fates = summary.compared(built, {"b/2/y.jpg": "same"})
    assert (fates.moved, fates.removed) == ([("a/1/y.jpg", "b/2/y.jpg")], ["a/1/x.jpg"])


def test_an_edited_picture_is_changed_and_is_still_its_transaction_s(dataset: Dataset) -> None:
    path = dataset.tree / PATHS[0]
    path.unlink()
    path.write_bytes(picture("recortada", size=(40, 30)))
    result = summarise(dataset)
    row = row_of(dataset, PATHS[0])
    assert (row["origin"], row["width"], row["height"], row["transaction_id"]) == ("cambiada", 40, 30, "100")
    assert label(result, PERA) | {"changed": 1, "kept": 2, "removed": 0, "present": 3} == label(result, PERA)


@pytest.mark.parametrize("name", ["20250801120000_555_b.jpg", "foto_555.jpg", "x_555_otra_cosa.png"])
def test_an_added_picture_is_known_by_the_transaction_in_its_name(dataset: Dataset, tmp_path: Path, name: str) -> None:
    moment = datetime(2025, 8, 2, 9, 15, 1)
    known = {"transaction_id": "555", "device_id": "8", "device_name": "Balanza 8", "transaction_start_time": moment, "confidence": "LOW"}
    more = {"result_label_name": "kiwi", "Result": "Error", "Result_modelo": "FAIL", "selected_reference_code": "00057"}
    transactions = write_transactions(tmp_path / "t.parquet", [{"transaction_id": "1"}, known | more])
    put(dataset.tree, f"{PERA}/{name}")
    result = summarise(dataset, transactions)
    row = row_of(dataset, f"{PERA}/{name}")
    assert (row["origin"], row["transaction_id"], row["device_id"], row["device_name"]) == ("añadida", "555", "8", "Balanza 8")
    assert (row["transaction_start_time"], row["predicted"], row["confidence"]) == (moment, "kiwi", "LOW")
    assert (row["result"], row["model_result"], row["reference_id"], row["reference_name"]) == ("Error", "FAIL", "957", "PERA")
    assert (row["key"], row["class"], row["label_id"], row["width"]) == (None, "pera", "57", 64)
    assert (label(result, PERA)["added"], result["counts"]["added"], result["counts"]["unknown"]) == (1, 1, 0)


def test_of_a_customer_s_and_a_manual_row_the_customer_s_counts(dataset: Dataset, tmp_path: Path) -> None:
    later = {"transaction_id": "555", "device_id": "9", "kind": "manual", "transaction_end_time": datetime(2025, 8, 9)}
    transactions = write_transactions(tmp_path / "t.parquet", [later, {"transaction_id": "555", "device_id": "8"}])
    put(dataset.tree, f"{PERA}/x_555_b.jpg")
    summarise(dataset, transactions)
    assert row_of(dataset, f"{PERA}/x_555_b.jpg")["device_id"] == "8"


def test_a_transaction_whose_own_name_has_low_lines_is_found(dataset: Dataset, tmp_path: Path) -> None:
    rows = [{"transaction_id": "A", "device_id": "1"}, {"transaction_id": "A_7", "device_id": "2"}]
    transactions = write_transactions(tmp_path / "t.parquet", rows)
    put(dataset.tree, f"{PERA}/x_A_7_foto.jpg")
    summarise(dataset, transactions)
    assert (row_of(dataset, f"{PERA}/x_A_7_foto.jpg")["transaction_id"], row_of(dataset, f"{PERA}/x_A_7_foto.jpg")["device_id"]) == (
        "A_7",
        "2",
    )


def test_an_added_picture_of_nobody_is_accepted_and_said(dataset: Dataset, tmp_path: Path) -> None:
    put(dataset.tree, f"{PERA}/foto.jpg")
    put(dataset.tree, f"{PERA}/x_777_foto.jpg")
    result = summarise(dataset, write_transactions(tmp_path / "t.parquet", [{"transaction_id": "1"}]))
    assert [row_of(dataset, f"{PERA}/{name}")["transaction_id"] for name in ("foto.jpg", "x_777_foto.jpg")] == [None, "777"]
    assert result["counts"]["unknown"] == 2
    assert "sin_transacción" in {one["kind"] for one in result["warnings"]}


def test_a_copy_of_a_picture_is_added_and_said_to_stand_twice(dataset: Dataset) -> None:
    shutil.copy(dataset.tree / PATHS[0], dataset.tree / KIWI / "copia.jpg")
    result = summarise(dataset)
    assert row_of(dataset, f"{KIWI}/copia.jpg") | {"origin": "añadida", "width": 64} == row_of(dataset, f"{KIWI}/copia.jpg")
    assert "misma_imagen_otro_label" in {one["kind"] for one in result["warnings"]}


def test_everything_that_is_no_picture_is_said_at_once_and_nothing_is_accepted(dataset: Dataset) -> None:
    whole = picture("cortada")
    (dataset.tree / PERA / "cortada.jpg").write_bytes(whole[: len(whole) // 2])
    (dataset.tree / PERA / "notas.txt").write_text("mañana más")
    (dataset.tree / PERA / "vacía.jpg").touch()
    put(dataset.tree, "suelta.jpg")
    put(dataset.tree, "pera/sin_label.jpg")
    put(dataset.tree, "pera/57/más/hondo.jpg")
    (dataset.tree / PERA / "enlace.jpg").symlink_to(dataset.tree / PATHS[0])
    with pytest.raises(CountError) as said:
        summarise(dataset)
    text = str(said.value)
    assert "7 ficheros no pueden aceptarse" in text
    for name, why in (("cortada.jpg", "dañada"), ("notas.txt", "no es una imagen"), ("vacía.jpg", "vacía"), ("enlace.jpg", "enlace")):
        assert why in next(line for line in text.splitlines() if name in line)
    for name in ("suelta.jpg", "sin_label.jpg", "hondo.jpg"):
        assert "<clase>/<label>/<imagen>" in next(line for line in text.splitlines() if name in line)
    assert products(dataset) == {}


def test_a_refused_folder_leaves_what_was_accepted_before(dataset: Dataset) -> None:
    summarise(dataset)
    before = products(dataset)
    (dataset.tree / PATHS[0]).unlink()
    (dataset.tree / PERA / "rota.jpg").write_bytes(b"\xff\xd8\xff rota")
    with pytest.raises(CountError):
        summarise(dataset)
    assert products(dataset) == before


def test_a_built_picture_that_the_disk_damaged_is_refused(dataset: Dataset) -> None:
    data = bytearray((dataset.tree / PATHS[0]).read_bytes())
    data[-300:] = bytes(300)
    (dataset.tree / PATHS[0]).write_bytes(data)
    with pytest.raises(CountError, match="dañada"):
        summarise(dataset)


def test_names_that_no_list_could_hold_are_refused(dataset: Dataset) -> None:
    file = os.fsencode(dataset.tree / PERA) + b"/ma\xf1ana_1_a.jpg"
    Path(os.fsdecode(file)).write_bytes(picture("latin"))
    put(dataset.tree, f"{PERA}/dos\nlíneas.jpg")
    with pytest.raises(CountError, match="2 ficheros") as said:
        summarise(dataset)
    assert str(said.value).encode("utf-8") and len(str(said.value).splitlines()) == 3


def test_a_picture_that_cannot_be_read_is_a_problem_like_another(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (dataset.tree / PERA / "x_5_b.jpg").write_bytes(picture("nueva"))
    monkeypatch.setattr(summary, "sha256_of", refusing)
    with pytest.raises(CountError, match=r"x_5_b.jpg: no se puede leer \(Permission denied\)"):
        summarise(dataset)


def test_an_empty_folder_is_no_dataset(dataset: Dataset) -> None:
    shutil.rmtree(dataset.tree)
    with pytest.raises(CountError, match="no hay ninguna imagen"):
        summarise(dataset)


def test_what_file_managers_leave_and_the_tool_s_own_files_are_nobody_s_pictures(dataset: Dataset) -> None:
    (dataset.tree / PERA / "Thumbs.db").write_bytes(b"x")
    assert summarise(dataset)["counts"]["present"] == summarise(dataset)["counts"]["present"] == 6


def test_a_built_dataset_without_its_manifest_is_not_taken_for_an_older_tool_s(dataset: Dataset) -> None:
    dataset.beside(".manifest.parquet").unlink()
    with pytest.raises(CountError, match="manifest"):
        summarise(dataset)


def test_the_same_folder_gives_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    transactions = write_transactions(tmp_path / "t.parquet", [{"transaction_id": "555", "device_id": "8"}])
    put(dataset.tree, f"{PERA}/x_555_b.jpg")
    (dataset.tree / PATHS[1]).unlink()
    (dataset.tree / PATHS[0]).rename(dataset.tree / KIWI / "otra.jpg")
    summarise(dataset, transactions)
    first = products(dataset)
    assert len(first) == 5
    summarise(dataset, transactions)
    assert products(dataset) == first
    for file in (dataset.beside(".curated.parquet"), dataset.beside(".summary.json")):
        file.unlink()
    summarise(dataset, transactions)
    assert products(dataset) == first


def test_only_what_time_does_not_vouch_for_is_read(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    (dataset.tree / PERA / "x_5_b.jpg").write_bytes(picture("nueva"))
    read: list[str] = []

    def spying(path: Path) -> str:
        read.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(summary, "sha256_of", spying)
    summarise(dataset)
    assert read == ["x_5_b.jpg"]
    summarise(dataset)
    assert read == ["x_5_b.jpg"]


def test_a_copy_without_times_is_read_again_and_is_the_same_dataset(dataset: Dataset) -> None:
    for path in PATHS:
        os.utime(dataset.tree / path, (1_600_000_000, 1_600_000_000))
    result = summarise(dataset)
    assert result["content_id"] == result["dataset_id"] and result["counts"]["kept"] == 6


def test_an_edit_that_keeps_the_size_and_the_second_is_seen(dataset: Dataset) -> None:
    path = dataset.tree / PATHS[0]
    stat, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns // 10**9 * 10**9))
    assert path.stat().st_size == stat.st_size
    assert summarise(dataset)["counts"]["changed"] == 1


def test_the_csv_has_its_columns_and_order_and_opens_in_excel(tmp_path: Path) -> None:
    paths = [path_of("pera/57", 2), path_of("pera/57", 1), path_of("kiwi/60", 3, 23), path_of("kiwi/6", 4)]
    dataset = build(tmp_path / "datasets", paths, {path_of("kiwi/6", 4): {"transaction_start_time": None, "device_id": None}})
    summarise(dataset)
    raw = summary.csv_file(dataset).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows == [
        ["transaction_id", "device_id", "transaction_start_time", "Date", "clase", "label_id", "filename", "file_name_path"],
        ["4", "", "", "", "kiwi", "6", "20250801103000_4_a.jpg", "kiwi/6"],
        ["3", "7", "2025-08-01 23:30:00", "2025-08-01", "kiwi", "60", "20250801233000_3_a.jpg", "kiwi/60"],
        ["1", "7", "2025-08-01 10:30:00", "2025-08-01", "pera", "57", "20250801103000_1_a.jpg", "pera/57"],
        ["2", "7", "2025-08-01 10:30:00", "2025-08-01", "pera", "57", "20250801103000_2_a.jpg", "pera/57"],
    ]


def test_a_class_that_is_no_folder_name_keeps_its_name(tmp_path: Path) -> None:
    path = path_of("a_b-1234/57", 1)
    dataset = build(tmp_path / "datasets", [path], {path: {"class": "a/b"}})
    result = summarise(dataset)
    assert curated(dataset)[0]["class"] == "a/b"
    assert b";a/b;57;20250801103000_1_a.jpg;a_b-1234/57" in products(dataset)["_summary_p_v01.csv"]
    assert label(result, "a_b-1234/57")["class"] == "a/b"


def test_columns_that_only_a_merged_manifest_has_are_kept(dataset: Dataset) -> None:
    manifest = dataset.beside(".manifest.parquet")
    table = pq.read_table(manifest)
    pq.write_table(table.append_column("dataset_original", pa.array(["v00"] * len(table))), manifest)
    (dataset.tree / PATHS[0]).rename(dataset.tree / KIWI / "otra.jpg")
    summarise(dataset)
    assert {row["dataset_original"] for row in curated(dataset)} == {"v00"}
    assert list(curated(dataset)[0])[:9] == ["path", "sha256", "bytes", "mtime_ns", "width", "height", "format", "class", "label_id"]


def legacy(tmp_path: Path) -> Dataset:
    tree = tmp_path / "old/datasets/viejo"
    for path in PATHS:
        put(tree, path)
    return Dataset("viejo", "old", tree, tmp_path / "registry/legacy/old", legacy=True)


def test_an_older_tool_s_dataset_is_only_read_and_described_elsewhere(tmp_path: Path) -> None:
    dataset, told = legacy(tmp_path), tmp_path / "told.parquet"
    before = sorted((path, path.stat().st_mtime_ns) for path in dataset.tree.rglob("*"))
    rows = [
        {"transaction_id": "100", "device_id": "old", "transaction_start_time": datetime(2025, 7, 1)},
        {"transaction_id": "100", "device_id": "new", "transaction_start_time": datetime(2025, 8, 1, 10)},
    ]
    pq.write_table(pa.Table.from_pylist(rows), told)
    result = summarise(dataset, metadata=told)
    assert sorted((path, path.stat().st_mtime_ns) for path in dataset.tree.rglob("*")) == before
    assert {row["origin"] for row in curated(dataset)} == {"construida"} and len(products(dataset)) == 5
    row = row_of(dataset, PATHS[0])
    assert (row["transaction_id"], row["device_id"], row["transaction_start_time"]) == ("100", "new", datetime(2025, 8, 1, 10))
    assert (row["width"], row["format"]) == (64, "jpeg")
    assert result["dataset_id"] is None and result["counts"]["unknown"] == 5


def test_the_small_json_holds_what_registering_reads(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).unlink()
    result = summarise(dataset)
    assert read_json(dataset.beside(".summary.json")) == {name: value for name, value in result.items() if name not in ("files", "short")}
    assert {"content_id", "counts", "labels", "warnings"} <= result.keys()


def test_the_curated_file_comes_last(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise CountError("no")

    monkeypatch.setattr(summary, "write_json", full)
    with pytest.raises(CountError):
        summarise(dataset)
    assert not dataset.beside(".curated.parquet").exists()


def test_a_person_reads_what_happened_to_each_label(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).unlink()
    put(dataset.tree, f"{KIWI}/x_5_b.jpg")
    result = summarise(dataset)
    text = list(summary_lines.lines(result))
    assert next(line for line in text if " pera " in line).split() == ["pera", "57", "3", "1", "0", "0", "0", "0", "2"]
    assert next(line for line in text if "TOTAL" in line).split() == ["TOTAL", "6", "1", "1", "0", "0", "0", "6"]
    assert any(result["content_id"] in line for line in text)
    assert any(str(summary.page_file(dataset)) in line for line in text)


def test_the_terminal_shows_only_what_changed_or_is_short_and_says_where_the_rest_is(dataset: Dataset) -> None:
    def classes(result: dict[str, Any]) -> list[str]:
        return [line.split()[0] for line in summary_lines.lines(result) if line.split()[:1] in (["pera"], ["kiwi"], ["TOTAL"])]

    result = summarise(dataset)
    assert classes(result) == ["TOTAL"]
    assert any("2 labels; la tabla entera está en la página" in line for line in summary_lines.lines(result))
    assert classes(result | {"short": ["kiwi"]}) == ["kiwi", "TOTAL"]
    (dataset.tree / PATHS[0]).unlink()
    assert classes(summarise(dataset)) == ["pera", "TOTAL"]


def test_every_count_closes(dataset: Dataset) -> None:
    (dataset.tree / PATHS[0]).unlink()
    (dataset.tree / PATHS[1]).rename(dataset.tree / KIWI / "otra.jpg")
    put(dataset.tree, "uva/70/x_5_b.jpg")
    for one in summarise(dataset)["labels"]:
        assert one["built"] == one["kept"] + one["changed"] + one["removed"] + one["moved_out"]
        assert one["present"] == one["kept"] + one["changed"] + one["added"] + one["moved_in"]
