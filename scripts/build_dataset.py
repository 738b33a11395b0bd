"""The tree of a dataset, its manifest, what is short, and its provenance."""

from pathlib import Path

from dataset_manager.datasets.building import Work, build
from dataset_manager.datasets.provenance import provenance
from dataset_manager.files import read_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.jobs import job
from dataset_manager.sources import resolve

with job(snakemake) as running:
    files, dataset = snakemake.input, snakemake.wildcards.dataset
    folder = Path(files.request).parent
    identity = read_json(folder.parent / "process_metadata.json")["identity"]
    work = Work(
        Path(files.manifest),
        Path(files.asked),
        [Path(file) for file in files.outcomes],
        PictureCache(Path(snakemake.params.cache)),
        Place.of(resolve.pictures(running.settings, identity)),
        running.settings.config.images.max_failed_fraction,
    )
    built = build(work, folder / dataset, provenance(folder.parent, dataset))
    running.metrics |= built["counts"] | {"dataset_id": built["dataset_id"][:16]}
