"""One row per transaction from the raw hits and their picture folders."""

import json
from pathlib import Path

from dataset_manager.analysis.flatten import flatten
from dataset_manager.jobs import job

with job(snakemake) as running:
    counts = flatten(
        Path(snakemake.input.manifest),
        Path(snakemake.input.folders),
        Path(snakemake.output.transactions),
        Path(snakemake.output.counts),
        metrics_cliente=json.loads(snakemake.params.client),
        metrics_manual=json.loads(snakemake.params.manual),
    )
    running.metrics |= {name: counts[name] for name in ("hits", "rows")}
