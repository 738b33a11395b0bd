"""The versions of a process's datasets: `<process>_v<NN>`, one frozen request each.

In: the names in `datasets/`. Out: names, and which are finished. Reads small files only. Rules: docs/rules.md, «Versions».
"""

import re
from pathlib import Path
from typing import Any

from dataset_manager.files import read_json

Json = dict[str, Any]
REQUEST = ".request.json"
DELIVERED = (".json", ".manifest.parquet", ".shortage.csv")


def number_of(process: str, name: str) -> int:
    """The NN of `<process>_v<NN>…`; 0 for another name."""
    match = re.match(rf"\.?{re.escape(process)}_v(\d{{2,}})(?![\d_])", name)
    return int(match[1]) if match else 0


def requested(folder: Path, process: str) -> list[str]:
    """Every version whose request is frozen, oldest first."""
    names = (path.name.removesuffix(REQUEST) for path in folder.glob(f"*{REQUEST}") if not path.name.startswith("."))
    return sorted((name for name in names if number_of(process, name)), key=lambda name: number_of(process, name))


def request_of(folder: Path, dataset: str) -> Json | None:
    """The frozen request."""
    found: Json | None = read_json(folder / f"{dataset}{REQUEST}")
    return found


def is_built(folder: Path, dataset: str) -> bool:
    """Its files are there: the tree, its manifest, what is short and its provenance were whole."""
    return all((folder / f"{dataset}{suffix}").exists() for suffix in DELIVERED)


def tracking_of(folder: Path, dataset: str) -> Path:
    """Says that the workbook's tab shows the dataset."""
    return folder.parent / f"reports/tracking_{dataset}.json"


def is_finished(folder: Path, dataset: str) -> bool:
    """Built, and shown in the workbook."""
    return is_built(folder, dataset) and tracking_of(folder, dataset).exists()


def unfinished(folder: Path, process: str) -> list[str]:
    """What a bare `snakemake` goes on with."""
    return [name for name in requested(folder, process) if not is_finished(folder, name)]


def next_free(folder: Path, process: str) -> str:
    """One more than the greatest number that any file or folder has."""
    taken = (number_of(process, path.name) for path in folder.iterdir()) if folder.is_dir() else iter(())
    return f"{process}_v{max(taken, default=0) + 1:02d}"
