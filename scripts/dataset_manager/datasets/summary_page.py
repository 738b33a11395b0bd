"""`_summary_<dataset>.html`: one self-contained page about a dataset, for the person who decides whether to train on it.

In: the facts that `summary.facts_of` gathered. Out: one HTML file; no network, no script, bars and one drawing made here, readable on
paper too. Every name is escaped. Rules: docs/rules.md, «Dataset summary».
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from html import escape
from pathlib import Path
from statistics import median
from string import Template
from typing import Any

from dataset_manager.datasets import card
from dataset_manager.datasets.balance import (
    JUDGED,
    LARGE_CLASS,
    ONE_DAY,
    ONE_DEVICE,
    SMALL_CLASS,
    SMALL_LABEL,
    share,
    warnings,
)
from dataset_manager.wording import DEVICES, PICTURES, counted, day_of, decimal, few, moment_of, number, percent, rest, size_of

Json = dict[str, Any]
WEEKLY = 130  # days: more columns than this are drawn as weeks
WIDTH, HEIGHT, LEFT = 1160, 200, 46  # of the drawing of days
MODEL = (("good", "success", "acierto"), ("bad", "fail", "fallo"), ("dim", "not_trained", "no entrenada"))
RESULT = (("good", "ok", "Ok"), ("bad", "error", "Error"), ("amber", "no_result", "No_result"))
CONFIDENCE = (("deep", "high", "HIGH"), ("mid", "medium", "MEDIUM"), ("amber", "low", "LOW"))
CHANGES = (("removed", "Borradas"), ("moved", "Movidas o con otro nombre"), ("added", "Añadidas"), ("changed", "Cambiadas"))


class Html(str):
    """Already HTML: not escaped again."""


# ---- the page


def page(facts: Json) -> str:
    """The whole file."""
    template = Template((Path(__file__).parent / "summary.html").read_text("utf-8"))
    parts = [(name, title, body) for name, title, make in SECTIONS if (body := make(facts))]
    return template.substitute(
        title=escape(facts["dataset"]),
        subtitle=subtitle(facts),
        tiles="".join(f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>" for value, name in tiles(facts)),
        navigation="".join(f'<a href="#{name}">{title}</a>' for name, title, _ in parts),
        sections="".join(f'<section id="{name}"><h2>{title}</h2>{body}</section>' for name, title, body in parts),
    )


def subtitle(facts: Json) -> str:
    """Process, window, and whether it is real."""
    sample = '<strong class="sample">datos de ejemplo</strong>' if facts["build"].get("sample") else ""
    said = [f"Proceso {facts['process']}", window_of(facts), f"horas y días de {facts['timezone']}"]
    return sample + escape(" · ".join(one for one in said if one))


def window_of(facts: Json) -> str:
    """The time that was asked for; the end is not included."""
    window = facts["build"].get("window") or {}
    if not {"gte", "lt"} <= window.keys():
        return ""
    first, end = (moment_of(window[name], facts["timezone"]) for name in ("gte", "lt"))
    return f"ventana del {first} al {end} (sin incluir)"


def tiles(facts: Json) -> list[tuple[str, str]]:
    """The numbers that come first, each with its word."""
    counts = facts["counts"]
    words = (
        (counts["present"], *PICTURES),
        (len(facts["by_class"]), "clase", "clases"),
        (sum(1 for one in facts["labels"] if one["present"]), "label", "labels"),
        (facts["whole"]["devices"], *DEVICES),
        (len(facts["by_day"]), "día", "días"),
        (counts["removed"], "borrada", "borradas"),
        (counts["added"], "añadida", "añadidas"),
        (counts["moved"], "movida", "movidas"),
    )
    found = [(number(count), one if count == 1 else many) for count, one, many in words]
    return [*found[:5], (size_of(facts["whole"]["bytes"]), "tamaño"), *found[5:]]


def warnings_part(facts: Json) -> str:
    """Each with its items, folded where there are many."""
    found = warnings(facts)
    return f'<ul class="warnings">{"".join(map(warning, found))}</ul>' if found else "<p>Ninguno.</p>"


def warning(one: Json) -> str:
    """One line, or a line that opens."""
    if one["count"] <= 8:
        items = f": <span>{escape('; '.join(one['items']))}</span>" if one["items"] else ""
        return f"<li><b>{escape(one['title'])}</b>{items}</li>"
    inner = "".join(f"<li>{escape(item)}</li>" for item in one["items"]) + more(one["count"] - len(one["items"]))
    return f"<li><details><summary><b>{escape(one['title'])}</b>: {number(one['count'])}</summary><ul>{inner}</ul></details></li>"


def more(count: int) -> str:
    """What a list leaves out."""
    return f"<li>{rest(count)}</li>" if count > 0 else ""


def changes_part(facts: Json) -> str:
    """What a person did to the folder since it was built."""
    touched = [one for one in facts["labels"] if one["kept"] != one["built"] or one["present"] != one["built"]]
    if not touched:
        return "<p>Ninguno: la carpeta es la que se construyó.</p>" if not facts["legacy"] else ""
    heads = {"built": "construidas", "removed": "borradas", "moved_out": "se van", "moved_in": "llegan"}
    heads |= {"added": "añadidas", "changed": "cambiadas", "present": "hay"}
    rows = [[one["class"], one["label_id"], *(changed(one[name], name) for name in heads)] for one in touched]
    examples = "".join(example(title, facts[name], facts["counts"][name]) for name, title in CHANGES if facts[name])
    return table(["clase", "label", *heads.values()], rows, text=2) + examples


def changed(count: int, name: str) -> Html:
    """Zero is pale: what happened stands out."""
    style = "" if count and name not in ("built", "present") else ' class="pale"' if not count else ' class="plain"'
    return Html(f"<span{style}>{number(count)}</span>")


def example(title: str, found: Sequence[Any], count: int) -> str:
    """The first names, folded."""
    texts = [one if isinstance(one, str) else " → ".join(one) for one in found]
    inner = "".join(f"<li>{escape(text)}</li>" for text in texts) + more(count - len(texts))
    return f"<details><summary>{title}: {number(count)}</summary><ul class='paths'>{inner}</ul></details>"


def classes_part(facts: Json) -> str:
    """Obtained beside wanted, and what was short when it was built."""
    wanted = card.wanted_of(facts["build"])
    have = {one["class"]: one["pictures"] for one in facts["by_class"]}
    most = max([*have.values(), *(one["wanted"] + one["extra"] for one in wanted.values())])
    every = sorted(wanted.keys() | have.keys())
    short = short_list(facts["build"].get("short") or [])
    if not wanted:
        return table(["clase", "", "hay"], [[name, bar(have[name], most), have[name]] for name in every], text=2) + short
    heads = ["clase", "", "hay", "pedidas", "de dispositivos", "faltaron", "fallidas"]
    rows = [class_row(name, have.get(name, 0), wanted.get(name), most) for name in every]
    return asked_note(facts) + table(heads, rows, text=2) + short


def asked_note(facts: Json) -> str:
    """The totals of the build, and how to read the bars."""
    built = facts["build"].get("counts") or {}
    said = ""
    if {"wanted", "placed", "short", "failed"} <= built.keys():
        numbers = {name: number(built[name]) for name in ("wanted", "placed", "short", "failed")}
        said = "Al construirse: pedidas {wanted}, puestas {placed}, faltaron {short}, fallidas {failed}. ".format(**numbers)
    return f"<p>{said}La raya marca las pedidas a las referencias; lo que pasa de ella lo piden los dispositivos o se añadió a mano.</p>"


def class_row(name: str, count: int, wanted: Json | None, most: int) -> list[Any]:
    """One class; marked where there are fewer than wanted."""
    if wanted is None:
        return [name, bar(count, most), count, *"––––"]
    asked = [wanted[key] for key in ("wanted", "extra", "short", "failed")]
    shown = alarm(count, count < wanted["wanted"])
    return [name, bar(count, most, wanted["wanted"]), shown, *asked[:2], alarm(asked[2], asked[2] > 0), asked[3]]


def short_list(short: list[Json]) -> str:
    """Quotas that were not filled."""
    numbers = ("wanted", "placed", "short", "available", "failed")
    rows = [[asker(one), one.get("class") or "", *(one[name] for name in numbers)] for one in short]
    heads = ["pedido de", "clase", "pedidas", "puestas", "faltan", "disponibles", "fallidas"]
    return f"<h3>Pedidos que no se llenaron</h3>{table(heads, rows, text=2)}" if rows else ""


def asker(quota: Json) -> str:
    """A reference or a device."""
    return f"dispositivo {quota['device_id']}" if quota["reason"] == "device" else f"{quota['reference_name']} ({quota['reference_code']})"


def labels_part(facts: Json) -> str:
    """Every folder that holds pictures."""
    rows, most = [one for one in facts["labels"] if one["present"]], max(one["present"] for one in facts["labels"])
    return table(
        ["clase", "label", "referencias", "", "hay"],
        [
            [
                one["class"],
                one["label_id"],
                few(one["references"], 4),
                bar(one["present"], most),
                alarm(one["present"], one["present"] < SMALL_LABEL),
            ]
            for one in rows
        ],
        text=4,
    )


def devices_part(facts: Json) -> str:
    """Most pictures first."""
    most, whole = facts["by_device"][0]["pictures"], facts["counts"]["present"]
    rows = [
        [*device_names(one), bar(one["pictures"], most), one["pictures"], percent(one["pictures"] / whole), one["classes"], one["days"]]
        for one in facts["by_device"]
    ]
    return table(["dispositivo", "id", "", "imágenes", "del total", "clases", "días"], rows, text=3)


def device_names(one: Json) -> tuple[str, str]:
    """Name and id."""
    return one["device_name"] or one["device_id"] or "sin dato", one["device_id"] or ""


def days_part(facts: Json) -> str:
    """A column per day, or per week where there are many; days without pictures too."""
    days = [(date.fromisoformat(one["day"]), one["pictures"]) for one in facts["by_day"]]
    undated = facts["counts"]["present"] - sum(count for _, count in days)
    note = f"<p>Sin fecha, fuera del dibujo: {counted(undated, *PICTURES)}.</p>" if undated else ""
    if not days:
        return "<p>Ninguna imagen tiene fecha.</p>"
    step = 7 if (days[-1][0] - days[0][0]).days >= WEEKLY else 1
    return drawing(periods(days, step), step) + note


def periods(days: Sequence[tuple[date, int]], step: int) -> list[tuple[date, int]]:
    """Without gaps, from the first to the last; weeks begin on Monday."""
    first = days[0][0] - timedelta(days=days[0][0].weekday() if step == 7 else 0)
    counts = [0] * ((days[-1][0] - first).days // step + 1)
    for day, count in days:
        counts[(day - first).days // step] += count
    return [(first + timedelta(days=step * place), count) for place, count in enumerate(counts)]


def drawing(columns: Sequence[tuple[date, int]], step: int) -> str:
    """Inline SVG: lines at round numbers, a column per day or week, dates under about a dozen of them."""
    scale, unit = round_up(max(count for _, count in columns)), (WIDTH - LEFT) / len(columns)
    every = -(-len(columns) // 12)
    drawn = [gridline(scale, part) for part in range(5)]
    for place, (day, count) in enumerate(columns):
        x, title = LEFT + unit * (place + 0.5), f"{'semana del ' if step == 7 else ''}{day:%d/%m/%Y}: {number(count)}"
        drawn.append(column(x, min(unit * 0.72, 40), HEIGHT * count / scale, title))
        if place % every == 0:
            drawn.append(f'<text x="{x:.1f}" y="{HEIGHT + 28}">{day:%d/%m}</text>')
    said = f"Imágenes por {'semana' if step == 7 else 'día'}, del {columns[0][0]:%d/%m/%Y} al {columns[-1][0]:%d/%m/%Y}"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 34}" role="img" aria-label="{said}">{"".join(drawn)}</svg><p>{said}.</p>'


def gridline(scale: int, part: int) -> str:
    """A quarter of the height, with its number."""
    y, shown = HEIGHT * (4 - part) / 4 + 6, number(scale * part // 4)
    return f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/><text class="scale" x="{LEFT - 8}" y="{y + 4}">{shown}</text>'


def column(x: float, wide: float, tall: float, title: str) -> str:
    """One day or week."""
    place = f'x="{x - wide / 2:.1f}" y="{HEIGHT - tall + 6:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
    return f"<rect {place}><title>{title}</title></rect>"


def round_up(value: int) -> int:
    """To a number whose quarters are easy to read: 4, 8, 12, 20, 40, 60, 80, 100 …"""
    quarters: list[int] = [quarter * 10**power for power in range(12) for quarter in (10, 15, 20, 25, 30, 40, 50, 75)]
    return next(4 * (quarter // 10) for quarter in quarters if 4 * (quarter // 10) >= value)


def balance_part(facts: Json) -> str:
    """How even the classes are, and how much of each comes from one place or one day."""
    counts = sorted(one["pictures"] for one in facts["by_class"])
    middle = median(counts)
    said = (
        f"<p>La clase menor tiene {number(counts[0])} imágenes, la mediana {number(round(middle))}, la mayor {number(counts[-1])}. "
        f"En color: menos de la mitad de la mediana o más del triple, más del {number(100 * ONE_DEVICE)} % de un "
        "dispositivo, más de la mitad de un día.</p>"
    )
    shares = ["dispositivos", "% del dispositivo", "días", "% del día"]
    heads = ["clase", "mayor dispositivo", "mayor día", "imágenes", "× mediana", *shares]
    return said + table(heads, [balance_row(one, middle) for one in facts["by_class"]], text=3)


def balance_row(one: Json, middle: float) -> list[Any]:
    """One class, with what is out of measure marked."""
    device, day, ratio = share(one, "device"), share(one, "day"), one["pictures"] / middle
    return [
        one["class"],
        Html(f'<span class="name">{escape(one["top_device"] or "sin dato")}</span>'),
        Html(f'<span class="nowrap">{day_of(one["top_day"]) or "sin dato"}</span>'),
        one["pictures"],
        alarm(decimal(ratio, 2), not SMALL_CLASS <= ratio <= LARGE_CLASS),
        one["devices"],
        alarm(percent(device) if one["with_device"] else "–", one["pictures"] >= JUDGED and device > ONE_DEVICE),
        one["days"],
        alarm(percent(day) if one["with_day"] else "–", one["pictures"] >= JUDGED and day > ONE_DAY),
    ]


def model_part(facts: Json) -> str:
    """How the active model did on these very pictures, and how sure it was."""
    classes = facts["by_class"]
    total = {key: sum(one[key] for one in classes) for _, key, _ in (*MODEL, *RESULT, *CONFIDENCE)} | {
        "pictures": facts["counts"]["present"]
    }
    legend = "".join(
        f"<dt>{name}</dt><dd>{stacked(total, kinds)}{key_of(total, kinds)}</dd>"
        for name, kinds in (("modelo", MODEL), ("resultado", RESULT), ("confianza", CONFIDENCE))
    )
    heads = ["clase", "modelo", "resultado", "confianza", "acierto", "Error", "LOW", "imágenes"]
    note = "<p>Acierto: de las imágenes de las que se sabe si el modelo acertó o falló. Lo gris claro no se sabe.</p>"
    return f'<dl class="legend">{legend}</dl>{note}' + table(heads, [model_row(one) for one in classes], text=4)


def model_row(one: Json) -> list[Any]:
    """One class."""
    judged = one["success"] + one["fail"]
    shares = [percent(one[key] / one["pictures"]) for key in ("error", "low")]
    bars = [stacked(one, kinds) for kinds in (MODEL, RESULT, CONFIDENCE)]
    return [one["class"], *bars, percent(one["success"] / judged) if judged else "–", *shares, one["pictures"]]


def origin_part(facts: Json) -> str:
    """Where it comes from, and how anyone can tell it again."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in card.origin(facts))
    return f'<dl class="facts">{rows}</dl>'


SECTIONS: tuple[tuple[str, str, Callable[[Json], str]], ...] = (
    ("avisos", "Avisos", warnings_part),
    ("cambios", "Cambios hechos a mano", changes_part),
    ("clases", "Clases: pedidas y obtenidas", classes_part),
    ("labels", "Labels", labels_part),
    ("dispositivos", "Dispositivos", devices_part),
    ("dias", "Días", days_part),
    ("equilibrio", "Equilibrio", balance_part),
    ("modelo", "Modelo y confianza", model_part),
    ("procedencia", "Procedencia", origin_part),
)


# ---- pieces


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, text: int) -> str:
    """The first `text` columns are words or bars, the others numbers to the right."""
    kinds = ["" if place < text else ' class="n"' for place in range(len(heads))]
    top = "".join(f"<th{kind}>{escape(head)}</th>" for kind, head in zip(kinds, heads, strict=True))
    body = "".join("<tr>" + "".join(map(cell, kinds, row)) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def cell(kind: str, value: Any) -> str:
    """Numbers as people write them, HTML as it is, anything else escaped."""
    if isinstance(value, Html):
        return f"<td{kind}>{value}</td>"
    return f"<td{kind}>{number(value) if isinstance(value, int) else escape(str(value))}</td>"


def alarm(value: Any, wrong: bool) -> Any:
    """Marked when it is out of measure."""
    shown = number(value) if isinstance(value, int) else escape(str(value))
    return Html(f"<mark>{shown}</mark>") if wrong else value


def bar(value: int, most: int, mark: int | None = None) -> Html:
    """A bar, with a line at what was wanted."""
    line = f'<u style="left:{100 * mark / most:.2f}%"></u>' if mark is not None else ""
    return Html(f'<div class="bar"><i style="width:{100 * value / most:.2f}%"></i>{line}</div>')


def stacked(one: Json, kinds: Sequence[tuple[str, str, str]]) -> Html:
    """Shares of the pictures, one colour each; the rest is not known."""
    whole = max(one["pictures"], 1)
    parts = "".join(
        f'<i class="{colour}" style="width:{100 * one[key] / whole:.2f}%" title="{name}: {number(one[key])}"></i>'
        for colour, key, name in kinds
        if one[key]
    )
    return Html(f'<div class="bar part">{parts}</div>')


def key_of(total: Json, kinds: Sequence[tuple[str, str, str]]) -> str:
    """What the colours mean, with counts and shares."""
    whole = max(total["pictures"], 1)
    rest = total["pictures"] - sum(total[key] for _, key, _ in kinds)
    entries = [(colour, name, total[key]) for colour, key, name in kinds] + [("rest", "sin dato", rest)]
    shown = (
        f'<span><i class="{colour}"></i>{name} {number(count)} ({percent(count / whole)})</span>'
        for colour, name, count in entries
        if count
    )
    return f'<div class="key">{"".join(shown)}</div>'
