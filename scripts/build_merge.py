"""The tree of a merged dataset, its manifest and its parents."""

import json

from dataset_manager.datasets.merge_request import parents_at
from dataset_manager.datasets.merging import merge
from dataset_manager.datasets.provenance import merged_from
from dataset_manager.jobs import job

with job(snakemake) as running:
    settings, asked, parents = running.settings, snakemake.wildcards, json.loads(snakemake.params.parents)
    tree = settings.folder(asked.process) / "datasets" / asked.merged
    facts = merged_from(settings.folder(asked.process), asked.merged, parents, snakemake.params.on_conflict)
    made = merge(parents_at(settings, parents), tree, snakemake.params.on_conflict, facts)
    running.metrics |= made["counts"]
