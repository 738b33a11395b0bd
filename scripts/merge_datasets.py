"""Closes merge_datasets: the result is printed."""

from dataset_manager.datasets.merge_closing import close_merge
from dataset_manager.jobs import job

with job(snakemake) as running:
    asked = snakemake.params
    running.metrics |= close_merge(running.settings.folder(asked.process) / "datasets", asked.name, already=asked.already)
