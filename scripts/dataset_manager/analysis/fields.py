"""Which columns a set of documents gives: known fields with their type and place, and a name for every other field.

In: the keys that occur in the documents. Out: SQL expressions for the columns of `transactions.parquet`
(docs/rules.md, «Fields»).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

TOP, NESTED = "top", "transaction_data"

# name -> (place it is looked for first, kind of value)
KNOWN = {
    "transaction_start_time": (TOP, "instant"),
    "transaction_end_time": (TOP, "instant"),
    "transaction_id": (TOP, "code"),
    "transaction_metric": (TOP, "code"),
    "deployment_id": (TOP, "code"),
    "device_id": (TOP, "code"),
    "device_name": (TOP, "name"),
    "time": (TOP, "instant"),
    "model_id": (NESTED, "code"),
    "confidence": (NESTED, "name"),
    "topk": (NESTED, "whole"),
    "result_index": (NESTED, "whole"),
    "result_label_name": (NESTED, "name"),
    "selected_reference_code": (NESTED, "code"),
    "selected_reference_name": (NESTED, "name"),
    "selected_reference": (NESTED, "name"),
    "selected_reference_index": (NESTED, "whole"),
    "selected_reference_is_trained": (NESTED, "yes_no"),
    "predicted_codes": (NESTED, "name"),
    "predicted_names": (NESTED, "name"),
}
BEFORE = ("_index", "_id")
AFTER = ("unparsed", "Date", "Result", "Ok", "No_result", "Error", "Result_modelo", "Ok_modelo", "folder_url", "folder_files", "has_image",
         "num_images", "image_link", "kind")  # fmt: skip
CONTAINERS = ("transaction_data", "metric_data")
NESTED_DOCUMENT = "CASE WHEN s.transaction_data IS NULL THEN _source->'$.metric_data' ELSE _source->'$.transaction_data' END"


@dataclass(frozen=True)
class Other:
    """A field that the rules do not know: kept as text (objects and lists as JSON) under `name`."""

    name: str
    expression: str


@dataclass(frozen=True)
class Keys:
    """What occurs: keys at the top, in each container, and whether a container was met that is no object with keys."""

    top: frozenset[str]
    containers: tuple[frozenset[str], frozenset[str]]
    odd: bool


@dataclass(frozen=True)
class Plan:
    """The shape that json_transform gives, the container that counts, and the other columns, in a fixed order."""

    shape: str
    nested: str
    others: tuple[Other, ...]


def plan(keys: Keys) -> Plan:
    """Independent of the order in which keys were met."""
    top, nested = sorted(keys.top - set(CONTAINERS)), sorted(keys.containers[0] | keys.containers[1])
    twice = [name for name in KNOWN if name in top and name in nested]
    others = [extra("s", "_source", TOP, key) for key in top if key not in KNOWN]
    others += [extra("n", NESTED_DOCUMENT, NESTED, key) for key in nested if key not in KNOWN]
    others += [Other(f"{loser(name)}.{name}", second(name)) for name in twice]
    others += leftovers(keys)
    inside = shape(nested)
    whole = shape(top) | dict.fromkeys(CONTAINERS, inside)
    chosen = "CASE WHEN s.transaction_data IS NULL THEN s.metric_data ELSE s.transaction_data END"
    return Plan(json.dumps(whole), chosen if keys.containers[1] else "s.transaction_data", tuple(distinct(others)))


def loser(name: str) -> str:
    """Where the value lies that a known field is not taken from when both places have one."""
    return NESTED if KNOWN[name][0] == TOP else TOP


def second(name: str) -> str:
    """The value of the losing place, only where both places have one."""
    first, other = ("s", "n") if KNOWN[name][0] == TOP else ("n", "s")
    return f"CASE WHEN {first}.{quoted(name)} IS NOT NULL THEN {other}.{quoted(name)} END"


def leftovers(keys: Keys) -> list[Other]:
    """A container that was not opened is kept whole: the second of two, and one that is no object."""
    found = []
    if keys.containers[1] or keys.odd:
        unopened = "json_type(_source, '$.metric_data') <> 'OBJECT' OR s.transaction_data IS NOT NULL"
        found.append(Other("metric_data", f"CASE WHEN {unopened} THEN _source->>'$.metric_data' END"))
    if keys.odd:
        closed = "json_type(_source, '$.transaction_data') <> 'OBJECT'"
        found.append(Other("transaction_data", f"CASE WHEN {closed} THEN _source->>'$.transaction_data' END"))
    return found


def extra(struct: str, document: str, origin: str, key: str) -> Other:
    """Through the struct where its name can stand in one, else through a JSON pointer."""
    if plain(key):
        return Other(f"{origin}\0{key}", f"{struct}.{quoted(key)}")
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return Other(f"{origin}\0{key}", f"({document})->>{literal(pointer)}")


def plain(key: str) -> bool:
    """Lower-case keys only: names of a struct do not tell cases apart."""
    return key == key.lower() and key.replace("_", "").isalnum() and key.isascii()


def distinct(others: Sequence[Other]) -> list[Other]:
    """The key itself, else with its origin before it, else numbered: no two columns differ in case only."""
    taken = {name.casefold() for name in (*KNOWN, *BEFORE, *AFTER)}
    found = []
    for other in others:
        origin, _, key = other.name.rpartition("\0")
        choices = [key, f"{origin}.{key}"] if origin else [key]
        choices += [f"{choices[-1]}_{number}" for number in range(2, 100)]
        name = next(choice for choice in choices if choice.casefold() not in taken)
        taken.add(name.casefold())
        found.append(Other(name, other.expression))
    return found


def shape(keys: Sequence[str]) -> dict[str, object]:
    """Every known field and plain key as text: what is of another type survives as its own text."""
    return dict.fromkeys(sorted({*KNOWN, *(key for key in keys if plain(key))}), "VARCHAR")


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def raw_struct() -> str:
    """Each known field as text, from its first place, else from the other."""
    lines = []
    for name, (place, _) in KNOWN.items():
        first, other = ("s", "n") if place == TOP else ("n", "s")
        lines.append(f"{literal(name)}: coalesce({first}.{quoted(name)}, {other}.{quoted(name)})")
    return ",\n    ".join(lines)


def typed_columns() -> str:
    """Each known field in its type: null where its text is not of that type."""
    return ",\n    ".join(f"{kind}_of(raw.{quoted(name)}) AS {quoted(name)}" for name, (_, kind) in KNOWN.items())


def unparsed_column() -> str:
    """{field: text} of the values that are not of the expected type; null when there is none."""
    typed = {name: kind for name, (_, kind) in KNOWN.items() if kind != "name"}
    bad = {name: f"raw.{quoted(name)} <> '' AND {kind}_of(raw.{quoted(name)}) IS NULL" for name, kind in typed.items()}
    pairs = ", ".join(f"CASE WHEN {test} THEN {{'key': {literal(name)}, 'value': raw.{quoted(name)}}} END" for name, test in bad.items())
    anything = " OR ".join(f"({test})" for test in bad.values())
    entries = f"[entry FOR entry IN [{pairs}] IF entry IS NOT NULL]"
    return f"CASE WHEN {anything} THEN to_json(map_from_entries({entries}))::VARCHAR END AS unparsed"


def other_columns(plan: Plan) -> str:
    """Every other field, each with a leading comma."""
    return "".join(f",\n    {other.expression} AS {quoted(other.name)}" for other in plan.others)


def other_names(plan: Plan) -> str:
    """Their names, each with a leading comma."""
    return "".join(f",\n    {quoted(other.name)}" for other in plan.others)
