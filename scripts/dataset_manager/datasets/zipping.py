"""`<dataset>.zip`: exactly what was accepted, byte for byte the same for the same content.

In: a dataset and its accepted manifest. Out: the zip and, beside it, `<dataset>.zip.sha256` as `sha256sum` writes it. Pictures are
compressed already: they are stored. Sorted, with one fixed time; zip64 where it is needed (docs/rules.md, «Zip»).
"""

import hashlib
import io
import logging
import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_manager.datasets.content import Known, accepted_file, require_accepted, require_unchanged
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.stored_zip import Content, write_stored
from dataset_manager.errors import CountError
from dataset_manager.files import locked, replace, replace_with, sweep
from dataset_manager.images.parallel import in_order
from dataset_manager.wording import number

log = logging.getLogger("dataset_manager")
PARTS = 10
READERS = 2
BATCH_BYTES, BATCH_FILES = 1 << 20, 256  # what one thread reads at a time
MANIFEST = "manifest.parquet"


def zip_dataset(dataset: Dataset, zip_file: Path) -> dict[str, int | str]:
    """Raises CountError when the folder is not what was accepted, before or after, or when the zip does not read back; DiskError."""
    known = require_accepted(dataset)
    found: dict[str, int | str] = {}

    def write(temp: Path) -> None:
        sha256 = write_zip(dataset, known, temp)
        found.update(files=len(known), bytes=temp.stat().st_size, sha256=sha256)
        require_unchanged(dataset, known)

    with locked(zip_file.with_name(f".{zip_file.name}.lock")):  # the job of a run that was killed lives on
        sweep(zip_file)
        replace_with(zip_file, write)
        replace(zip_file.with_name(f"{zip_file.name}.sha256"), f"{found['sha256']}  {zip_file.name}\n".encode())
    return found


def write_zip(dataset: Dataset, known: Mapping[str, Known], target: Path) -> str:
    """The pictures by path, then the tool's own files; sha256 of the whole."""
    return write_stored(target, chain(told(pictures(dataset, known), len(known)), own_contents(dataset)))


def told(batches: Iterator[list[Content]], total: int) -> Iterator[list[Content]]:
    """Says how far it is, ten times."""
    done = 0
    for batch in batches:
        yield batch
        before, done = done, done + len(batch)
        if done * PARTS // total > before * PARTS // total:
            log.info("Zip: %s de %s imágenes", number(done), number(total))


def pictures(dataset: Dataset, known: Mapping[str, Known]) -> Iterator[list[Content]]:
    """Read ahead by threads, in order."""
    return in_order(partial(contents, dataset, known), batches(known), READERS)


def batches(known: Mapping[str, Known]) -> Iterator[list[str]]:
    """Paths in order; a batch of large pictures must not fill the memory."""
    batch: list[str] = []
    size = 0
    for path in sorted(known):
        batch.append(path)
        size += known[path].bytes
        if size >= BATCH_BYTES or len(batch) == BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def contents(dataset: Dataset, known: Mapping[str, Known], paths: list[str]) -> list[Content]:
    """Of one batch."""
    return [Content.of(f"{dataset.name}/{path}", accepted_content(f"{dataset.tree}/{path}", known[path])) for path in paths]


def accepted_content(file: str, picture: Known) -> bytes:
    """A picture that the disk spoiled keeps its time: its content must be the accepted one. Raises CountError."""
    content = read_whole(file, picture.bytes)
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise CountError(f"{file}: su contenido ya no es el que se aceptó; recupérela de una copia. No se ha hecho el zip")
    return content


def read_whole(file: str, size: int) -> bytes:
    """Of a file that should be so large: as few calls of the system as can be, for threads wait for each other after every one."""
    handle = os.open(file, os.O_RDONLY)
    try:
        content = os.read(handle, size + 1)
        while len(content) < size and (more := os.read(handle, size + 1 - len(content))):
            content += more
    finally:
        os.close(handle)
    return content


def own_contents(dataset: Dataset) -> Iterator[list[Content]]:
    """The tool's own files, and the manifest."""
    own = [*((name, file.read_bytes()) for name, file in own_files(dataset)), (MANIFEST, manifest_bytes(dataset))]
    yield [Content.of(f"{dataset.name}/{name}", data) for name, data in own]


def own_files(dataset: Dataset) -> Iterator[tuple[str, Path]]:
    """Summary, card, report of a merge."""
    for name in (f"_summary_{dataset.name}.csv", f"_summary_{dataset.name}.html", "README.md", "merge_report.csv"):
        if dataset.inside(name).exists():
            yield name, dataset.inside(name)


def manifest_bytes(dataset: Dataset) -> bytes:
    """The accepted manifest as it lies in the zip."""
    written = io.BytesIO()
    pq.write_table(manifest_rows(accepted_file(dataset)), written, compression="zstd")
    return written.getvalue()


def manifest_rows(file: Path | BinaryIO) -> pa.Table:
    """Without the times of files: they differ from machine to machine."""
    table = pq.read_table(file, partitioning=None)
    return table.drop_columns([name for name in table.column_names if name == "mtime_ns"])


def recorded_sha256(zip_file: Path) -> str:
    """What the file beside the zip says. Raises CountError where there is none."""
    beside = zip_file.with_name(f"{zip_file.name}.sha256")
    if not beside.exists():
        raise CountError(f"{beside}: no está; borre {zip_file.name} y repita la orden para hacerlo de nuevo")
    words = beside.read_text("utf-8", "replace").split()
    if not words:
        raise CountError(f"{beside}: está vacío; borre {zip_file.name} y repita la orden para hacerlo de nuevo")
    return words[0]
