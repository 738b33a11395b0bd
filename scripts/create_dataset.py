"""Closes create_dataset: counts close, the result is printed."""

from dataset_manager.datasets.closing import close_dataset
from dataset_manager.jobs import job

with job(snakemake) as running:
    asked = snakemake.params
    running.metrics |= close_dataset(running.settings, asked.process, asked.dataset, already=asked.already)
