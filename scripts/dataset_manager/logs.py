"""Logs of a process: one file per rule, and one commands log with start, steps with metrics, and result.

In: messages of the `dataset_manager` logger. Out: lines on the terminal (stdout) and in `logs/`.
"""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_manager.files import write_errors

LOGGER = logging.getLogger("dataset_manager")
TIMES = "%(asctime)s | %(levelname)s | %(message)s"


def choose_level(level: str) -> None:
    """For the jobs of this run, which inherit it: they need no more of the settings to write their logs."""
    os.environ["LOG_LEVEL"] = level


class ProcessLoggerManager:
    """Sets the handlers up once per job; a second call replaces them, so that no line is written twice."""

    def __init__(self, log_file: Path, commands_file: Path | None, level: str) -> None:
        self.commands_file = commands_file
        with write_errors(log_file):
            log_file.parent.mkdir(parents=True, exist_ok=True)
            to_file = logging.FileHandler(log_file, mode="a", encoding="utf-8")
        to_file.setFormatter(logging.Formatter(TIMES))
        self.terminal = logging.StreamHandler(sys.stdout)
        self.terminal.setFormatter(logging.Formatter("%(message)s"))
        LOGGER.handlers[:] = [to_file, self.terminal]
        LOGGER.setLevel(level)
        LOGGER.propagate = False

    def command(self, marker: str, text: str, metrics: Mapping[str, Any] | None = None) -> None:
        """A line of the commands log; O_APPEND keeps lines of jobs that run side by side whole."""
        if self.commands_file is None:
            return
        parts = [text, *(f"{name}={value}" for name, value in (metrics or {}).items())]
        record = logging.LogRecord("", logging.INFO, "", 0, f"{marker} {' | '.join(parts)}", None, None)
        line = logging.Formatter("%(asctime)s | %(message)s").format(record)
        with write_errors(self.commands_file), self.commands_file.open("a", encoding="utf-8") as out:
            out.write(line + "\n")
