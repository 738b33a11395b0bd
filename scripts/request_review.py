"""The marks and parameters of a review, frozen."""

import json
from pathlib import Path

from dataset_manager.configuration import ImageReview, Images
from dataset_manager.jobs import job
from dataset_manager.review.request import freeze

with job(snakemake) as running:
    review, images = ImageReview(**json.loads(snakemake.params.review)), Images(**json.loads(snakemake.params.images))
    frozen = freeze(Path(snakemake.input[0]), snakemake.params.request, review, images, Path(snakemake.output[0]))
    running.metrics |= {"referencias": len(frozen["references"]), "dispositivos": len(frozen["devices"])}
