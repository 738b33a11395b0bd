"""The two files of a shard: its part of a manifest, and its outcome.

Manifest (one row per candidate, Parquet; other columns are ignored): key, target, "group" VARCHAR, quota, rank, shard INTEGER;
`unit` VARCHAR where some candidates are files of one transaction of which one is enough (null: the candidate stands alone).

Outcome (one row per candidate of the shard, by group and rank): "group" VARCHAR, rank BIGINT, key VARCHAR, status VARCHAR
('ok' in the cache and chosen | 'failed' tried and no good | 'unused' never asked for), reason VARCHAR (Spanish, empty unless
failed), bytes BIGINT, sha256 VARCHAR, width, height BIGINT, format VARCHAR, from_cache BOOLEAN (these only where ok).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dataset_manager.errors import CountError
from dataset_manager.files import replace_with
from dataset_manager.images.walk import Candidate, Group, grouped

COLUMNS = ("key", "group", "quota", "rank", "shard")
UNIT = "unit"
BATCH = 5000


def read_groups(manifest_file: Path, shard: int, total: int) -> list[Group]:
    """The groups of one shard. CountError when the manifest was packed for another number of shards."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(manifest_file) as manifest:
        present = set(manifest.schema_arrow.names)
        if missing := [name for name in COLUMNS if name not in present]:
            raise CountError(f"{manifest_file}: faltan las columnas {', '.join(missing)}; bórrelo y repita la orden")
        columns = [*COLUMNS, *([UNIT] if UNIT in present else [])]
        rows = [
            row for batch in manifest.iter_batches(BATCH, columns=columns) for row in mine(batch.to_pylist(), manifest_file, shard, total)
        ]
    return grouped(rows)


def mine(rows: Iterable[dict[str, Any]], manifest_file: Path, shard: int, total: int) -> Iterator[tuple[str, int, Candidate]]:
    """Rows (group, quota, candidate) of this shard."""
    for row in rows:
        if not 0 <= row["shard"] < total:
            raise CountError(f"{manifest_file}: tiene el lote {row['shard']} y se esperaban {total}; bórrelo y repita la orden")
        if row["shard"] == shard:
            yield row["group"], row["quota"], Candidate(row["group"], row["rank"], row["key"], row.get(UNIT))


def write_outcome(outcome_file: Path, groups: Iterable[Group]) -> None:
    """Complete whenever it has its name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted((one for group in groups for slot in group.slots for one in slot), key=lambda one: (one.group, one.rank))

    def write(temp: Path) -> None:
        with pq.ParquetWriter(temp, outcome_schema(), compression="zstd") as writer:
            for start in range(0, len(rows), BATCH):
                part = [outcome(one) for one in rows[start : start + BATCH]]
                writer.write_table(pa.Table.from_pylist(part, schema=outcome_schema()))

    replace_with(outcome_file, write)


def outcome_schema() -> Any:
    """Also right when there is not a single row."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    kinds = {"group": text, "rank": number, "key": text, "status": text, "reason": text}
    picture = {"bytes": number, "sha256": text, "width": number, "height": number, "format": text, "from_cache": pa.bool_()}
    return pa.schema(list((kinds | picture).items()))


def outcome(one: Candidate) -> dict[str, Any]:
    """One row."""
    row: dict[str, Any] = {"group": one.group, "rank": one.rank, "key": one.key, "status": one.status, "reason": one.reason}
    if one.picture is None:
        return row
    picture = {name: getattr(one.picture, name) for name in ("bytes", "sha256", "width", "height", "format")}
    return row | picture | {"from_cache": one.from_cache}
