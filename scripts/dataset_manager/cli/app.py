"""main.py: the familiar command line, translated to Snakemake runs.

In: the words typed. Out: an exit code: 0 done, 1 failed with one error, 2 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dataset_manager import __version__, active_process, locks, processes, settings, status
from dataset_manager.cli import parser, runs
from dataset_manager.environment import ENV_FILE_VARIABLE
from dataset_manager.errors import ConfigurationError, ToolError, UsageError
from dataset_manager.keys import KEYS
from dataset_manager.review import request
from dataset_manager.settings import ALL_SAMPLE, ProcessAwareSettings
from dataset_manager.wording import moment_of, number
from dataset_manager.workbook import locking

ROOT = Path(__file__).resolve().parents[3]
DEMO_OUTPUT = "output-demo"


def main(words: list[str], root: Path = ROOT) -> int:
    """The top-level handler of main.py."""
    try:
        given = parser.parse(words)
        if getattr(given, "version", False):
            print(f"gFresh Dataset Manager {__version__}")
            return 0
        if not given.command:
            parser.build().print_help()
            return 1
        return dispatch(given, root)
    except UsageError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except ToolError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrumpido. Lo hecho se conserva: repita la misma orden para continuar", file=sys.stderr)
        return 130
    except Exception as error:
        if "-v" in words or "--verbose" in words:
            raise
        print(f"Error inesperado: {type(error).__name__}: {error}. Con --verbose se ve el detalle", file=sys.stderr)
        return 1


def dispatch(given: argparse.Namespace, root: Path) -> int:
    """Builds the settings once, then runs the command."""
    overlay = read_overlay(given)
    choose_environment(given, root)
    os.chdir(root)  # every relative path of the configuration and of Snakemake is of the checkout
    typed = {name: getattr(given, name) for name in KEYS if hasattr(given, name) and getattr(given, name) is not None}
    if given.command == "demo":
        overlay = overlay | {"sources": ALL_SAMPLE}
        os.environ.setdefault("OUTPUT_BASE_DIR", DEMO_OUTPUT)
    found = settings.load(root, typed, merged(read_yaml(root / "config/config.yaml"), overlay))
    values = typed | overlay
    commands = {
        "status": run_status,
        "active_process": run_active_process,
        "demo": run_demo,
        "download_info": run_download,
        "review_images": run_review,
        "create_dataset": run_dataset,
    }
    run = commands.get(given.command) or operation(given.command)
    return run(given, found, values)


def operation(command: str) -> Callable[[argparse.Namespace, ProcessAwareSettings, Mapping[str, Any]], int]:
    """A command about finished datasets; the others do not wait for what those need."""
    from dataset_manager.cli import operations

    return operations.COMMANDS[command]


def read_overlay(given: argparse.Namespace) -> dict[str, Any]:
    """The file of --config, relative to where the person stands."""
    name = getattr(given, "config", None)
    return read_yaml(Path(name)) if name else {}


def read_yaml(path: Path) -> dict[str, Any]:
    """A mapping; anything else is one clear error."""
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"No existe el archivo de configuración {path}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: no se puede leer como YAML: {' '.join(str(error).split())}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path}: debe tener secciones con claves, como config/config.yaml")
    return found


def merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Section by section, the overlay's keys over the base's."""
    both = {name for name in base if isinstance(base[name], dict) and isinstance(overlay.get(name), dict)}
    return {**base, **overlay, **{name: merged(base[name], overlay[name]) for name in both}}


def choose_environment(given: argparse.Namespace, root: Path) -> None:
    """--env-file wins over --env; the jobs learn it from the environment."""
    name, path = getattr(given, "env", None), getattr(given, "env_file", None)
    if path:
        os.environ[ENV_FILE_VARIABLE] = str(Path(path).resolve())
    elif name:
        if not (root / f".env_{name}").is_file():
            there = sorted(file.name.removeprefix(".env_") for file in root.glob(".env_*"))
            raise UsageError(f"--env {name}: no existe {root / f'.env_{name}'}; hay: {', '.join(there) or 'ninguno'}")
        os.environ[ENV_FILE_VARIABLE] = str(root / f".env_{name}")


def run_status(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Reads only: no Snakemake needed."""
    print(runs.shown("status", values, given))
    status.show(found)
    return 0


def run_active_process(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Small enough to need no Snakemake; a dry run only says it."""
    print(runs.shown("active_process", values, given))
    if runs.is_dry(given) and (found.typed.get("set") or found.typed.get("clear")):
        print("Se cambiaría active_process.json; no se ha escrito nada")
        return 0
    active_process.run(found)
    return 0


def run_demo(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """The main job on the sample, whose workbook comes with a person's marks: process, review, dataset."""
    if runs.is_dry(given):
        return run_download(given, found, values)
    steps = (run_download, run_review, run_dataset, run_demo_registry)
    code = next((code for step in steps if (code := step(given, found, values))), 0)
    if code == 0:
        print(runs.results(found, processes.active(found)))
    return code


def run_demo_registry(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """The newest dataset, into a folder that stands for a bucket and a registry beside it."""
    bucket = root_of(found) / "bucket"
    bucket.mkdir(parents=True, exist_ok=True)
    own = {
        "dataset_name": processes.active(found),
        "s3_base": (bucket.resolve() / "datasets").as_uri(),
        "description": "Dataset de la demostración",
    }
    return operation("register_dataset")(given, found.typing(own), {**values, **own})


def root_of(found: ProcessAwareSettings) -> Path:
    """The output folder, whole."""
    return found.root / found.out


def run_download(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Plans with the library first, so that wrong usage never starts Snakemake."""
    process = processes.for_download(found)
    if runs.is_dry(given):
        code = runs.dry("download_info", values, given)
        return code or plan_download(found, process)
    locks.require_idle(found, process)
    book = found.folder(process) / f"reports/{process}.xlsx"
    code = runs.real(found, "download_info", values, given)
    if code == 0 and processes.parameters(found, process)["generate_reports"] and not book.exists():
        raise ToolError(f"download_info terminó pero falta {book}")
    return code


def run_review(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Reads the marks first, so that unreadable cells are said before anything starts."""
    process = processes.active(found)
    book = found.folder(process) / f"reports/{process}.xlsx"
    request.plan(book, found.config.image_review, found.config.images)
    if runs.is_dry(given):
        return runs.dry("review_images", values, given) or plan_review(found, process)
    locks.require_idle(found, process)
    locking.warn_if_open(book)
    return runs.real(found, "review_images", values, given)


def plan_review(found: ProcessAwareSettings, process: str) -> int:
    """What would be downloaded, how many, about how many bytes, and where; in a temporary folder."""
    from dataset_manager.review.estimate import review_lines

    for line in review_lines(found, process):
        print(line)
    return 0


def run_dataset(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Checks the marks first, so that every wrong cell is said before anything starts."""
    from dataset_manager.datasets.request import plan

    process = processes.active(found)
    planned = plan(found, process)
    if runs.is_dry(given):
        return runs.dry("create_dataset", values, given) or plan_dataset(found, process)
    locks.require_idle(found, process)
    if not planned.finished:
        locking.warn_if_open(found.folder(process) / f"reports/{process}.xlsx")
    return runs.real(found, "create_dataset", values, given)


def plan_dataset(found: ProcessAwareSettings, process: str) -> int:
    """The version, exact numbers per class, about how many bytes, and where; in a temporary folder."""
    from dataset_manager.datasets.estimate import dataset_lines

    for line in dataset_lines(found, process):
        print(line)
    return 0


def plan_download(found: ProcessAwareSettings, process: str) -> int:
    """The exact numbers of a dry run; asks the source, writes nothing."""
    identity = processes.metadata_to_write(found, process)["identity"]
    window = processes.window(found, process)
    print(f"\nProceso: {process} ({'ya existe' if found.metadata(process) else 'nuevo'})")
    zone = found.config.excel.timezone
    print(f"Ventana: de {moment_of(window['gte'], zone)} a {moment_of(window['lt'], zone)} (hora de {zone})")
    if found.demo and not (found.out / "sample/sample.json").exists():
        print("Transacciones: las de los datos de ejemplo, que se generarían primero")
        return 0
    from dataset_manager.sources import extraction, resolve

    hits = extraction.count_hits(identity, window, source=resolve.transactions(found, identity))
    print(f"Transacciones en la fuente: {number(hits)}")
    return 0
