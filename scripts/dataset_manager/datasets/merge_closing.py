"""The last step of merge_datasets: what the merged dataset holds, and what was left out.

In: `datasets/<name>.json`. Out: lines for the operator.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_manager.datasets.merging import REPORT
from dataset_manager.errors import CountError
from dataset_manager.files import read_json
from dataset_manager.logs import LOGGER
from dataset_manager.wording import megabytes, number

Json = dict[str, Any]


def close_merge(folder: Path, name: str, *, already: bool) -> Json:
    """Raises CountError when the last file is not there."""
    made = read_json(folder / f"{name}.json")
    if made is None:
        raise CountError(f"{folder / name}: falta su .json; repita la orden")
    for line in lines(folder, name, made, already):
        LOGGER.info("%s", line)
    return {"dataset": name, **made["counts"]}


def lines(folder: Path, name: str, made: Json, already: bool) -> Iterator[str]:
    """The result as a person reads it."""
    counts, report = made["counts"], made["report"]
    yield ""
    yield f"Dataset unido {name}{' (ya estaba hecho)' if already else ''}: {' + '.join(one['dataset'] for one in made['parents'])}"
    width = max(len("clase"), *(len(one["class"]) for one in made["classes"]))
    yield f"  {'clase':<{width}}  {'imágenes':>9} {'MB':>8}"
    for one in made["classes"]:
        yield f"  {one['class']:<{width}}  {number(one['placed']):>9} {megabytes(one['bytes']):>8}"
    placed, wanted, same, renamed = map(number, (counts["placed"], counts["wanted"], report["repetida"], report["renombrada"]))
    yield f"  Imágenes: {placed} de {wanted}; repetidas {same}, renombradas {renamed}"
    if report["conflicto de label"]:
        yield f"  Con dos labels: {number(report['conflicto de label'])}, según on_conflict={made['on_conflict']}"
    for one in made["labels_twice"]:
        yield f"  Atención: el label {one['label_id']} está en varias clases: {', '.join(one['classes'])}"
    yield f"  dataset_id: {made['dataset_id']}"
    yield f"  Informe: {folder / name / REPORT}"
    yield f"  Carpeta: {folder / name}"
