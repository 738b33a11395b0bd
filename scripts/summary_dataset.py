"""Closes summary_dataset: the result is printed."""

from pathlib import Path

from dataset_manager.datasets import finding, summary, summary_lines
from dataset_manager.files import read_json
from dataset_manager.jobs import job
from dataset_manager.logs import LOGGER

with job(snakemake) as running:
    dataset = finding.at(running.settings, Path(snakemake.params.home), snakemake.params.name)
    for line in summary_lines.lines(read_json(dataset.beside(".summary.json")) | summary.told_beside(dataset)):
        LOGGER.info("%s", line)
