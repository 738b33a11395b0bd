"""What two datasets do not share."""

import json

from dataset_manager.datasets.commands import diff
from dataset_manager.jobs import job

with job(snakemake) as running:
    diff(running.settings_for(json.loads(snakemake.params.typed)))
