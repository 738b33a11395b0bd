"""verify: folder, manifests and zip of a dataset against what was accepted; names every difference.

In: a dataset. Out: lines for the terminal, and every problem by name. The registry's part is in `registry/` (docs/rules.md, «Verify»).
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataset_manager.datasets.content import Known, accepted, accepted_file, differences, known_id, pictures_in
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.zipping import MANIFEST, manifest_rows, own_files, recorded_sha256
from dataset_manager.errors import ConfigurationError, CountError
from dataset_manager.files import read_json, sha256_of
from dataset_manager.wording import PROBLEMS, counted

Json = dict[str, Any]
UNREADABLE = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, struct.error, zlib.error, pa.ArrowException)


@dataclass
class Verdict:
    """What was looked at, and what is wrong."""

    looked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, what: str, problems: list[str]) -> None:
        """One part."""
        self.looked.append(f"  {what:<12} {'bien' if not problems else counted(len(problems), *PROBLEMS)}")
        self.problems += [f"{what}: {problem}" for problem in problems]


def verify(dataset: Dataset, *, fast: bool) -> Verdict:
    """Full by default: every byte is read. `fast` looks at names, sizes and times. Damage of any kind is a problem, never an error."""
    verdict = Verdict()
    verdict.add("manifiesto", list(manifest_problems(dataset)))
    try:
        known = accepted(dataset)
    except CountError as error:
        verdict.add("carpeta", [f"no se puede comparar: {error}"])
        return verdict
    verdict.add("carpeta", folder_problems(dataset, known, fast))
    zip_file = dataset.beside(".zip")
    if zip_file.exists() or dataset.beside(".zip.sha256").exists():
        verdict.add("zip", list(zip_problems(dataset, known, zip_file, fast)))
    else:
        verdict.looked.append("  zip          no hay (lo hace register_dataset)")
    return verdict


def manifest_problems(dataset: Dataset) -> Iterator[str]:
    """The files that everything else is compared with must be the ones that were written."""
    if not dataset.legacy:
        yield from recorded_problems(dataset.beside(".json"), "dataset_id", dataset.beside(".manifest.parquet"), "manifest_sha256")
    summary, curated = dataset.beside(".summary.json"), dataset.beside(".curated.parquet")
    if dataset.legacy or summary.exists() or curated.exists():
        yield from recorded_problems(summary, "content_id", curated, "curated_sha256")


def recorded_problems(facts_file: Path, identity: str, table: Path, written: str) -> Iterator[str]:
    """A JSON says what its table holds, and the hash of the table as it was written."""
    missing = [file for file in (facts_file, table) if not file.exists()]
    yield from (f"falta {file}" for file in missing)
    if missing:
        return
    try:
        facts, known = read_json(facts_file), pictures_in(table)
    except (ConfigurationError, CountError) as error:
        yield str(error)
        return
    expected = facts.get(identity) if isinstance(facts, dict) else None
    if expected != known_id(known):
        yield f"las imágenes de {table} no dan el identificador anotado en {facts_file} ({expected})"
    elif facts.get(written) not in (None, sha256_of(table)):
        yield f"{table} no es el que se escribió"


def folder_problems(dataset: Dataset, known: Mapping[str, Known], fast: bool) -> list[str]:
    """Also of a disk that refuses to read."""
    if not dataset.tree.is_dir():
        return [f"falta {dataset.tree}"]
    try:
        return differences(dataset.tree, known, full=not fast).lines()
    except OSError as error:
        return [f"no se puede leer: {error}"]


def zip_problems(dataset: Dataset, known: Mapping[str, Known], zip_file: Path, fast: bool) -> Iterator[str]:
    """Its list of files; unless `fast`, its content as a whole."""
    if not zip_file.exists():
        yield f"falta {zip_file}"
        return
    try:
        yield from entry_problems(dataset, known, zip_file)
        recorded = recorded_sha256(zip_file)
        if not fast and sha256_of(zip_file) != recorded:
            yield f"{zip_file} no da el sha256 anotado al hacerlo"
    except CountError as error:
        yield str(error)
    except UNREADABLE as error:
        yield f"{zip_file} no se puede leer ({error})"


def entry_problems(dataset: Dataset, known: Mapping[str, Known], zip_file: Path) -> Iterator[str]:
    """Names and sizes of the pictures, and the manifest inside."""
    with zipfile.ZipFile(zip_file) as archive:
        entries = {entry.filename.removeprefix(f"{dataset.name}/"): entry for entry in archive.infolist()}
        told = manifest_rows(io.BytesIO(archive.read(entries[MANIFEST]))) if MANIFEST in entries else None
    if told is None or not told.equals(manifest_rows(accepted_file(dataset))):
        yield f"su {MANIFEST} no es el manifiesto aceptado"
    own = {MANIFEST, *(name for name, _ in own_files(dataset))}
    yield from (f"falta: {path}" for path in sorted(known.keys() - entries.keys()))
    yield from (f"sobra: {path}" for path in sorted(entries.keys() - known.keys() - own))
    yield from (f"otro tamaño: {path}" for path in sorted(known.keys() & entries.keys()) if entries[path].file_size != known[path].bytes)
