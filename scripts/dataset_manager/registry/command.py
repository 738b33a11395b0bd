"""register_dataset and the registry's part of verify: from a dataset's files to what is published, and back.

In: settings, a dataset that was summarised and zipped. Out: a `Publication` and a `Destination`; problems by name (docs/rules.md,
«Registry», «Verify»).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dataset_manager import __version__, environment
from dataset_manager.datasets.content import accepted_id, require_accepted
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.zipping import recorded_sha256
from dataset_manager.files import now, read_json, sha256_of
from dataset_manager.registry import receipt, table, target
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.publishing import Destination, Publication
from dataset_manager.registry.receipt import Receipt
from dataset_manager.registry.upload import check_object
from dataset_manager.settings import ProcessAwareSettings

Json = dict[str, Any]
MADRID = ZoneInfo("Europe/Madrid")
SAMPLE = "datos de ejemplo"


def publication(settings: ProcessAwareSettings, dataset: Dataset) -> Publication:
    """The dataset's own facts, never those of the active process. Before the zip is made its hash is empty (dry run)."""
    made, summary = read_json(dataset.beside(".json")) or {}, read_json(dataset.beside(".summary.json")) or {}
    zip_file, typed = dataset.beside(".zip"), settings.typed
    labels = [one for one in summary.get("labels", []) if one["present"]]
    present = summary.get("counts", made.get("counts", {}))
    csv = dataset.inside(f"_summary_{dataset.name}.csv")
    return Publication(
        dataset_name=dataset.name,
        created_at=f"{created(dataset, made):%d/%m/%Y}",
        deployment_id=deployment(dataset, made),
        trained_model=typed.get("trained_model"),
        description=described(settings, dataset.name, bool(made.get("sample"))),
        dataset_id=made.get("dataset_id", ""),
        content_id=summary.get("content_id", made.get("dataset_id", "")),
        images=present.get("present", present.get("placed", 0)),
        classes=len({one["class"] for one in labels}) or len(made.get("classes", [])),
        labels=len({one["label_id"] for one in labels}),
        bytes=zip_file.stat().st_size if zip_file.exists() else 0,
        sha256=recorded_sha256(zip_file) if zip_file.exists() else "",
        parents=", ".join(f"{one['dataset']}:{one['content_id']}" for one in made.get("parents", [])),
        tool_version=__version__,
        zip_path=zip_file,
        summary_csv=None if typed.get("skip_summary_copy") else csv,
    )


def described(settings: ProcessAwareSettings, name: str, sample: bool) -> str | None:
    """What was made from the sample says so wherever it goes. Not given: None where there is a row, which keeps its text."""
    given = settings.typed.get("description")
    if not sample or SAMPLE in (given or ""):
        return given
    if given is None:
        return None if table.row_of(registry_csv(settings), name) else SAMPLE
    return f"{given} ({SAMPLE})"


def require_publishable(settings: ProcessAwareSettings, dataset: Dataset) -> None:
    """Before anything is zipped: the folder is as accepted, and the registry has no other content under this name.

    Raises CountError, RegistryError.
    """
    require_accepted(dataset)
    path = registry_csv(settings)
    row = table.row_of(path, dataset.name)
    if row and not settings.typed.get("overwrite") and row.get("content_id", "") not in ("", accepted_id(dataset)):
        raise RegistryError(
            f"{path}: {dataset.name} ya está registrado con otro contenido ({row['content_id'][:16]}…). Si lo sustituye, repita la orden "
            "con --overwrite (overwrite=true); si no, recupere las imágenes que faltan"
        )


def created(dataset: Dataset, made: Json) -> datetime:
    """When it was asked for, or merged, or its process made by the tool of before; a day of Madrid."""
    older = read_json(dataset.tree.parent.parent / "process_metadata.json") or {} if dataset.legacy else {}
    text = made.get("frozen", {}).get("frozen") or made.get("made") or older.get("created_at")
    moment = datetime.fromisoformat(text) if text else now()
    return moment.astimezone(MADRID)


def deployment(dataset: Dataset, made: Json) -> str:
    """Of the dataset; of a legacy one, of its process."""
    if dataset.legacy:
        return str((read_json(dataset.tree.parent.parent / "process_metadata.json") or {}).get("deployment_id", ""))
    return str(made["identity"]["deployment_id"])


def destination(settings: ProcessAwareSettings, dataset: Dataset) -> Destination:
    """Raises UsageError for an s3_base that is none, ConfigurationError for credentials that are half given."""
    typed = settings.typed
    base = target.parse(typed.get("s3_base", settings.config.registry.s3_base)) if typed.get("upload", True) else None
    connection = environment.s3(settings.environment) if base is not None and base.folder is None else None
    return Destination(base, connection, registry_csv(settings), dataset.receipt, typed.get("overwrite", False))


def registry_csv(settings: ProcessAwareSettings) -> Path:
    """Typed, else configured, else in the output folder."""
    given = settings.typed.get("registry_csv") or settings.config.registry.csv
    return Path(given) if given else settings.out / "registry/datasets_gfresh.csv"


def problems(settings: ProcessAwareSettings, dataset: Dataset, *, fast: bool) -> dict[str, list[str]] | None:
    """Object, row and copy of the summary against the receipt; None where nothing was registered."""
    known = receipt.load(dataset.receipt)
    if known is None:
        return None
    found = {"registro": list(row_problems(known)), "resumen": list(copy_problems(known))}
    return ({"objeto": list(object_problems(settings, known, fast))} if known.url else {}) | found


def object_problems(settings: ProcessAwareSettings, known: Receipt, fast: bool) -> Iterator[str]:
    """The uploaded zip; read back unless `fast`."""
    folder, _, name = known.url.rpartition("/")
    base = target.parse(folder)
    connection = environment.s3(settings.environment) if base.folder is None else None
    seen = check_object(name, base, connection, known.expected(), full=not fast)
    if seen != "igual":
        yield f"{known.url}: {'no está' if seen == 'ausente' else 'no es el que se subió'}"


def row_problems(known: Receipt) -> Iterator[str]:
    """The row as it was written."""
    row = table.row_of(Path(known.registry_csv), known.dataset_name)
    if row is None:
        yield f"{known.registry_csv}: no tiene la fila {known.dataset_name}"
        return
    for name in ("dataset_id", "content_id", "images", "bytes", "sha256", "s3_path", "deployment_id"):
        if row.get(name, "") != known.row.get(name, ""):
            yield f"{known.registry_csv}: {name} es «{row.get(name, '')}» y se anotó «{known.row.get(name, '')}»"


def copy_problems(known: Receipt) -> Iterator[str]:
    """The summary beside the registry."""
    copy = Path(known.summary_csv) if known.summary_csv else None
    if copy is not None and (not copy.is_file() or sha256_of(copy) != known.summary_sha256):
        yield f"{copy}: {'no es el que se copió' if copy.is_file() else 'no está'}"
