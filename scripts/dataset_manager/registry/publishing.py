"""A dataset is published: object, comparison, row, copy of the summary, receipt (docs/rules.md, «Upload», «Registry»).

In: a `Publication` (what), a `Destination` (where). Out: `Published`. Every step looks first, so that the same command again finishes what
was interrupted, repairs what is missing, and changes nothing where all is there.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dataset_manager.errors import UsageError
from dataset_manager.files import now, replace, sha256_of
from dataset_manager.registry import receipt, table
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.parsing import COLUMNS
from dataset_manager.registry.receipt import Receipt
from dataset_manager.registry.stored import Transfer
from dataset_manager.registry.target import Base, is_part
from dataset_manager.registry.upload import Uploaded, publish_object
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.wording import size_of

LOGGER = logging.getLogger(__name__)
Copied = Literal["copiado", "igual", "sin resumen"]


@dataclass(frozen=True)
class Publication:
    """What is published. `trained_model` and `description` None: as in the registry. `bytes` and `sha256` are the zip's."""

    dataset_name: str
    created_at: str
    deployment_id: str
    trained_model: str | None
    description: str | None
    dataset_id: str
    content_id: str
    images: int
    classes: int
    labels: int
    bytes: int
    sha256: str
    parents: str
    tool_version: str
    zip_path: Path
    summary_csv: Path | None = None


@dataclass(frozen=True)
class Destination:
    """Where it is published. `base` None: registered without upload."""

    base: Base | None
    connection: S3Connection | None
    registry_csv: Path
    receipt_path: Path
    overwrite: bool = False
    transfer: Transfer = field(default_factory=Transfer)


@dataclass(frozen=True)
class Published:
    """What each step did."""

    uploaded: Uploaded | None
    row: table.Change
    summary: Copied
    receipt: Receipt

    def lines(self) -> list[str]:
        """For the operator."""
        return [f"ZIP: {self.sent()}", f"Registro: fila {self.row} en {self.receipt.registry_csv}", f"Resumen: {self.summary}"]

    def sent(self) -> str:
        """The object's part of it."""
        if not self.uploaded:
            return "sin subir (--no-s3 o upload=false)"
        return f"{self.uploaded.status}: {self.uploaded.url} ({size_of(self.uploaded.bytes)})"


def publish(what: Publication, where: Destination, *, progress: Callable[[str], None] = LOGGER.info) -> Published:
    """Refusals that can be known come before the first byte is sent, so that nothing lies in the bucket without its row."""
    require(what, where)
    uploaded = upload(what, where, progress)
    change = table.put(where.registry_csv, row_for(what, uploaded), overwrite=where.overwrite)
    copied = copy_summary(what, where)
    saved = receipt.save(where.receipt_path, receipt_for(what, where, uploaded))
    return Published(uploaded, change, copied, saved)


def require(what: Publication, where: Destination) -> None:
    """The registry can be read and written, the row may stand in it, the summary is there."""
    if not is_part(what.dataset_name):
        raise UsageError(f"dataset_name={what.dataset_name!r} no vale; debe ser un solo nombre, sin «/»")
    if what.summary_csv and not what.summary_csv.is_file():
        raise RegistryError(
            f"{what.summary_csv}: no existe el resumen. Ejecute summary_dataset y repita, o use --skip-summary-copy "
            "(skip_summary_copy=true)"
        )
    old = table.row_of(where.registry_csv, what.dataset_name)
    table.decide(where.registry_csv, old, row_for(what, None), overwrite=where.overwrite)
    with table.held(where.registry_csv.resolve()):
        pass


def upload(what: Publication, where: Destination, progress: Callable[[str], None]) -> Uploaded | None:
    """The object, compared with the zip; None without upload."""
    if where.base is None:
        return None
    return publish_object(
        what.zip_path, what.sha256, where.base, where.connection, overwrite=where.overwrite, progress=progress, transfer=where.transfer
    )


def row_for(what: Publication, uploaded: Uploaded | None) -> table.Row:
    """The row; s3_path stays as it is when nothing is uploaded and the content is the same."""
    counts = {name: str(getattr(what, name)) for name in ("images", "classes", "labels", "bytes")}
    texts = {name: getattr(what, name) for name in COLUMNS if name not in counts and hasattr(what, name)}
    return {**texts, **counts, "s3_path": uploaded.url if uploaded else None, "registered_at": stamp()}


def stamp() -> str:
    """Now, UTC."""
    return f"{now():%Y-%m-%dT%H:%M:%SZ}"


def summary_copy(what: Publication, where: Destination) -> Path:
    """Beside the registry, in a folder of the dataset's name."""
    return where.registry_csv.parent / what.dataset_name / "_summary.csv"


def copy_summary(what: Publication, where: Destination) -> Copied:
    """Only when it differs."""
    if what.summary_csv is None:
        return "sin resumen"
    copy = summary_copy(what, where)
    if is_copied(what, copy):
        return "igual"
    with table.busy(copy):
        replace(copy, what.summary_csv.read_bytes())
    return "copiado"


def is_copied(what: Publication, copy: Path) -> bool:
    """Whether the copy is there and equal."""
    return bool(what.summary_csv and copy.is_file() and what.summary_csv.is_file() and sha256_of(copy) == sha256_of(what.summary_csv))


def receipt_for(what: Publication, where: Destination, uploaded: Uploaded | None) -> Receipt:
    """From what the steps found, and the row as it stands in the registry. What was uploaded before stays known."""
    old = receipt.load(where.receipt_path)
    sent = uploaded or (old if old and old.sha256 == what.sha256 else None)
    copy = summary_copy(what, where) if what.summary_csv else None
    return Receipt(
        dataset_name=what.dataset_name,
        dataset_id=what.dataset_id,
        content_id=what.content_id,
        url=sent.url if sent else "",
        bytes=what.bytes,
        sha256=what.sha256,
        checksum=sent.checksum if sent else "",
        part_size=sent.part_size if sent else 0,
        registry_csv=str(where.registry_csv),
        row=table.row_of(where.registry_csv, what.dataset_name) or {},
        summary_csv=str(copy or ""),
        summary_sha256=sha256_of(copy) if copy else "",
        published_at=stamp(),
        tool_version=what.tool_version,
    )
