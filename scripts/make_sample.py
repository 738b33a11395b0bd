"""The sample deployment, in the embedded form: hits, catalogue and pictures."""

from pathlib import Path

from dataset_manager.jobs import job
from dataset_manager.sample.generate import generate

with job(snakemake) as running:
    made = generate(Path(snakemake.output[0]).parent)
    running.metrics |= {"transacciones": made["transactions"]}
