"""What a review is asked for: the marked rows and the resolved parameters, frozen before anything is downloaded.

In: the workbook's marks and the configuration (section `image_review`). Out: `images/review.request.json`. Nothing after
it reads the workbook (docs/rules.md, «Review»).
"""

from pathlib import Path
from typing import Any

from dataset_manager.configuration import ImageReview, Images
from dataset_manager.errors import WorkbookError
from dataset_manager.files import digest, write_json
from dataset_manager.images.packing import shard_count
from dataset_manager.workbook.history import keep_copy, require_book
from dataset_manager.workbook.marks import Marks, read_marks

Json = dict[str, Any]
PRODUCTS = 12  # upper bound of groups per marked reference: itself and the sub-products of three classes


def request(marks: Marks, review: ImageReview, images: Images) -> Json:
    """The marked rows in order of key; equal marks give an equal request whatever the order of the tabs."""
    references = [mark.reference_id for mark in marks.references if mark.revisar_imagenes]
    devices = [mark.device_id for mark in marks.devices if mark.revisar_imagenes]
    upper = (len(references) * PRODUCTS + len(devices)) * review.num_imagenes_revision
    return {
        "references": references,
        "devices": devices,
        "parameters": review.model_dump(exclude={"clear_output_folder"}),
        "shards": shard_count(upper, images.shard_size),
        "upper_bound": upper,
    }


def plan(book: Path, review: ImageReview, images: Images) -> Json:
    """Raises WorkbookError where there is no workbook, MarksError with every unreadable cell."""
    require_book(book, book.parent / "workbook_state.json")
    return request(read_marks(book), review, images)


def freeze(book: Path, planned: str, review: ImageReview, images: Images, request_file: Path) -> Json:
    """Reads the book again and refuses when it is not what the plan saw; keeps a copy of the marks it froze."""
    found = plan(book, review, images)
    if digest(found) != planned:
        raise WorkbookError(f"{book}: las marcas han cambiado mientras se preparaba la orden; dé la orden otra vez")
    keep_copy(book)
    write_json(request_file, found)
    return found
