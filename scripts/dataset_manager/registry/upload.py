"""A dataset's zip in the bucket: uploaded once, compared always (docs/rules.md, «Upload»).

In: a zip with its sha256, a `Base`, a connection (a folder needs none). Out: `Uploaded`, and only when the store's own checksum, or
what it gives back, is that of the zip; or what a look says: absent, equal, different.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataset_manager.errors import SourceError
from dataset_manager.registry.bucket import BucketShelf
from dataset_manager.registry.digests import Measured, fitting, measure
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.folder import FolderShelf
from dataset_manager.registry.stored import Added, Expected, Seen, Shelf, Status, Stored, Transfer, expected_of, same
from dataset_manager.registry.target import Base, Target
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.wording import number

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Uploaded:
    """`checksum`: the store's own (`…-N`: of N parts of `part_size`), else the zip's sha256. `conditional`: see `Added`."""

    url: str
    status: Status
    bytes: int
    checksum: str
    part_size: int
    conditional: bool
    parts: int


def shelf_of(base: Base, connection: S3Connection | None, transfer: Transfer, progress: Callable[[str], None]) -> Shelf:
    """The same code path for both kinds."""
    if base.folder:
        return FolderShelf(base.folder, progress)
    return BucketShelf(base, connection or S3Connection(base.bucket), transfer, progress)


def publish_object(
    zip_path: Path,
    sha256: str,
    base: Base,
    connection: S3Connection | None,
    *,
    overwrite: bool = False,
    progress: Callable[[str], None] = LOGGER.info,
    transfer: Transfer | None = None,
) -> Uploaded:
    """Uploads unless an equal object is there. A different one is refused unless `overwrite`. Raises SourceError, RegistryError."""
    transfer = transfer or Transfer()
    target, shelf = base.object(zip_path.name), shelf_of(base, connection, transfer, progress)
    with zip_errors(zip_path):
        before = shelf.look(target)  # before the reading of a big zip: who cannot be reached is known at once
        zipped = measured(zip_path, sha256, transfer)
        shelf.clean(target, zip_path)
        if before and is_same(shelf, target, before, expected_of(zipped)):
            return uploaded(target, zipped, Added("ya estaba", True, 0, before.checksum or sha256, before.part_size))
        if before and not overwrite:
            raise different(target, before, zipped)
        added = shelf.add(target, zipped, before)
    return uploaded(target, zipped, added)


def measured(zip_path: Path, sha256: str, transfer: Transfer) -> Measured:
    """The zip must still be the one that is to be registered."""
    zipped = measure(zip_path, fitting(transfer.part_size, zip_path.stat().st_size))
    if zipped.sha256 != sha256:
        raise RegistryError(
            f"{zip_path}: su sha256 es {zipped.sha256} y se esperaba {sha256}: el ZIP ha cambiado desde que se hizo. Bórrelo y repita"
        )
    return zipped


def uploaded(target: Target, zipped: Measured, added: Added) -> Uploaded:
    """What the receipt keeps."""
    return Uploaded(target.url, added.status, zipped.size, added.checksum, added.part_size, added.conditional, added.parts)


def is_same(shelf: Shelf, target: Target, stored: Stored, expected: Expected) -> bool:
    """Reads the object only where the store says nothing of its content."""
    told = same(stored, expected)
    return shelf.read(target) == expected.sha256 if told is None else told


def different(target: Target, stored: Stored, zipped: Measured) -> RegistryError:
    """Both sides, and the one way to go on."""
    there = stored.sha256 or stored.checksum or "desconocido"
    return RegistryError(
        f"{target.url}: ya hay otro objeto: {number(stored.bytes)} bytes, sha256 {there}; el ZIP tiene {number(zipped.size)} bytes, "
        f"sha256 {zipped.sha256}. No se ha tocado; para sustituirlo, repita con --overwrite (overwrite=true)"
    )


def check_object(
    name: str, base: Base, connection: S3Connection | None, expected: Expected, *, full: bool = False, transfer: Transfer | None = None
) -> Seen:
    """Looks at `<base>/<name>`; with `full` it is read back and hashed, whatever the store says of it. Writes nothing."""
    target, shelf = base.object(name), shelf_of(base, connection, transfer or Transfer(), LOGGER.info)
    stored = shelf.look(target)
    if stored is None:
        return "ausente"
    equal = is_same(shelf, target, stored, expected)
    if equal and full:
        equal = shelf.read(target) == expected.sha256
    return "igual" if equal else "distinto"


def look_at(name: str, base: Base, connection: S3Connection | None, *, transfer: Transfer | None = None) -> Stored | None:
    """What the store says of `<base>/<name>`; None when it is absent."""
    return shelf_of(base, connection, transfer or Transfer(), LOGGER.info).look(base.object(name))


@contextmanager
def zip_errors(zip_path: Path) -> Iterator[None]:
    """A zip that is not there or cannot be read."""
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        if str(error.filename) != str(zip_path):
            raise
        raise SourceError(
            f"{zip_path}: no se puede leer el ZIP ({error.strerror}). Nada se ha registrado; repita la orden para rehacerlo"
        ) from None
