"""Shows, lists, sets or clears the active process."""

import json

from dataset_manager import settings
from dataset_manager.active_process import run
from dataset_manager.jobs import ROOT, job, sections

with job(snakemake):
    run(settings.load(ROOT, json.loads(snakemake.params.typed), sections(snakemake.config)))
