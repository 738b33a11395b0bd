"""The zip of a dataset, and its sha256."""

from pathlib import Path

from dataset_manager.datasets import finding, zipping
from dataset_manager.jobs import job

with job(snakemake) as running:
    asked, settings = snakemake.wildcards, running.settings
    dataset = finding.at(settings, settings.out / asked.home, asked.set)
    running.metrics |= zipping.zip_dataset(dataset, Path(snakemake.output[0]))
