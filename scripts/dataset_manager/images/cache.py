"""The picture cache: one file per picture of a bucket, shared by all processes and all runs.

In: checked pictures. Out: `<root>/ab/<sha256 of endpoint, bucket and key>.<extension>`, mode 0444, written under
`<root>/.incoming/` and renamed into place.

An existing name never stands for a wrong picture. The fraction of a second of a file's modification time is its **seal**: it
is taken from the sha256 of the content. A file that a power loss left empty or half written, that someone edited in place or
that the disk corrupted no longer fits its seal and counts as absent: it is downloaded again. So does a copy of the cache that
lost the fractions (`cp` without `-a`). This costs one hash on reuse, nothing on writing, and needs no flush per file.

After `kill -9` everything that has its name is reused. Before an outcome file speaks of pictures, `flush()` writes the whole
batch to the disk at once: 1.6 times as many pictures a second as `fdatasync` on each, twice as many as `fsync` (ext4, 75 KB, 64
threads). A file system that keeps whole seconds only (FAT) makes every picture count as absent.
"""

import ctypes
import hashlib
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from dataset_manager.errors import DiskError
from dataset_manager.files import write_errors
from dataset_manager.images.verify import Damage, Verified, describe
from dataset_manager.sources.connection_types import S3Connection

EXTENSIONS = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"}
INCOMING = ".incoming"
STALE_SECONDS = 86_400
SECOND = 1_000_000_000
TICK = 100  # ns: the coarsest time stamp among the file systems that keep fractions (NTFS, SMB)


@dataclass(frozen=True)
class Place:
    """Where keys mean something: the same key elsewhere is another picture."""

    endpoint: str
    bucket: str

    @classmethod
    def of(cls, source: S3Connection | Path) -> "Place":
        """A bucket of AWS is one wherever it is asked from; a folder is its absolute path."""
        if isinstance(source, Path):
            return cls("file", str(source.resolve()))
        return cls((source.endpoint_url or "https://s3.amazonaws.com").rstrip("/").lower(), source.bucket)


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture in the cache."""

    bytes: int
    sha256: str
    width: int
    height: int
    format: str


class PictureCache:
    """Safe for any number of threads and processes: each file appears whole, by one rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, place: Place, key: str) -> Path:
        """Where the picture is, or would be."""
        name = hashlib.sha256("\0".join((place.endpoint, place.bucket, key)).encode("utf-8", "surrogatepass")).hexdigest()
        suffix = PurePosixPath(key).suffix.lower()
        return self.root / name[:2] / f"{name}{suffix if suffix in EXTENSIONS else '.bin'}"

    def find(self, place: Place, key: str) -> Stored | None:
        """The picture, if it is there and still what was stored."""
        try:
            with self.path(place, key).open("rb") as handle:
                data, modified = handle.read(), os.fstat(handle.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        if not has_seal(modified, sha256):
            return None
        found = describe(data)
        return None if isinstance(found, Damage) else Stored(len(data), sha256, found.width, found.height, found.format)

    def store(self, place: Place, key: str, data: bytes, verified: Verified) -> Stored:
        """Takes over a picture that `verify.check` found whole. Raises DiskError when the disk refuses."""
        path = self.path(place, key)
        sha256 = hashlib.sha256(data).hexdigest()
        with write_errors(path):
            self._write(path, data, sha256)
        return Stored(len(data), sha256, verified.width, verified.height, verified.format)

    def _write(self, path: Path, data: bytes, sha256: str) -> None:
        """Sealed and read-only before it has its name."""
        temp, placed = self.root / INCOMING / f"{os.getpid()}-{uuid.uuid4().hex}.tmp", False
        try:
            with open_new(temp) as handle:
                handle.write(data)
                handle.flush()
                moment = time.time_ns() // SECOND * SECOND + seal(sha256)
                os.utime(handle.fileno(), ns=(moment, moment))
                os.fchmod(handle.fileno(), 0o444)
            put(temp, path)
            placed = True
        finally:
            if not placed:
                temp.unlink(missing_ok=True)

    def flush(self) -> None:
        """Everything stored so far is on the disk when this returns."""
        if not self.root.exists():
            return
        handle = os.open(self.root, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(handle):
                number = ctypes.get_errno()
                raise DiskError(f"{self.root}: el disco no pudo guardar las imágenes ({os.strerror(number)}). Repita la orden")
        finally:
            os.close(handle)

    def sweep(self) -> int:
        """Removes what killed runs left half written more than a day ago; how many files."""
        folder, limit, swept = self.root / INCOMING, time.time() - STALE_SECONDS, 0
        for entry in os.scandir(folder) if folder.is_dir() else ():
            try:
                if entry.stat(follow_symlinks=False).st_ctime < limit:
                    Path(entry.path).unlink()
                    swept += 1
            except FileNotFoundError:
                continue
        return swept


def seal(sha256: str) -> int:
    """Nanoseconds below one second, in whole ticks."""
    return int(sha256[:16], 16) % (SECOND // TICK) * TICK


def has_seal(modified: int, sha256: str) -> bool:
    """Whether the fraction of a second belongs to the content."""
    return modified % SECOND // TICK == seal(sha256) // TICK


def is_sealed(stat: os.stat_result, sha256: str) -> bool:
    """Whether a file of the cache, or a link to it, is still the picture with this sha256."""
    return has_seal(stat.st_mtime_ns, sha256)


def open_new(path: Path) -> BinaryIO:
    """A file that nobody else has, with its folder."""
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


def put(temp: Path, path: Path) -> None:
    """Renames, with the folder made when it is the first of its kind."""
    try:
        temp.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        temp.replace(path)
