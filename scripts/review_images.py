"""Closes review_images: counts close, too many failures are an error, the result is printed."""

from dataset_manager.jobs import job
from dataset_manager.review.closing import close_review

with job(snakemake) as running:
    running.metrics |= close_review(running.settings, snakemake.params.process)
