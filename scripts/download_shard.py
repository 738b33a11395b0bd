"""One shard of a manifest: its pictures into the shared cache, and what became of each."""

from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.images.cache import PictureCache
from dataset_manager.images.shards import download_shard
from dataset_manager.images.store import open_source
from dataset_manager.jobs import job
from dataset_manager.sources import resolve

with job(snakemake) as running:
    identity, part = read_json(snakemake.input.metadata)["identity"], snakemake.wildcards
    counts = download_shard(
        Path(snakemake.input.manifest),
        int(part.shard),
        int(part.total),
        source=open_source(resolve.pictures(running.settings, identity)),
        cache=PictureCache(Path(snakemake.params.cache)),
        outcome_file=Path(snakemake.output[0]),
    )
    running.metrics |= {"pedidas": counts.wanted, "bien": counts.ok, "fallidas": counts.failed, "bytes": counts.bytes}
