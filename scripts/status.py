"""Prints configuration, paths and the stage of the active process."""

import json

from dataset_manager.jobs import job
from dataset_manager.status import show

with job(snakemake) as running:
    show(running.settings_for(json.loads(snakemake.params.typed)))
