"""Publishing as a whole, into a folder: what is interrupted is finished, what is missing repaired, what is there left alone."""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import ConfigurationError, UsageError
from dataset_manager.registry import publishing, receipt, table, upload
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.planning import plan
from dataset_manager.registry.publishing import Destination, Publication, publish
from dataset_manager.registry.target import parse
from dataset_manager.registry.upload import check_object

NAME = "dataset_130_010825_v1_v01"


def publication(folder: Path, content: bytes = b"zip", **other: Any) -> Publication:
    zip_path, summary = folder / f"{NAME}.zip", folder / "_summary.csv"
    zip_path.write_bytes(content)
    summary.write_text("clase;imágenes\npera;3\n", "utf-8-sig")
    sha = hashlib.sha256(content).hexdigest()
    given: dict[str, Any] = {
        "dataset_name": NAME,
        "created_at": "01/08/2025",
        "deployment_id": "00130",
        "trained_model": "m-7",
        "description": "=mejor",
        "dataset_id": "d" * 64,
        "content_id": sha,
        "images": 3,
        "classes": 1,
        "labels": 1,
        "bytes": len(content),
        "sha256": sha,
        "parents": "a_v01:123, b_v01:456",
        "tool_version": "1.0",
        "zip_path": zip_path,
        "summary_csv": summary,
    }
    return Publication(**given | other)


def destination(folder: Path, **other: Any) -> Destination:
    base = parse(f"file://{folder}/bucket")
    given: dict[str, Any] = {"base": base, "registry_csv": folder / "reg/datasets_gfresh.csv", "receipt_path": folder / "registry/r.json"}
    return Destination(**{"connection": None} | given | other)


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its time; the lock's time says nothing."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(files)}


ALL = [f"bucket/{NAME}.zip", f"reg/{NAME}/_summary.csv", "reg/datasets_gfresh.csv", "registry/r.json", "_summary.csv", f"{NAME}.zip"]


def test_everything_is_published_once(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    done = publish(what, where)
    assert sorted(state(tmp_path)) == sorted(ALL)
    url = f"file://{tmp_path}/bucket/{NAME}.zip"
    assert done.lines() == [f"ZIP: subido: {url} (3 B)", f"Registro: fila añadida en {where.registry_csv}", "Resumen: copiado"]
    row = table.row_of(where.registry_csv, NAME)
    assert row is not None
    assert row | {"registered_at": ""} == {
        "dataset_name": NAME,
        "created_at": "01/08/2025",
        "deployment_id": "00130",
        "trained_model": "m-7",
        "description": "=mejor",
        "s3_path": url,
        "dataset_id": what.dataset_id,
        "content_id": what.content_id,
        "images": "3",
        "classes": "1",
        "labels": "1",
        "bytes": "3",
        "sha256": what.sha256,
        "parents": what.parents,
        "registered_at": "",
        "tool_version": "1.0",
    }
    kept = receipt.load(where.receipt_path)
    assert kept == done.receipt
    copy = str(where.registry_csv.parent / NAME / "_summary.csv")
    assert (kept.url, kept.sha256, kept.row, kept.summary_csv) == (
        url,
        what.sha256,
        row,
        copy,
    )
    assert check_object(what.zip_path.name, parse(f"file://{tmp_path}/bucket"), None, kept.expected(), full=True) == "igual"


@pytest.mark.parametrize("overwrite", [True, False])
def test_the_same_again_looks_and_changes_nothing(tmp_path: Path, overwrite: bool) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    publish(what, where)
    before = state(tmp_path)
    later = replace(what, created_at="09/09/2025", tool_version="2.0", trained_model=None, description=None)
    again = publish(later, replace(where, overwrite=overwrite))
    assert state(tmp_path) == before
    assert again.lines()[0].startswith("ZIP: ya estaba: ")
    assert (again.row, again.summary) == ("igual", "igual")


@pytest.mark.parametrize("lost", [f"bucket/{NAME}.zip", f"reg/{NAME}/_summary.csv", "reg/datasets_gfresh.csv", "registry/r.json"])
def test_what_is_missing_is_repaired(tmp_path: Path, lost: str) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    publish(what, where)
    before = state(tmp_path)
    (tmp_path / lost).unlink()
    publish(what, where)
    after = state(tmp_path)
    assert {name: content for name, (_, content) in after.items()} == {name: content for name, (_, content) in before.items()}
    assert [name for name, value in after.items() if value != before[name]] == [lost]


def test_a_deleted_row_comes_back(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    publish(what, where)
    lines = where.registry_csv.read_bytes().splitlines(keepends=True)
    where.registry_csv.write_bytes(lines[0])
    assert publish(what, where).row == "añadida"
    assert where.registry_csv.read_bytes() == b"".join(lines)


STEPS: list[tuple[Any, str]] = [
    (upload, "measured"),
    (publishing, "publish_object"),
    (table, "put"),
    (publishing, "copy_summary"),
    (receipt, "save"),
]


def dying(act: Callable[..., Any], after: bool) -> Callable[..., Any]:
    """The process ends without a word, before or after."""

    def step(*arguments: Any, **named: Any) -> Any:
        if after:
            act(*arguments, **named)
        os._exit(9)

    return step


def publish_and_die(what: Publication, where: Destination, module: Any, name: str, after: bool) -> None:
    setattr(module, name, dying(getattr(module, name), after))
    publish(what, where)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _, name in STEPS])
def test_killed_between_any_two_steps_the_same_command_finishes(tmp_path: Path, module: Any, name: str, after: bool) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    child: Any = multiprocessing.get_context("fork").Process(target=publish_and_die, args=(what, where, module, name, after))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert where.receipt_path.exists() is (name == "save" and after)
    publish(what, where)
    assert sorted(state(tmp_path)) == sorted(ALL)
    assert len(table.read(where.registry_csv)) == 1
    before = state(tmp_path)
    publish(what, where)
    assert state(tmp_path) == before


def broken_registry(folder: Path) -> None:
    (folder / "reg").mkdir()
    (folder / "reg/datasets_gfresh.csv").write_text("no;es\nun;registro\n")


def other_content(folder: Path) -> None:
    table.put(folder / "reg/datasets_gfresh.csv", {"dataset_name": NAME, "content_id": "otro"})


def no_summary(folder: Path) -> None:
    (folder / "_summary.csv").unlink()


@pytest.mark.parametrize(
    ("prepare", "said"), [(broken_registry, "línea 1"), (other_content, "ya está registrado"), (no_summary, "no existe el resumen")]
)
def test_what_can_be_refused_is_refused_before_anything_is_sent(tmp_path: Path, prepare: Callable[[Path], None], said: str) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    prepare(tmp_path)
    before = state(tmp_path)
    with pytest.raises(RegistryError, match=said):
        publish(what, where)
    assert state(tmp_path) == before
    assert not (tmp_path / "bucket").exists()


def test_a_registry_that_cannot_be_written_is_known_before_anything_is_sent(tmp_path: Path) -> None:
    what = publication(tmp_path)
    with pytest.raises(RegistryError, match="monte el disco"):
        publish(what, destination(tmp_path, registry_csv=tmp_path / "no/hay/r.csv"))
    with pytest.raises(UsageError, match="dataset_name="):
        publish(replace(what, dataset_name="../x"), destination(tmp_path))
    assert not (tmp_path / "bucket").exists()


def test_an_object_that_differs_registers_nothing(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    (tmp_path / "bucket").mkdir()
    (tmp_path / f"bucket/{NAME}.zip").write_bytes(b"otro")
    with pytest.raises(RegistryError, match="ya hay otro objeto"):
        publish(what, where)
    assert table.read(where.registry_csv) == []
    assert not where.receipt_path.exists()


def test_overwriting_replaces_everything(tmp_path: Path) -> None:
    where = destination(tmp_path)
    publish(publication(tmp_path), where)
    new = publication(tmp_path, b"otro zip", trained_model=None, description="nueva", created_at="02/08/2025")
    done = publish(new, replace(where, overwrite=True))
    assert done.uploaded is not None
    assert (done.uploaded.status, done.row, done.receipt.sha256) == ("sustituido", "actualizada", new.sha256)
    row = table.row_of(where.registry_csv, NAME) or {}
    assert (row["trained_model"], row["description"], row["created_at"], row["bytes"]) == ("m-7", "nueva", "02/08/2025", "8")
    assert len(table.backups(where.registry_csv)) == 1


def test_without_upload(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    alone = replace(where, base=None)
    done = publish(what, alone)
    assert done.lines()[0] == "ZIP: sin subir (--no-s3 o upload=false)"
    assert (done.receipt.url, done.receipt.row["s3_path"]) == ("", "")
    assert not (tmp_path / "bucket").exists()
    assert publish(what, where).row == "actualizada"
    before = state(tmp_path)
    assert publish(what, alone).receipt.url.endswith(f"/bucket/{NAME}.zip")
    assert state(tmp_path) == before


def test_without_summary(tmp_path: Path) -> None:
    done = publish(replace(publication(tmp_path), summary_csv=None), destination(tmp_path))
    assert (done.summary, done.receipt.summary_csv) == ("sin resumen", "")
    assert not (tmp_path / f"reg/{NAME}").exists()


@pytest.mark.parametrize("content", ["{}", "[]", '{"url": "x"}'])
def test_a_receipt_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ConfigurationError, match="no es un recibo"):
        receipt.load(tmp_path / "r.json")
    assert receipt.load(tmp_path / "no.json") is None


def test_a_receipt_of_a_later_version_is_read(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    done = publish(what, where)
    where.receipt_path.write_text(json.dumps(json.loads(where.receipt_path.read_text()) | {"later": 1}))
    assert receipt.load(where.receipt_path) == done.receipt


def test_the_plan_says_what_happens_and_writes_nothing(tmp_path: Path) -> None:
    what, where = publication(tmp_path), destination(tmp_path)
    url, csv, copy = f"file://{tmp_path}/bucket/{NAME}.zip", where.registry_csv, where.registry_csv.parent / NAME / "_summary.csv"
    last = f"Recibo: {where.receipt_path}"
    before = state(tmp_path)
    assert plan(what, where) == [
        f"ZIP: se subirá a {url} (3 B)",
        f"Registro: se añadirá la fila {NAME} a {csv}",
        f"Resumen: se copiará a {copy}",
        last,
    ]
    assert plan(replace(what, sha256="", bytes=0), where)[0] == f"ZIP: se subirá a {url} (aún sin hacer)"
    assert state(tmp_path) == before
    assert not csv.parent.exists()
    publish(what, where)
    before = state(tmp_path)
    assert plan(what, where) == [
        f"ZIP: ya está igual en {url}; no se sube",
        f"Registro: la fila {NAME} ya está igual en {csv}",
        f"Resumen: ya está igual en {copy}",
        last,
    ]
    assert plan(replace(what, description="x"), where)[1].endswith(f"{csv}: description: «=mejor» → «x»")
    other = publication(tmp_path, b"otro")
    before = state(tmp_path)
    refused = plan(other, where)
    assert refused[0] == f"ZIP: en {url} hay otro objeto: se rechazará; para sustituirlo, --overwrite (overwrite=true) (4 B)"
    assert refused[1].startswith("Registro: se rechazará: ")
    assert "se sustituirá (--overwrite)" in plan(other, replace(where, overwrite=True))[0]
    assert "se comparará cuando el ZIP esté hecho" in plan(replace(other, sha256=""), where)[0]
    assert plan(replace(other, summary_csv=None), replace(where, base=None))[::2] == [
        "ZIP: no se sube (--no-s3 o upload=false)",
        "Resumen: no se copia",
    ]
    assert state(tmp_path) == before
