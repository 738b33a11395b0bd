"""Publishes a dataset, every time: looks at everything, repairs what is missing, changes nothing where all is there."""

import json
from pathlib import Path

from dataset_manager.datasets import content, finding
from dataset_manager.jobs import job
from dataset_manager.logs import LOGGER
from dataset_manager.registry import command
from dataset_manager.registry.publishing import publish

with job(snakemake) as running:
    settings = running.settings_for(json.loads(snakemake.params.typed))
    dataset = finding.at(settings, Path(snakemake.params.home), snakemake.params.name)
    content.require_accepted(dataset)
    done = publish(command.publication(settings, dataset), command.destination(settings, dataset), progress=LOGGER.info)
    LOGGER.info("\nDataset registrado: %s", dataset.name)
    for line in done.lines():
        LOGGER.info("  %s", line)
    running.metrics |= {"dataset": dataset.name, "fila": done.row}
