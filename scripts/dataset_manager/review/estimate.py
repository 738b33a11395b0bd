"""What a review would download: folders, pictures, bytes. For the dry run; writes only in a temporary folder.

In: the marks, the tables and the cache. Out: lines for the operator.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from dataset_manager.analysis.database import quoted
from dataset_manager.files import write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.review.request import plan
from dataset_manager.review.selection import select
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.sources import resolve

TYPICAL = 75_000  # bytes of a picture of these scales, where the cache has none to measure


def estimate(settings: ProcessAwareSettings, process: str) -> Iterator[str]:
    """Exact for pictures; bytes from the pictures already in the cache, else the usual size."""
    here, metadata = settings.folder(process), settings.metadata(process) or {}
    request = plan(here / f"reports/{process}.xlsx", settings.config.image_review, settings.config.images)
    cache, place = PictureCache(settings.out / "cache/pictures"), Place.of(resolve.pictures(settings, metadata["identity"]))
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "request.json", request)
        select(Path(folder) / "request.json", here / "data", Path(folder) / "manifest.parquet")
        wanted = first_choice(Path(folder) / "manifest.parquet")
    sizes = [path.stat().st_size for key in wanted if (path := cache.path(place, key)).is_file()]
    each = sum(sizes) / len(sizes) if sizes else TYPICAL
    missing = len(wanted) - len(sizes)
    yield f"\nMarcado: {len(request['references'])} referencias y {len(request['devices'])} dispositivos"
    yield f"Imágenes: {len(wanted)} ({len(sizes)} ya descargadas, {missing} por descargar, unos {missing * each / 1e6:.1f} MB)"
    yield f"Irían a: {here / 'images'}"
    yield "No se ha escrito nada"


def first_choice(manifest: Path) -> list[str]:
    """The keys that would be asked for if none fails: the first file of the first `quota` units of each group."""
    query = f"""
        WITH unit AS (SELECT "group", unit, arg_min(key, rank) AS key, any_value(quota) AS quota, min(rank) AS rank
            FROM read_parquet('{quoted(manifest)}') GROUP BY "group", unit
        ), placed AS (SELECT *, row_number() OVER (PARTITION BY "group" ORDER BY rank) AS place FROM unit)
        SELECT DISTINCT key FROM placed WHERE place <= quota ORDER BY key"""
    with duckdb.connect() as base:
        return [key for (key,) in base.execute(query).fetchall()]
