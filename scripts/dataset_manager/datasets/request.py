"""What a dataset is asked for, which version that is, and its freezing.

In: the workbook's marks, two small tables, configuration and typed keys. Out: `datasets/<dataset>.request.json` with two parts:
`compared` (equal requests are one version) and `stored` (what the choice also depends on, and provenance). Nothing after it
reads the workbook. Rules: docs/rules.md, «Dataset marks», «Versions», «Fast mode and limits».
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dataset_manager import __version__
from dataset_manager.analysis.database import quoted
from dataset_manager.datasets import versions
from dataset_manager.datasets.checking import Catalogue, Included, IncludedReference, check
from dataset_manager.errors import ProcessError, WorkbookError
from dataset_manager.files import digest, now, sorted_json, write_json
from dataset_manager.images.packing import shard_count
from dataset_manager.keys import FAST
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.workbook.history import keep_copy, require_book
from dataset_manager.workbook.marks import read_marks

Json = dict[str, Any]
Row = TypeVar("Row")


@dataclass(frozen=True)
class Plan:
    """The version that these marks and parameters mean."""

    dataset: str
    request: Json
    finished: bool


def plan(settings: ProcessAwareSettings, process: str) -> Plan:
    """The unfinished equal version, else the newest equal one, else the next number.

    Raises WorkbookError, MarksError (every wrong cell), ProcessError where the tables are missing.
    """
    request = asked(settings, process)
    folder = settings.folder(process) / "datasets"
    equal = [name for name in versions.requested(folder, process) if compared_of(folder, name) == request["compared"]]
    unfinished = [name for name in equal if not versions.is_finished(folder, name)]
    if unfinished or (equal and not settings.typed.get("new_version")):
        name = (unfinished or equal)[-1]
        return Plan(name, versions.request_of(folder, name) or {}, not unfinished)
    return Plan(versions.next_free(folder, process), request, finished=False)


def compared_of(folder: Path, dataset: str) -> Json | None:
    """The part that decides which version it is."""
    found = versions.request_of(folder, dataset)
    return found and found["compared"]


def asked(settings: ProcessAwareSettings, process: str) -> Json:
    """The request as it would be frozen now, without what freezing adds."""
    here = settings.folder(process)
    book = here / f"reports/{process}.xlsx"
    require_book(book, here / "reports/workbook_state.json")
    marks = read_marks(book)
    compared = limited(settings, check(book, marks, catalogue(here), settings.config.dataset))
    upper = sum(one["images"] for one in compared["references"]) + sum(one["images"] for one in compared["devices"])
    return {
        "compared": compared,
        "stored": {
            "marks_sha256": hashlib.sha256(sorted_json(marks.normalised()).encode()).hexdigest(),
            "shards": shard_count(upper, settings.config.images.shard_size),
            "upper_bound": upper,
            "typed": dict(settings.typed),
        },
    }


def catalogue(here: Path) -> Catalogue:
    """The label ids and the reference codes of the process's tables."""
    from dataset_manager.duck import duckdb

    labels, references = here / "data/labels.parquet", here / "data/analysis/references.parquet"
    if missing := [str(path) for path in (labels, references) if not path.exists()]:
        raise ProcessError(f"{here.name} no está completo (falta {missing[0]}); dé download_info otra vez")
    with duckdb.connect() as base:
        found = base.execute(f"SELECT label_id FROM read_parquet('{quoted(labels)}')").fetchall()
        codes = base.execute(f"SELECT reference_id, coalesce(reference_code, '') FROM read_parquet('{quoted(references)}')").fetchall()
    return Catalogue(frozenset(label for (label,) in found), dict(codes))


def limited(settings: ProcessAwareSettings, included: Included) -> Json:
    """The rows after the limits, and the parameters that the choice depends on."""
    chosen, typed = settings.config.dataset_creation, settings.typed
    parameters = {name: typed.get(name, getattr(chosen, name)) for name in ("selection", "seed", "filter_used")}
    limits = limits_of(typed)
    references = sample(limits["limit_refs"], parameters["seed"], {one.reference_id: one for one in included.references})
    asking = sample(limits["limit_devices"], parameters["seed"], {device: extra for device, extra in included.devices if extra})
    return {
        "references": [reference_row(one, limits["images_per_ref"]) for _, one in sorted(references.items())],
        "devices": [
            {"device_id": device, "images": (limits["images_per_device"] or asking[device]) if device in asking else 0}
            for device, _ in sorted(included.devices)
        ],
        "parameters": parameters
        | {"imagenes_por_transaccion": chosen.imagenes_por_transaccion, "include_rejected": typed.get("include_rejected", False)},
    }


def limits_of(typed: Mapping[str, Any]) -> dict[str, int | None]:
    """Typed, else what `fast` means, else none."""
    return {name: typed.get(name, small if typed.get("fast") else None) for name, small in FAST.items()}


def sample(limit: int | None, seed: int, rows: Mapping[str, Row]) -> dict[str, Row]:
    """At most `limit` rows, drawn with the seed; whatever the order of the rows."""
    drawn = sorted(rows, key=lambda key: digest([seed, key]))
    return {key: rows[key] for key in drawn[:limit]}


def reference_row(one: IncludedReference, images: int | None) -> Json:
    """As the request and the manifest name it."""
    return {
        "reference_id": one.reference_id,
        "reference_code": one.reference_code,
        "reference_name": one.name,
        "class": one.clase,
        "label_id": one.label_id,
        "images": images or one.images,
        "devices": one.devices,
    }


def freeze(settings: ProcessAwareSettings, process: str, dataset: str, planned: str, request_file: Path) -> Json:
    """Reads the book again and refuses when it is not what the plan saw; keeps a copy of the marks it froze."""
    from dataset_manager.datasets.earlier import earlier

    found, book = asked(settings, process), settings.folder(process) / f"reports/{process}.xlsx"
    if digest(found["compared"]) != planned:
        raise WorkbookError(f"{book}: las marcas han cambiado mientras se preparaba {dataset}; dé la orden otra vez")
    found["stored"] |= {
        "dataset": dataset,
        "frozen": now().isoformat(timespec="seconds"),
        "book": keep_copy(book).name,
        "tool": __version__,
        **earlier(settings, process, found["compared"]["parameters"]),
    }
    write_json(request_file, found)
    return found
