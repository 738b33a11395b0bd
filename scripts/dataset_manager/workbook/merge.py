"""New rows and what a person wrote in the old ones, put together by key.

In: the analysis' rows with their defaults, and the book as it was. Out: the rows to show. A surviving row keeps every
mark exactly as it was typed; defaults go to new rows only; marks whose row vanished wait in `marks_huerfanas` and go
back when it returns. Rules: docs/rules.md, «Marks».
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dataset_manager.workbook.carry import Carried, Cell, Formula, RowExtras, moved
from dataset_manager.workbook.reading import Table, as_text, letters
from dataset_manager.workbook.schema import CODE_AND_NAME, EDITABLE_NAMES, ORPHAN_FIXED, ORPHAN_NOTES, Tab

Row = dict[str, Any]


@dataclass(frozen=True)
class Orphan:
    """The marks of a row that is no longer in the data."""

    sheet: str
    key: str
    code: str
    name: str
    marks: Row
    own: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass
class Merged:
    """One marked tab, ready to be shown: `titles` and `widths` are the person's columns by id."""

    tab: Tab
    rows: list[Row]
    extras: dict[str, RowExtras] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    widths: dict[str, float] = field(default_factory=dict)
    orphans: list[Orphan] = field(default_factory=list)
    below_choice: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def merge(tab: Tab, fresh: list[Row], old: Table | None, carried: Carried, orphans: Sequence[Orphan], known: Iterable[str]) -> Merged:
    """`known` are the keys of the last build: one that the book no longer has was deleted by the person."""
    mine = {orphan.key: orphan for orphan in orphans if orphan.sheet == tab.name}
    found = Merged(
        tab, [dict(row) for row in fresh], titles=dict(carried.titles.get(tab.name, {})), widths=dict(carried.widths.get(tab.name, {}))
    )
    kept = {old.key(row): (number, row) for number, row in old.rows if old.key(row)} if old else {}
    extras = carried.rows.get(tab.name, {})
    for number, row in enumerate(found.rows, 2):
        key = row[tab.key]
        if old and key in kept:
            _keep_marks(found, row, old, kept[key][1])
            found.extras[key] = extras.get(key, RowExtras())
            _move_formulas(found, row, number, movable=carried.movable.get(tab.name, False))
        elif key in mine:
            _take_back(found, row, mine.pop(key))
    gone = {key: row for key, (_, row) in kept.items()}.keys() - {row[tab.key] for row in fresh}
    if old:
        mine |= {key: _orphan(old, kept[key][1], extras.get(key, RowExtras())) for key in sorted(gone)}
        deleted = set(known) - kept.keys()
        found.returned = [row[tab.key] for row in fresh if row[tab.key] in deleted and row[tab.key] not in found.extras]
    found.orphans = list(mine.values())
    return found


def _keep_marks(found: Merged, row: Row, old: Table, cells: list[Any]) -> None:
    default = row.get("incluir_dataset")
    for column in found.tab.editable:
        if column in old.columns:
            row[column] = old.value(cells, column)
    if default == "si" and as_text(row.get("incluir_dataset")).casefold() in ("no", ""):
        found.below_choice.append(f"{row[found.tab.key]} {row.get(CODE_AND_NAME[found.tab.name][1]) or ''}".strip())


def _move_formulas(found: Merged, row: Row, number: int, *, movable: bool) -> None:
    """Formulas of the person's own columns and mark cells follow their row, or stay as their value and are named."""
    key = row[found.tab.key]
    extras = found.extras[key]
    for column, formula in extras.formulas.items():
        row[column] = _placed(found, formula, number, column, movable=movable)
    extras.own = {
        column: Cell(_placed(found, cell.value, number, column, movable=movable), cell.number_format)
        if isinstance(cell.value, Formula)
        else cell
        for column, cell in extras.own.items()
    }


def _placed(found: Merged, formula: Formula, number: int, column: str, *, movable: bool) -> Any:
    text = moved(formula, number) if movable else None
    if text is not None:
        return Formula(text, formula.value, number)
    found.lost.append(f"{found.tab.name}, columna {column}, fila {formula.row}: la fórmula {formula.text} queda como su valor")
    return formula.value


def _take_back(found: Merged, row: Row, orphan: Orphan) -> None:
    row |= {column: value for column, value in orphan.marks.items() if column in found.tab.editable}
    found.extras[row[found.tab.key]] = RowExtras({column: Cell(value) for column, value in orphan.own.items()}, dict(orphan.notes))
    found.titles |= {column: column for column in orphan.own if column not in found.titles}


def _orphan(old: Table, row: list[Any], extras: RowExtras) -> Orphan:
    code, name = (as_text(old.value(row, column)) if column else "" for column in CODE_AND_NAME[old.tab.name])
    own = {column: cell.value.value if isinstance(cell.value, Formula) else cell.value for column, cell in extras.own.items()}
    marks = {column: old.value(row, column) for column in old.tab.editable if column in old.columns}
    return Orphan(old.tab.name, old.key(row), code, name, marks, own, extras.notes)


def orphan_table(orphans: Sequence[Orphan]) -> list[list[Any]]:
    """`marks_huerfanas`: header and rows."""
    own = list(dict.fromkeys(column for orphan in orphans for column in orphan.own))
    header = [*ORPHAN_FIXED, *EDITABLE_NAMES, ORPHAN_NOTES, *own]
    return [header, *(_orphan_row(orphan, own) for orphan in orphans)]


def _orphan_row(orphan: Orphan, own: list[str]) -> list[Any]:
    notes = json.dumps(orphan.notes, ensure_ascii=False) if orphan.notes else ""
    fixed = [orphan.sheet, orphan.key, orphan.code, orphan.name]
    return [*fixed, *(orphan.marks.get(name, "") for name in EDITABLE_NAMES), notes, *(orphan.own.get(column, "") for column in own)]


def read_orphans(rows: list[list[Any]]) -> list[Orphan]:
    """The orphans of a book as they were written; a row without sheet or key is nobody's."""
    if not rows:
        return []
    header = [as_text(title) or f"columna {letters(index)}" for index, title in enumerate(rows[0])]
    fixed = {*ORPHAN_FIXED, *EDITABLE_NAMES, ORPHAN_NOTES}
    found = []
    for cells in rows[1:]:
        row = dict(zip(header, cells, strict=False))
        sheet, key, code, name = (as_text(row.get(title)) for title in ORPHAN_FIXED)
        if sheet and key:
            marks = {name: row[name] for name in EDITABLE_NAMES if name in row}
            own = {title: value for title, value in row.items() if title not in fixed and value not in ("", None)}
            found.append(Orphan(sheet, key, code, name, marks, own, _notes(as_text(row.get(ORPHAN_NOTES)))))
    return found


def _notes(text: str) -> dict[str, str]:
    try:
        notes = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(column): str(note) for column, note in notes.items()} if isinstance(notes, dict) else {}
