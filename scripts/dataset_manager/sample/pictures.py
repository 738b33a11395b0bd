"""Writes the sample's pictures, in as many processes as there are cores.

In: a Plan and the folder `pictures`. Out: a JPEG per key of `folders.pictures`, but for those damaged or missing on
purpose; how many files and bytes. Each process makes its own chunks again, so nothing large travels between them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dataset_manager.errors import CountError
from dataset_manager.sample import catalogue
from dataset_manager.sample.catalogue import DEVICES
from dataset_manager.sample.folders import Picture, pictures
from dataset_manager.sample.hits import choices
from dataset_manager.sample.transactions import HIGH, MANUAL, Chunk, Plan, chunk

SCRIPTS = Path(__file__).resolve().parents[2]
FEW = 4000  # transactions for which another process is not worth its start
EMPTY_PLATE = 0.997  # of the dice: the customer took the product away too soon
WRONG_CHOICE = 0.3  # so many of the sure mistakes are the customer's: the picture shows what the model saw


class Written(NamedTuple):
    """What stands in the folder."""

    files: int
    bytes: int

    def plus(self, other: "Written") -> "Written":
        """Both together."""
        return Written(self.files + other.files, self.bytes + other.bytes)


def write_pictures(folder: Path, plan: Plan, workers: int) -> Written:
    """Everything; CountError with a worker's own words when it failed."""
    if workers <= 1 or plan.transactions <= FEW:
        return write_part(folder, plan, 0, 1)
    running = [start(folder, plan, part, workers) for part in range(workers)]
    try:
        return total([result(one) for one in running])
    finally:
        for one in running:
            one.kill()
            one.wait()


def start(folder: Path, plan: Plan, part: int, parts: int) -> "subprocess.Popen[str]":
    """Another interpreter that runs `main` below."""
    arguments = json.dumps([str(folder), plan.transactions, plan.seed, plan.end.isoformat(), part, parts])
    surroundings = os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "dataset_manager.sample.pictures", arguments]
    return subprocess.Popen(command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(worker: "subprocess.Popen[str]") -> Written:
    """Waits for a worker. Its input stays open meanwhile: it ends with whoever started it."""
    found = worker.stdout.read() if worker.stdout else ""
    words = worker.stderr.read() if worker.stderr else ""
    if worker.wait() != 0:
        raise CountError(f"No se han podido dibujar las imágenes de ejemplo: {(words.strip().splitlines() or ['sin mensaje'])[-1]}")
    return Written(*json.loads(found))


def total(parts: Sequence[Written]) -> Written:
    """All parts together."""
    made = Written(0, 0)
    for part in parts:
        made = made.plus(part)
    return made


def write_part(folder: Path, plan: Plan, part: int, parts: int, parent: int | None = None) -> Written:
    """Every `parts`-th chunk; stops when the process that wanted it is gone."""
    made = Written(0, 0)
    for which in range(part, plan.chunks, parts):
        if parent is not None and os.getppid() != parent:
            sys.exit("el proceso que pidió las imágenes ya no existe")
        rows = chunk(plan, which)
        for picture in pictures(rows):
            made = made.plus(write(folder, plan, rows, picture))
    return made


def write(folder: Path, plan: Plan, rows: Chunk, picture: Picture) -> Written:
    """One file, unless it is to be missing."""
    content = spoiled(taken(plan, rows, picture), picture)
    if content is None:
        return Written(0, 0)
    path = folder / picture.key
    if picture.number == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Written(1, len(content))


def taken(plan: Plan, rows: Chunk, picture: Picture) -> bytes:
    """The picture as the camera gave it."""
    import numpy as np

    from dataset_manager.sample.drawing.scenes import photograph

    device, start = int(rows.device[picture.row]), int(rows.start[picture.row])
    caption = f"{DEVICES[device].device_id}  {datetime.fromtimestamp(start / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC  {picture.number + 1}"
    random = np.random.default_rng([plan.seed, 4, int(rows.number[picture.row]), picture.number])
    return photograph(shown(rows, picture.row), device, caption, random)


def shown(rows: Chunk, row: int) -> str:
    """What lies on the plate: nearly always what the customer chose."""
    dice = float(rows.dice[row])
    client = rows.metric[row] != MANUAL
    if client and dice > EMPTY_PLATE:
        return ""
    mistaken = client and rows.trained[row] and rows.result[row] != rows.own_class[row] and rows.confidence[row] == HIGH
    if mistaken and dice < WRONG_CHOICE:
        return product_of(catalogue.classes(int(rows.model[row]))[int(rows.result[row])])
    return choices()[int(rows.product[row])][1]


@cache
def product_of(class_name: str) -> str:
    """The product that sells most of those in a class."""
    return next(name for _, name, own in choices() if own == class_name)


def spoiled(content: bytes, picture: Picture) -> bytes | None:
    """The content with its damage; None for a file that is not there."""
    middle = len(content) // 2
    return {
        "": content,
        "truncada": content[: middle + 200],
        "vacía": b"",
        "no es una imagen": f"<?xml version='1.0'?><Error><Code>InternalError</Code><Key>{picture.key}</Key></Error>".encode(),
        "no existe": None,
        "bloque a cero": content[:middle] + bytes(2048) + content[middle + 2048 :],
    }[picture.damage]


def main(arguments: str) -> None:
    """A worker: writes its part, prints how many files and bytes."""
    folder, transactions, seed, end, part, parts = json.loads(arguments)
    print(json.dumps(write_part(Path(folder), Plan(transactions, seed, date.fromisoformat(end)), part, parts, os.getppid())))


if __name__ == "__main__":
    main(sys.argv[1])
