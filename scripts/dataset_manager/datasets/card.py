"""`README.md` of a dataset: the card that travels with it, for whoever trains on it or audits it later.

In: the facts that `summary.facts_of` gathered. Out: Markdown in Spanish, with the front matter of Hugging Face's dataset cards (only
fields that are true). Nothing secret stands in the provenance, so nothing secret stands here. Rules: docs/rules.md, «Dataset card».
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from dataset_manager.datasets.balance import warnings
from dataset_manager.wording import DEVICES, PICTURES, counted, day_of, moment_of, number, size_of

Json = dict[str, Any]
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
STRATEGIES = {
    "random": "al azar",
    "balanced": "repartida entre dispositivos y días",
    "uncertain": "primero donde el modelo dudó",
    "errors": "primero donde el modelo falló",
    "recent": "primero las más recientes",
}
USED = {"process": "las de este proceso", "deployment": "las de su deployment", "no": "ninguno"}
CHECK = (
    "find . -mindepth 3 -type f ! -iname thumbs.db ! -iname desktop.ini ! -iname .ds_store -printf '%P\\0' \\\n"
    "  | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum"
)


def card(facts: Json) -> str:
    """The whole file."""
    return f"---\n{front_matter(facts)}---\n\n" + "\n\n".join(parts(facts)) + "\n"


def front_matter(facts: Json) -> str:
    """As the Hub reads it. Left out: what nobody has decided or measured."""
    counts = facts["counts"]["present"]
    fields = {
        "pretty_name": facts["dataset"],
        "license": "other",
        "license_name": "uso-interno",
        "task_categories": ["image-classification"],
        "size_categories": [next((name for limit, name in SIZES if counts < limit), "n>1M")],
        "tags": ["fruit", "vegetables", "gfresh", *(["sample-data"] if facts["build"].get("sample") else [])],
    }
    return str(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000))


def parts(facts: Json) -> Iterator[str]:
    """Headings and what stands under them."""
    yield f"# {plain(facts['dataset'])}"
    if facts["build"].get("sample"):
        yield "> **Datos de ejemplo**: imágenes dibujadas, no sirven para entrenar un modelo de verdad."
    yield what(facts)
    yield "## De dónde viene\n\n" + table(("", ""), origin(facts))
    yield "## Cómo se eligió\n\n" + (choice(facts["build"].get("request")) or "No se sabe: no hay petición guardada.")
    yield "## Imágenes por clase\n\n" + classes(facts)
    yield "## Limitaciones conocidas\n\n" + "\n".join(f"- {plain(line)}" for line in gaps(facts))
    yield "## Cómo comprobarlo\n\n" + check(facts)
    yield "## Licencia\n\nSin decidir: uso interno."


def what(facts: Json) -> str:
    """The first paragraph: size, days, layout."""
    whole, name = facts["whole"], facts["dataset"]
    labels = sum(1 for one in facts["labels"] if one["present"])
    days = f", del {day_of(whole['first_day'])} al {day_of(whole['last_day'])} (días de {facts['timezone']})" if whole["first_day"] else ""
    size = whole["size"] if whole["sizes"] == 1 else f"{number(whole['sizes'])} tamaños distintos"
    parts = [
        counted(facts["counts"]["present"], *PICTURES) + " de fruta y verdura pesada en balanzas",
        f"en {counted(len(facts['by_class']), 'clase', 'clases')} y {counted(labels, 'label', 'labels')}",
        f"de {counted(whole['devices'], *DEVICES)}{days}",
    ]
    return (
        f"{', '.join(parts)}. {size_of(whole['bytes'])}, {', '.join(whole['formats'])}, {size}.\n\n"
        "Cada imagen está en `<clase>/<label_id>/<hora UTC>_<transacción>_<nombre>`. "
        f"`_summary_{name}.csv` tiene una línea por imagen y `_summary_{name}.html` las cuentas en dibujos."
    )


def origin(facts: Json) -> list[tuple[str, str]]:
    """Ids and sources; without values that nobody knows."""
    build, zone, clock = facts["build"], facts["timezone"], f"hora de {facts['timezone']}"
    identity, window, frozen = build.get("identity") or {}, build.get("window") or {}, build.get("frozen") or {}
    sources = (
        f"{name}: {'datos de ejemplo' if kind == 'sample' else kind}" for name, kind in sorted((identity.get("sources") or {}).items())
    )
    found = [
        ("content_id (lo que hay)", facts["content_id"]),
        ("dataset_id (lo que se construyó)", build.get("dataset_id")),
        ("Proceso", facts["process"]),
        ("Unión de", "; ".join(map(parent, build.get("parents") or []))),
        ("Deployment", identity.get("deployment_id")),
        (f"Ventana ({clock}, sin incluir el final)", " → ".join(moment_of(window[end], zone) for end in ("gte", "lt") if end in window)),
        ("Modelo pedido", (identity.get("model") or "todos") if identity else None),
        ("Fuentes", "; ".join(sources)),
        ("Índice", identity.get("index_pattern")),
        ("Métricas", ", ".join(identity.get("transaction_metrics") or [])),
        (f"Pedido el ({clock})", moment_of(frozen["frozen"], zone) if "frozen" in frozen else None),
        ("Marcas del libro (sha256)", frozen.get("marks_sha256")),
        ("Copia del libro", frozen.get("book")),
        ("Hecho con", f"dataset_manager {build['versions']['dataset_manager']}" if build.get("versions") else None),
        ("Origen", "hecho con la herramienta anterior; no dejó manifiesto" if facts["legacy"] else None),
    ]
    return [(name, str(value)) for name, value in found if value not in (None, "")]


def parent(one: Json) -> str:
    """Of a merged dataset: name and ids of a source."""
    return " ".join(str(value) for _, value in sorted(one.items(), key=lambda item: item[0] not in ("dataset", "name")))


def choice(request: Json | None) -> str:
    """Parameters and marks."""
    if not request:
        return ""
    used = request["parameters"]
    extra = sum(1 for one in request["devices"] if one["images"])
    rows = [
        ("Orden", f"{used['selection']}: {STRATEGIES.get(used['selection'], '')}"),
        ("Semilla", str(used["seed"])),
        ("Transacciones ya usadas que se evitan", USED.get(used["filter_used"], used["filter_used"])),
        ("Imágenes por transacción", used["imagenes_por_transaccion"]),
        ("Imágenes que una persona borró antes", "admitidas" if used["include_rejected"] else "nunca se eligen"),
        ("Dispositivos marcados", f"{number(len(request['devices']))}, de ellos {number(extra)} con imágenes adicionales"),
        ("Referencias marcadas", len(request["references"])),
    ]
    marked = [[one["reference_code"], one["reference_name"], one["class"], one["label_id"], one["images"]] for one in request["references"]]
    marked.sort(key=lambda row: (row[2], row[3], row[0]))
    heads = ("código", "referencia", "clase", "label", "pedidas")
    return table(("", ""), rows) + "\n\n### Referencias marcadas\n\n" + table(heads, marked, numbers=1)


def classes(facts: Json) -> str:
    """Obtained beside wanted, with what a person changed since."""
    asked, wanted = wanted_of(facts["build"]), {"wanted": "pedidas", "extra": "de dispositivos"}
    wanted = wanted if asked else {}
    heads = {"built": "construidas", "removed": "borradas", "added": "añadidas"}
    heads |= {"moved_in": "llegan", "moved_out": "se van"} if facts["counts"]["moved"] else {}
    heads["present"] = "hay"
    rows = [
        [name, *(asked[name][key] if name in asked else "–" for key in wanted), *totals(facts["labels"], heads, name)]
        for name in sorted(asked.keys() | {one["class"] for one in facts["labels"]})
    ]
    last = ["**Total**", *(sum(one[key] for one in asked.values()) for key in wanted)]
    rows.append([*last, *totals(facts["labels"], heads)])
    return table(("clase", *wanted.values(), *heads.values()), rows, numbers=len(wanted) + len(heads))


def wanted_of(build: Json) -> dict[str, Json]:
    """What was asked for, by class: of a dataset that was built; nobody asked a merged one for numbers of pictures."""
    return {one["class"]: one for one in build.get("classes") or []} if build.get("kind") != "merged" else {}


def totals(labels: Iterable[Json], names: Iterable[str], only: str | None = None) -> list[int]:
    """Sums over the labels, of one class or of all."""
    mine = [one for one in labels if only in (None, one["class"])]
    return [sum(one[name] for one in mine) for name in names]


def gaps(facts: Json) -> Iterator[str]:
    """What is missing or uneven; said too when nothing is known to be."""
    counts, built = facts["counts"], facts["build"].get("counts") or {}
    found = [f"{one['text']}." for one in warnings(facts)]
    if failed := built.get("failed"):
        found.append(f"No se pudieron descargar o estaban dañadas: {counted(failed, *PICTURES)}; otras las sustituyeron donde las había.")
    if moved := counts["moved"]:
        found.append(f"Movidas por una persona: {counted(moved, *PICTURES)}, {number(counts['relabelled'])} a otra clase o label.")
    if changed := counts["changed"]:
        found.append(f"Con otro contenido que al construirse: {counted(changed, *PICTURES)}.")
    yield from found or ["Ninguna conocida."]


def check(facts: Json) -> str:
    """What anyone can repeat."""
    return f"Dentro de la carpeta, esta orden da el content_id:\n\n```bash\n{CHECK}\n```\n\n`{facts['content_id']}`"


# ---- Markdown


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: int = 0) -> str:
    """The last `numbers` columns to the right."""
    words = len(heads) - numbers
    ruler = ["---" if place < words else "---:" for place in range(len(heads))]
    return "\n".join(row_of(cells) for cells in ([plain(one) for one in heads], ruler, *([plain(one) for one in row] for row in rows)))


def row_of(cells: Iterable[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def plain(value: Any) -> str:
    """Text that Markdown and HTML leave as it is, on one line; numbers as people write them."""
    if isinstance(value, int):
        return number(value)
    if str(value) == "**Total**":
        return str(value)
    return re.sub(r"([\\`*\[\]|])", r"\\\1", " ".join(str(value).split())).replace("<", "&lt;")
