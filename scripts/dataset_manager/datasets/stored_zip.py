"""A zip of files that are compressed already, as fast as the disk takes it: written once, in order, and read back behind the writer.

In: names with their content, in batches. Out: the file and the sha256 of what the disk gives back.

What was written is flushed and dropped from the memory of the system before it is read back: otherwise the comparison would be of that
memory with itself. It also leaves the pictures in memory, and the zip takes none of it however large it is.
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dataset_manager.errors import CountError
from dataset_manager.images.cache import write_all

MOMENT = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say: content alone decides
MODE = 0o644 << 16
WINDOW = 1 << 26  # bytes that are written before they are flushed and read back
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """One file as it goes in."""

    name: str
    data: bytes
    crc: int

    @classmethod
    def of(cls, name: str, data: bytes) -> "Content":
        """With its CRC."""
        return cls(name, data, zlib.crc32(data))


@dataclass(frozen=True, slots=True)
class Written:
    """Where the content of an entry lies."""

    name: str
    start: int
    end: int
    crc: int


def write_stored(target: Path, batches: Iterable[Sequence[Content]]) -> str:
    """sha256 of the whole, every CRC compared; at most 512 files a batch. Raises CountError when it does not read back, OSError."""
    with target.open("wb") as out, ReadBack(target) as back, ThreadPoolExecutor(1, "zip") as pool:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            behind: Future[None] | None = None
            for window in windows(out, archive, batches):
                if behind:
                    behind.result()
                behind = pool.submit(back.compare, window)
        if behind:
            behind.result()
        require_directory(target, archive)
        return back.rest()


def windows(out: BinaryIO, archive: zipfile.ZipFile, batches: Iterable[Sequence[Content]]) -> Iterator[list[list[Written]]]:
    """Appends the batches, each in one call of the system. `zipfile.writestr` goes back to every header: four calls an entry."""
    window: list[list[Written]] = []
    for batch in batches:
        window.append(appended(out, archive, batch, archive.start_dir))
        archive.start_dir = window[-1][-1].end
        if archive.start_dir - window[0][0].start >= WINDOW:
            yield window
            window = []
    if window:
        yield window


def appended(out: BinaryIO, archive: zipfile.ZipFile, batch: Sequence[Content], position: int) -> list[Written]:
    """One batch."""
    written, parts = [], []
    for one in batch:
        header = registered(archive, one, position)
        start = position + len(header)
        position = start + len(one.data)
        written.append(Written(one.name, start, position, one.crc))
        parts += [header, one.data]
    write_parts(out.fileno(), parts)
    return written


def registered(archive: zipfile.ZipFile, one: Content, position: int) -> bytes:
    """Its header; the archive learns of it, for the directory at the end."""
    entry = zipfile.ZipInfo(one.name, MOMENT)
    entry.external_attr, entry.header_offset = MODE, position
    entry.CRC, entry.file_size, entry.compress_size = one.crc, len(one.data), len(one.data)
    archive.filelist.append(entry)
    archive.NameToInfo[entry.filename] = entry
    return entry.FileHeader()


def write_parts(handle: int, parts: Sequence[bytes]) -> None:
    """All of them, also where the system takes a part only."""
    written, whole = os.writev(handle, parts), sum(map(len, parts))
    if written < whole:
        write_all(handle, b"".join(parts)[written:])


class ReadBack:
    """Reads from the disk what was written, in order."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.whole = hashlib.sha256()
        self.position = 0

    def __enter__(self) -> "ReadBack":
        self.handle = os.open(self.target, os.O_RDONLY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)

    def compare(self, window: Sequence[Sequence[Written]]) -> None:
        """Every CRC. Raises CountError."""
        start, length = self.position, window[-1][-1].end - self.position
        os.fdatasync(self.handle)
        os.posix_fadvise(self.handle, start, length, os.POSIX_FADV_DONTNEED)
        for batch in window:
            self.compare_batch(batch)
        os.posix_fadvise(self.handle, start, length, os.POSIX_FADV_DONTNEED)

    def compare_batch(self, batch: Sequence[Written]) -> None:
        """In one piece: a call for each entry would cost as much as its CRC."""
        start = self.position
        view = memoryview(self.read(batch[-1].end - start))
        for one in batch:
            if zlib.crc32(view[one.start - start : one.end - start]) != one.crc:
                raise CountError(
                    f"al releer el zip, {one.name} no está bien: el disco no devuelve lo que se escribió; revíselo y repita la orden"
                )

    def read(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""
        data = os.pread(self.handle, size, self.position)
        self.whole.update(data)
        self.position += len(data)
        return data

    def rest(self) -> str:
        """sha256 of everything."""
        while self.read(PIECE):
            pass
        return self.whole.hexdigest()


def require_directory(target: Path, archive: zipfile.ZipFile) -> None:
    """The directory names what was written. Raises CountError."""
    try:
        with zipfile.ZipFile(target) as found:
            same = list(map(entry_facts, found.filelist)) == list(map(entry_facts, archive.filelist))
    except zipfile.BadZipFile:
        same = False
    if not same:
        raise CountError(
            "al releer el zip, su directorio no está bien: el disco no devuelve lo que se escribió; revíselo y repita la orden"
        )


def entry_facts(entry: zipfile.ZipInfo) -> tuple[str, int, int, int]:
    """What finds an entry."""
    return entry.filename, entry.CRC, entry.file_size, entry.header_offset
