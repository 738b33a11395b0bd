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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from dataset_manager.errors import CountError
from dataset_manager.images.cache import write_all
from dataset_manager.images.parallel import in_order

MOMENT = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say: content alone decides
MODE = 0o644 << 16
WINDOW = 1 << 25  # bytes that are written before they are flushed and read back


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


@dataclass(slots=True)
class Batch:
    """Neighbours, written in one go."""

    entries: list[Written]
    start: int
    end: int


Window = list[Batch]


def write_stored(target: Path, batches: Iterable[Sequence[Content]]) -> str:
    """sha256 of the whole, every CRC compared; at most 512 files a batch. Raises CountError when it does not read back, OSError."""
    whole = hashlib.sha256()
    with target.open("wb") as out, target.open("rb", buffering=0) as back:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for _ in in_order(whole.update, read_back(back.fileno(), windows(out, archive, batches)), 1):
                pass  # one thread hashes in turn; this one writes
        require_directory(target, archive)
        back.seek(archive.start_dir)
        whole.update(back.read())
    return whole.hexdigest()


def windows(out: BinaryIO, archive: zipfile.ZipFile, batches: Iterable[Sequence[Content]]) -> Iterator[Window]:
    """Appends the batches, each in one call of the system. `zipfile.writestr` goes back to every header: four calls an entry."""
    window: Window = []
    for batch in batches:
        window.append(appended(out, archive, batch))
        archive.start_dir = window[-1].end
        if archive.start_dir - window[0].start >= WINDOW:
            yield window
            window = []
    if window:
        yield window


def appended(out: BinaryIO, archive: zipfile.ZipFile, contents: Sequence[Content]) -> Batch:
    """One batch."""
    written, parts = Batch([], archive.start_dir, archive.start_dir), []
    for one in contents:
        header = registered(archive, one, written.end)
        start = written.end + len(header)
        written.end = start + len(one.data)
        written.entries.append(Written(one.name, start, written.end, one.crc))
        parts += [header, one.data]
    write_parts(out.fileno(), parts)
    return written


def registered(archive: zipfile.ZipFile, one: Content, position: int) -> bytes:
    """Its header; the archive learns of it, for the directory at the end."""
    entry = zipfile.ZipInfo(one.name, MOMENT)
    entry.external_attr, entry.header_offset = MODE, position
    entry.CRC, entry.file_size, entry.compress_size = one.crc, len(one.data), len(one.data)
    archive.filelist.append(entry)
    return entry.FileHeader()


def write_parts(handle: int, parts: Sequence[bytes]) -> None:
    """All of them, also where the system takes a part only."""
    written, whole = os.writev(handle, parts), sum(map(len, parts))
    if written < whole:
        write_all(handle, b"".join(parts)[written:])


def read_back(handle: int, written: Iterable[Window]) -> Iterator[bytes]:
    """Everything that was written, as the disk gives it, every CRC compared. One thread flushes, one reads: both run behind the writer."""
    for window in in_order(partial(flush, handle), written, 1):
        yield from in_order(partial(compared, handle), window, 1)
        forget(handle, window)


def flush(handle: int, window: Window) -> Window:
    """To the disk and out of the memory of the system."""
    os.fdatasync(handle)
    forget(handle, window)
    return window


def forget(handle: int, window: Window) -> None:
    """A whole window at once: the system keeps what a small range covers in part, and looks for it on all processors."""
    os.posix_fadvise(handle, window[0].start, window[-1].end - window[0].start, os.POSIX_FADV_DONTNEED)


def compared(handle: int, batch: Batch) -> bytes:
    """A batch in one piece: a call for each entry would cost as much as its CRC. Raises CountError."""
    data = os.pread(handle, batch.end - batch.start, batch.start)
    view = memoryview(data)
    for one in batch.entries:
        if zlib.crc32(view[one.start - batch.start : one.end - batch.start]) != one.crc:
            raise CountError(
                f"al releer el zip, {one.name} no está bien: el disco no devuelve lo que se escribió; revíselo y repita la orden"
            )
    return data


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
