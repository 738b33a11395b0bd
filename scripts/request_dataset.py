"""The marks and parameters of a dataset, frozen once."""

import json
from pathlib import Path

from dataset_manager.datasets.request import freeze
from dataset_manager.jobs import job

with job(snakemake) as running:
    settings, asked = running.settings_for(json.loads(snakemake.params.typed)), snakemake.wildcards
    frozen = freeze(settings, asked.process, asked.dataset, snakemake.params.request, Path(snakemake.output[0]))
    running.metrics |= {"imágenes": frozen["stored"]["upper_bound"], "partes": frozen["stored"]["shards"]}
