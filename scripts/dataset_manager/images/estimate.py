"""What a manifest of candidates would download: pictures and bytes. For dry runs.

In: a manifest, the cache. Out: counts; the bytes of pictures not yet had are estimated from those already in the cache.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from dataset_manager.analysis.database import quoted
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.space import TYPICAL


@dataclass(frozen=True)
class Estimate:
    """Pictures wanted, how many are in the cache, and the bytes of the others."""

    wanted: int
    cached: int
    bytes: float

    def __str__(self) -> str:
        missing = self.wanted - self.cached
        return f"Imágenes: {self.wanted} ({self.cached} ya descargadas, {missing} por descargar, unos {self.bytes / 1e6:.1f} MB)"


def estimate(manifest: Path, cache: PictureCache, place: Place) -> Estimate:
    """If no picture fails."""
    wanted = first_choice(manifest)
    sizes = [path.stat().st_size for key in wanted if (path := cache.path(place, key)).is_file()]
    each = sum(sizes) / len(sizes) if sizes else TYPICAL
    return Estimate(len(wanted), len(sizes), (len(wanted) - len(sizes)) * each)


def first_choice(manifest: Path) -> list[str]:
    """The keys that would be asked for if none fails: the first file of the first `quota` units of each group."""
    query = f"""
        WITH unit AS (SELECT "group", unit, arg_min(key, rank) AS key, any_value(quota) AS quota, min(rank) AS rank
            FROM read_parquet('{quoted(manifest)}') GROUP BY "group", unit
        ), placed AS (SELECT *, row_number() OVER (PARTITION BY "group" ORDER BY rank) AS place FROM unit)
        SELECT DISTINCT key FROM placed WHERE place <= quota ORDER BY key"""
    with duckdb.connect() as base:
        return [key for (key,) in base.execute(query).fetchall()]
