"""The candidate pictures of a dataset, best first."""

from pathlib import Path

from dataset_manager.datasets.selection import select
from dataset_manager.files import write_json
from dataset_manager.jobs import job

with job(snakemake) as running:
    files, made = snakemake.input, snakemake.output
    asked = select(Path(files.request), Path(files.transactions), Path(made.manifest))
    write_json(made.asked, asked)
    running.metrics |= {"pedidas": sum(one["quota"] for one in asked)}
