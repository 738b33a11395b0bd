"""`<dataset>.zip`: exactly what was accepted, byte for byte the same for the same content.

In: a dataset and its accepted manifest. Out: the zip and, beside it, `<dataset>.zip.sha256` as `sha256sum` writes it. Pictures are
compressed already: they are stored. Sorted, with one fixed time; zip64 where it is needed (docs/rules.md, «Zip»).
"""

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_manager.datasets.content import Known, accepted_file, require_accepted
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import CountError
from dataset_manager.files import replace, replace_with, sha256_of

log = logging.getLogger("dataset_manager")
MOMENT = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say: content alone decides
PARTS = 10
MANIFEST = "manifest.parquet"


def zip_dataset(dataset: Dataset, zip_file: Path) -> dict[str, int | str]:
    """Raises CountError when the folder is not what was accepted, before or after, or when the zip does not read back; DiskError."""
    known = require_accepted(dataset)
    found: dict[str, int | str] = {}

    def write(temp: Path) -> None:
        write_zip(dataset, known, temp)
        found.update(files=len(known), bytes=temp.stat().st_size, sha256=checked(temp, zip_file, len(known)))
        require_accepted(dataset)

    replace_with(zip_file, write)
    replace(zip_file.with_name(f"{zip_file.name}.sha256"), f"{found['sha256']}  {zip_file.name}\n".encode())
    return found


def write_zip(dataset: Dataset, known: Mapping[str, Known], target: Path) -> None:
    """The pictures by path, then the tool's own files."""
    step = max(1, len(known) // PARTS)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for number, path in enumerate(sorted(known), 1):
            add(archive, f"{dataset.name}/{path}", accepted_content(dataset.tree / path, known[path]))
            if number % step == 0:
                log.info("Zip: %d de %d imágenes", number, len(known))
        for name, file in own_files(dataset):
            add(archive, f"{dataset.name}/{name}", file.read_bytes())
        add(archive, f"{dataset.name}/{MANIFEST}", manifest_bytes(dataset))


def accepted_content(file: Path, picture: Known) -> bytes:
    """A picture that the disk spoiled keeps its time: its content must be the accepted one. Raises CountError."""
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise CountError(f"{file}: su contenido ya no es el que se aceptó; recupérela de una copia. No se ha hecho el zip")
    return content


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One file, as it is."""
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


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


def checked(temp: Path, zip_file: Path, files: int) -> str:
    """sha256 of the whole, while every entry is read back and its CRC compared."""
    with ThreadPoolExecutor(1) as pool, zipfile.ZipFile(temp) as archive:
        whole = pool.submit(sha256_of, temp)
        wrong = archive.testzip()
        if wrong or len(archive.namelist()) < files:
            raise CountError(f"{zip_file}: al releerlo, {wrong or 'faltan archivos'} no está bien; repita la orden")
        return whole.result()


def recorded_sha256(zip_file: Path) -> str:
    """What the file beside the zip says. Raises CountError where there is none."""
    beside = zip_file.with_name(f"{zip_file.name}.sha256")
    if not beside.exists():
        raise CountError(f"{beside}: no está; borre {zip_file.name} y repita la orden para hacerlo de nuevo")
    words = beside.read_text("utf-8", "replace").split()
    if not words:
        raise CountError(f"{beside}: está vacío; borre {zip_file.name} y repita la orden para hacerlo de nuevo")
    return words[0]
