"""What every rule script does around its one function: settings, logs, and one clear error.

In: the `snakemake` object of a script (anything with input, output, params, log, config). Out: exit code 0, or the error
on the terminal, in the rule's log and in the file that main.py reads, and exit code 1.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_manager import settings as settings_module
from dataset_manager.errors import ToolError
from dataset_manager.files import replace
from dataset_manager.logs import LOGGER, ProcessLoggerManager
from dataset_manager.settings import ProcessAwareSettings

ERROR_FILE_VARIABLE = "DATASET_MANAGER_ERROR_FILE"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Job:
    """A running job: its settings, and the metrics that its line in the commands log will show."""

    settings: ProcessAwareSettings
    metrics: dict[str, Any]

    def value(self, params: Mapping[str, Any], name: str) -> Any:
        """A parameter that travelled as sorted JSON."""
        return json.loads(params[name])


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """The top-level handler of a script."""
    started, rule = time.monotonic(), str(snakemake.rule)
    try:
        log_file = Path(snakemake.log[0])
        settings = settings_module.load(ROOT, {}, sections(snakemake.config))
        logs = ProcessLoggerManager(log_file, commands_file(log_file), settings.log_level())
        running = Job(settings, {})
        yield running
        logs.command("[EXITOSO]", rule, running.metrics | {"segundos": f"{time.monotonic() - started:.1f}"})
    except ToolError as error:
        fail(rule, str(error))
    except Exception as error:  # noqa: BLE001 - the top-level handler: everything unforeseen ends here
        only_files()
        LOGGER.error("%s", traceback.format_exc())
        fail(rule, f"Error inesperado en {rule}: {type(error).__name__}: {error}. El detalle está en {snakemake.log[0]}")


def only_files() -> None:
    """A traceback is for the log, not for the terminal."""
    LOGGER.handlers[:] = [handler for handler in LOGGER.handlers if isinstance(handler, logging.FileHandler)]


def commands_file(log_file: Path) -> Path | None:
    """The commands log of the process whose folder the log lies in."""
    return log_file.parent / "commands.log" if log_file.parent.name == "logs" else None


def sections(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without the typed keys: a job knows those from its params."""
    from dataset_manager.configuration import Configuration

    return {name: value for name, value in config.items() if name in Configuration.model_fields}


def fail(rule: str, message: str) -> None:
    """Says it once: to main.py, which prints it at the very end, or to the terminal; and to the log."""
    only_files()
    LOGGER.error("%s", message)
    if error_file := os.environ.get(ERROR_FILE_VARIABLE):
        replace(Path(error_file), json.dumps({"rule": rule, "message": message}).encode())
    else:
        print(f"Error: {message}", file=sys.stderr)
    sys.exit(1)
