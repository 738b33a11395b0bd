"""Which process a command is about, and the three small values that freeze what was asked (docs/rules.md, «Processes»).

In: settings and the small files of the processes. Out: names and JSON values; the rules write them.
"""

import platform
import re
from datetime import datetime, timedelta
from importlib import metadata as packages
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dataset_manager import __version__
from dataset_manager.errors import ConfigurationError, ProcessError, UsageError
from dataset_manager.files import read_json
from dataset_manager.names import require_process_name
from dataset_manager.settings import PROCESS_FORMAT, SAMPLE, SAMPLE_DEPLOYMENT, ProcessAwareSettings
from dataset_manager.sources import resolve

Json = dict[str, Any]
NAMING_ZONE = ZoneInfo("Europe/Madrid")
AUTOMATIC = re.compile(r"dataset_\d+_\d{6}_v(\d+)")
IDENTITY_KEYS = ("deployment_id", "days_back", "model")
VERSIONS = ("snakemake", "duckdb", "elasticsearch", "sqlalchemy", "xlsxwriter")


def asked(settings: ProcessAwareSettings) -> Json:
    """The identity of what was asked: never a date computed from it."""
    deployment = settings.typed.get("deployment_id", SAMPLE_DEPLOYMENT if settings.demo else None)
    if deployment is None:
        raise UsageError("Falta el deployment: main.py download_info 130 (o --config deployment_id=130)")
    elastic = settings.config.elasticsearch
    return {
        "deployment_id": deployment,
        "days_back": settings.typed.get("days_back", settings.config.deployment.default_days_back),
        "model": settings.typed.get("model", ""),
        "transaction_metrics": sorted(elastic.transaction_metrics),
        "index_pattern": elastic.index_pattern,
        "sources": {name: frozen_source(settings, name) for name in ("transactions", "catalogue", "pictures")},
    }


def frozen_source(settings: ProcessAwareSettings, name: str) -> str:
    """A server's kind, or an absolute path, so that another working directory changes nothing."""
    value = str(getattr(settings.config.sources, name))
    path = settings.source_path(value, name)
    return value if path is None or value == SAMPLE else str(path.resolve())


def for_download(settings: ProcessAwareSettings) -> str:
    """The process that download_info is about: named, continued, of today, or new."""
    want, name = asked(settings), settings.typed.get("process_name")
    process = named(settings, require_process_name(name), want) if name else automatic(settings, want)
    if settings.metadata(process) is None:
        require_credentials(settings)
    return process


def require_credentials(settings: ProcessAwareSettings) -> None:
    """A new process needs its servers: says at once what is missing, all of it."""
    sources, missing = settings.config.sources, []
    builders = {"elasticsearch": resolve.elastic, "mysql": resolve.database}
    for value in (sources.transactions, sources.catalogue):
        try:
            builders.get(value, lambda _: None)(settings)
        except ConfigurationError as error:
            missing.append(str(error))
    if missing:
        raise ConfigurationError("\n".join(missing) + "\nSin credenciales puede probar con los datos de ejemplo: main.py demo")


def named(settings: ProcessAwareSettings, name: str, want: Json) -> str:
    """An explicit name: new, or what was typed agrees with what it was made for."""
    known = settings.metadata(name)
    if known is None:
        require_free(settings, name)
        return name
    typed = {key: want[key] for key in IDENTITY_KEYS if key in settings.typed}
    differing = [
        f"{key}: es {known['identity'][key]!r}, se pide {value!r}" for key, value in typed.items() if known["identity"][key] != value
    ]
    if differing:
        raise ProcessError(
            f"El proceso {name} ya existe y se hizo con otros datos ({'; '.join(differing)}). "
            "Dé otro --process-name (process_name=) o quite lo que difiere"
        )
    return name


def require_free(settings: ProcessAwareSettings, name: str) -> None:
    """A name that a file, a folder of the tool of before or a name differing in case holds is taken."""
    here = settings.folder(name)
    if not is_free(here):
        raise ProcessError(
            f"{here} existe y no es un proceso de esta versión; no se toca. Dé otro --process-name (process_name=) o aparte esa carpeta"
        )
    twin = [p.name for p in folders(settings) if p.name != name and p.name.casefold() == name.casefold()]
    if twin:
        raise ProcessError(f"process_name={name}: ya existe {twin[0]}, que solo se distingue en mayúsculas; dé otro nombre")


def is_free(folder: Path) -> bool:
    """Nothing there but what a run leaves before its first file: empty folders and logs."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return all(path.parts[0] == "logs" for path in files)


def automatic(settings: ProcessAwareSettings, want: Json) -> str:
    """The newest automatic process of this identity if it is unfinished, of today, or to be refreshed; else the next free name."""
    prefix = f"dataset_{want['deployment_id']}_"
    today = settings.now.astimezone(NAMING_ZONE).strftime("%d%m%y")
    mine = newest(settings, want)
    wanted = mine is not None and (settings.typed.get("refresh") or mine.startswith(f"{prefix}{today}_v") or not finished(settings, mine))
    if mine is not None and wanted:
        return mine
    return next(name for n in range(1, 10_000) if is_free(settings.folder(name := f"{prefix}{today}_v{n}")))


def newest(settings: ProcessAwareSettings, want: Json) -> str | None:
    """The newest automatically named process of this identity."""
    same = [(found["created"], number(name), name) for name, found in known(settings).items()
            if found["automatic"] and found["identity"] == want]  # fmt: skip
    return max(same)[2] if same else None


def number(name: str) -> int:
    """The n of `…_v<n>`."""
    match = AUTOMATIC.fullmatch(name)
    return int(match[1]) if match else 0


def folders(settings: ProcessAwareSettings) -> list[Path]:
    """Every folder under processes/, sorted by name."""
    found = settings.processes.iterdir() if settings.processes.is_dir() else iter(())
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def known(settings: ProcessAwareSettings) -> dict[str, Json]:
    """Name -> metadata, without those of a newer version of the tool: they stop no command about another process."""
    written = {folder.name: settings.written(folder.name) for folder in folders(settings)}
    return {name: found for name, found in written.items() if found and not settings.is_of_newer(found)}


def newer(settings: ProcessAwareSettings) -> list[Path]:
    """Those of a newer version."""
    return [folder for folder in folders(settings) if settings.is_newer(folder.name)]


def is_legacy(settings: ProcessAwareSettings, folder: Path) -> bool:
    """Made by the tool of before: metadata without a format. It is only ever read."""
    found = read_json(folder / "process_metadata.json")
    return isinstance(found, dict) and "format" not in found and not is_free(folder) and settings.metadata(folder.name) is None


def finished(settings: ProcessAwareSettings, process: str) -> bool:
    """The last artifact was made from the present window: an interrupted refresh counts as unfinished."""
    here = settings.folder(process)
    window, state = read_json(here / "data/raw/window.json"), last_artifact(here)
    return bool(window and state and state.get("window") == window)


def last_artifact(here: Path) -> Json | None:
    """The workbook's state; without a workbook, the manifest beside finished tables."""
    if has_workbook(read_json(here / "data/parameters.json")):
        found = read_json(here / "reports/workbook_state.json")
    else:
        found = read_json(here / "data/raw/manifest.json") if (here / "data/analysis/summary.parquet").exists() else None
    return found if isinstance(found, dict) else None


def has_workbook(parameters: Json | None) -> bool:
    """generate_reports, true when nothing is known yet."""
    return parameters is None or bool(parameters.get("generate_reports", True))


def active(settings: ProcessAwareSettings) -> str:
    """process=, else the pointer; never another."""
    name = settings.typed.get("process") or pointer(settings)
    if not name:
        raise ProcessError(
            "No hay proceso activo: dé download_info, o active_process --set NOMBRE (set=NOMBRE), o --process NOMBRE (process=NOMBRE)"
        )
    if settings.metadata(name) is None:
        raise ProcessError(f"No existe el proceso {name} en {settings.processes}; active_process --list (list=true) muestra los que hay")
    return str(name)


def pointer(settings: ProcessAwareSettings) -> str | None:
    """The name in active_process.json."""
    found = read_json(settings.out / "active_process.json")
    return str(found["process"]) if isinstance(found, dict) and "process" in found else None


def metadata_to_write(settings: ProcessAwareSettings, process: str) -> Json:
    """What create_process writes once; what is written stays."""
    return settings.metadata(process) or {
        "format": PROCESS_FORMAT,
        "name": process,
        "created": settings.now.isoformat(timespec="seconds"),
        "automatic": "process_name" not in settings.typed,
        "identity": asked(settings),
        "environment_file": settings.environment.file,
        "versions": {"dataset_manager": __version__, "python": platform.python_version()}
        | {name: packages.version(name) for name in VERSIONS},
    }


def parameters(settings: ProcessAwareSettings, process: str) -> Json:
    """Given now > kept > configuration."""
    analysis, kept = settings.config.reference_analysis, read_json(settings.folder(process) / "data/parameters.json") or {}
    configured = {
        "confidence": analysis.confidence_threshold,
        "min_appearances": analysis.min_appearances,
        "base_model_id": "",
        "generate_reports": settings.config.reports.enabled,
    }
    return {key: settings.typed.get(key, kept.get(key, default)) for key, default in configured.items()}


def window(settings: ProcessAwareSettings, process: str) -> Json:
    """Absolute UTC times: kept, unless refresh moves the end and the reading time."""
    stored = read_json(settings.folder(process) / "data/raw/window.json")
    if stored and not settings.typed.get("refresh"):
        return dict(stored)
    frozen = metadata_to_write(settings, process)
    first = midnight(datetime.fromisoformat(frozen["created"])) - timedelta(days=frozen["identity"]["days_back"])
    end = midnight(settings.now) + timedelta(days=1)
    return {"gte": first.isoformat(), "lt": end.isoformat(), "read": settings.now.isoformat(timespec="seconds")}


def midnight(moment: datetime) -> datetime:
    """The UTC midnight at or before."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
