"""What a review would download: folders, pictures, bytes. For the dry run; writes only in a temporary folder.

In: the marks, the tables and the cache. Out: lines for the operator.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dataset_manager.files import write_json
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.estimate import estimate
from dataset_manager.review.closing import marked
from dataset_manager.review.request import plan
from dataset_manager.review.selection import select
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.sources import resolve


def review_lines(settings: ProcessAwareSettings, process: str) -> Iterator[str]:
    """Exact for pictures, estimated for bytes."""
    here, metadata = settings.folder(process), settings.metadata(process) or {}
    request = plan(here / f"reports/{process}.xlsx", settings.config.image_review, settings.config.images)
    cache, place = PictureCache(settings.out / "cache/pictures"), Place.of(resolve.pictures(settings, metadata["identity"]))
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "request.json", request)
        select(Path(folder) / "request.json", here / "data", Path(folder) / "manifest.parquet")
        found = estimate(Path(folder) / "manifest.parquet", cache, place)
    yield f"\nMarcado: {marked(request)}"
    yield str(found)
    yield f"Irían a: {here / 'images'}"
    yield "No se ha escrito nada"
