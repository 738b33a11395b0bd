"""What a manifest of candidates would download: pictures and bytes. For dry runs, and to ask for room before a byte is.

In: a manifest, the cache. Out: counts; the bytes of pictures not yet had are estimated from those already in the cache.
"""

from dataclasses import dataclass
from pathlib import Path

from dataset_manager.analysis.database import quoted
from dataset_manager.duck import duckdb
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.space import TYPICAL, require_space
from dataset_manager.wording import number, size_of


@dataclass(frozen=True)
class Estimate:
    """Pictures wanted, how many are in the cache, and the bytes of the others."""

    wanted: int
    cached: int
    bytes: float

    def __str__(self) -> str:
        wanted, cached, missing = map(number, (self.wanted, self.cached, self.wanted - self.cached))
        return f"Imágenes: {wanted} (ya descargadas {cached}, por descargar {missing}, unos {size_of(self.bytes)})"


def estimate(manifest: Path, cache: PictureCache, place: Place) -> Estimate:
    """If no picture fails."""
    wanted, sizes = chosen_sizes(manifest, cache, place)
    each = sum(sizes) / len(sizes) if sizes else TYPICAL
    return Estimate(wanted, len(sizes), (wanted - len(sizes)) * each)


def require_room(manifest: Path, cache: PictureCache, place: Place) -> None:
    """For all shards together: each asks for its own, and they run side by side. Raises DiskError."""
    wanted, sizes = chosen_sizes(manifest, cache, place)
    require_space(cache.root, wanted - len(sizes), sizes)


def chosen_sizes(manifest: Path, cache: PictureCache, place: Place) -> tuple[int, list[int]]:
    """How many pictures if none fails, and the bytes of those that the cache has."""
    wanted = first_choice(manifest)
    return len(wanted), [size for key in wanted if (size := cache.size(place, key)) is not None]


def first_choice(manifest: Path) -> list[str]:
    """The keys that would be asked for if none fails: the first file of the first `quota` units of each group."""
    with duckdb.connect() as base:
        return [key for (key,) in base.execute(f"{chosen(manifest)} SELECT DISTINCT key FROM chosen ORDER BY key").fetchall()]


def chosen(manifest: Path) -> str:
    """The beginning of a query: `chosen` holds the manifest's rows that are asked for if none fails."""
    return f"""
        WITH unit AS (
            SELECT *, row_number() OVER (PARTITION BY "group", unit, CASE WHEN unit IS NULL THEN rank END ORDER BY rank) AS file
            FROM read_parquet('{quoted(manifest)}')
        ), placed AS (SELECT *, row_number() OVER (PARTITION BY "group" ORDER BY rank) AS place FROM unit WHERE file = 1
        ), chosen AS (FROM placed WHERE place <= quota)"""
