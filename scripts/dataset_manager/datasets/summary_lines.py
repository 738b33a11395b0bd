"""What summary_dataset says in the terminal: the total, and only the classes that a person has to know of.

In: the summary's JSON with `told_beside`. Out: lines; the whole table stands in the page (docs/rules.md, «Dataset summary»).
"""

from collections.abc import Collection, Iterator
from typing import Any

from dataset_manager.wording import counted, number, size_of

Json = dict[str, Any]


def lines(result: Json) -> Iterator[str]:
    """The result as a person reads it in the terminal."""
    counts = result["counts"]
    yield f"Resumen de {result['dataset']} ({result['process']})"
    yield from table(result["labels"], counts, result["short"])
    told = {name: number(count) for name, count in counts.items() if isinstance(count, int)}
    yield (
        f"  Imágenes aceptadas: {told['present']} ({size_of(counts['bytes'])}); construidas {told['built']}, borradas "
        f"{told['removed']}, añadidas {told['added']}, movidas {told['moved']} ({told['relabelled']} a otro label), cambiadas "
        f"{told['changed']}"
    )
    yield from (f"  Atención: {one['text']}" for one in result["warnings"])
    yield f"  content_id: {result['content_id']}"
    yield f"  Página:  {result['files']['page']}"
    yield f"  CSV:     {result['files']['csv']}"
    yield f"  Carpeta: {result['files']['tree']}"


def table(labels: list[Json], counts: Json, short: Collection[str]) -> Iterator[str]:
    """Built, removed, added, moved in and out, changed, present: in all, and of every class and label that changed or is short."""
    shown = [row for row in labels if row["class"] in short or row["kept"] != row["built"] or row["present"] != row["built"]]
    total = counts | {"class": "TOTAL", "label_id": "", "moved_in": counts["moved"], "moved_out": counts["moved"]}
    names = [max(map(len, ["clase", *(row["class"] for row in shown)])), max(map(len, ["label", *(row["label_id"] for row in shown)]))]
    heads = {"built": "construidas", "removed": "borradas", "added": "añadidas", "moved_in": "llegan", "moved_out": "se van"}
    heads |= {"changed": "cambiadas", "present": "hay"}
    yield "  ".join(["", "clase".ljust(names[0]), "label".ljust(names[1]), *(f"{head:>11}" for head in heads.values())])
    for row in [*shown, total]:
        yield "  ".join(
            ["", row["class"].ljust(names[0]), row["label_id"].ljust(names[1]), *(f"{number(row[name]):>11}" for name in heads)]
        )
    if same := len(labels) - len(shown):
        yield f"  Sin cambios y completos: {counted(same, 'label', 'labels')}; la tabla entera está en la página"
