"""`images/revision.html`: one self-contained page with every picture of a review.

In: `images/review.json` and the placed pictures. Out: one HTML file, thumbnails inside, no network: references and devices as
sections, each picture with what the model said, what was chosen, confidence, device, time and a link to the file.
"""

import base64
import io
from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from dataset_manager.files import read_json, replace
from dataset_manager.wording import FAILED, FOLDERS, PICTURES, counted, moment_of

Json = dict[str, Any]
WIDTH = 220
KINDS = {"clase_principal": "su clase", "device": "dispositivo"}


def write(review_file: Path, images: Path, page: Path, *, title: str, timezone: str, sample: bool) -> None:
    """Raises DiskError."""
    review = read_json(review_file)
    ordered = sorted(review["rows"], key=section_key)  # stable: groups and ranks stay in order
    sections = [section(list(rows), images, timezone) for _, rows in groupby(ordered, key=section_key)]
    template = Template((Path(__file__).parent / "revision.html").read_text("utf-8"))
    html = template.substitute(
        title=escape(title),
        note="Datos de ejemplo · " if sample else "",
        summary=escape(f"{', '.join(counts_of(review))}. Horas de {timezone}"),
        short=short_list(review["short"]),
        navigation="".join(f'<a href="#s{n}">{escape(name)}</a>' for n, (name, _) in enumerate(sections)),
        sections="".join(f'<section id="s{n}"><h2>{escape(name)}</h2>{body}</section>' for n, (name, body) in enumerate(sections)),
    )
    replace(page, html.encode("utf-8"))


def counts_of(review: Json) -> tuple[str, str]:
    """Pictures in folders, and failures."""
    placed = f"{counted(review['placed'], *PICTURES)} en {counted(review['groups'], *FOLDERS)}"
    return placed, counted(review["failed"], *FAILED)


def section_key(row: Json) -> tuple[bool, str, str]:
    """References by name, then devices."""
    device = row["product_type"] == "device"
    return device, str(row["device_name"] if device else row["reference_name"]), str(row["device_id"] if device else row["reference_id"])


def section(rows: list[Json], images: Path, zone: str) -> tuple[str, str]:
    """A reference or a device: its title and its groups."""
    first = rows[0]
    name = (
        f"Dispositivo {first['device_name'] or first['device_id']}" if first["product_type"] == "device" else str(first["reference_name"])
    )
    return name, "".join(group(list(found), images, zone) for _, found in groupby(rows, key=lambda row: row["group"]))


def group(rows: list[Json], images: Path, zone: str) -> str:
    """One folder of pictures."""
    first = rows[0]
    kind = KINDS.get(first["product_type"], f"se confunde con (top {first['product_type'][-1]})")
    cards = "".join(card(row, images, zone) if row["status"] == "ok" else failure(row) for row in rows)
    return f'<h3>{escape(str(first["product_name"]))} <small>{escape(kind)}</small></h3><div class="cards">{cards}</div>'


def card(row: Json, images: Path, zone: str) -> str:
    """One picture with what is known of it."""
    right = row["Ok"] == 1
    facts = [
        ("modelo", row["result_label_name"]),
        ("elegido", row["selected_reference_name"]),
        ("confianza", row["confidence"]),
        ("dispositivo", row["device_name"] or row["device_id"]),
        ("hora", moment_of(row["transaction_start_time"], zone) if row["transaction_start_time"] else ""),
    ]
    lines = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts if value not in (None, ""))
    mark = "correcta" if right else "incorrecta"
    picture = f'<a href="{escape(quote(row["target"]))}"><img loading="lazy" src="{thumbnail(images / row["target"])}" alt=""></a>'
    return f'<figure class="{mark}">{picture}<figcaption><b>{mark}</b><dl>{lines}</dl></figcaption></figure>'


def failure(row: Json) -> str:
    """A picture that could not be had."""
    said = f"{escape(str(row['reason']))}<br>{escape(row['key'])}"
    return f'<figure class="fallida"><div class="none">sin imagen</div><figcaption>{said}</figcaption></figure>'


def thumbnail(path: Path) -> str:
    """A small JPEG as a data address."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.draft("RGB", (WIDTH, WIDTH))
        small = picture.convert("RGB")
        small.thumbnail((WIDTH, WIDTH))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def short_list(short: Iterable[Json]) -> str:
    """What has fewer pictures than asked for."""
    lines = [
        f"{one['reference_name']} · {one['product_name']}: {one['placed']} de {one['quota']} (había {one['available']})" for one in short
    ]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>Carpetas con menos imágenes de las pedidas</summary><ul>{items}</ul></details>" if items else ""
