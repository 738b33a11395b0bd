"""Closes download_info: checks counts and workbook, makes the process the active one, prints the result."""

from dataset_manager.closing import close_download
from dataset_manager.jobs import job

with job(snakemake) as running:
    running.metrics |= close_download(running.settings, snakemake.params.process)
