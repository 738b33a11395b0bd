"""What earlier datasets of the process (or deployment) already took, and what a person took out of them.

In: the finished datasets' manifests and folders. Out: names of datasets whose transactions count as used, and keys of
pictures that were deleted by a person: both stand in the frozen request. Rules: docs/rules.md, «Used transactions».
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_manager import processes
from dataset_manager.analysis.database import quoted
from dataset_manager.csv_text import csv_rows
from dataset_manager.datasets import versions
from dataset_manager.datasets.content import present
from dataset_manager.datasets.finding import legacy_folders
from dataset_manager.errors import ProcessError
from dataset_manager.files import read_json
from dataset_manager.settings import ProcessAwareSettings

Json = dict[str, Any]


def earlier(settings: ProcessAwareSettings, process: str, parameters: Json) -> Json:
    """`used_datasets` as `<process>/<dataset>`, `rejected` as keys of pictures; both sorted."""
    chosen = [] if parameters["filter_used"] == "no" else siblings(settings, process, parameters["filter_used"])
    used = [f"{name}/{dataset}" for name in chosen for dataset in built(settings.folder(name) / "datasets", name)]
    mine = settings.folder(process) / "datasets"
    finished = [] if parameters["include_rejected"] else built(mine, process)
    rejected = {key for name in finished for key in (*deleted(mine, name), *failed(mine, name))}
    older = legacy_transactions(settings, process) if parameters["filter_used"] == "deployment" else set()
    return {"used_datasets": sorted(used), "used_legacy": sorted(older), "rejected": sorted(rejected)}


def legacy_transactions(settings: ProcessAwareSettings, process: str) -> set[str]:
    """Delivered by datasets of the tool of before, of the same deployment."""
    from dataset_manager.datasets.legacy import delivered

    deployment = deployment_of(settings, process)
    mine = (folder for folder in legacy_folders(settings) if deployment_written(folder) == str(deployment))
    return {transaction for folder in mine for transaction in delivered(folder)}


def deployment_written(folder: Path) -> str:
    """As that tool's metadata says; it wrote numbers and texts."""
    return str((read_json(folder / "process_metadata.json") or {}).get("deployment_id", ""))


def siblings(settings: ProcessAwareSettings, process: str, scope: str) -> list[str]:
    """The process alone, or every process of its deployment in this output folder."""
    if scope == "process":
        return [process]
    require_readable(settings)
    deployment = deployment_of(settings, process)
    return [folder.name for folder in processes.folders(settings) if deployment_of(settings, folder.name) == deployment]


def require_readable(settings: ProcessAwareSettings) -> None:
    """Whose deployment a process of a newer version is, and what it delivered, is not known: it may not count as nothing."""
    if unknown := processes.newer(settings):
        names = ", ".join(str(folder) for folder in unknown)
        raise ProcessError(
            f"filter_used=deployment: no se sabe qué transacciones usó ya lo hecho por una versión más nueva de la herramienta: {names}. "
            "Actualice la herramienta, aparte esa carpeta de la salida, o use --filter-used process (filter_used=process)"
        )


def deployment_of(settings: ProcessAwareSettings, process: str) -> int | None:
    """None for a folder that is no process of this version."""
    metadata = settings.metadata(process)
    return metadata["identity"]["deployment_id"] if metadata else None


def failed(folder: Path, dataset: str) -> Iterator[str]:
    """Keys of pictures that were damaged or missing: trying them again would only fail again."""
    yield from (row["s3_key"] for row in csv_rows(folder / f"{dataset}.shortage.csv") if row["tipo"] == "fallida")


def built(folder: Path, process: str) -> list[str]:
    """Datasets that were delivered: an unfinished one has used nothing."""
    return [name for name in versions.requested(folder, process) if versions.is_built(folder, name)]


def deleted(folder: Path, dataset: str) -> Iterator[str]:
    """Keys of pictures that are no longer where the dataset had them. A tree that is gone as a whole says nothing about any."""
    from dataset_manager.duck import duckdb

    tree = folder / dataset
    if not tree.is_dir():
        return
    there = present(tree)
    with duckdb.connect() as base:
        rows = base.execute(f"SELECT path, key FROM read_parquet('{quoted(folder / f'{dataset}.manifest.parquet')}')").fetchall()
    yield from (key for path, key in rows if path not in there)
