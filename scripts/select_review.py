"""The candidate pictures of a review, best first."""

from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.estimate import require_room
from dataset_manager.jobs import job
from dataset_manager.review.selection import select
from dataset_manager.sources import resolve

with job(snakemake) as running:
    files, manifest = snakemake.input, Path(snakemake.output[0])
    running.metrics |= select(Path(files.request), Path(files.transactions).parent, manifest)
    place = Place.of(resolve.pictures(running.settings, read_json(files.metadata)["identity"]))
    require_room(manifest, PictureCache(Path(snakemake.params.cache)), place)
