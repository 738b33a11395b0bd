"""The commands that only look, or write one table: folder_structure, diff; and where a summary finds its transactions.

In: settings with the typed keys. Out: a CSV and lines for the operator. The same functions serve main.py and the rules.
"""

import os
from pathlib import Path

from dataset_manager import processes
from dataset_manager.datasets import diffing, finding, structure
from dataset_manager.datasets.finding import Dataset
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.wording import FOLDERS, PICTURES, counted


def folder_structure(settings: ProcessAwareSettings, *, write: bool = True) -> None:
    """Of the folder typed, else of the datasets of the active process; without `write` no table. Raises UsageError, DiskError."""
    typed = settings.typed
    folder = Path(typed["input"]) if "input" in typed else settings.folder(processes.active(settings)) / "datasets"
    output = Path(typed["output"]) if "output" in typed else apart(settings, folder)
    found = structure.look(folder, structure.extensions_of(typed.get("extensions")))
    path = output or structure.default_output(folder)
    print(f"\n{counted(len(found.rows), *FOLDERS)} con imágenes, {counted(found.pictures, *PICTURES)}")
    for inside, pictures in sorted(found.above.items()):
        print(f"  Atención: {counted(pictures, *PICTURES)} en {inside}, por encima de otras carpetas con imágenes; no cuentan")
    if write:
        structure.write(found, path)
    print(f"{'Tabla' if write else 'La tabla se escribiría en'}: {os.path.relpath(path)}")


def apart(settings: ProcessAwareSettings, folder: Path) -> Path | None:
    """The folders of the tool of before are only read: their table goes where everything made of them lies."""
    place = folder.resolve()
    for legacy in finding.legacy_folders(settings):
        if place.is_relative_to(legacy.resolve()):
            return finding.legacy_home(settings, legacy) / f"folder_structure_{place.name}.csv"
    return None


def diff(settings: ProcessAwareSettings, *, write: bool = True) -> None:
    """Of `old` and `new`; without `write` no table. Raises UsageError, CountError where one has no manifest."""
    old, new = finding.named(settings, "old"), finding.named(settings, "new")
    found = diffing.diff(old, new)
    for line in diffing.lines(old, new, found):
        print(line)
    if write:
        path = new.beside(f".diff_{old.name}.csv")
        diffing.write_csv(found, path)
        print(f"  Tabla: {path}")


def sources_of(settings: ProcessAwareSettings, dataset: Dataset) -> tuple[Path | None, Path | None]:
    """The table of transactions; of the tool of before, what its workbooks and its cache knew."""
    if dataset.legacy:
        from dataset_manager.datasets.legacy import write_metadata

        return None, write_metadata(dataset, dataset.beside(".metadata.parquet"))
    transactions = settings.folder(dataset.process) / "data/transactions.parquet"
    return (transactions if transactions.exists() else None), None
