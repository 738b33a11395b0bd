"""`status --check` on embedded sources, and on those that could not even be resolved."""

from pathlib import Path

from catalogue_tables import sqlite_catalogue
from dataset_manager.errors import ConfigurationError
from dataset_manager.sources.connections import check_all
from transactions import export, hit


def test_files_and_folders_are_checked_by_opening_them(tmp_path: Path) -> None:
    results = check_all(
        transactions=export(tmp_path / "hits.ndjson", [hit(1)]),
        catalogue=sqlite_catalogue(tmp_path / "c.sqlite"),
        pictures=tmp_path,
        index_pattern="x-*",
    )
    assert [(one.source, one.ok) for one in results] == [("transactions", True), ("catalogue", True), ("pictures", True)]
    assert all(one.latency_ms >= 0 for one in results)


def test_each_failure_is_said_and_the_others_are_still_checked(tmp_path: Path) -> None:
    results = check_all(
        transactions=export(tmp_path / "hits.ndjson", ["{"]),
        catalogue=ConfigurationError("falta DB_PROD_RO_HOST"),
        pictures=tmp_path / "no",
        index_pattern="x-*",
    )
    assert [one.ok for one in results] == [False, False, False]
    assert "línea 1: no es JSON válido" in results[0].detail
    assert results[1].detail == "falta DB_PROD_RO_HOST"
    assert "no existe esa carpeta. sources.pictures debe ser «s3» o una carpeta" in results[2].detail
