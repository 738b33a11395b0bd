"""`model.model_data` to one row per class and label.

In: the JSON text of a model: a list of classes, or an object with that list under `classes`. Out: rows, or the reason why
there are none (docs/rules.md, «The model's classes»).
"""

import json
from typing import Any

Row = tuple[str, str | None, int, int | None, str, str | None]


def rows(model_id: str, model_code: str | None, model_data: str | None) -> tuple[list[Row], str | None]:
    """(model_id, model_code, position, class_index, class_name, label_id) of each class and label, and a problem or None."""
    try:
        found = json.loads(model_data or "null")
    except (ValueError, RecursionError) as error:
        return [], f"no es JSON ({error})"
    classes = found.get("classes") if isinstance(found, dict) else found
    if not isinstance(classes, list):
        return [], "no es una lista de clases ni un objeto con «classes»"
    good = [(n, one) for n, one in enumerate(classes) if isinstance(one, dict) and one.get("index_name") not in (None, "")]
    unlisted = sum(not isinstance(one.get("trained_labels"), list | None) for _, one in good)
    problems = {"clases sin index_name": len(classes) - len(good), "clases cuyo trained_labels no es una lista": unlisted}
    expanded = [row for n, one in good for row in class_rows(model_id, model_code, n, one)]
    return expanded, "; ".join(f"{what}: {count}" for what, count in problems.items() if count) or None


def class_rows(model_id: str, model_code: str | None, position: int, one: dict[str, Any]) -> list[Row]:
    """One row per trained label; one without label where there is none."""
    labels = one.get("trained_labels")
    texts: dict[str | None, None] = dict.fromkeys(as_id(one) for one in labels if one is not None) if isinstance(labels, list) else {}
    return [(model_id, model_code, position, whole(one.get("index")), str(one["index_name"]), label) for label in texts or {None: None}]


def as_id(value: object) -> str:
    """An id as the catalogue writes it: 57.0 is 57."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def whole(value: object) -> int | None:
    """A class index, or None for what is no whole number."""
    text = as_id(value)
    return int(text) if text.isdecimal() and len(text) < 19 and not isinstance(value, bool) else None
