"""What a bucket says of an object, and whether it is the one that is meant (docs/rules.md, «Upload»).

In: an object as looked at, a zip as expected. Out: equal, different, or not known without reading it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from dataset_manager.registry.digests import Measured, encoded_hex, measure
from dataset_manager.registry.target import Target

Status = Literal["subido", "ya estaba", "sustituido"]
Seen = Literal["ausente", "igual", "distinto"]


@dataclass(frozen=True)
class Transfer:
    """How it is sent: memory is `part_size` x `threads`. `stale` seconds without a new part: nobody works on that upload any more."""

    part_size: int = 16 << 20
    threads: int = 4
    attempts: int = 5
    stale: float = 3600


@dataclass(frozen=True)
class Stored:
    """An object. `checksum`: the store's own sha256, of the whole or (`-N`) of its parts; the rest is what the uploader wrote."""

    bytes: int
    etag: str = ""
    checksum: str = ""
    sha256: str = ""
    part_size: int = 0
    upload: str = ""


@dataclass(frozen=True)
class Expected:
    """A zip as it was published. `checksum` and `part_size` as in the receipt, or the zip itself to compute them from."""

    bytes: int
    sha256: str
    checksum: str = ""
    part_size: int = 0
    zip_path: Path | None = None


@dataclass(frozen=True)
class Added:
    """`conditional`: the store itself made sure that nothing else was replaced."""

    status: Status
    conditional: bool
    parts: int
    checksum: str
    part_size: int = 0


class Shelf(Protocol):
    """A bucket or a folder that stands for one."""

    def look(self, target: Target) -> Stored | None:
        """What is there; None only when it is surely absent. SourceError when nobody can tell."""

    def read(self, target: Target) -> str:
        """sha256 of what is there, read from end to end."""

    def clean(self, target: Target, zip_path: Path) -> None:
        """Removes what killed runs left of this object."""

    def add(self, target: Target, zipped: Measured, before: Stored | None) -> Added:
        """Uploads; replaces exactly what was looked at before, and nothing else."""


def expected_of(zipped: Measured) -> Expected:
    """From a zip that was just measured."""
    return Expected(zipped.size, zipped.sha256, zipped.composite, zipped.part_size, zipped.path)


def same(stored: Stored, expected: Expected) -> bool | None:
    """By size, by the store's checksum, else by the sha256 that the uploader wrote; None: it must be read."""
    if stored.bytes != expected.bytes:
        return False
    by_checksum = same_checksum(stored, expected) if stored.checksum else None
    if by_checksum is None and stored.sha256:
        return stored.sha256 == expected.sha256
    return by_checksum


def same_checksum(stored: Stored, expected: Expected) -> bool | None:
    """A checksum of parts says something only to who knows their size."""
    if "-" not in stored.checksum:
        return stored.checksum == encoded_hex(expected.sha256)
    if stored.checksum == expected.checksum:
        return True
    if stored.part_size and stored.part_size == expected.part_size:
        return False
    if stored.part_size and expected.zip_path:
        return measure(expected.zip_path, stored.part_size).composite == stored.checksum
    return None
