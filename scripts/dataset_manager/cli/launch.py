"""Snakemake as main.py starts it: the same, without what costs every command a second and a half and serves none of them.

In: Snakemake's own words; run as a file. With --profile, or $SNAKEMAKE_PROFILE, its Slurm plugin is loaded as usual.
"""

import os
import pkgutil
import runpy
import sys
import threading
from pathlib import Path

CLUSTER = "snakemake_executor_plugin_slurm"


def leave_out_the_cluster() -> None:
    """Snakemake loads every plugin that it finds, and pandas, where there is one, to look at the parameters of the first job."""
    found = pkgutil.iter_modules
    pkgutil.iter_modules = lambda *place: (one for one in found(*place) if not one.name.startswith(CLUSTER))
    sys.modules["pandas"] = None  # type: ignore[assignment]


class Reminder(threading.Timer):
    """Of Snakemake's limit of jobs per second. It is set for a second after each job: nobody waits for it at the end."""

    def start(self) -> None:
        self.daemon = True
        super().start()


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder: its modules are called like others
    threading.Timer = Reminder  # type: ignore[misc]
    if "--profile" not in sys.argv and "SNAKEMAKE_PROFILE" not in os.environ:
        leave_out_the_cluster()
    runpy.run_module("snakemake", run_name="__main__")
