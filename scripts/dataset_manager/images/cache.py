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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from dataset_manager.errors import DiskError
from dataset_manager.files import write_errors
from dataset_manager.images.verify import Content, Damage, Verified, describe
from dataset_manager.sources.connection_types import S3Connection

Made = TypeVar("Made")
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
        self.unique = uuid.uuid4().hex
        self.numbers = count()

    def path(self, place: Place, key: str) -> Path:
        """Where the picture is, or would be."""
        return Path(self.file(place, key))

    def file(self, place: Place, key: str) -> str:
        """As text: building paths costs more than linking the file."""
        return next(self.files(place, [key]))

    def files(self, place: Place, keys: Iterable[str]) -> Iterator[str]:
        """Of many pictures of one place."""
        root, begun = str(self.root), hashlib.sha256(f"{place.endpoint}\0{place.bucket}\0".encode("utf-8", "surrogatepass"))
        for key in keys:
            named = begun.copy()
            named.update(key.encode("utf-8", "surrogatepass"))
            name, extension = named.hexdigest(), f".{key.rpartition('.')[2].lower()}"
            yield f"{root}/{name[:2]}/{name}{extension if extension in EXTENSIONS else '.bin'}"

    def size(self, place: Place, key: str) -> int | None:
        """Of the file that has the picture's name, whatever is in it; None when there is none."""
        try:
            return os.stat(self.file(place, key)).st_size  # noqa: PTH116 - a Path would double the cost of what is mostly not there
        except FileNotFoundError:
            return None

    def find(self, place: Place, key: str) -> Stored | None:
        """The picture, if it is there and still what was stored."""
        try:
            with self.path(place, key).open("rb", buffering=0) as handle:
                data, modified = handle.read(), os.fstat(handle.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        if not has_seal(modified, sha256):
            return None
        found = describe(data)
        return None if isinstance(found, Damage) else Stored(len(data), sha256, found.width, found.height, found.format)

    def store(self, place: Place, key: str, data: Content, verified: Verified) -> Stored:
        """Takes over a picture that `verify.check` found whole. Raises DiskError when the disk refuses."""
        path = self.file(place, key)
        sha256 = hashlib.sha256(data).hexdigest()
        with write_errors(path):
            self._write(path, data, sha256)
        return Stored(len(data), sha256, verified.width, verified.height, verified.format)

    def _write(self, path: str, data: Content, sha256: str) -> None:
        """Sealed and read-only before it has its name. Calls of the system alone: this runs once per picture, in many threads."""
        temp, placed = f"{self.root}/{INCOMING}/{os.getpid()}-{self.unique}-{next(self.numbers)}.tmp", False
        try:
            handle = with_folder(temp, lambda: os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                write_all(handle, data)
                moment = time.time_ns() // SECOND * SECOND + seal(sha256)
                os.utime(handle, ns=(moment, moment))
                os.fchmod(handle, 0o444)
            finally:
                os.close(handle)
            with_folder(path, lambda: os.replace(temp, path))  # noqa: PTH105 - a Path would cost more than the renaming
            placed = True
        finally:
            if not placed:
                Path(temp).unlink(missing_ok=True)

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


def with_folder(path: str, action: Callable[[], Made]) -> Made:
    """Does it, with the folder of `path` made when this is the first file in it."""
    try:
        return action()
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return action()


def write_all(handle: int, data: Content) -> None:
    """The system may take a part of it, above all when the disk is nearly full; the next call then says why."""
    written = os.write(handle, data)
    while written < len(data):
        written += os.write(handle, data[written:])
