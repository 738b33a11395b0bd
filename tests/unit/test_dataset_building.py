"""The last step of a dataset: the tree, its manifest, what is short, its provenance; whatever the disk or a kill does to it."""

import csv
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dataset_builds import DATASET, STEPS, Ready, ready
from dataset_manager.datasets import building
from dataset_manager.errors import CountError, DiskError, SourceError
from dataset_manager.files import read_json, sha256_of
from dataset_rows import reference, request, transaction

TESTS = Path(__file__).parents[1]
RECIPE = "find * -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
WHOLE = [DATASET, *(f"{DATASET}{suffix}" for suffix in (".json", ".manifest.parquet", ".shortage.csv"))]


@pytest.fixture
def made(tmp_path: Path) -> Ready:
    return ready(tmp_path)


def by_hand(tree: Path) -> str:
    """The line of the rules, in a shell."""
    return subprocess.run(RECIPE, shell=True, cwd=tree, check=True, capture_output=True, text=True).stdout.split()[0]


def shortages(made: Ready) -> list[dict[str, str]]:
    with made.beside(".shortage.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=";"))


def test_tree_manifest_shortages_and_provenance_agree(made: Ready) -> None:
    found = made.build()
    assert found == read_json(made.beside(".json"))
    assert made.left() == WHOLE
    assert found["counts"] == {"wanted": 12, "placed": 12, "short": 0, "failed": 0}
    rows, files = made.manifest, made.files()
    assert [row["path"] for row in rows] == sorted(files)
    for row in rows:
        assert (sha256_of(made.tree / row["path"]), (made.tree / row["path"]).stat().st_size) == (row["sha256"], row["bytes"])
    assert shortages(made) == []
    assert {(row["reason"], row["reason_value"]) for row in rows} == {
        ("reference", "Producto 1"),
        ("reference", "Producto 3"),
        ("device", "7"),
    }
    assert [(one["class"], one["wanted"], one["placed"], one["extra"]) for one in found["classes"]] == [
        ("Piña ñ", 4, 4, 0),
        ("pera", 5, 5, 3),
    ]


def test_dataset_id_is_what_sha256sum_prints(made: Ready) -> None:
    assert made.build()["dataset_id"] == by_hand(made.tree)


def test_pictures_take_no_room_of_their_own(made: Ready) -> None:
    made.build()
    for row in made.manifest:
        assert (made.tree / row["path"]).samefile(made.cache.path(made.work.source, row["key"]))


def test_wanted_is_placed_and_short_and_every_failure_has_its_line(tmp_path: Path) -> None:
    made = ready(tmp_path, rows=[transaction(n) for n in range(1, 9)], asked=request([reference(images=20)], [("7", 2)], shards=2), bad=2)
    found = made.build(most_failed=0.5)
    assert found["counts"] == {"wanted": 22, "placed": 6, "short": 16, "failed": 2}
    lines = shortages(made)
    failed, short = [one for one in lines if one["tipo"] == "fallida"], [one for one in lines if one["tipo"] == "faltan"]
    assert [one["motivo"].split(" (")[0] for one in failed] == ["no es una imagen"] * 2
    assert all(one["s3_key"] and one["transaction_id"] and one["clase"] == "pera" for one in failed)
    numbers = [tuple(one[name] for name in ("pedidas", "colocadas", "faltan", "disponibles")) for one in short]
    assert sorted(numbers) == [("2", "0", "2", "0"), ("20", "6", "14", "8")]
    assert made.beside(".shortage.csv").read_bytes().startswith(b"\xef\xbb\xbftipo;")
    assert len(made.files()) == 6


def test_a_damaged_picture_is_replaced_from_the_reserve(tmp_path: Path) -> None:
    found = ready(tmp_path, bad=1).build(most_failed=0.5)
    assert found["counts"] == {"wanted": 12, "placed": 12, "short": 0, "failed": 1}


def test_the_same_content_under_two_names_is_said(tmp_path: Path) -> None:
    rows = [transaction(n, code) for n, code in ((1, "00014"), (2, "A7"))]
    asked = request([reference(images=1), reference("3", "A7", images=1, label_id="58")], shards=2)
    made = ready(tmp_path, rows=rows, asked=asked)
    shutil.copyfile(made.bucket / "folders/c/1/1.jpg", made.bucket / "folders/c/2/2.jpg")
    shutil.rmtree(made.cache.root)
    made.download()
    found = made.build()["duplicates"]
    assert (found["groups"], found["labels_differ"], len(found["examples"][0])) == (1, 1, 2)


def test_too_many_failures_give_no_dataset_and_forget_the_outcomes(tmp_path: Path) -> None:
    made = ready(tmp_path, bad=3)
    with pytest.raises(SourceError, match=r"Fallaron 3 de 15 imágenes, más de images\.max_failed_fraction \(5%\)") as failed:
        made.build()
    assert str(failed.value).count("folders/c/") == 3 and "no es una imagen" in str(failed.value)
    assert made.left() == []
    assert not any(path.exists() for path in made.work.outcomes)


def test_no_good_picture_at_all_is_an_error_whatever_fraction_is_allowed(tmp_path: Path) -> None:
    made = ready(tmp_path, rows=[transaction(n) for n in range(1, 4)], asked=request([reference(images=3)], shards=2), bad=3)
    with pytest.raises(SourceError, match="Fallaron 3 de 3 imágenes, todas"):
        made.build(most_failed=1.0)
    assert made.left() == []


@pytest.mark.parametrize("change", ["vanished", "changed"])
def test_a_picture_the_cache_lost_is_an_error_and_the_outcomes_are_forgotten(made: Ready, change: str) -> None:
    path = next(made.cache.root.glob("??/*"))
    if change == "vanished":
        path.unlink()
    else:
        path.chmod(0o644)
        path.write_bytes(b"otra")
    with pytest.raises(SourceError, match="ya no están en la caché") as failed:
        made.build()
    assert path.name in str(failed.value)
    assert made.left() == [] and not any(path.exists() for path in made.work.outcomes)
    made.download()
    assert made.build()["dataset_id"] == by_hand(made.tree)


def foreign_folder(made: Ready) -> None:
    (made.tree / "pera").mkdir(parents=True)
    (made.tree / "pera/mía.txt").write_text("mía")


def foreign_file(made: Ready) -> None:
    made.tree.write_text("mía")


def one_missing(made: Ready) -> None:
    next(path for path in made.tree.rglob("*.jpg")).unlink()


def one_changed(made: Ready) -> None:
    path = next(path for path in made.tree.rglob("*.jpg"))
    path.unlink()
    path.write_bytes(b"otra")


@pytest.mark.parametrize(("disturb", "first"), [(foreign_folder, False), (foreign_file, False), (one_missing, True), (one_changed, True)])
def test_a_tree_that_is_not_this_dataset_is_refused_and_untouched(made: Ready, disturb: Callable[[Ready], None], first: bool) -> None:
    if first:
        made.build()
        for suffix in (".json", ".manifest.parquet", ".shortage.csv"):
            made.beside(suffix).unlink()
    disturb(made)
    before = made.files() or made.tree.read_bytes()
    with pytest.raises(CountError, match="ya existe y no es el dataset pedido") as failed:
        made.build()
    assert "No se ha tocado" in str(failed.value)
    assert (made.files() or made.tree.read_bytes()) == before
    assert made.left() == [DATASET]


def child(made: Ready, step: str) -> "subprocess.Popen[bytes]":
    out = made.here.parents[1]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "scripts")])}
    return subprocess.Popen([sys.executable, "-m", "dataset_builds", str(out), step], env=env)


@pytest.mark.parametrize("step", [step for step in STEPS if step != "never"])
def test_killed_anywhere_and_repeated_it_is_the_same_dataset(made: Ready, tmp_path: Path, step: str) -> None:
    assert child(made, step).wait(timeout=120) == 9
    assert not made.beside(".json").exists()
    found = made.build()
    assert made.left() == WHOLE
    undisturbed = ready(tmp_path / "again").build()
    assert found == undisturbed and found["dataset_id"] == by_hand(made.tree)


def test_two_builds_at_once_make_one_dataset(made: Ready) -> None:
    assert [run.wait(timeout=120) for run in [child(made, "never"), child(made, "never")]] == [0, 0]
    assert made.left() == WHOLE
    assert read_json(made.beside(".json"))["dataset_id"] == by_hand(made.tree)


def refuse(number: int) -> Callable[..., Any]:
    def refused(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return refused


def test_pictures_are_copied_where_links_are_impossible(made: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse(errno.EXDEV))
    found = made.build()
    assert {(made.tree / row["path"]).stat().st_nlink for row in made.manifest} == {1}
    assert found["dataset_id"] == by_hand(made.tree)
    made.beside(".json").unlink()
    assert made.build() == found


def half_a_copy(source: str, target: str) -> None:
    Path(target).write_bytes(Path(source).read_bytes()[:100])
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_made(made: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "link", refuse(errno.ENOSPC))
        full.setattr(shutil, "copy2", half_a_copy)
        with pytest.raises(DiskError, match="el disco está lleno"):
            made.build()
    assert made.left() == []
    assert made.build()["dataset_id"] == by_hand(made.tree)


@pytest.mark.parametrize("call", range(8))
def test_a_disk_that_fills_at_any_flush_is_one_clear_error_and_nothing_is_lost(
    made: Ready, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """The tree, the three files and their folder are flushed one by one: each of these flushes fails once."""
    flush, calls = os.fsync, iter(range(100))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda handle: flush(handle) if next(calls) != call else refuse(errno.ENOSPC)())
        with pytest.raises(DiskError, match="el disco está lleno"):
            made.build()
    assert not [name for name in made.left() if name.startswith(".")]
    assert made.build()["dataset_id"] == by_hand(made.tree)


def test_a_manifest_that_finds_no_room_is_a_full_disk(made: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(building, "write_parquet", full)
    with pytest.raises(DiskError, match="el disco está lleno"):
        made.build()
