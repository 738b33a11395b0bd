"""The candidate pictures of a review, best first."""

from pathlib import Path

from dataset_manager.jobs import job
from dataset_manager.review.selection import select

with job(snakemake) as running:
    running.metrics |= select(Path(snakemake.input.request), Path(snakemake.input.transactions).parent, Path(snakemake.output[0]))
