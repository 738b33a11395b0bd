"""A folder in place of a bucket keeps the same promises."""

import errno
import fcntl
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import DiskError, SourceError
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.folder import FolderShelf
from dataset_manager.registry.stored import Expected
from dataset_manager.registry.target import Base
from dataset_manager.registry.upload import Uploaded, check_object, publish_object

NAME = "d [1].zip"


def zip_file(folder: Path, content: bytes = b"contenido") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(content)
    return folder / NAME


def put(path: Path, place: Path, **options: Any) -> Uploaded:
    return publish_object(path, hashlib.sha256(path.read_bytes()).hexdigest(), Base(folder=place), None, **options)


def test_copied_once_refused_when_different_replaced_when_asked(tmp_path: Path) -> None:
    one, other, place = zip_file(tmp_path / "one"), zip_file(tmp_path / "other", b"distinto"), tmp_path / "place"
    first = put(one, place)
    assert (first.status, first.conditional, first.url) == ("subido", True, f"file://{tmp_path}/place/d%20%5B1%5D.zip")
    inode = (place / NAME).stat().st_ino
    assert put(one, place).status == "ya estaba"
    assert (place / NAME).stat().st_ino == inode
    with pytest.raises(RegistryError, match=r"ya hay otro objeto: 9 bytes.*el ZIP tiene 8 bytes.*overwrite=true"):
        put(other, place)
    assert (place / NAME).read_bytes() == b"contenido"
    assert put(other, place, overwrite=True).status == "sustituido"
    assert (place / NAME).read_bytes() == b"distinto"
    assert [path.name for path in place.iterdir()] == [NAME]


@pytest.mark.parametrize("full", [True, False])
def test_a_look(tmp_path: Path, full: bool) -> None:
    path = zip_file(tmp_path / "zip")
    base = Base(folder=tmp_path / "place")
    right = Expected(9, hashlib.sha256(path.read_bytes()).hexdigest())
    assert check_object(NAME, base, None, right, full=full) == "ausente"
    put(path, tmp_path / "place")
    assert check_object(NAME, base, None, right, full=full) == "igual"
    (tmp_path / "place" / NAME).write_bytes(b"Contenido")
    assert check_object(NAME, base, None, right, full=full) == "distinto"


def test_a_disk_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="monte el disco"):
        put(zip_file(tmp_path / "zip"), tmp_path / "no/place")
    assert not (tmp_path / "no").exists()


def test_of_racers_exactly_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [zip_file(tmp_path / str(n), bytes([n])) for n in range(6)]
    barrier, said = threading.Barrier(len(paths)), list[str]()
    copy = FolderShelf.copy

    def wait(self: FolderShelf, *arguments: Any) -> None:
        copy(self, *arguments)
        barrier.wait(30)

    monkeypatch.setattr(FolderShelf, "copy", wait)

    def race(path: Path) -> None:
        try:
            said.append(put(path, tmp_path / "place").status)
        except RegistryError as error:
            said.append(str(error)[-30:])

    threads = [threading.Thread(target=race, args=(path,)) for path in paths]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(said) == 6
    assert said.count("subido") == 1
    assert [path.name for path in (tmp_path / "place").iterdir()] == [NAME]


def test_copies_of_a_killed_run_go_and_those_of_a_running_one_stay(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    dead, alive = place / f".{NAME}.0.tmp", place / f".{NAME}.1.tmp"
    dead.write_bytes(b"x")
    with alive.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        put(zip_file(tmp_path / "zip"), place)
        assert sorted(path.name for path in place.iterdir()) == sorted([NAME, alive.name])


def test_a_copy_that_another_run_cleans_away_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, taken = fcntl.flock, list[Path]()

    def late(handle: Any, how: int) -> None:
        if how == fcntl.LOCK_EX and not taken:
            taken.extend((tmp_path / "place").glob(".*.tmp"))
            taken[0].unlink()
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    assert put(zip_file(tmp_path / "zip"), tmp_path / "place").status == "subido"
    assert len(taken) == 1 and [path.name for path in (tmp_path / "place").iterdir()] == [NAME]


def test_a_disk_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", no_links)
    done = put(zip_file(tmp_path / "zip"), tmp_path / "place")
    assert (done.status, done.conditional) == ("subido", False)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "lleno")

    monkeypatch.setattr(FolderShelf, "copy", full)
    with pytest.raises(DiskError, match="el disco está lleno"):
        put(zip_file(tmp_path / "zip"), tmp_path / "place")
    assert list((tmp_path / "place").iterdir()) == []
