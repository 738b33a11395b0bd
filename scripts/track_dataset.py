"""The tab of datasets, filled in the workbook."""

from pathlib import Path

from dataset_manager.datasets.tracking import update
from dataset_manager.jobs import job

with job(snakemake) as running:
    asked, folder = snakemake.wildcards, Path(snakemake.input[0]).parent
    rows = update(asked.set, folder, Path(snakemake.params.book), snakemake.params.timezone)
    running.metrics |= {"filas": rows}
