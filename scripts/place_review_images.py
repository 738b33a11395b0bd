"""The pictures of a review in their folders, and the contact sheet."""

from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.jobs import job
from dataset_manager.review import contact_sheet, placing
from dataset_manager.settings import is_sample
from dataset_manager.sources import resolve

with job(snakemake) as running:
    metadata, review_file = read_json(snakemake.input.metadata), Path(snakemake.output[0])
    placed = placing.place(
        Path(snakemake.input.manifest),
        [Path(file) for file in snakemake.input.outcomes],
        PictureCache(Path(snakemake.params.cache)),
        Place.of(resolve.pictures(running.settings, metadata["identity"])),
        review_file.parent,
        review_file,
        clear=snakemake.params.clear_before,
    )
    contact_sheet.write(
        review_file,
        review_file.parent,
        Path(snakemake.output[1]),
        title=metadata["name"],
        timezone=snakemake.params.timezone,
        sample=is_sample(metadata),
    )
    running.metrics |= {name: placed[name] for name in ("placed", "failed", "bytes")}
