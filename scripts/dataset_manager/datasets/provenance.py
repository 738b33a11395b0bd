"""Where a dataset comes from: everything a person needs to trace or repeat it, for `datasets/<dataset>.json`.

In: the small files of the process and the frozen request. Out: JSON-able values; nothing secret stands in them.
"""

import platform
from importlib import metadata as packages
from pathlib import Path
from typing import Any

from dataset_manager import __version__
from dataset_manager.datasets import versions
from dataset_manager.files import now, read_json
from dataset_manager.settings import is_sample

Json = dict[str, Any]
LIBRARIES = ("snakemake", "duckdb", "pyarrow", "obstore", "simplejpeg", "pillow")


def provenance(here: Path, dataset: str) -> Json:
    """The query, the window, the counts, the marks and parameters, the versions of code and libraries."""
    metadata, request = read_json(here / "process_metadata.json"), versions.request_of(here / "datasets", dataset) or {}
    manifest = read_json(here / "data/raw/manifest.json") or {}
    return {
        "dataset": dataset,
        "process": metadata["name"],
        "sample": is_sample(metadata),
        "identity": metadata["identity"],
        "window": read_json(here / "data/raw/window.json"),
        "query": manifest.get("query"),
        "transactions": read_json(here / "data/flatten.json"),
        "analysis": read_json(here / "data/parameters.json"),
        "request": request["compared"],
        "frozen": {name: value for name, value in request["stored"].items() if name != "rejected"}
        | {"rejected": len(request["stored"]["rejected"])},
        "versions": {"dataset_manager": __version__, "python": platform.python_version()}
        | {name: packages.version(name) for name in LIBRARIES},
    }


def merged_from(here: Path, dataset: str, parents: list[Json], on_conflict: str) -> Json:
    """Of a merged dataset: its parents and their ids. Raises nothing: what a parent was made from stands in its own files."""
    metadata = read_json(here / "process_metadata.json")
    return {
        "dataset": dataset,
        "process": metadata["name"],
        "sample": is_sample(metadata),
        "identity": {"deployment_id": metadata["identity"]["deployment_id"]},
        "parents": parents,
        "on_conflict": on_conflict,
        "made": now().isoformat(timespec="seconds"),
        "versions": {"dataset_manager": __version__, "python": platform.python_version()},
    }
