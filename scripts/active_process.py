"""Shows, lists, sets or clears the active process."""

import json

from dataset_manager.active_process import run
from dataset_manager.jobs import job

with job(snakemake) as running:
    run(running.settings_for(json.loads(snakemake.params.typed)))
