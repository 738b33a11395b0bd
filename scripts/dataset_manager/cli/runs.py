"""One Snakemake run: its line, its values in a JSON file, its one error.

In: a command and its values. Out: the exit code; on failure ToolError with what the failed job said. Values travel in a
JSON `--configfile`: `--config` would turn `00014` into 14 and `a, b: c` into a dict before anyone could look.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml

from dataset_manager.datasets import versions
from dataset_manager.environment import ENV_FILE_VARIABLE
from dataset_manager.errors import ToolError
from dataset_manager.files import digest, read_json, sorted_json, write_json
from dataset_manager.jobs import ERROR_FILE_VARIABLE
from dataset_manager.registry import table as registry
from dataset_manager.settings import ProcessAwareSettings

LAUNCHER = Path(__file__).with_name("launch.py")
TAIL = 25


def real(found: ProcessAwareSettings, command: str, values: Mapping[str, Any], given: argparse.Namespace) -> int:
    """Runs it; Snakemake's own words go to logs/snakemake.log unless --verbose."""
    folder = found.out / ".config"
    config_file = folder / f"{command}-{digest(values)}.json"
    write_json(config_file, values)
    print(shown(command, values, given), flush=True)
    error_file, log_file = folder / f"{command}-{os.getpid()}.error.json", found.out / "logs/snakemake.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log_file.open("w", encoding="utf-8") as log:
            code = call(command, config_file, given, log=None if is_verbose(given) else log, error_file=error_file)
        if code:
            raise ToolError(reason(error_file, log_file))
        return 0
    finally:
        error_file.unlink(missing_ok=True)


def dry(command: str, values: Mapping[str, Any], given: argparse.Namespace) -> int:
    """snakemake -n, with its values in the temp folder: nothing is written in the output."""
    print(shown(command, values, given), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        config_file, log_file = Path(folder) / "values.json", Path(folder) / "snakemake.log"
        write_json(config_file, values)
        with log_file.open("w", encoding="utf-8") as log:
            code = call(command, config_file, given, log=log, error_file=Path(folder) / "error.json", extra=["-n", "--quiet", "host"])
        if code:
            raise ToolError(reason(Path(folder) / "none", log_file))
    return 0


def call(
    command: str, config_file: Path, given: argparse.Namespace, *, log: IO[str] | None, error_file: Path, extra: list[str] | None = None
) -> int:
    """The child runs with this interpreter; SIGTERM reaches it, Ctrl-C does so by itself."""
    line = [sys.executable, str(LAUNCHER), command, *machine(given), "--configfile", str(config_file), *(extra or [])]
    child = subprocess.Popen(line, stderr=log, env=os.environ | {ERROR_FILE_VARIABLE: str(error_file.resolve())})
    with forwarding(child):
        return child.wait()


@contextmanager
def forwarding(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGTERM to this process ends the child gently; Ctrl-C waits for it."""
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        yield
    except KeyboardInterrupt:
        child.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def machine(given: argparse.Namespace) -> list[str]:
    """--cores, or the profile that says it."""
    profile, cores = getattr(given, "profile", None), getattr(given, "cores", None)
    return (["--profile", profile] if profile else []) + (["--cores", cores or "all"] if cores or not profile else [])


def shown(command: str, values: Mapping[str, Any], given: argparse.Namespace) -> str:
    """The equivalent snakemake line: `--config` where Snakemake keeps the values as typed, else the JSON itself."""
    words = ["snakemake", *(machine(given) if command != "status" else ["--cores", "1"]), command]
    if is_dry(given):
        words.append("-n")
    plain = {name: value for name, value in values.items() if not isinstance(value, dict)}
    sections = {name: f"{name}={sorted_json(value)}" for name, value in values.items() if isinstance(value, dict)}
    if values:
        words += ["--config", *(f"{name}={value}" for name, value in plain.items()), *sections.values()]
    survives = all(str(yaml.safe_load(str(value))) == str(value) or str(value) in ("true", "false") for value in plain.values())
    note = "" if survives else "   # main.py lo pasa en un archivo, porque --config cambiaría algún valor"
    prefix = "".join(f"{name}={shlex.quote(os.environ[name])} " for name in (ENV_FILE_VARIABLE, "OUTPUT_BASE_DIR") if name in os.environ)
    return f"$ {prefix}{shlex.join(words)}{note}"


def is_dry(given: argparse.Namespace) -> bool:
    """--dry-run"""
    return bool(getattr(given, "dry_run", False))


def is_verbose(given: argparse.Namespace) -> bool:
    """--verbose"""
    return bool(getattr(given, "verbose", False))


def reason(error_file: Path, log_file: Path) -> str:
    """What the failed job said; where it could say nothing (killed, lost node), the end of Snakemake's own words."""
    said = read_json(error_file)
    if said:
        return str(said["message"])
    lines = [line for line in log_file.read_text("utf-8", "replace").splitlines() if line.strip()]
    tool = [line.split("Error: ", 1)[1] for line in lines if line.startswith("dataset_manager.errors.") and "Error: " in line]
    return tool[-1] if tool else "Snakemake no pudo terminar:\n  " + "\n  ".join(lines[-TAIL:]) + f"\nRegistro completo: {log_file}"


def results(found: ProcessAwareSettings, process: str) -> str:
    """Where the demo left what it made."""
    here = found.folder(process)
    datasets = [here / "datasets" / name for name in versions.requested(here / "datasets", process)]
    table = found.out / "registry/datasets_gfresh.csv"
    lines = [
        f"  Libro:              {here / f'reports/{process}.xlsx'}",
        f"  Hoja de contactos:  {here / 'images/revision.html'}",
        *(f"  Dataset:            {dataset}" for dataset in datasets),
        *(f"  Resumen:            {dataset / f'_summary_{dataset.name}.html'}" for dataset in datasets),
        f"  Registro:           {table}",
        *(f"    {name}: {value}" for row in registry.read(table) for name, value in row.items() if value),
        f"  Siga con los datos de ejemplo: OUTPUT_BASE_DIR={found.out} venv/bin/python main.py status",
    ]
    return "\n".join(["", "La demostración ha hecho, en " + str(found.out), *lines])
