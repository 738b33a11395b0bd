"""Pictures and manifests for the tests: small, each with another content, made from its name."""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dataset_manager.images.cache import PictureCache
from PIL import Image

Row = dict[str, Any]


def picture(name: str, *, size: tuple[int, int] = (160, 120), kind: str = "JPEG", **options: Any) -> bytes:
    """Noise over a colour, as a camera gives it: about 8 KB as JPEG of 160×120."""
    dice = np.random.default_rng(zlib.crc32(name.encode()))
    colour = dice.integers(40, 215, 3)
    pixels = np.clip(colour + dice.integers(-30, 30, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def row(group: str, rank: int, key: str, quota: int, shard: int = 0, unit: str | None = None) -> Row:
    """One candidate."""
    return {"key": key, "target": f"{group}/{key}", "group": group, "quota": quota, "rank": rank, "shard": shard, "unit": unit}


def candidates(group: str, quota: int, reserve: int, shard: int = 0) -> list[Row]:
    """`<group>/000.jpg` and so on, by rank."""
    return [row(group, rank, f"{group}/{rank:03d}.jpg", quota, shard) for rank in range(1, quota + reserve + 1)]


def write_manifest(path: Path, rows: Sequence[Row]) -> Path:
    """With a column that nobody knows."""
    pq.write_table(pa.Table.from_pylist([one | {"reason": "azar"} for one in rows]), path)
    return path


def read_outcome(path: Path) -> list[Row]:
    """The rows, in the order of the file."""
    return list(pq.read_table(path).to_pylist())


def chosen(outcome: Iterable[Row]) -> list[tuple[str, str, str]]:
    """What was chosen, without where it came from."""
    return [(one["group"], one["key"], one["sha256"]) for one in outcome if one["status"] == "ok"]


def fill_folder(folder: Path, objects: Iterable[tuple[str, bytes]]) -> Path:
    """A folder laid out as the bucket."""
    for key, data in objects:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def files_of(cache: PictureCache) -> Iterator[Path]:
    """Everything in the cache that has its name."""
    return (path for path in cache.root.glob("??/*") if path.is_file())
