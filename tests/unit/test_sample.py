"""The sample deployment: what its users count on."""

import json
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dataset_manager.errors import ConfigurationError
from dataset_manager.sample import catalogue, generate, oddities
from dataset_manager.sample.drawing.looks import looks
from dataset_manager.sample.hits import METRICS, iter_hits
from dataset_manager.sample.pictures import Written, write_part, write_pictures
from dataset_manager.sample.transactions import FIRST_ID, Plan

SMALL = 700  # the first so many transactions have one of each oddity and of each damage
FULL = Plan(26_000, generate.SEED, generate.END)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample with pictures."""
    folder = tmp_path_factory.mktemp("out") / "sample"
    generate.generate(folder, transactions=SMALL)
    return folder


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """The sources that a process of the shipped sample finds."""
    return [source for source in (hit["_source"] for hit in iter_hits(FULL)) if asked(source)]


def asked(source: dict[str, Any]) -> bool:
    """Whether the usual question finds a document, by the texts of the common formats."""
    start = str(source["transaction_start_time"])
    inside = start.isdigit() or "2025-07-02" <= start < "2025-08-02"
    return source["deployment_id"] == 130 and source["transaction_metric"] in METRICS and inside


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The hits of a file."""
    with path.open("rb") as file:
        for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
            yield json.loads(line)


def files(folder: Path) -> dict[str, str]:
    """Content of a folder by name."""
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_equal_arguments_give_equal_bytes(sample: Path, tmp_path: Path) -> None:
    generate.generate(tmp_path / "again", transactions=SMALL)
    assert files(tmp_path / "again") == files(sample)


def test_another_seed_gives_other_transactions(sample: Path, tmp_path: Path) -> None:
    generate.generate(tmp_path / "other", transactions=SMALL, seed=6, pictures=False)
    assert files(tmp_path / "other")[generate.HITS] != files(sample)[generate.HITS]


def test_hits_and_catalogue_do_not_depend_on_the_pictures(sample: Path, tmp_path: Path) -> None:
    generate.generate(tmp_path / "without", transactions=SMALL, pictures=False)
    with_pictures, without = files(sample), files(tmp_path / "without")
    assert all(without[name] == with_pictures[name] for name in (generate.HITS, generate.CATALOGUE))
    assert not (tmp_path / "without/pictures").exists()


def test_a_second_call_changes_nothing(sample: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample.rglob("*")}
    assert generate.generate(sample, transactions=SMALL)["transactions"] == SMALL
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*")} == before


def test_other_arguments_in_the_same_folder_are_refused(sample: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"se hicieron con otros valores \(transactions: 700 en vez de 800\)\. Borre esa carpeta"):
        generate.generate(sample, transactions=800)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample/tesis.docx").write_text("mía")
    with pytest.raises(ConfigurationError, match=r"no son de los datos de ejemplo \(tesis\.docx\)"):
        generate.generate(tmp_path / "sample", transactions=10, pictures=False)
    assert (tmp_path / "sample/tesis.docx").read_text() == "mía"


def test_what_a_killed_run_left_is_made_whole(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / generate.HITS).write_bytes(b"half")
    (tmp_path / ".sample.99999999.tmp").mkdir()
    generate.generate(tmp_path / "sample", transactions=SMALL)
    assert files(tmp_path / "sample") == files(sample)
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp"))


def test_a_failure_leaves_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(path: Path, plan: Plan) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(generate, "write_catalogue", full_disk)
    with pytest.raises(Exception, match="el disco está lleno"):
        generate.generate(tmp_path / "sample", transactions=10, pictures=False)
    assert [path.name for path in tmp_path.iterdir()] == [".sample.lock"]


def test_counts_are_those_of_the_file(sample: Path) -> None:
    made = json.loads((sample / generate.FINISHED).read_text())
    sources = [hit["_source"] for hit in lines(sample / generate.HITS)]
    assert made["hits"] == len(sources)
    assert made["hits_asked"] == sum(asked(source) for source in sources)
    assert made["hits"] == SMALL + oddities.added(SMALL)[0]


def test_memory_does_not_grow_with_the_size() -> None:
    peaks = []
    for transactions in (3_000, 12_000):
        tracemalloc.start()
        for _ in iter_hits(Plan(transactions, 1, generate.END)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 4_000_000


def test_the_window_moves_with_the_last_day() -> None:
    starts = [hit["_source"]["transaction_start_time"] for hit in iter_hits(Plan(15, 1, date(2026, 3, 10)))]
    assert starts[0].startswith("2026-02-0") and starts[-1].startswith("2026-03-")


def test_the_deployment_is_the_one_its_users_know(documents: list[dict[str, Any]]) -> None:
    assert len(documents) == FULL.transactions + oddities.added(FULL.transactions)[1]
    assert {str(one["device_id"]) for one in documents} - {"None"} == {str(one.device_id) for one in catalogue.DEVICES}
    assert len(catalogue.products()) == 74 and len(catalogue.DEVICES) == 9 and len(catalogue.label_ids()) == 120
    shares = Counter(one["transaction_metric"] for one in documents)
    assert shares["WSPROCESSCOMPLETED03"] > shares["GFRSUSERPROCESSCOM03"] > shares["WSREFERENCEIMAGEAC01"] > 500


def test_the_model_changes_inside_the_window(documents: list[dict[str, Any]]) -> None:
    regular = [one for one in documents if str(one["transaction_start_time"]).endswith("Z") and "transaction_data" in one]
    ordered = [one["transaction_data"]["model_id"] for one in sorted(regular, key=lambda one: one["transaction_start_time"])]
    assert set(ordered[:9_000]) == {catalogue.OLD_MODEL} and set(ordered[-9_000:]) == {catalogue.NEW_MODEL}


def test_shops_are_closed_at_night_and_on_sunday_afternoon(documents: list[dict[str, Any]]) -> None:
    hours = Counter(one["transaction_start_time"][11:13] for one in documents if str(one["transaction_start_time"]).endswith("Z"))
    assert not any(hours[f"{hour:02d}"] for hour in (*range(7), *range(20, 24)))
    assert not any(str(one["transaction_start_time"])[:13] in ("2025-07-06T15", "2025-07-13T16") for one in documents)


def test_the_numbers_are_plausible(documents: list[dict[str, Any]]) -> None:
    clients = [one["transaction_data"] for one in documents if one["transaction_metric"] != METRICS[2] and "transaction_data" in one]
    sold = Counter(str(one["selected_reference_code"]) for one in clients)
    assert 30 <= sum(count >= 150 for count in sold.values()) <= 45
    newest = [one for one in clients if one["model_id"] == catalogue.NEW_MODEL]
    right = sum(one["confidence"] != "LOW" and one["topk"] != -1 for one in newest)
    assert 0.85 <= right / len(newest) <= 0.95


def test_the_catalogue_has_what_has_to_be_found(sample: Path) -> None:
    with closing(sqlite3.connect(sample / generate.CATALOGUE)) as base:
        references = dict(base.execute("SELECT reference_code, label_id FROM reference WHERE deployment_id = 130").fetchall())
        labels = {row[0] for row in base.execute("SELECT label_id FROM label")}
        models = dict(base.execute("SELECT model_id, model_data FROM model").fetchall())
        base_model = base.execute("SELECT model_id FROM deployment WHERE deployment_id = 130").fetchone()[0]
    assert len(references) == 74 and {"00014", "14", "ECO07"} <= set(references)
    assert list(references.values()).count(None) == 3
    assert [label for label in references.values() if label and label not in labels] == [catalogue.UNKNOWN_LABEL]
    old, new = json.loads(models[catalogue.OLD_MODEL]), json.loads(models[catalogue.NEW_MODEL])
    assert isinstance(old, list) and isinstance(new, dict) and base_model == catalogue.NEW_MODEL
    listed = Counter(label for one in new["classes"] for label in one["trained_labels"])
    assert max(listed.values()) == 2 and any(not one["trained_labels"] for one in new["classes"])


def test_keys_lead_from_a_transaction_to_its_pictures(sample: Path) -> None:
    damaged = {one["key"]: one["damage"] for one in json.loads((sample / generate.FINISHED).read_text())["damaged"]}
    with closing(sqlite3.connect(sample / generate.CATALOGUE)) as base:
        rows = base.execute("SELECT folder_url, folder_files FROM folder WHERE folder_files LIKE '[''%]'").fetchall()
    keys = {url.lstrip("/") + name for url, names in rows for name in names.strip("[]").replace("'", "").split(", ")}
    assert any(url.startswith("/") for url, _ in rows)
    assert {key for key in keys if not (sample / "pictures" / key).exists()} == {
        key for key, damage in damaged.items() if damage == "no existe"
    }


def test_every_picture_decodes_but_the_damaged_ones(sample: Path) -> None:
    import simplejpeg

    refused = set()
    for path in (sample / "pictures").rglob("*.jpg"):
        try:
            assert simplejpeg.decode_jpeg(path.read_bytes(), strict=True).shape == (240, 320, 3)
        except ValueError:
            refused.add(path.relative_to(sample / "pictures").as_posix())
    listed = json.loads((sample / generate.FINISHED).read_text())["damaged"]
    assert refused == {one["key"] for one in listed if one["damage"] != "no existe"}
    assert sorted(one["damage"] for one in listed) == ["bloque a cero", "no es una imagen", "no existe", "truncada", "vacía"]


def test_no_two_pictures_are_equal(sample: Path) -> None:
    contents = Counter(path.read_bytes() for path in (sample / "pictures").rglob("*.jpg"))
    assert set(contents.values()) == {1}


def test_pictures_are_the_same_in_any_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataset_manager.sample.pictures.FEW", 0)
    plan = Plan(60, 3, generate.END)
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert write_part(alone, plan, 0, 1) == write_pictures(together, plan, 2) != Written(0, 0)
    assert files(alone) == files(together)


def test_every_product_has_a_look() -> None:
    assert {one.name for one in catalogue.products()} | {catalogue.UNKNOWN_NAME} == set(looks())


def test_a_second_copy_of_a_document_stands_only_in_an_export() -> None:
    plan = Plan(SMALL, 1, generate.END)
    export = Counter((hit["_index"], hit["_id"]) for hit in iter_hits(plan))
    assert max(export.values()) == 2
    assert Counter((hit["_index"], hit["_id"]) for hit in iter_hits(plan, unique=True)) == Counter(set(export))


def test_odd_documents_keep_their_place(documents: list[dict[str, Any]]) -> None:
    assert sum(one["device_id"] is None for one in documents) == 6
    assert sum("metric_data" in one for one in documents) == 6
    assert min(int(one["transaction_id"]) for one in documents if one["transaction_id"]) >= FIRST_ID
