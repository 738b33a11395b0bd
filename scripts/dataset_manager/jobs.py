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
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_manager.errors import ToolError
from dataset_manager.files import replace
from dataset_manager.logs import LOGGER, ProcessLoggerManager

if TYPE_CHECKING:
    from dataset_manager.settings import ProcessAwareSettings

ERROR_FILE_VARIABLE = "DATASET_MANAGER_ERROR_FILE"


@dataclass
class Job:
    """A running job: its configuration, and the metrics that its line in the commands log will show."""

    config: Mapping[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> "ProcessAwareSettings":
        """Built only by the jobs that ask: 0.15 s of imports that an operator would feel in each of them."""
        return self.settings_for({})

    def settings_for(self, typed: Mapping[str, Any]) -> "ProcessAwareSettings":
        """Jobs run in the checkout, wherever the library is installed."""
        from dataset_manager import settings

        return settings.load(Path.cwd(), typed, sections(self.config))


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """The top-level handler of a script."""
    started, rule, log_file = time.monotonic(), str(snakemake.rule), log_of(snakemake)
    logs = None
    try:
        logs = ProcessLoggerManager(log_file, commands_file(log_file), os.environ.get("LOG_LEVEL", "INFO"))
        logs.command("EJECUTANDO", rule)
        running = Job(snakemake.config)
        yield running
        logs.command("[EXITOSO]", rule, running.metrics | {"segundos": f"{time.monotonic() - started:.1f}"})
    except ToolError as error:
        fail(rule, str(error), logs)
    except Exception as error:  # noqa: BLE001 - the top-level handler: everything unforeseen ends here
        only_files()
        LOGGER.error("%s", traceback.format_exc())
        fail(rule, f"Error inesperado en {rule}: {type(error).__name__}: {error}. El detalle está en {log_file}", logs)


def log_of(snakemake: Any) -> Path:
    """The rule's log; of a command that is about a process, in that process's own folder."""
    log_file, process = Path(snakemake.log[0]), dict(snakemake.params.items()).get("process")
    return log_file.parents[1] / f"processes/{process}/logs/{log_file.name}" if process else log_file


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


def fail(rule: str, message: str, logs: ProcessLoggerManager | None) -> None:
    """Says it once: to main.py, which prints it at the very end, or to the terminal; and to the logs."""
    only_files()
    if error_file := os.environ.get(ERROR_FILE_VARIABLE):
        replace(Path(error_file), json.dumps({"rule": rule, "message": message}).encode())
    else:
        print(f"Error: {message}", file=sys.stderr)
    if logs is not None:
        LOGGER.error("%s", message)
        logs.command("[ERROR]", rule, {"motivo": message.splitlines()[0]})
    sys.exit(1)
