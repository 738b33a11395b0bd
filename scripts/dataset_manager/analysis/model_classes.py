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
    except ValueError as error:
        return [], f"no es JSON ({error})"
    classes = found.get("classes") if isinstance(found, dict) else found
    if not isinstance(classes, list):
        return [], "no es una lista de clases ni un objeto con «classes»"
    wrong = [n for n, one in enumerate(classes) if not isinstance(one, dict) or one.get("index_name") in (None, "")]
    good = [(n, one) for n, one in enumerate(classes) if n not in wrong]
    expanded = [row for n, one in good for row in class_rows(model_id, model_code, n, one)]
    return expanded, f"clases sin index_name: {len(wrong)}" if wrong else None


def class_rows(model_id: str, model_code: str | None, position: int, one: dict[str, Any]) -> list[Row]:
    """One row per trained label; one without label where there is none."""
    index = one.get("index")
    labels = one.get("trained_labels")
    texts = [str(label) for label in labels] if isinstance(labels, list) and labels else [None]
    number = index if isinstance(index, int) else int(index) if isinstance(index, str) and index.isdecimal() else None
    return [(model_id, model_code, position, number, str(one["index_name"]), label) for label in texts]
