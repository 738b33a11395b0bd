"""The catalogue from a real MySQL or MariaDB and from SQLite: the same tables; and what a database refuses, said clearly."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from catalogue_tables import ROWS, SCHEMA, Rows, fill, sqlite_catalogue, statements
from dataset_manager.errors import SourceError
from dataset_manager.sources import catalogue, database
from dataset_manager.sources.catalogue import extract_catalogue
from dataset_manager.sources.connection_types import DatabaseConnection
from dataset_manager.sources.extraction import extract
from transactions import export, hit, identity, raw_folder

from servers.mariadb import MariaServer

HITS = [hit(1), hit(2, data={"model_id": "31"}), hit(3), hit(4), hit(5)]
NAMES = ("references", "labels", "model", "deployment", "folders")


def reader(server: MariaServer, **other: Any) -> DatabaseConnection:
    """The user who may only read, over verified TLS."""
    right = {"host": server.host, "port": server.port, "database": server.database, "user": server.tls_user, "password": server.password}
    return DatabaseConnection(**right | {"ssl_ca": str(server.ca) if server.ca else None} | other)


def create(server: MariaServer, rows: dict[str, Rows] | None = None, schema: dict[str, str] | None = None) -> MariaServer:
    for statement in statements(schema or SCHEMA):
        server.sql(statement)
    fill(server.insert, ROWS if rows is None else rows)
    return server


@pytest.fixture
def filled(mariadb_database: MariaServer) -> MariaServer:
    """A database with the small catalogue."""
    return create(mariadb_database)


def with_hits(process: Path, hits: list[dict[str, Any]]) -> Path:
    window, manifest = raw_folder(process)
    extract(identity(), window, manifest, source=export(process / "hits.ndjson", hits))
    return process


def run(process: Path, source: DatabaseConnection | Path, **other: Any) -> dict[str, int]:
    return extract_catalogue(identity(**other), {"base_model_id": ""}, process / "data/raw/manifest.json", process / "data", source=source)


def tables(process: Path) -> dict[str, tuple[Any, Any]]:
    """Columns with types, and rows, of all five."""
    read = {name: duckdb.sql(f"SELECT * FROM '{process}/data/{name}.parquet'") for name in NAMES}
    return {name: (list(zip(table.columns, map(str, table.types), strict=True)), table.fetchall()) for name, table in read.items()}


@pytest.mark.parametrize("kind", ["BIGINT", "VARCHAR(64)"])
def test_both_sources_give_the_same_tables(mariadb_database: MariaServer, tmp_path: Path, kind: str) -> None:
    schema = SCHEMA | {"folder": SCHEMA["folder"].replace("BIGINT", kind)}
    a, b = with_hits(tmp_path / "a", HITS), with_hits(tmp_path / "b", HITS)
    assert run(a, sqlite_catalogue(tmp_path / "c.sqlite", schema=schema)) == run(b, reader(create(mariadb_database, schema=schema)))
    assert tables(a) == tables(b)
    assert len(tables(b)["folders"][1]) == 4


def test_a_text_column_is_not_matched_by_its_collation(mariadb_database: MariaServer, tmp_path: Path) -> None:
    schema = SCHEMA | {"folder": SCHEMA["folder"].replace("BIGINT", "VARCHAR(64)")}
    rows = ROWS | {"folder": [(1, "TX-1", "other", "[]"), (2, "tx-1 ", "other", "[]"), (3, "00014", "a", "[]"), (4, "14", "other", "[]")]}
    process = with_hits(tmp_path / "process", [hit(1, transaction_id="tx-1"), hit(2, transaction_id="00014")])
    run(process, reader(create(mariadb_database, rows, schema)))
    assert [row[:2] for row in tables(process)["folders"][1]] == [("00014", "a")]


def test_blobs_and_zero_dates_are_read_as_text_and_null(mariadb_database: MariaServer, tmp_path: Path) -> None:
    schema = SCHEMA | {"model": SCHEMA["model"].replace("TEXT", "LONGBLOB"), "folder": SCHEMA["folder"].replace("TEXT", "BLOB")}
    create(mariadb_database, schema=schema)
    process = with_hits(tmp_path / "process", HITS)
    run(process, reader(mariadb_database))
    assert [row[2] for row in tables(process)["model"][1]] == ["[]", '{"classes": [{"index": 0}]}']
    assert tables(process)["folders"][1][1][2] == ["a.jpg", "b'c.jpg"]


def test_all_tables_are_of_one_moment(filled: MariaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = catalogue.Writer.write

    def meddled(self: catalogue.Writer, output: catalogue.Output, rows: Any) -> int:
        done = write(self, output, rows)
        if output.name == "deployment":
            filled.sql("INSERT INTO label VALUES (77, 'tarde', NULL, NULL)")
            filled.sql("UPDATE folder SET folder_url = 'tarde'")
        return done

    monkeypatch.setattr(catalogue.Writer, "write", meddled)
    process = with_hits(tmp_path / "process", HITS)
    run(process, reader(filled))
    found = tables(process)
    assert [row[0] for row in found["labels"][1]] == ["5", "6"]
    assert "tarde" not in [row[1] for row in found["folders"][1]]


def test_the_transaction_is_read_only(filled: MariaServer) -> None:
    administrator = reader(filled, user=filled.admin, password=filled.admin_password)
    with database.snapshot(administrator) as one, pytest.raises(Exception, match="READ ONLY transaction"):
        one.connection.exec_driver_sql("DELETE FROM folder")


def test_more_ids_than_a_statement_holds_are_looked_up_in_chunks(
    mariadb_database: MariaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROWS | {"folder": [(n, 1000 + n, f"f/{n}/", f"['{n}.jpg']") for n in range(1, 501)]}
    for module in (database, catalogue):
        monkeypatch.setattr(module, "CHUNK", 60)
    process = with_hits(tmp_path / "process", [hit(n) for n in range(1, 501)])
    assert run(process, reader(create(mariadb_database, rows)))["folders"] == 500


def test_plain_connections_work_where_no_authority_is_given(filled: MariaServer, tmp_path: Path) -> None:
    assert run(with_hits(tmp_path / "process", HITS), reader(filled, user=filled.user, ssl_ca=None))["references"] == 2


@pytest.fixture
def other_authority(tmp_path: Path) -> Iterator[str]:
    """A PEM file that signed nothing here."""
    from servers.certificates import Authority

    yield str(Authority(tmp_path).path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "otra-clave"}, "no acepta el usuario o la contraseña (error 1045). Revise DB_PROD_RO_USER y DB_PROD_RO_PASSWORD"),
        ({"user": "nadie"}, "no acepta el usuario o la contraseña (error 1045)"),
        ({"database": "no_existe"}, "DB_PROD_RO_DATABASE"),
        ({"host": "no.existe.invalid"}, "el nombre del servidor no existe. Revise DB_PROD_RO_HOST"),
        ({"port": 1}, "nadie escucha en esa dirección. Revise DB_PROD_RO_HOST y DB_PROD_RO_PORT"),
        ({"ssl_ca": "/no/existe.pem"}, "no se encuentra el fichero de la autoridad"),
        ({"ssl_ca": "other"}, "su certificado no está firmado por la autoridad indicada. Ponga en DB_PROD_RO_SSL_CA"),
    ],
    ids=["password", "user", "database", "host", "port", "missing authority", "other authority"],
)
def test_what_a_server_refuses_is_said_with_what_to_do(
    filled: MariaServer, tmp_path: Path, other_authority: str, wrong: dict[str, Any], said: str
) -> None:
    if wrong.get("ssl_ca") == "other":
        wrong = {"ssl_ca": other_authority}
    place = reader(filled, **wrong)
    with pytest.raises(SourceError) as error:
        run(with_hits(tmp_path / "process", HITS), place)
    assert said in str(error.value)
    assert f"MySQL {place.host}:{place.port}/{place.database}" in str(error.value)
    assert place.password not in str(error.value)


def test_missing_tables_and_columns_are_said_at_once(filled: MariaServer, tmp_path: Path) -> None:
    filled.sql("DROP TABLE label")
    filled.sql("ALTER TABLE reference DROP COLUMN label_id")
    with pytest.raises(SourceError) as error:
        run(with_hits(tmp_path / "process", HITS), reader(filled))
    assert "falta la tabla label; en la tabla reference falta label_id" in str(error.value)


def test_an_unknown_deployment_is_named_with_those_that_exist(filled: MariaServer, tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"El deployment 13 no existe en MySQL .*¿Quería decir 130 o 131\? Deployments que hay: 122, 130, 131"
    ):
        run(with_hits(tmp_path / "process", []), reader(filled), deployment_id=13)


def test_a_connection_that_breaks_in_the_middle_is_an_error(filled: MariaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[..., int] = catalogue.Writer.write

    def killing(self: catalogue.Writer, output: catalogue.Output, rows: Any) -> int:
        if output.name == "labels":
            own = f"SELECT id FROM information_schema.processlist WHERE user = '{filled.tls_user}'"
            for (number,) in filled.sql(own):
                filled.sql(f"KILL CONNECTION {number}")
        return write(self, output, rows)

    monkeypatch.setattr(catalogue.Writer, "write", killing)
    with pytest.raises(SourceError, match="se cortó la conexión"):
        run(with_hits(tmp_path / "process", HITS), reader(filled))


def test_nothing_is_left_beside_the_tables(filled: MariaServer, tmp_path: Path) -> None:
    process = with_hits(tmp_path / "process", HITS)
    run(process, reader(filled))
    assert sorted(path.name for path in (process / "data").iterdir()) == sorted(["raw", *(f"{name}.parquet" for name in NAMES)])


def test_a_closed_snapshot_leaves_no_connection(filled: MariaServer) -> None:
    with database.snapshot(reader(filled)):
        pass
    with closing(filled.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM information_schema.processlist WHERE db = %s AND user = %s", (filled.database, filled.tls_user)
        )
        assert cursor.fetchone() == (0,)


def test_a_view_in_place_of_a_table_is_as_good(filled: MariaServer, tmp_path: Path) -> None:
    filled.sql("RENAME TABLE label TO label_base")
    filled.sql("CREATE VIEW label AS SELECT * FROM label_base")
    assert run(with_hits(tmp_path / "process", HITS), reader(replace(filled)))["labels"] == 2
