"""The absolute time window of the extraction: writes the value that the plan chose."""

import json
from pathlib import Path

from dataset_manager.files import write_json
from dataset_manager.jobs import job

with job(snakemake):
    write_json(Path(snakemake.output[0]), json.loads(snakemake.params.value))
