"""References, labels, models, deployment and picture folders, in one read-only snapshot."""

from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.jobs import job
from dataset_manager.sources import resolve
from dataset_manager.sources.catalogue import extract_catalogue

with job(snakemake) as running:
    identity = read_json(snakemake.input.metadata)["identity"]
    running.metrics |= extract_catalogue(
        identity,
        read_json(snakemake.input.parameters),
        Path(snakemake.input.manifest),
        Path(snakemake.output[0]).parent,
        source=resolve.catalogue(running.settings, identity),
    )
