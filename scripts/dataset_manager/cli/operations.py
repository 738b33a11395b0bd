"""main.py's commands about finished datasets.

In: the words typed, settings. Out: an exit code. What only looks runs here; what makes files is a Snakemake run.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from dataset_manager import locks
from dataset_manager.cli import runs
from dataset_manager.datasets import commands, finding, merge_request
from dataset_manager.registry import command, planning, verify
from dataset_manager.settings import ProcessAwareSettings


def run_structure(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """One table."""
    print(runs.shown("folder_structure", values, given))
    commands.folder_structure(found, write=not runs.is_dry(given))
    if runs.is_dry(given):
        print("No se ha escrito nada")
    return 0


def run_diff(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Looks at two manifests."""
    print(runs.shown("diff", values, given))
    commands.diff(found, write=not runs.is_dry(given))
    return 0


def run_merge(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Says before anything starts which datasets and under which name."""
    plan = merge_request.plan(found)
    if runs.is_dry(given):
        print(f"{plan.name}: {' + '.join(one['dataset'] for one in plan.parents)}{' (ya está hecho)' if plan.finished else ''}")
        return runs.dry("merge_datasets", values, given)
    locks.require_idle(found, plan.process)
    return runs.real(found, "merge_datasets", values, given)


def run_summary(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """The name first: a wrong one never starts Snakemake."""
    dataset = finding.named(found, "dataset_name")
    if runs.is_dry(given):
        return runs.dry("summary_dataset", values, given)
    locks.require_idle(found, dataset.process)
    return runs.real(found, "summary_dataset", values, given)


def run_register(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """The folder is compared with what was accepted before anything starts."""
    dataset = finding.named(found, "dataset_name")
    command.require_publishable(found, dataset)
    if runs.is_dry(given):
        code = runs.dry("register_dataset", values, given)
        for line in planning.plan(command.publication(found, dataset), command.destination(found, dataset)):
            print(line)
        print("No se ha escrito nada")
        return code
    locks.require_idle(found, dataset.process)
    return runs.real(found, "register_dataset", values, given)


def run_verify(given: argparse.Namespace, found: ProcessAwareSettings, values: Mapping[str, Any]) -> int:
    """Only looks, so a dry run is the same."""
    print(runs.shown("verify", values, given))
    verify.run(found)
    return 0


COMMANDS = {
    "folder_structure": run_structure,
    "merge_datasets": run_merge,
    "summary_dataset": run_summary,
    "register_dataset": run_register,
    "verify": run_verify,
    "diff": run_diff,
}
