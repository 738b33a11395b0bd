"""Raw hits by time slice, and the manifest that closes their counts."""

from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.jobs import job
from dataset_manager.sources import resolve
from dataset_manager.sources.extraction import ExtractionOptions, extract

with job(snakemake) as running:
    identity, elastic = read_json(snakemake.input.metadata)["identity"], running.settings.config.elasticsearch
    manifest = extract(
        identity,
        Path(snakemake.input.window),
        Path(snakemake.output.manifest),
        source=resolve.transactions(running.settings, identity),
        options=ExtractionOptions(page_size=elastic.max_results, keep_alive=elastic.scroll_timeout),
    )
    running.metrics |= {"recibidas": manifest["hits"]}
