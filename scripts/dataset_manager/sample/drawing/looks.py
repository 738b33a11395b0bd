"""Reads `looks.toml`: what each product of the sample looks like, by its name on the scale.

In: the file beside this module. Out: a `Look` for every product of the catalogue and for the one it lacks.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from dataset_manager.sample.drawing.bodies import Look
from dataset_manager.sample.drawing.bunches import PAINTERS


@cache
def looks() -> dict[str, Look]:
    """All of them, in the file's order."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: look(values) for name, values in table.items()}


def look(values: dict[str, Any]) -> Look:
    """One line of the file."""
    return Look(**values | {"paint": PAINTERS[values["paint"]] if "paint" in values else None})
