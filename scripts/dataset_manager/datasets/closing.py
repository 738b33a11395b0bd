"""The last step of create_dataset: what was promised is there, and a person reads what the dataset holds and lacks.

In: `datasets/<dataset>.json`, its request and those before it. Out: lines for the operator.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_manager.datasets import versions
from dataset_manager.datasets.content import present
from dataset_manager.errors import CountError
from dataset_manager.files import read_json
from dataset_manager.logs import LOGGER
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.wording import PICTURES, counted, megabytes, number, rest

Json = dict[str, Any]
EXAMPLES = 20


def close_dataset(settings: ProcessAwareSettings, process: str, dataset: str, *, already: bool) -> Json:
    """Raises CountError when the files do not agree. A person may have deleted pictures since: that is said, not refused."""
    folder = settings.folder(process) / "datasets"
    found = read_json(folder / f"{dataset}.json")
    if found is None or not (folder / f"{dataset}.manifest.parquet").exists():
        raise CountError(f"{folder / dataset}: falta su .json o su .manifest.parquet; repita la orden")
    counts = found["counts"]
    if counts["wanted"] != counts["placed"] + counts["short"]:
        raise CountError(f"{dataset}: pedidas {counts['wanted']}, colocadas {counts['placed']}, faltan {counts['short']}: no cuadra")
    for line in lines(folder, process, found, already):
        LOGGER.info("%s", line)
    return {"dataset": dataset, **counts}


def lines(folder: Path, process: str, found: Json, already: bool) -> Iterator[str]:
    """The result as a person reads it."""
    dataset, counts = found["dataset"], found["counts"]
    yield ""
    yield f"Dataset {dataset}{' (datos de ejemplo)' if found['sample'] else ''}{': ya estaba hecho' if already else ''}"
    yield from changes(folder, process, dataset)
    yield from table(found["classes"])
    extra = sum(one["extra"] for one in found["classes"])
    of_devices = f" ({number(extra)} de ellas añadidas por dispositivos)" if extra else ""
    placed, wanted, lacking, failed = (number(counts[name]) for name in ("placed", "wanted", "short", "failed"))
    yield f"  Imágenes: {placed} de {wanted} pedidas{of_devices}; faltan {lacking}, fallidas {failed}"
    yield from short_lines(found["short"])
    yield from doubled_lines(found["duplicates"])
    yield f"  dataset_id: {found['dataset_id']}"
    yield f"  Carpeta: {folder / dataset}"
    yield from deleted_lines(folder, dataset, counts["placed"])
    if already:
        yield "  Con --new-version (new_version=true) se hace otro con transacciones aún no usadas"


def changes(folder: Path, process: str, dataset: str) -> Iterator[str]:
    """What differs from the version before."""
    names = versions.requested(folder, process)
    before = names[: names.index(dataset)][-1:]
    if not before:
        return
    old, new = (versions.request_of(folder, name) or {} for name in (before[0], dataset))
    differing = [text for part, text in (("references", "referencias marcadas"), ("devices", "dispositivos marcados"))
                 if old["compared"][part] != new["compared"][part]]  # fmt: skip
    parameters = new["compared"]["parameters"]
    differing += [
        f"{name} {old['compared']['parameters'].get(name)} → {value}"
        for name, value in parameters.items()
        if old["compared"]["parameters"].get(name) != value
    ]
    yield f"  Versión nueva respecto a {before[0]}: {', '.join(differing) or 'transacciones aún no usadas (--new-version)'}"


def table(classes: list[Json]) -> Iterator[str]:
    """Per class: wanted, placed, short, failed, bytes."""
    width = max([len("clase"), *(len(one["class"]) for one in classes)])
    sized = any(one["bytes"] for one in classes)  # a dry run knows no bytes of a class
    heads = f"{'pedidas':>8} {'puestas':>8} {'de dispositivos':>15} {'faltan':>7} {'fallidas':>8}"
    yield f"  {'clase':<{width}}  {heads}" + (f" {'MB':>8}" if sized else "")
    for one in with_total(classes):
        wanted, placed, extra, short, failed = (number(one[name]) for name in ("wanted", "placed", "extra", "short", "failed"))
        numbers = f"{wanted:>8} {placed:>8} {extra:>15} {short:>7} {failed:>8}"
        yield f"  {one['class']:<{width}}  {numbers}" + (f" {megabytes(one['bytes']):>8}" if sized else "")


def with_total(classes: list[Json]) -> list[Json]:
    """A last row that sums the others."""
    names = ("wanted", "placed", "extra", "short", "failed", "bytes")
    return [*classes, {"class": "TOTAL"} | {name: sum(one[name] for one in classes) for name in names}]


def short_lines(short: list[Json]) -> Iterator[str]:
    """Per reference or device: wanted, available, why not."""
    for one in short[:EXAMPLES]:
        who = f"dispositivo {one['device_id']}" if one["reason"] == "device" else f"{one['reference_name']} ({one['reference_code']})"
        lacking, wanted, available, failed = (number(one[name]) for name in ("short", "wanted", "available", "failed"))
        yield f"  Faltan {lacking} de {who}: pedidas {wanted}, disponibles {available}, fallidas {failed}"
    if len(short) > EXAMPLES:
        yield f"  {rest(len(short) - EXAMPLES)}, en el .shortage.csv"


def doubled_lines(doubled: Json) -> Iterator[str]:
    """The same content under two names: a camera that froze, or a picture with two labels."""
    if doubled["groups"]:
        labels = f", con labels distintos {number(doubled['labels_differ'])}" if doubled["labels_differ"] else ""
        example = " = ".join(doubled["examples"][0])
        yield f"  Atención: imágenes que están más de una vez: {number(doubled['groups'])}{labels}; por ejemplo {example}"


def deleted_lines(folder: Path, dataset: str, placed: int) -> Iterator[str]:
    """What a person did to the folder since."""
    if not (folder / dataset).is_dir():
        yield "  Atención: la carpeta ya no está (borrada o movida); los datasets siguientes no rechazan ninguna de sus imágenes"
        return
    now = len(present(folder / dataset))
    if now < placed:
        yield f"  Borradas desde que se hizo: {counted(placed - now, *PICTURES)}; los datasets siguientes no eligen lo borrado"
