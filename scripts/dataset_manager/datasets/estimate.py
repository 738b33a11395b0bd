"""What create_dataset would do: the version, pictures and shortages per class, bytes. Writes only in a temporary folder.

In: the marks, the tables, earlier datasets and the cache. Out: lines for the operator.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_manager.datasets.closing import short_lines, table
from dataset_manager.datasets.counts import by_class, counted
from dataset_manager.datasets.earlier import earlier
from dataset_manager.datasets.request import Plan, plan
from dataset_manager.datasets.selection import select
from dataset_manager.duck import duckdb
from dataset_manager.files import write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.estimate import chosen, estimate
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.sources import resolve

Json = dict[str, Any]


def dataset_lines(settings: ProcessAwareSettings, process: str) -> Iterator[str]:
    """Exact for pictures if none fails, estimated for bytes."""
    planned = plan(settings, process)
    target = settings.folder(process) / "datasets" / planned.dataset
    if planned.finished:
        yield f"\n{target} ya está hecho con estas marcas y parámetros: no habría nada que hacer"
        return
    yield f"\nDataset: {planned.dataset}"
    yield from preview(settings, process, planned)
    yield f"Iría a: {target}"
    yield "No se ha escrito nada"


def preview(settings: ProcessAwareSettings, process: str, planned: Plan) -> Iterator[str]:
    """The real selection, made in a temporary folder."""
    here, metadata = settings.folder(process), settings.metadata(process) or {}
    cache, place = PictureCache(settings.out / "cache/pictures"), Place.of(resolve.pictures(settings, metadata["identity"]))
    request = with_earlier(settings, process, planned.request)
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.parquet"
        write_json(Path(folder) / "request.json", request)
        asked = select(Path(folder) / "request.json", here / "data/transactions.parquet", manifest)
        found, extra = estimate(manifest, cache, place), added(manifest)
    quotas = [quota | counted(quota, {"placed": min(quota["quota"], quota["available"])}) for quota in asked]
    yield from table(by_class(quotas, [one | {"extra": extra.get(one["class"], 0)} for one in merged(quotas)]))
    yield from short_lines([quota for quota in quotas if quota["short"]])
    yield str(found)


def with_earlier(settings: ProcessAwareSettings, process: str, request: Json) -> Json:
    """A request that is not frozen yet, as freezing would complete it."""
    if "used_datasets" in request["stored"]:
        return request
    return request | {"stored": request["stored"] | earlier(settings, process, request["compared"]["parameters"])}


def added(manifest: Path) -> dict[str, int]:
    """Pictures that devices would add, per class."""
    with duckdb.connect() as base:
        query = f"{chosen(manifest)} SELECT class, count(*) FROM chosen WHERE reason = 'device' GROUP BY class"
        return dict(base.execute(query).fetchall())


def merged(quotas: list[Json]) -> list[Json]:
    """Pictures per class, over its references."""
    names = sorted({quota["class"] for quota in quotas if quota["class"]})
    return [{"class": name, "placed": sum(quota["placed"] for quota in quotas if quota["class"] == name)} for name in names]
