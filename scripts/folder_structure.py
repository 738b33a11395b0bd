"""The table of folders with pictures."""

import json

from dataset_manager.datasets.commands import folder_structure
from dataset_manager.jobs import job

with job(snakemake) as running:
    folder_structure(running.settings_for(json.loads(snakemake.params.typed)))
