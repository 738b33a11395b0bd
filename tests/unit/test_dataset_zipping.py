"""A dataset's zip is exactly what was accepted, byte for byte the same wherever it is made, or there is none."""

import errno
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from dataset_folders import path_of, put
from dataset_manager.datasets import stored_zip, zipping
from dataset_manager.datasets.content import Known
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.zipping import zip_dataset
from dataset_manager.errors import CountError, DiskError
from dataset_manager.files import sha256_of
from dataset_sets import KIWI, accept, copied, dataset, pictures

PATHS = pictures(3) | pictures(2, KIWI, 200)
FIRST = min(PATHS)


@pytest.fixture
def made(tmp_path: Path) -> Dataset:
    found = dataset(tmp_path / "here", "p_v01", PATHS)
    accept(found)
    return found


def zipped(made: Dataset) -> Path:
    zip_dataset(made, made.beside(".zip"))
    return made.beside(".zip")


def left(made: Dataset) -> list[str]:
    """Of zips, whole or half made."""
    return sorted(path.name for path in made.home.iterdir() if ".zip" in path.name and path.suffix != ".lock")


def test_it_holds_the_pictures_the_summary_the_card_and_the_manifest_below_the_datasets_name(made: Dataset) -> None:
    with zipfile.ZipFile(zipped(made)) as archive:
        names = archive.namelist()
        own = ["_summary_p_v01.csv", "_summary_p_v01.html", "README.md", "manifest.parquet"]
        assert names == [f"p_v01/{name}" for name in [*sorted(PATHS), *own]]
        assert all(archive.read(f"p_v01/{path}") == (made.tree / path).read_bytes() for path in PATHS)


def test_entries_are_stored_with_one_time_and_mode(made: Dataset) -> None:
    with zipfile.ZipFile(zipped(made)) as archive:
        facts = {(entry.compress_type, entry.date_time, entry.external_attr >> 16) for entry in archive.infolist()}
    assert facts == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0o644)}


def test_the_manifest_inside_names_every_picture_with_its_hash(made: Dataset, tmp_path: Path) -> None:
    with zipfile.ZipFile(zipped(made)) as archive:
        archive.extractall(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out/p_v01/manifest.parquet").to_pylist()
    assert {row["path"]: row["sha256"] for row in rows} == {path: sha256_of(tmp_path / "out/p_v01" / path) for path in PATHS}


def test_other_programs_can_read_it(made: Dataset) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("no hay unzip")
    said = subprocess.run([unzip, "-t", str(zipped(made))], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "No errors detected" in said.stdout


def test_the_file_beside_it_is_what_sha256sum_checks(made: Dataset) -> None:
    zipped(made)
    said = subprocess.run(["sha256sum", "-c", "p_v01.zip.sha256"], cwd=made.home, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout.strip()) == (0, "p_v01.zip: OK")


def test_zipping_twice_gives_the_same_bytes(made: Dataset) -> None:
    first = zipped(made).read_bytes()
    assert zipped(made).read_bytes() == first


def test_a_copy_elsewhere_gives_the_same_bytes(made: Dataset, tmp_path: Path) -> None:
    assert zipped(copied(made, tmp_path / "there")).read_bytes() == zipped(made).read_bytes()


def later(tree: Path, seconds: int) -> None:
    """As pictures that were downloaded, or edited, at another time."""
    for path in (path for path in tree.rglob("*.jpg")):
        moment = path.stat().st_mtime_ns + seconds * 1_000_000_000
        os.utime(path, ns=(moment, moment))


def test_pictures_downloaded_at_another_time_give_the_same_bytes(made: Dataset, tmp_path: Path) -> None:
    other = dataset(tmp_path / "there", "p_v01", dict(reversed(PATHS.items())))
    later(other.tree, 86_400)
    accept(other)
    assert zipped(other).read_bytes() == zipped(made).read_bytes()


def test_pictures_that_a_person_added_at_another_time_give_the_same_bytes(made: Dataset, tmp_path: Path) -> None:
    other = copied(made, tmp_path / "there")
    for one, seconds in ((made, 0), (other, 5)):
        put(one.tree, path_of(KIWI, 300), "añadida")
        moment = 1_760_000_000_123_456_789 + seconds
        os.utime(one.tree / path_of(KIWI, 300), ns=(moment, moment))
        accept(one)
    assert zipped(other).read_bytes() == zipped(made).read_bytes()


def test_other_content_gives_another_file(made: Dataset) -> None:
    before = sha256_of(zipped(made))
    (made.tree / FIRST).unlink()
    accept(made)
    assert sha256_of(zipped(made)) != before
    with zipfile.ZipFile(made.beside(".zip")) as archive:
        assert f"p_v01/{FIRST}" not in archive.namelist()


def test_a_zip_from_before_is_replaced_whatever_it_held(made: Dataset) -> None:
    made.beside(".zip").write_bytes(b"of another day")
    assert zipfile.is_zipfile(zipped(made))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tree: (tree / FIRST).unlink(), f"falta: {FIRST}"),
        (lambda tree: put(tree, path_of(KIWI, 300)), f"sobra: {path_of(KIWI, 300)}"),
        (lambda tree: put(tree, FIRST, "otra"), f"cambiada: {FIRST}"),
        (lambda tree: (tree / FIRST).rename(tree / path_of(KIWI, 300)), f"movida: {FIRST} → {path_of(KIWI, 300)}"),
        (lambda tree: shutil.rmtree(tree), f"falta: {FIRST}"),
    ],
)
def test_a_folder_that_is_not_what_was_accepted_makes_no_zip(made: Dataset, change: Callable[[Path], object], said: str) -> None:
    change(made.tree)
    with pytest.raises(CountError) as error:
        zipped(made)
    assert said in str(error.value) and "summary_dataset dataset_name=p_v01" in str(error.value)
    assert left(made) == []


def test_a_picture_that_changes_while_it_is_zipped_makes_no_zip(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def and_then(dataset: Dataset, known: dict[str, Known], target: Path) -> str:
        sha256 = write(dataset, known, target)
        put(made.tree, FIRST, "otra")
        return sha256

    write = zipping.write_zip
    monkeypatch.setattr(zipping, "write_zip", and_then)
    with pytest.raises(CountError, match=f"cambiada: {FIRST}"):
        zipped(made)
    assert left(made) == []


def rot(file: Path) -> None:
    """One bit, with size and time as they were: only reading it shows it."""
    stat, data = file.stat(), bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_picture_that_the_disk_spoiled_makes_no_zip(made: Dataset) -> None:
    rot(made.tree / FIRST)
    with pytest.raises(CountError, match=FIRST):
        zipped(made)
    assert left(made) == []


def spoiling(monkeypatch: pytest.MonkeyPatch, where: Callable[[bytearray], int]) -> None:
    """A disk that keeps one bit otherwise than it was given it."""

    def written(handle: int, parts: list[bytes]) -> None:
        data = bytearray(b"".join(parts))
        data[where(data)] ^= 1
        write(handle, [bytes(data)])

    write = stored_zip.write_parts
    monkeypatch.setattr(stored_zip, "write_parts", written)


def test_a_picture_that_the_disk_does_not_give_back_is_named_and_no_zip_is_left(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    spoiling(monkeypatch, lambda data: len(f"p_v01/{FIRST}") + 31 if FIRST.encode() in data else 40)
    with pytest.raises(CountError, match=f"al releer el zip, p_v01/{FIRST} no está bien"):
        zipped(made)
    assert left(made) == []


def test_a_directory_that_names_other_files_is_found(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(target: Path, archive: zipfile.ZipFile) -> None:
        archive.filelist.append(archive.filelist[0])
        require(target, archive)

    require = stored_zip.require_directory
    monkeypatch.setattr(stored_zip, "require_directory", lost)
    with pytest.raises(CountError, match="su directorio no está bien"):
        zipped(made)
    assert left(made) == []


def test_a_zip_of_many_windows_is_whole(tmp_path: Path, made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of gigabytes is: each window is written, dropped and read back while the next is written."""
    whole = zipped(made).read_bytes()
    monkeypatch.setattr(stored_zip, "WINDOW", 1)
    monkeypatch.setattr(zipping, "BATCH_BYTES", 1)
    assert zipped(made).read_bytes() == whole
    with zipfile.ZipFile(made.beside(".zip")) as archive:
        assert archive.testzip() is None


def test_a_system_that_takes_a_part_of_a_write_gets_the_rest(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = zipped(made).read_bytes()
    take = os.writev
    monkeypatch.setattr(os, "writev", lambda handle, parts: take(handle, [b"".join(parts)[:100]]))
    assert zipped(made).read_bytes() == whole


@pytest.mark.parametrize("call", ["writev", "fdatasync"])
def test_a_disk_that_is_full_leaves_no_zip_and_says_so(made: Dataset, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(DiskError, match=r"p_v01\.zip: no se puede escribir: el disco está lleno"):
        zipped(made)
    assert left(made) == []


def test_what_a_killed_zip_left_half_written_goes_with_the_next(made: Dataset) -> None:
    (made.home / ".p_v01.zip.4242.tmp").write_bytes(b"half")
    zipped(made)
    assert left(made) == ["p_v01.zip", "p_v01.zip.sha256"]


def test_a_damaged_zip_is_replaced_only_by_a_whole_one(made: Dataset) -> None:
    before = zipped(made).read_bytes(), made.beside(".zip.sha256").read_bytes()
    (made.tree / FIRST).unlink()
    with pytest.raises(CountError):
        zipped(made)
    assert (made.beside(".zip").read_bytes(), made.beside(".zip.sha256").read_bytes()) == before


def test_more_files_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    """Names alone: 66,000 times the same few bytes."""
    made = dataset(tmp_path, "p_v01", {})
    (made.tree / "pera/57").mkdir(parents=True)
    paths = [path_of("pera/57", number) for number in range(66_000)]
    (made.tree / paths[0]).write_bytes(b"x")
    known = {path: Known(sha256_of(made.tree / paths[0]), 1) for path in paths}
    for folder in (paths[1 + start : 1 + start + 30_000] for start in range(0, 66_000, 30_000)):
        for path in folder:
            (made.tree / path).write_bytes(b"x")
    assert zipping.write_zip(made, known, made.beside(".zip")) == sha256_of(made.beside(".zip"))
    with zipfile.ZipFile(made.beside(".zip")) as archive:
        assert len(archive.namelist()) == len(paths) + 1
    assert b"PK\x06\x06" in made.beside(".zip").read_bytes()[-200:]


def test_a_picture_of_more_than_the_others_is_stored_whole(made: Dataset) -> None:
    put(made.tree, path_of(KIWI, 300), "grande")
    accept(made)
    with zipfile.ZipFile(zipped(made)) as archive:
        entry = archive.getinfo(f"p_v01/{path_of(KIWI, 300)}")
    assert entry.file_size == entry.compress_size == (made.tree / path_of(KIWI, 300)).stat().st_size


def test_the_recorded_hash_is_asked_for_only_where_it_is(made: Dataset) -> None:
    assert zipping.recorded_sha256(zipped(made)) == sha256_of(made.beside(".zip"))
    made.beside(".zip.sha256").unlink()
    with pytest.raises(CountError, match=r"p_v01\.zip\.sha256"):
        zipping.recorded_sha256(made.beside(".zip"))
