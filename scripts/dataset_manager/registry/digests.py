"""Checksums of a file, whole and in parts, as S3 computes them (docs/rules.md, «Upload»).

In: a file, a part size. Out: its sha256, and the composite checksum of the upload: base64 of the sha256 of the parts' sha256, `-N`.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MIB = 1 << 20
MAX_PARTS = 10_000  # S3's own limit


@dataclass(frozen=True)
class Measured:
    """A file as it was when it was read from end to end."""

    path: Path
    size: int
    sha256: str
    part_size: int
    parts: tuple[bytes, ...]

    @property
    def composite(self) -> str:
        """What S3 must say of an upload in these parts."""
        return f"{encoded(hashlib.sha256(b''.join(self.parts)).digest())}-{len(self.parts)}"


def encoded(digest: bytes) -> str:
    """Base64, as S3 writes checksums."""
    return base64.b64encode(digest).decode()


def encoded_hex(sha256: str) -> str:
    """The same from hex."""
    return encoded(bytes.fromhex(sha256))


def fitting(part_size: int, size: int) -> int:
    """The part size, greater where a file would need more parts than S3 takes; whole MiB then."""
    needed = -(-size // MAX_PARTS)
    return part_size if needed <= part_size else -(-needed // MIB) * MIB


def measure(path: Path, part_size: int) -> Measured:
    """Reads the file once. An empty one has one empty part."""
    whole = hashlib.sha256()
    parts: list[bytes] = []
    with path.open("rb") as handle:
        while True:
            size, digest = hash_part(handle, part_size, whole)
            if size or not parts:
                parts.append(digest)
            if size < part_size:
                return Measured(path, handle.tell(), whole.hexdigest(), part_size, tuple(parts))


def hash_part(handle: BinaryIO, part_size: int, whole: "hashlib._Hash") -> tuple[int, bytes]:
    """Length and digest of the next part; `whole` goes on with it."""
    own, size = hashlib.sha256(), 0
    for piece in pieces(handle, part_size):
        own.update(piece)
        whole.update(piece)
        size += len(piece)
    return size, own.digest()


def pieces(handle: BinaryIO, limit: int) -> Iterator[bytes]:
    """At most `limit` bytes, a MiB at a time."""
    while limit and (piece := handle.read(min(MIB, limit))):
        limit -= len(piece)
        yield piece
