"""The catalogue from SQLite: five tables, every id text, and clear words for what is missing."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from catalogue_tables import ROWS, SCHEMA, sqlite_catalogue
from dataset_manager.errors import SourceError
from dataset_manager.sources import database
from dataset_manager.sources.catalogue import extract_catalogue
from dataset_manager.sources.extraction import extract
from dataset_manager.sources.picture_names import picture_names
from transactions import export, hit, identity, raw_folder

HITS = [hit(1), hit(2, data={"model_id": "31"}), hit(3), hit(4), hit(5)]


@pytest.fixture
def process(tmp_path: Path) -> Path:
    """A process whose transactions 1001 to 1005 are read."""
    return with_hits(tmp_path / "process", HITS)


def with_hits(process: Path, hits: list[dict[str, Any]]) -> Path:
    window, manifest = raw_folder(process)
    extract(identity(), window, manifest, source=export(process / "hits.ndjson", hits))
    return process


def run(process: Path, source: Path, base_model_id: str = "", **other: Any) -> dict[str, int]:
    asked = identity(**other)
    return extract_catalogue(asked, {"base_model_id": base_model_id}, process / "data/raw/manifest.json", process / "data", source=source)


def table(process: Path, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{process}/data/{name}.parquet'").fetchall()


def types(process: Path, name: str) -> dict[str, str]:
    return {row[0]: row[1] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{process}/data/{name}.parquet'").fetchall()}


def test_five_tables_with_text_ids_come_out(process: Path, tmp_path: Path) -> None:
    counts = run(process, sqlite_catalogue(tmp_path / "c.sqlite"))
    assert counts == {"deployment": 1, "references": 2, "labels": 2, "model": 2, "folders": 4, "unreadable_folder_files": 1}
    assert table(process, "deployment") == [("130", "32")]
    assert table(process, "references", "reference_id, reference_code, label_id, reference_name") == [
        ("9", "14", None, "=cmd|' /C calc'!A0"),
        ("10", "00014", "5", "Manzana Golden"),
    ]
    assert table(process, "labels", "label_id, label_name") == [("5", "manzana"), ("6", "ñame")]
    assert table(process, "model", "model_id, model_data") == [("31", "[]"), ("32", '{"classes": [{"index": 0}]}')]
    assert table(process, "references", "created_at::VARCHAR, updated_at")[0] == ("2025-01-02 03:04:05", None)


def test_the_columns_are_those_that_later_steps_read(process: Path, tmp_path: Path) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"))
    text = dict.fromkeys(("reference_id", "reference_code", "reference_name", "label_id"), "VARCHAR")
    assert types(process, "references") == text | {"created_at": "TIMESTAMP", "updated_at": "TIMESTAMP"}
    assert types(process, "folders") == {
        "transaction_id": "VARCHAR",
        "folder_url": "VARCHAR",
        "folder_files": "VARCHAR[]",
        "parse_ok": "BOOLEAN",
    }


def test_the_last_folder_of_a_transaction_wins_and_only_asked_ones_come(process: Path, tmp_path: Path) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"))
    assert table(process, "folders") == [
        ("1001", "/folders/b/1001/", ["new.jpg"], True),
        ("1002", "folders/a/1002/", ["a.jpg", "b'c.jpg"], True),
        ("1003", None, [], True),
        ("1004", "folders/a/1004/", [], False),
    ]


def test_unreadable_lists_are_counted_and_one_is_shown(process: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"))
    assert "folder_files: 1 valores no son una lista de nombres y cuentan como vacíos (p. ej. transacción 1004: not a list)" in caplog.text


def test_the_base_model_is_fetched_although_no_transaction_names_it(process: Path, tmp_path: Path) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"), base_model_id="40")
    assert table(process, "model", "model_id") == [("31",), ("32",), ("40",)]


def test_a_base_model_that_does_not_exist_is_said(process: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"), base_model_id="99")
    assert "Modelos que no están en la tabla model: 99" in caplog.text


def test_text_ids_are_compared_as_text(tmp_path: Path) -> None:
    schema = SCHEMA | {"folder": SCHEMA["folder"].replace("BIGINT", "VARCHAR(64)")}
    rows = ROWS | {"folder": [(1, "00014", "a", "[]"), (2, "14", "b", "[]"), (3, "tx-ñ", "c", "[]")]}
    process = with_hits(tmp_path / "process", [hit(1, transaction_id="00014"), hit(2, transaction_id="tx-ñ")])
    run(process, sqlite_catalogue(tmp_path / "c.sqlite", rows, schema))
    assert table(process, "folders", "transaction_id, folder_url") == [("00014", "a"), ("tx-ñ", "c")]


def test_a_code_with_leading_zeros_never_finds_a_number(tmp_path: Path) -> None:
    rows = ROWS | {"folder": [(1, 14, "a", "[]")]}
    process = with_hits(tmp_path / "process", [hit(1, transaction_id="00014"), hit(2, transaction_id="x")])
    assert run(process, sqlite_catalogue(tmp_path / "c.sqlite", rows))["folders"] == 0


def test_ids_beyond_64_bits_keep_their_digits(tmp_path: Path) -> None:
    schema = SCHEMA | {"folder": SCHEMA["folder"].replace("BIGINT", "VARCHAR(64)")}
    long = "123456789012345678901234567890"
    rows = ROWS | {"folder": [(1, long, "a", "[]")]}
    process = with_hits(tmp_path / "process", [hit(1, transaction_id=int(long))])
    run(process, sqlite_catalogue(tmp_path / "c.sqlite", rows, schema))
    assert table(process, "folders", "transaction_id") == [(long,)]


def test_many_ids_go_out_in_bounded_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ROWS | {"folder": [(n, 1000 + n, f"f/{n}/", f"['{n}.jpg']") for n in range(1, 251)]}
    process = with_hits(tmp_path / "process", [hit(n) for n in range(1, 251)])
    for module in ("database", "catalogue"):
        monkeypatch.setattr(f"dataset_manager.sources.{module}.CHUNK", 20)
    asked: list[int] = []
    fetch = database.Snapshot.fetch

    def counted(self: database.Snapshot, query: Any) -> Any:
        asked.append(max((len(value) for value in query.compile().params.values() if isinstance(value, list)), default=0))
        return fetch(self, query)

    monkeypatch.setattr(database.Snapshot, "fetch", counted)
    assert run(process, sqlite_catalogue(tmp_path / "c.sqlite", rows))["folders"] == 250
    assert max(asked) == 20


def test_no_transactions_give_valid_empty_folders(tmp_path: Path) -> None:
    process = with_hits(tmp_path / "process", [])
    counts = run(process, sqlite_catalogue(tmp_path / "c.sqlite"))
    assert (counts["folders"], counts["references"], counts["model"]) == (0, 2, 1)
    assert types(process, "folders")["folder_files"] == "VARCHAR[]"


def test_a_deployment_without_model_is_fine(process: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(process, sqlite_catalogue(tmp_path / "c.sqlite"), deployment_id=131)
    assert table(process, "deployment") == [("131", None)]
    assert "El deployment 131 no tiene model_id en la base de datos" in caplog.text
    assert "El deployment 131 no tiene ninguna referencia" in caplog.text


def test_an_unknown_deployment_with_transactions_is_a_warning(process: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(process, sqlite_catalogue(tmp_path / "c.sqlite"), deployment_id=777)["deployment"] == 0
    assert "El deployment 777 tiene transacciones pero no está en la tabla deployment" in caplog.text


def test_an_unknown_deployment_without_transactions_names_those_that_exist(tmp_path: Path) -> None:
    process = with_hits(tmp_path / "process", [])
    with pytest.raises(SourceError) as error:
        run(process, sqlite_catalogue(tmp_path / "c.sqlite"), deployment_id=13)
    assert str(error.value) == (
        f"El deployment 13 no existe en {tmp_path}/c.sqlite y no tiene transacciones en la ventana. "
        "¿Quería decir 130 o 131? Deployments que hay: 122, 130, 131"
    )
    assert not (process / "data/deployment.parquet").exists()


def test_everything_that_is_missing_is_said_at_once(process: Path, tmp_path: Path) -> None:
    schema = {name: columns for name, columns in SCHEMA.items() if name != "label"}
    schema["reference"] = schema["reference"].replace("label_id INTEGER, ", "")
    with pytest.raises(SourceError) as error:
        run(process, sqlite_catalogue(tmp_path / "c.sqlite", {}, schema))
    assert "falta la tabla label; en la tabla reference falta label_id (tiene: reference_id, reference_code," in str(error.value)
    assert "Tablas que ve este usuario: deployment, folder, model, reference" in str(error.value)


@pytest.mark.parametrize(
    ("content", "found"), [(None, "no existe el fichero SQLite"), (b"PK\x03\x04" * 300, "no es un fichero SQLite"), (b"", "falta la tabla")]
)
def test_a_file_that_is_no_catalogue_is_said(process: Path, tmp_path: Path, content: bytes | None, found: str) -> None:
    source = tmp_path / "c.sqlite"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(SourceError, match=found) as error:
        run(process, source)
    assert str(source) in str(error.value)


def test_a_path_with_any_characters_is_found(process: Path, tmp_path: Path) -> None:
    folder = tmp_path / "datos ñ #1?%41 'x'"
    folder.mkdir()
    assert run(process, sqlite_catalogue(folder / "c.sqlite"))["labels"] == 2


def test_the_file_is_opened_for_reading_only(process: Path, tmp_path: Path) -> None:
    source = sqlite_catalogue(tmp_path / "c.sqlite")
    before = source.read_bytes()
    source.chmod(0o444)
    with database.snapshot(source) as open_one, pytest.raises(Exception, match="readonly"):
        open_one.connection.exec_driver_sql("DELETE FROM folder")
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("['a.jpg', 'b.jpg']", (["a.jpg", "b.jpg"], True)),
        ('["a.jpg"]', (["a.jpg"], True)),
        ("['a' 'b.jpg',]", (["ab.jpg"], True)),
        (r"['a\'b.jpg']", (["a'b.jpg"], True)),
        ("[\"it's.jpg\", 'b.jpg']", (["it's.jpg", "b.jpg"], True)),
        ("[]", ([], True)),
        ("  ", ([], True)),
        (None, ([], True)),
        ("('a.jpg',)", ([], False)),
        ("{'a': 1}", ([], False)),
        ("[1, 2]", ([], False)),
        ("['a', None]", ([], False)),
        ("[true]", ([], False)),
        ("['a.jpg'", ([], False)),
        ("__import__('os')", ([], False)),
        ("[" * 100_000, ([], False)),
    ],
)
def test_names_of_pictures(text: str | None, expected: tuple[list[str], bool]) -> None:
    assert picture_names(text) == expected
