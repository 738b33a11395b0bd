"""A dataset's folder and the files beside it: made aside, renamed whole, never replaced.

In: pictures by their path in the dataset. Out: the folder. The caller holds the lock of that dataset (docs/rules.md, «Dataset files»).
"""

import glob
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataset_manager.datasets.content import EXAMPLES, Known, differences
from dataset_manager.errors import CountError
from dataset_manager.files import sweep, sync
from dataset_manager.wording import DIFFERENCES, counted, few


@dataclass(frozen=True)
class Paths:
    """The files of one dataset; all stand beside its tree."""

    tree: Path

    def beside(self, suffix: str) -> Path:
        """`<dataset><suffix>`"""
        return self.tree.with_name(self.tree.name + suffix)

    @property
    def lock(self) -> Path:
        """Held while the tree is made: the job of a run that was killed lives on."""
        return self.tree.with_name(f".{self.tree.name}.lock")

    @property
    def aside(self) -> Path:
        """Where this process builds it."""
        return self.tree.with_name(f".{self.tree.name}.{os.getpid()}.building")


def tidy(paths: Paths) -> None:
    """What killed builds of this dataset left half made. The caller holds its lock: nobody else is writing."""
    for old in paths.tree.parent.glob(f".{glob.escape(paths.tree.name)}.*.building"):
        shutil.rmtree(old)
    sweep(paths.tree)


def place(paths: Paths, pictures: Iterable[str], fill: Callable[[str], None], notes: Mapping[str, bytes] | None = None) -> None:
    """Made aside, on the disk, then renamed whole.

    `pictures` are the paths that `fill` links below the folder it is given; `notes` are the tool's own files. Nothing is left when `fill`
    raises.
    """
    try:
        paths.aside.mkdir(parents=True)
        for folder in sorted({path.rpartition("/")[0] for path in pictures}):
            (paths.aside / folder).mkdir(parents=True, exist_ok=True)
        fill(str(paths.aside))
        for name, content in (notes or {}).items():
            (paths.aside / name).write_bytes(content)
            sync(paths.aside / name)
        sync(paths.aside)
        paths.aside.rename(paths.tree)
    finally:
        shutil.rmtree(paths.aside, ignore_errors=True)
    sync(paths.tree.parent)


def require_same(tree: Path, known: Mapping[str, Known]) -> None:
    """A tree that a killed run renamed is complete; any other is somebody's, and stays. Raises CountError."""
    lines = differences(tree, known).lines() if tree.is_dir() else ["no es una carpeta"]
    if lines:
        raise CountError(
            f"{tree} ya existe y no es el dataset pedido ({counted(len(lines), *DIFFERENCES)}: {few(lines, EXAMPLES, ', ')}). "
            "No se ha tocado: apártelo o bórrelo y repita la orden"
        )
