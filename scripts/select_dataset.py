"""The candidate pictures of a dataset, best first."""

from pathlib import Path

from dataset_manager.datasets.selection import select
from dataset_manager.files import read_json, write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.estimate import require_room
from dataset_manager.jobs import job
from dataset_manager.sources import resolve

with job(snakemake) as running:
    files, made = snakemake.input, snakemake.output
    asked = select(Path(files.request), Path(files.transactions), Path(made.manifest))
    write_json(made.asked, asked)
    place = Place.of(resolve.pictures(running.settings, read_json(files.metadata)["identity"]))
    require_room(Path(made.manifest), PictureCache(Path(snakemake.params.cache)), place)
    running.metrics |= {"pedidas": sum(one["quota"] for one in asked)}
