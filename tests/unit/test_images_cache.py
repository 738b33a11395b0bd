"""The cache never gives a wrong picture, and never loses a right one that has its name."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dataset_manager.errors import DiskError
from dataset_manager.images.cache import INCOMING, PictureCache, Place, Stored
from dataset_manager.images.verify import Verified, check
from dataset_manager.sources.connection_types import S3Connection
from pictures import files_of, picture

PLACE = Place("https://s3.amazonaws.com", "fotos")
DATA = picture("naranja")


def stored(cache: PictureCache, key: str = "a/1.jpg", data: bytes = DATA) -> Stored:
    found = check(data)
    assert isinstance(found, Verified)
    return cache.store(PLACE, key, data, found)


def test_what_was_stored_is_found(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "cache/pictures")
    assert cache.find(PLACE, "a/1.jpg") is None
    assert stored(cache) == cache.find(PLACE, "a/1.jpg")
    path = cache.path(PLACE, "a/1.jpg")
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list((cache.root / INCOMING).iterdir()) == []


def test_the_name_is_the_hash_of_endpoint_bucket_and_key(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path)
    path = cache.path(PLACE, "a/1.JPG")
    assert path.parent.name == path.name[:2] and len(path.stem) == 64 and path.suffix == ".jpg"
    others = {cache.path(place, key) for place in (PLACE, Place("http://minio:9000", "fotos")) for key in ("a/1.JPG", "a/2.JPG", "A/1.JPG")}
    assert len(others) == 6
    assert cache.path(PLACE, "../../../etc/passwd").is_relative_to(tmp_path)
    assert cache.path(PLACE, "a/foto.php").suffix == ".bin"


def test_a_bucket_is_the_same_from_every_region_and_way_to_write_its_address() -> None:
    assert Place.of(S3Connection("fotos", region="eu-west-2")) == Place.of(S3Connection("fotos", region="us-east-1")) == PLACE
    assert Place.of(S3Connection("f", endpoint_url="http://MinIO:9000/")) == Place.of(S3Connection("f", endpoint_url="http://minio:9000"))


@pytest.mark.parametrize("after", [b"", DATA[:100], bytes(len(DATA)), DATA[:-1] + b"\0", picture("otra")])
def test_a_file_that_a_power_loss_or_a_person_changed_is_absent(tmp_path: Path, after: bytes) -> None:
    cache = PictureCache(tmp_path)
    stored(cache)
    path = cache.path(PLACE, "a/1.jpg")
    times = path.stat()
    path.chmod(0o644)
    path.write_bytes(after)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cache.find(PLACE, "a/1.jpg") is None
    stored(cache)
    assert cache.find(PLACE, "a/1.jpg") is not None


def test_an_edited_picture_is_absent_although_it_is_whole(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path)
    stored(cache)
    path = cache.path(PLACE, "a/1.jpg")
    path.chmod(0o644)
    path.write_bytes(picture("recortada"))
    os.utime(path, ns=(1_700_000_000 * 10**9 + 123_456_700,) * 2)
    assert cache.find(PLACE, "a/1.jpg") is None


def test_a_copy_that_keeps_times_keeps_the_pictures(tmp_path: Path) -> None:
    stored(PictureCache(tmp_path / "one"))
    subprocess.run(["cp", "-a", tmp_path / "one", tmp_path / "two"], check=True)
    assert PictureCache(tmp_path / "two").find(PLACE, "a/1.jpg") is not None


def test_a_hard_link_outlives_a_second_download(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "cache")
    stored(cache)
    (tmp_path / "dataset.jpg").hardlink_to(cache.path(PLACE, "a/1.jpg"))
    stored(cache, data=picture("nueva"))
    assert (tmp_path / "dataset.jpg").read_bytes() == DATA


WRITER = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from test_images_cache import PLACE, PictureCache, picture, stored
cache = PictureCache(Path(sys.argv[1]))
for number in range(60):
    stored(cache, f"k/{{number % 6}}.jpg", picture(str(number % 6)))
    found = cache.find(PLACE, f"k/{{number % 6}}.jpg")
    assert found is not None and found.bytes == len(picture(str(number % 6)))
"""


def test_processes_that_store_the_same_pictures_at_once(tmp_path: Path) -> None:
    program = WRITER.format(path=[str(Path(__file__).parent), *sys.path])
    running = [subprocess.Popen([sys.executable, "-c", program, tmp_path]) for _ in range(3)]
    assert [one.wait() for one in running] == [0, 0, 0]
    assert len(list(files_of(PictureCache(tmp_path)))) == 6
    assert list((tmp_path / INCOMING).iterdir()) == []


def test_sweep_removes_only_what_is_a_day_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = PictureCache(tmp_path)
    assert cache.sweep() == 0
    (tmp_path / INCOMING).mkdir()
    (tmp_path / INCOMING / "1-x.tmp").write_bytes(b"half")
    assert cache.sweep() == 0
    later = time.time() + 90_000
    monkeypatch.setattr("dataset_manager.images.cache.time.time", lambda: later)
    assert cache.sweep() == 1


def test_a_disk_that_refuses_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(temp: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    cache = PictureCache(tmp_path)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskError, match="el disco está lleno"):
        stored(cache)
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert cache.find(PLACE, "a/1.jpg") is None


def test_flush_before_anything_was_stored(tmp_path: Path) -> None:
    PictureCache(tmp_path / "nothing").flush()
    cache = PictureCache(tmp_path)
    stored(cache)
    cache.flush()
