"""verify: folder, manifests and zip of a dataset against what was accepted; names every difference.

In: a dataset. Out: lines for the terminal, and every problem by name. The registry's part is in `registry/` (docs/rules.md, «Verify»).
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_manager.datasets.content import Known, accepted, accepted_file, content_id, differences
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.zipping import MANIFEST, manifest_rows, own_files, recorded_sha256
from dataset_manager.errors import CountError
from dataset_manager.files import read_json, sha256_of

Json = dict[str, Any]


@dataclass
class Verdict:
    """What was looked at, and what is wrong."""

    looked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, what: str, problems: list[str]) -> None:
        """One part."""
        self.looked.append(f"  {what:<12} {'bien' if not problems else f'{len(problems)} problemas'}")
        self.problems += [f"{what}: {problem}" for problem in problems]


def verify(dataset: Dataset, *, fast: bool) -> Verdict:
    """Full by default: every byte is read. `fast` looks at names, sizes and times."""
    verdict, known = Verdict(), accepted(dataset)
    verdict.add("manifiesto", list(manifest_problems(dataset, known)))
    verdict.add("carpeta", differences(dataset.tree, known, full=not fast).lines() if dataset.tree.is_dir() else [f"falta {dataset.tree}"])
    zip_file = dataset.beside(".zip")
    if zip_file.exists():
        verdict.add("zip", list(zip_problems(dataset, known, zip_file, fast)))
    else:
        verdict.looked.append("  zip          no hay (lo hace register_dataset)")
    return verdict


def manifest_problems(dataset: Dataset, known: Mapping[str, Known]) -> Iterator[str]:
    """The files that everything else is compared with must be the ones that were written."""
    made, summary = read_json(dataset.beside(".json")) or {}, read_json(dataset.beside(".summary.json")) or {}
    for suffix, recorded in ((".manifest.parquet", made.get("manifest_sha256")), (".curated.parquet", summary.get("curated_sha256"))):
        file = dataset.beside(suffix)
        if recorded and not file.exists():
            yield f"falta {file}"
        elif recorded and sha256_of(file) != recorded:
            yield f"{file} no es el que se escribió"
    expected = summary.get("content_id") if dataset.beside(".curated.parquet").exists() else made.get("dataset_id")
    if expected != content_id({path: picture.sha256 for path, picture in known.items()}):
        yield f"sus imágenes no dan el identificador anotado ({expected})"


def zip_problems(dataset: Dataset, known: Mapping[str, Known], zip_file: Path, fast: bool) -> Iterator[str]:
    """Its list of files; unless `fast`, its content as a whole."""
    try:
        with zipfile.ZipFile(zip_file) as archive:
            entries = {entry.filename.removeprefix(f"{dataset.name}/"): entry for entry in archive.infolist()}
            told = archive.read(f"{dataset.name}/{MANIFEST}") if MANIFEST in entries else None
    except (zipfile.BadZipFile, OSError) as error:
        yield f"{zip_file} no se puede leer ({error})"
        return
    sizes = {path: entry.file_size for path, entry in entries.items()}
    if told is None or not manifest_rows(io.BytesIO(told)).equals(manifest_rows(accepted_file(dataset))):
        yield f"su {MANIFEST} no es el manifiesto aceptado"
    own = {MANIFEST, *(name for name, _ in own_files(dataset))}
    yield from (f"falta: {path}" for path in sorted(known.keys() - sizes.keys()))
    yield from (f"sobra: {path}" for path in sorted(sizes.keys() - known.keys() - own))
    yield from (f"otro tamaño: {path}" for path in sorted(known.keys() & sizes.keys()) if sizes[path] != known[path].bytes)
    try:
        if not fast and sha256_of(zip_file) != recorded_sha256(zip_file):
            yield f"{zip_file} no da el sha256 anotado al hacerlo"
    except CountError as error:
        yield str(error)
