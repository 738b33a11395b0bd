"""Which columns a set of documents gives: known fields with their type and place, and a name for every other field.

In: the keys that occur in the documents. Out: SQL expressions for the columns of `transactions.parquet`
(docs/rules.md, «Fields»).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count

from dataset_manager.sources.document_keys import NESTED, SECOND, DocumentKeys

TOP = "top"

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
TYPED = {name: kind for name, (_, kind) in KNOWN.items() if kind != "name"}


@dataclass(frozen=True)
class Column:
    """A field that the rules do not know: kept as text (objects and lists as JSON) under `name`."""

    name: str
    expression: str


@dataclass(frozen=True)
class Plan:
    """How to open the documents (`struct`: read as one, else as JSON), and the columns that are not known."""

    struct: bool
    top: Mapping[str, object]
    inner: Mapping[str, object]
    others: tuple[Column, ...]

    @property
    def container(self) -> str:
        """The object that counts as nested: transaction_data, or metric_data where that is absent."""
        inner = literal(json.dumps(self.inner))
        if self.struct and SECOND in self.top:
            return f"CASE WHEN s.{NESTED} IS NULL AND s.{SECOND} IS NOT NULL THEN json_transform(s.{SECOND}, {inner}) ELSE s.{NESTED} END"
        return f"s.{NESTED}" if self.struct else f"json_transform({nested_document(self.top)}, {inner})"


def plan(keys: DocumentKeys) -> Plan:
    """Independent of the order in which keys were met."""
    levels = {TOP: keys.top - {NESTED, SECOND}, NESTED: keys.nested | keys.second}
    plain = {level: struct_names(found) for level, found in levels.items()}
    struct = not keys.odd and all(found <= plain[level] for level, found in levels.items())
    inner = members(plain[NESTED] or {"transaction_id"})  # a struct is not empty
    top = members(plain[TOP]) | {NESTED: inner if struct else "JSON"} | ({SECOND: "JSON"} if SECOND in keys.top else {})
    documents = {TOP: "_source", NESTED: nested_document(top)}
    found = chain(
        ((level, key, place(level, key, plain, documents)) for level in levels for key in sorted(levels[level]) if key not in KNOWN),
        ((loser(name), name, second_value(name)) for name in KNOWN if all(name in found for found in levels.values())),
        leftovers(keys, struct),
    )
    return Plan(struct, top, inner, tuple(named(found)))


def members(names: Collection[str]) -> dict[str, object]:
    """The members of a struct. Yes/no fields stay JSON: the text "true" is no yes."""
    return {name: "JSON" if TYPED.get(name) == "yes_no" else "VARCHAR" for name in sorted(names)}


def struct_type(inner: object) -> str:
    """The SQL type of `Plan.top`, or of a member of it."""
    if not isinstance(inner, Mapping):
        return str(inner)
    return f"STRUCT({', '.join(f'{quoted(name)} {struct_type(one)}' for name, one in inner.items())})"


def struct_names(keys: set[str]) -> set[str]:
    """The keys that can stand in one struct: known ones, and others whose names are not empty and do not differ in case only."""
    others = keys - KNOWN.keys()
    names = [key.casefold() for key in (*KNOWN, NESTED, SECOND, *others)]
    return (keys & KNOWN.keys()) | {key for key in others if key and "\0" not in key and names.count(key.casefold()) == 1}


def nested_document(top: Mapping[str, object]) -> str:
    """The JSON of the nested object, where documents are read as JSON."""
    second = f"s.{SECOND}" if SECOND in top else "NULL::JSON"
    return f"CASE WHEN json_type(s.{NESTED}) = 'OBJECT' THEN s.{NESTED} ELSE {second} END"


def place(level: str, key: str, plain: Mapping[str, set[str]], documents: Mapping[str, str]) -> str:
    """Through the struct where its name can stand in one, else through a JSON pointer, or a map where that stops at a NUL."""
    if key in plain[level]:
        return f"{'s' if level == TOP else 'n'}.{quoted(key)}"
    if "\0" in key:
        return f"json_transform({documents[level]}, '\"MAP(VARCHAR, VARCHAR)\"')[{literal(key)}]"
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"({documents[level]})->>{literal(pointer)}"


def loser(name: str) -> str:
    """Where the value lies that a known field is not taken from when both places have one."""
    return NESTED if KNOWN[name][0] == TOP else TOP


def second_value(name: str) -> str:
    """The value of the losing place, only where both places have one."""
    first, other = ("s", "n") if KNOWN[name][0] == TOP else ("n", "s")
    return f"CASE WHEN {first}.{quoted(name)} IS NOT NULL THEN {other}.{quoted(name)} END"


def leftovers(keys: DocumentKeys, struct: bool) -> Iterator[tuple[str, str, str]]:
    """A container that was not opened is kept whole: the second of two, and one that is no object."""
    opened = f"s.{NESTED} IS NOT NULL" if struct else f"json_type(s.{NESTED}) = 'OBJECT'"
    if SECOND in keys.top:
        yield "", SECOND, f"CASE WHEN {opened} OR json_type(s.{SECOND}) <> 'OBJECT' THEN s.{SECOND}->>'$' END"
    if keys.odd:
        yield "", NESTED, f"CASE WHEN json_type(s.{NESTED}) <> 'OBJECT' THEN s.{NESTED}->>'$' END"


def named(found: Iterator[tuple[str, str, str]]) -> Iterator[Column]:
    """The key itself, else with its origin before it, else numbered: no two columns differ in case only."""
    taken = {name.casefold() for name in (*KNOWN, *BEFORE, *AFTER)}
    for origin, key, expression in found:
        base = key.replace("\0", "�") or "(vacío)"
        longer = f"{origin}.{base}" if origin else base
        choices = chain([base, longer] if key not in KNOWN else [longer], (f"{longer}_{number}" for number in count(2)))
        name = next(choice for choice in choices if choice.casefold() not in taken)
        taken.add(name.casefold())
        yield Column(name, expression)


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string; a NUL cannot stand in one."""
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in text.split("\0"))


def raw_columns(plan: Plan) -> str:
    """Each known field as text, from its first place, else from the other; then the other fields by number."""
    lines = [f"{raw_value(plan, name)} AS raw_{name}" for name in KNOWN]
    lines += [f"{column.expression} AS other_{number}" for number, column in enumerate(plan.others)]
    return ",\n        ".join(lines)


def raw_value(plan: Plan, name: str) -> str:
    """Of a known field; where no document has it nothing is read."""
    places = [place for place, found in (("s", plan.top), ("n", plan.inner)) if name in found]
    texts = [f"{place}.{quoted(name)}" for place in (places if KNOWN[name][0] == TOP else reversed(places))]
    return f"coalesce({', '.join(texts)})" if texts else "NULL::VARCHAR"


def typed_columns() -> str:
    """Each known field in its type: null where its text is not of that type."""
    return ",\n        ".join(f"{kind}_of(raw_{name}) AS {quoted(name)}" for name, (_, kind) in KNOWN.items())


def unparsed_column() -> str:
    """{field: text} of the values that are not of the expected type; null when there is none."""
    some = " OR ".join(f"{quoted(name)} IS NULL AND raw_{name} IS NOT NULL" for name in TYPED)
    pairs = ", ".join(
        f"{literal(name)}, CASE WHEN {quoted(name)} IS NULL AND is_value(raw_{name}) THEN raw_{name}::VARCHAR END" for name in TYPED
    )
    found = f"nullif(json_merge_patch('{{}}'::JSON, json_object({pairs}))::VARCHAR, '{{}}')"  # the patch drops the nulls
    return f"CASE WHEN {some} THEN {found} END"  # nearly no row is looked at


def known_names() -> str:
    """The known columns, in order."""
    return ", ".join(quoted(name) for name in KNOWN)


def other_numbers(plan: Plan) -> str:
    """The other columns of `hit`, each with a leading comma."""
    return "".join(f", other_{number}" for number in range(len(plan.others)))


def other_names(plan: Plan) -> str:
    """The other columns under their names, each with a leading comma."""
    return "".join(f",\n    other_{number} AS {quoted(column.name)}" for number, column in enumerate(plan.others))
