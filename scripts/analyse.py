"""The tables that the workbook shows: references, devices, summary, consistency, model_data, label_suggestions."""

import json
from pathlib import Path

from dataset_manager.analysis.analyse import DatasetDefaults, analyse
from dataset_manager.files import read_json
from dataset_manager.jobs import job
from dataset_manager.settings import is_sample

with job(snakemake) as running:
    metadata = read_json(snakemake.input.metadata)
    running.metrics |= analyse(
        Path(snakemake.input.transactions).parent,
        Path(snakemake.output[0]).parent,
        parameters=read_json(snakemake.input.parameters),
        identity=metadata["identity"],
        window=read_json(snakemake.input.window),
        defaults=DatasetDefaults(**json.loads(snakemake.params.dataset), top_suggestions=snakemake.params.top_suggestions),
        sample=is_sample(metadata),
    )
