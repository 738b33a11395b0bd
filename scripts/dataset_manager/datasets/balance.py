"""What a person should look at before a dataset trains a model.

In: the facts that `summary.facts_of` gathered. Out: warnings, each with its items; none of them refuses anything. Rules:
docs/rules.md, «Dataset summary».
"""

import unicodedata
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any

from dataset_manager.wording import PICTURES, counted, day_of, few, number, percent

Json = dict[str, Any]
Found = Iterator[tuple[str, str, list[str]]]
SMALL_LABEL = 20  # pictures: fewer are hardly enough to keep some for validation
SMALL_CLASS, LARGE_CLASS = 0.5, 3  # of the median class
ONE_DEVICE, ONE_DAY = 0.8, 0.5  # of a class
MOST = 200  # items of one warning
JUDGED = 10  # pictures that a class needs before its spread means anything


def warnings(facts: Json) -> list[Json]:
    """`kind`, `title`, `count`, the first `items`, and `text` with a few of them."""
    found = [*balance(facts), *spread(facts), *names(facts), *contents(facts)]
    return [
        {"kind": kind, "title": title, "count": len(items), "items": items[:MOST], "text": f"{title}: {few(items)}" if items else title}
        for kind, title, items in found
    ]


def some(kind: str, title: str, items: Iterable[str]) -> Found:
    """A warning if there is any item."""
    if found := list(items):
        yield kind, title, found


def balance(facts: Json) -> Found:
    """Classes and labels with few pictures, or with most of them."""
    middle = median(one["pictures"] for one in facts["by_class"])
    small = (f"{one['class']} ({number(one['pictures'])})" for one in facts["by_class"] if one["pictures"] < SMALL_CLASS * middle)
    yield from some("clase_pequeña", f"Clases con menos de la mitad de imágenes que la mediana ({number(round(middle))})", small)
    many = (f"{one['class']} ({number(one['pictures'])})" for one in facts["by_class"] if one["pictures"] > LARGE_CLASS * middle)
    yield from some("clase_grande", f"Clases con más del triple de imágenes que la mediana ({number(round(middle))})", many)
    labels = (one for one in facts["labels"] if 0 < one["present"] < SMALL_LABEL)
    small = (f"{one['class']} / {one['label_id']} ({number(one['present'])})" for one in labels)
    yield from some("label_pequeño", f"Labels con menos de {SMALL_LABEL} imágenes", small)


def spread(facts: Json) -> Found:
    """Classes that one device, or one day, gives too much of: a model would learn the place, or the light."""
    classes, whole = facts["by_class"], facts["whole"]
    if whole["devices"] == 1:
        yield "un_dispositivo", "Todas las imágenes con dispositivo conocido son de uno solo", []
    else:
        heavy = (
            f"{one['class']}: {one['top_device']} ({percent(share(one, 'device'))})" for one in heaviest(classes, "device", ONE_DEVICE)
        )
        yield from some("un_dispositivo", f"Clases con más del {number(100 * ONE_DEVICE)} % de un solo dispositivo", heavy)
    if whole["first_day"] and whole["first_day"] == whole["last_day"]:
        yield "un_dia", "Todas las imágenes con fecha conocida son del mismo día", []
    else:
        heavy = (f"{one['class']}: {day_of(one['top_day'])} ({percent(share(one, 'day'))})" for one in heaviest(classes, "day", ONE_DAY))
        yield from some("un_dia", "Clases con más de la mitad de imágenes de un solo día", heavy)


def heaviest(classes: Iterable[Json], what: str, limit: float) -> Iterator[Json]:
    """Above the limit, of the classes that are large enough to say."""
    return (one for one in classes if one["pictures"] >= JUDGED and share(one, what) > limit)


def share(one: Json, what: str) -> float:
    """Of a class's pictures, those of the device, or the day, that gives most."""
    return float((one[f"top_{what}_pictures"] or 0) / one["pictures"])


def names(facts: Json) -> Found:
    """What folders that a person made or emptied may mean."""
    present = [one for one in facts["labels"] if one["present"]]
    gone = sorted({one["class"] for one in facts["labels"]} - {one["class"] for one in present})
    yield from some("clase_vacía", "Clases que se quedaron sin ninguna imagen", gone)
    yield from some("carpeta_nueva", "Carpetas que no estaban al construirse", (one["folder"] for one in present if not one["built"]))
    classes: dict[str, set[str]] = {}
    alike: dict[str, set[str]] = {}
    for one in present:
        classes.setdefault(one["label_id"], set()).add(one["class"])
        alike.setdefault(plain(one["class"]), set()).add(one["class"])
    doubled = (f"{label} ({', '.join(sorted(found))})" for label, found in sorted(classes.items()) if len(found) > 1)
    yield from some("label_en_dos_clases", "Labels que están en más de una clase", doubled)
    yield from some("clases_parecidas", "Clases que se leen igual", (" = ".join(sorted(one)) for one in alike.values() if len(one) > 1))


def plain(name: str) -> str:
    """Without case, accents and spaces."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(one for one in letters if not unicodedata.combining(one) and not one.isspace())


def contents(facts: Json) -> Found:
    """What the pictures themselves say."""
    mixed, same = ([few(one["paths"], 4, " = ") for one in facts["doubled"] if one["labels_differ"] is differ] for differ in (True, False))
    yield from some("misma_imagen_otro_label", "La misma imagen está con labels distintos", mixed)
    yield from some("misma_imagen", "La misma imagen está más de una vez", same)
    if unknown := facts["whole"]["unknown"]:
        yield "sin_transacción", f"Sin dispositivo ni hora, porque no se conoce su transacción: {counted(unknown, *PICTURES)}", []
    if short := (facts["build"].get("counts") or {}).get("short"):
        yield "faltan", f"Al construirse, de las pedidas faltaron {counted(short, *PICTURES)}", []
