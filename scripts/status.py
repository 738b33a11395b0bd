"""Prints configuration, paths and the stage of the active process."""

import json

from dataset_manager import settings
from dataset_manager.jobs import ROOT, job, sections
from dataset_manager.status import show

with job(snakemake):
    show(settings.load(ROOT, json.loads(snakemake.params.typed), sections(snakemake.config)))
