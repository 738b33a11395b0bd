"""The summary of a dataset as it is on the disk: what was accepted, tables, page, card."""

from dataset_manager.datasets import finding, summary
from dataset_manager.datasets.commands import sources_of
from dataset_manager.jobs import job

with job(snakemake) as running:
    asked, settings = snakemake.wildcards, running.settings
    dataset = finding.at(settings, settings.out / asked.home, asked.set)
    transactions, metadata = sources_of(settings, dataset)
    summary.summarise(dataset, transactions, timezone=snakemake.params.timezone, metadata=metadata)
    running.metrics |= {"dataset": dataset.name}
