"""A folder that stands for a bucket, for the demo, tests and machines without S3 (docs/rules.md, «Upload»).

In: a `Base` with a folder. Out: what is there, and files that replace exactly what was looked at.
"""

import errno
import fcntl
import glob
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from dataset_manager.errors import SourceError
from dataset_manager.files import sha256_of, sync, write_errors
from dataset_manager.registry.bucket import changed
from dataset_manager.registry.digests import MIB, Measured
from dataset_manager.registry.leftovers import is_free
from dataset_manager.registry.stored import Added, Stored
from dataset_manager.registry.target import Target
from dataset_manager.wording import size_of

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class FolderShelf:
    """See `Shelf`."""

    def __init__(self, folder: Path, progress: Callable[[str], None]) -> None:
        self.folder, self.progress = folder, progress

    def look(self, target: Target) -> Stored | None:
        """Size and identity; what it holds must be read. Where the folder is, must be there."""
        self.require_place()
        with read_errors(target):
            try:
                found = (self.folder / target.key).stat()
            except FileNotFoundError:
                return None
        return Stored(found.st_size, etag=f"{found.st_dev}-{found.st_ino}-{found.st_size}-{found.st_mtime_ns}")

    def require_place(self) -> None:
        """Only the last folder is made by us: a disk that is not mounted must not be taken for an empty one."""
        if not self.folder.parent.is_dir():
            raise SourceError(f"s3_base: no existe la carpeta {self.folder.parent}. Créela, o monte el disco, y repita")

    def read(self, target: Target) -> str:
        """sha256 of the file."""
        with read_errors(target):
            return sha256_of(self.folder / target.key)

    def clean(self, target: Target, zip_path: Path) -> None:  # noqa: ARG002
        """Copies that nobody is writing: the lock of a killed run is free."""
        for path in self.folder.glob(f".{glob.escape(target.key)}.*.tmp"):
            with suppress(FileNotFoundError), path.open("rb") as handle:  # another run may be cleaning too
                if is_free(handle):
                    path.unlink()

    def add(self, target: Target, zipped: Measured, before: Stored | None) -> Added:
        """Copied aside, checked, synced, then given its name."""
        final = self.folder / target.key
        with write_errors(final):
            self.folder.mkdir(exist_ok=True)
            with own_copy(self.folder, target.key) as (temp, out):
                self.copy(zipped, out, target)
                conditional = self.name(temp, final, target, before)
            sync(self.folder)
        return Added("sustituido" if before else "subido", conditional, 0, zipped.sha256)

    def copy(self, zipped: Measured, out: BinaryIO, target: Target) -> None:
        """Hashes what it copies."""
        whole = hashlib.sha256()
        self.progress(f"Copiando a {target.url}: {size_of(zipped.size)}")
        with zipped.path.open("rb") as handle:
            while piece := handle.read(MIB):
                whole.update(piece)
                out.write(piece)
        out.flush()
        os.fsync(out.fileno())
        if whole.hexdigest() != zipped.sha256:
            raise SourceError(f"{zipped.path}: ha cambiado mientras se copiaba. Nada se ha registrado; repita")

    def name(self, temp: Path, final: Path, target: Target, before: Stored | None) -> bool:
        """A new name is claimed by a link, which cannot replace; False where the disk has no links."""
        if not before:
            try:
                os.link(temp, final)
                return True
            except (FileExistsError, FileNotFoundError):
                raise changed(target) from None
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
        now = self.look(target)
        if (now and now.etag) != (before and before.etag):
            raise changed(target)
        temp.replace(final)
        return False


@contextmanager
def own_copy(folder: Path, key: str) -> Iterator[tuple[Path, BinaryIO]]:
    """A locked file for a copy. Who cleans up may take it away after it is made and before it is locked: then another is made."""
    while True:
        temp = folder / f".{key}.{uuid4().hex}.tmp"
        with temp.open("wb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            if not temp.exists():
                continue
            try:
                yield temp, out
            finally:
                temp.unlink(missing_ok=True)
            return


@contextmanager
def read_errors(target: Target) -> Iterator[None]:
    """A disk that does not give the file is a source that fails, not an absent file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SourceError(f"{target.url}: no se puede leer ({error.strerror}). Revise permisos y disco, y repita") from None
