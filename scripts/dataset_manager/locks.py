"""One run per process: an OS lock taken when the run starts, checked against what the plan saw.

In: the processes that the run's plan is about. Out: an flock per process that vanishes with its holder; the file keeps
the last holder's line, so that a plan made before another run ended is recognised as old.
"""

import fcntl
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from dataset_manager.errors import RunLockedError
from dataset_manager.files import write_errors
from dataset_manager.settings import ProcessAwareSettings

_seen: dict[Path, str] = {}
_held: list[TextIO] = []


def chosen(settings: ProcessAwareSettings, process: str) -> str:
    """Notes which process the command is about; called by target rules, reads only."""
    path = settings.processes / ".locks" / f"{process}.lock"
    _seen.setdefault(path, path.read_text() if path.exists() else "")
    return process


def hold() -> None:
    """Called by onstart, so never under -n nor in a job's process. Raises RunLockedError naming the holder."""
    for path, seen in _seen.items():
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a+")
        take(handle, path.stem, seen)
        _held.append(handle)


def take(handle: TextIO, process: str, seen: str) -> None:
    """Locks, compares, and writes who holds it now."""
    handle.seek(0)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise in_use(process, handle.read()) from None
    if handle.read() != seen:
        raise RunLockedError(f"Otra orden acaba de trabajar en el proceso {process}; dé la orden otra vez")
    handle.truncate(0)
    handle.write(f"pid {os.getpid()} desde {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC: {' '.join(sys.argv[1:])[:200]}")
    handle.flush()


def in_use(process: str, holder: str) -> RunLockedError:
    """The refusal, naming the holder."""
    return RunLockedError(f"El proceso {process} está en uso por otra orden ({holder}). Espere a que termine y repita")


def require_idle(settings: ProcessAwareSettings, process: str) -> None:
    """Asked by main.py before Snakemake starts: the same refusal, without Snakemake's wrapping."""
    path = settings.processes / ".locks" / f"{process}.lock"
    if not path.exists():
        return
    with path.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise in_use(process, handle.read()) from None
