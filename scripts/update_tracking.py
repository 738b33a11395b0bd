"""The tracking tabs of a review, filled in the workbook."""

from pathlib import Path

from dataset_manager.jobs import job
from dataset_manager.review.tracking import update

with job(snakemake) as running:
    running.metrics |= update(Path(snakemake.input[0]), Path(snakemake.params.book), Path(snakemake.output[0]))
