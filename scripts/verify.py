"""Compares a dataset with what was accepted and registered."""

import json

from dataset_manager.jobs import job
from dataset_manager.registry.verify import run

with job(snakemake) as running:
    run(running.settings_for(json.loads(snakemake.params.typed)))
