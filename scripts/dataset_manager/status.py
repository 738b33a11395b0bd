"""The command status: configuration, paths, the active process and its stage; with check, the sources too.

In: settings and the files of the active process. Out: lines for the operator. Writes nothing, frees nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_manager import __version__, processes, storage
from dataset_manager.active_process import described
from dataset_manager.datasets import finding, versions
from dataset_manager.environment import CREDENTIALS_FILE, SECRET
from dataset_manager.errors import SourceError, ToolError
from dataset_manager.files import read_json
from dataset_manager.settings import ProcessAwareSettings, is_sample
from dataset_manager.wording import DEVICES, PICTURES, REFERENCES, counted, number, size_of

Json = dict[str, Any]
SHOWN_VARIABLES = (
    "ELASTIC_HOST",
    "ELASTIC_PORT",
    "ELASTIC_USERNAME",
    "ELASTIC_PASSWORD",
    "ELASTIC_API_KEY",
    "ELASTIC_CA_CERTS",
    "DB_PROD_RO_HOST",
    "DB_PROD_RO_USER",
    "DB_PROD_RO_PASSWORD",
    "DB_PROD_RO_DATABASE",
    "REMOTE_STORAGE_ACCESS_KEY",
    "REMOTE_STORAGE_SECRET_KEY",
    "S3_BUCKET",
    "MINIO_ENDPOINT",
    "MINIO_BUCKET",
)


@dataclass(frozen=True)
class Artifact:
    """A step of the process: the file that says it is done, what it is made from, and what it made (else that file)."""

    title: str
    path: str
    made_from: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


CATALOGUE = tuple(f"data/{name}.parquet" for name in ("references", "labels", "model", "deployment", "folders"))
STAGES = (
    Artifact("identidad", "process_metadata.json"),
    Artifact("ventana de tiempo", "data/raw/window.json", ("process_metadata.json",)),
    Artifact("transacciones leídas", "data/raw/manifest.json", ("data/raw/window.json",), ("data/raw",)),
    Artifact("catálogo", "data/references.parquet", ("data/raw/manifest.json",), CATALOGUE),
    Artifact("tabla de transacciones", "data/transactions.parquet", ("data/raw/manifest.json", "data/folders.parquet")),
    Artifact("análisis", "data/analysis/summary.parquet", ("data/transactions.parquet", "data/parameters.json"), ("data/analysis",)),
    Artifact(
        "libro de Excel",
        "reports/workbook_state.json",
        ("data/analysis/summary.parquet", "data/raw/window.json"),
        ("reports/{process}.xlsx",),
    ),
)
REVIEW = (
    Artifact("revisión pedida", "images/review.request.json"),
    Artifact(
        "revisión hecha",
        "images/review.json",
        ("images/review.request.json", "data/transactions.parquet"),
        ("images/productos", "images/devices", "images/revision.html"),
    ),
)


def show(settings: ProcessAwareSettings) -> None:
    """Prints everything; raises SourceError at the end when a checked source does not answer."""
    for line in report(settings):
        print(line)
    if settings.typed.get("check"):
        check(settings)


def report(settings: ProcessAwareSettings) -> Iterator[str]:
    """The lines, section by section."""
    yield f"gFresh Dataset Manager {__version__}{' (datos de ejemplo)' if settings.demo else ''}"
    yield from configuration_lines(settings)
    yield from variable_lines(settings)
    yield from process_lines(settings)
    yield from cache_lines(settings)
    yield from legacy_lines(settings)
    yield from newer_lines(settings)


def configuration_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """Paths and the values that operators ask about, each with who spoke."""
    config = settings.config
    origin = settings.environment.origin("OUTPUT_BASE_DIR") or ("datos de ejemplo" if settings.demo else "por defecto")
    yield "\nConfiguración"
    yield f"  Archivo: {settings.root / 'config/config.yaml'}"
    yield f"  Salida: {settings.root / settings.out} ({origin})"
    yield f"  Nivel de registro: {settings.log_level()} ({settings.environment.origin('LOG_LEVEL') or 'configuración'})"
    yield f"  Días hacia atrás por defecto: {config.deployment.default_days_back}"
    yield f"  Confianza de sugerencias: {number(100 * config.reference_analysis.confidence_threshold)} %"
    yield f"  Apariciones mínimas: {config.reference_analysis.min_appearances}"
    yield f"  Imágenes por revisión: {config.image_review.num_imagenes_revision}"


def variable_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """Credentials that are set, where they come from, secrets masked."""
    found = [(name, settings.environment.get(name), settings.environment.origin(name)) for name in SHOWN_VARIABLES]
    yield f"\nCredenciales (entorno > archivo de entorno > {CREDENTIALS_FILE})"
    known = [(name, value, origin) for name, value, origin in found if value is not None]
    if not known:
        yield "  ninguna"
    for name, value, origin in known:
        yield f"  {name} = {'********' if any(word in name for word in SECRET) else value} ({origin})"


def process_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """The process that the other commands would use, and how far it is."""
    yield "\nProceso activo"
    name = settings.typed.get("process") or processes.pointer(settings)
    if name is None:
        yield "  ninguno: download_info crea uno"
        return
    if settings.is_newer(name):
        yield f"  {name}: lo hizo una versión más nueva de la herramienta; actualícela, o elija otro con active_process --set NOMBRE"
        return
    process = processes.active(settings)
    metadata = settings.metadata(process) or {}
    stage = "completo" if processes.finished(settings, process) else "incompleto"
    yield f"  {process}{' (datos de ejemplo)' if is_sample(metadata) else ''}: {stage}"
    for label, value in described(settings, metadata):
        yield f"  {label}: {value}"
    sizes = storage.Sizes(settings.folder(process))
    yield from stage_lines(settings.folder(process), sizes)
    yield from dataset_lines(settings.folder(process), sizes)
    yield from marks_lines(settings, process)


def stage_lines(here: Path, sizes: storage.Sizes) -> Iterator[str]:
    """What exists with sizes, what is stale, what is missing."""
    yield "\nEtapas"
    parameters = read_json(here / "data/parameters.json")
    stages = STAGES if processes.has_workbook(parameters) else STAGES[:-1]
    reviewed = REVIEW if (here / REVIEW[0].path).exists() else ()
    for stage in (*stages, *reviewed):
        yield f"  {stage.title:<24} {state_of(here, stage, sizes)}"
    book = here / f"reports/{here.name}.xlsx"
    if book.exists():
        yield f"  {'libro para marcar':<24} {book}"
    yield f"  {'copias del libro':<24} {size_of(sizes.of(here / 'reports/.history'))} en {here / 'reports/.history'}"
    yield f"  {'en disco':<24} {size_of(sizes.of(here))}"


def dataset_lines(here: Path, sizes: storage.Sizes) -> Iterator[str]:
    """Every version whose request is frozen: finished with its counts, or unfinished."""
    begun = versions.requested(here / "datasets", here.name)
    names = [*begun, *(one.name for one in finding.finished_of(here) if one.name not in begun)]
    if names:
        yield "\nDatasets"
    for name in names:
        made = read_json(here / f"datasets/{name}.json")
        if made is None:
            yield f"  {name}: sin terminar; create_dataset lo continúa"
            continue
        note = "" if versions.is_finished(here / "datasets", name) else "; falta anotarlo en el libro"
        yield f"  {name}: {counts_line(made['counts'])} ({size_of(sizes.of(here / 'datasets' / name))}){note}"


def counts_line(counts: Json) -> str:
    """As it was made."""
    return f"{counted(counts['placed'], *PICTURES)}, faltan {number(counts['short'])}, fallidas {number(counts['failed'])}"


def cache_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """The pictures of all processes, and how to free what nobody uses."""
    root = settings.out / "cache/pictures"
    use = storage.cache_use(root)
    yield "\nCaché de imágenes"
    yield f"  {root}: {counted(use.pictures, *PICTURES)}, {size_of(use.bytes)}"
    yield f"  Solo en la caché (ninguna revisión ni dataset las usa): {size_of(use.alone)}"
    if use.alone:
        yield f"  Para liberarlo, sin ninguna orden en marcha: {storage.freeing(root)}"


def state_of(here: Path, stage: Artifact, sizes: storage.Sizes) -> str:
    """Missing, stale (something it is made from is newer) or done."""
    path = here / stage.path
    if not path.exists():
        return "falta"
    made = path.stat().st_mtime_ns
    newer = [name for name in stage.made_from if (here / name).exists() and (here / name).stat().st_mtime_ns > made]
    note = f"anticuado: {', '.join(newer)} es más nuevo" if newer else "hecho"
    made_here = (name.format(process=here.name) for name in stage.made or (stage.path,))
    return f"{note} ({size_of(sum(sizes.of(here / name) for name in made_here))})"


def marks_lines(settings: ProcessAwareSettings, process: str) -> Iterator[str]:
    """What the marks ask for, or what is wrong in them."""
    book = settings.folder(process) / f"reports/{process}.xlsx"
    if not book.exists():
        return
    from dataset_manager.datasets import request
    from dataset_manager.workbook.marks import read_marks, summarise

    yield "\nMarcas del libro"
    try:
        asked = summarise(read_marks(book), settings.config.image_review.num_imagenes_revision)
    except ToolError as error:
        yield f"  {error}"
        return
    review = f"{counted(asked.references_to_review, *REFERENCES)} y {counted(asked.devices_to_review, *DEVICES)}"
    train = f"{counted(asked.references_included, *REFERENCES)} y {counted(asked.devices_included, *DEVICES)}"
    yield f"  A revisar: {review} ({counted(asked.review_pictures, 'imagen propia', 'imágenes propias')})"
    yield f"  A entrenar: {train} ({counted(asked.dataset_pictures, *PICTURES)})"
    if asked.references_included:
        try:
            request.asked(settings, process)
        except ToolError as error:
            yield f"  Para create_dataset, {error}"


def legacy_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """Folders of the tool of before."""
    folders = finding.legacy_folders(settings)
    if folders:
        yield "\nProcesos heredados (herramienta anterior; no se tocan)"
    for folder in folders:
        names = [one.name for one in finding.legacy_of(settings, folder)]
        yield f"  {finding.address(settings, folder)}{': ' if names else ''}{', '.join(names)}"


def newer_lines(settings: ProcessAwareSettings) -> Iterator[str]:
    """Folders that this version cannot read."""
    folders = processes.newer(settings)
    if folders:
        yield "\nProcesos de una versión más nueva de la herramienta (actualícela para usarlos; no se tocan)"
    yield from (f"  {folder.name}" for folder in folders)


def check(settings: ProcessAwareSettings) -> None:
    """Asks each source of the active process (or of the configuration) once."""
    from dataset_manager.sources import connections, resolve

    print("\nConexiones")
    identity = sources_of(settings)
    builders = {"transactions": resolve.transactions, "catalogue": resolve.catalogue, "pictures": resolve.pictures}
    places = {name: attempted(build, settings, identity) for name, build in builders.items()}
    results = connections.check_all(**places, index_pattern=identity["index_pattern"])
    for result in results:
        print(f"  {result.source:<14} {'bien' if result.ok else 'FALLA'} ({result.latency_ms:.0f} ms) {result.detail}")
    failed = [result.source for result in results if not result.ok]
    if failed:
        raise SourceError(f"No responden: {', '.join(failed)} (el motivo está arriba)")


def attempted(build: Callable[[ProcessAwareSettings, Json], Any], settings: ProcessAwareSettings, identity: Json) -> Any:
    """The place, or the error that says which credentials are missing: the other sources are still checked."""
    try:
        return build(settings, identity)
    except ToolError as error:
        return error


def sources_of(settings: ProcessAwareSettings) -> Json:
    """The identity to check: of the active process, else what the configuration says."""
    name = settings.typed.get("process") or processes.pointer(settings)
    metadata = settings.metadata(name) if name and not settings.is_newer(name) else None
    frozen = {source: processes.frozen_source(settings, source) for source in ("transactions", "catalogue", "pictures")}
    return dict(metadata["identity"]) if metadata else {"sources": frozen, "index_pattern": settings.config.elasticsearch.index_pattern}
