"""Changing one tab of a workbook and nothing else: the zip's other parts are copied as they are, compressed bytes and all.

In: a book, a tab's name and its rows. Out: the book with that tab's rows replaced; its columns' widths, header style,
filters, comments and everything else stay. Also the writer that puts `Datos_Elasticsearch` into a new book.
"""

import copy
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_manager.errors import WorkbookError
from dataset_manager.files import locked, write_errors
from dataset_manager.wording import number
from dataset_manager.workbook import locking
from dataset_manager.workbook.history import keep_copy
from dataset_manager.workbook.opening import CONTENT_TYPES, RELATIONS, WORKBOOK, light_copy, opened, sheet_parts
from dataset_manager.workbook.reading import letters
from dataset_manager.workbook.schema import MAX_ROWS, REFERENCES
from dataset_manager.workbook.xml_text import escaped

ROUNDS = 3
CALC_CHAIN = "xl/calcChain.xml"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_DATA = re.compile(rb"<((?:\w+:)?)sheetData\s*(?:/>|>.*?</\1sheetData\s*>)", re.DOTALL)


def fill_tab(book: Path, sheet: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Replaces the rows of one tab, header included, and leaves every other part of the file byte for byte.

    The part is found by the tab's name. A tab that was deleted is added again, at the end. A copy goes to `.history`
    first. Errors: WorkbookError when the file is missing, unreadable, or open elsewhere (then the result is kept beside
    it under another name), or when the rows do not fit; DiskError.
    """
    table = list(rows)
    if len(table) >= MAX_ROWS:
        raise WorkbookError(f"{book}: la hoja {sheet} tendría {number(len(table))} filas; Excel admite {number(MAX_ROWS - 1)}")
    locking.warn_if_open(book)
    with locked(locking.lock_file(book)):
        locking.remove_leftovers(book)
        for _ in range(ROUNDS):
            try:
                _fill(book, sheet, columns, table)
            except locking.BookMovedError:
                continue
            return
    raise WorkbookError(f"{book}: alguien lo está guardando sin parar; ciérrelo y repita la orden")


def _fill(book: Path, sheet: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if not book.is_file():
        raise WorkbookError(f"{book}: el libro no está")
    read = locking.fingerprint(book)
    made = locking.temporary(book)
    try:
        with opened(book) as old, write_errors(book):
            light_copy(old)
            keep_copy(book)
            rewrite(old, made, _changes(old, sheet, columns, rows))
        _check(book, made, sheet, columns, len(rows))
        locking.install(made, book, read)
    finally:
        made.unlink(missing_ok=True)


def _check(book: Path, made: Path, sheet: str, columns: Sequence[str], rows: int) -> None:
    """The new tab, read back, has its header and every row; errors: WorkbookError, with the old book in its place."""
    from python_calamine import CalamineError, CalamineWorkbook

    with zipfile.ZipFile(made) as archive:
        others = [name for name in sheet_parts(archive) if name != sheet]
        try:
            found = CalamineWorkbook.from_filelike(light_copy(archive, others)).get_sheet_by_name(sheet)
        except CalamineError as error:
            raise WorkbookError(f"{book}: la hoja {sheet} nueva no se puede leer ({error}); el libro no se ha tocado") from error
    if found.height < rows + 1 or found.to_python(nrows=1) != [list(columns)]:
        raise WorkbookError(f"{book}: la hoja {sheet} nueva tiene {found.height} filas en vez de {rows + 1}; el libro no se ha tocado")


@dataclass(frozen=True)
class Part:
    """New content of a part, in pieces; `large` when it may pass 2 GiB (Excel warns about zip64 headers that are not needed)."""

    content: Iterable[bytes]
    large: bool = False


Changes = dict[str, Part | None]


def rewrite(old: zipfile.ZipFile, target: Path, changes: Changes) -> None:
    """The zip `old` at `target` with the parts of `changes` replaced, added, or (None) left out."""
    names = old.namelist()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for info in old.infolist():
            if info.filename in changes:
                _write_part(new, info.filename, changes[info.filename])
            else:
                _copy_part(old, new, info)
        for name in changes.keys() - set(names):
            _write_part(new, name, changes[name])


def _write_part(new: zipfile.ZipFile, name: str, part: Part | None) -> None:
    if part is None:
        return
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    with new.open(info, "w", force_zip64=part.large) as stream:
        for piece in part.content:
            stream.write(piece)


def _copy_part(old: zipfile.ZipFile, new: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """The compressed bytes as they are; only the header is written anew."""
    assert old.fp is not None and new.fp is not None
    old.fp.seek(info.header_offset)
    header = old.fp.read(30)
    old.fp.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    twin = copy.copy(info)
    twin.flag_bits &= ~0x08
    twin.header_offset = new.fp.tell()
    new.fp.write(twin.FileHeader())
    left = info.compress_size
    while left:
        piece = old.fp.read(min(left, 1 << 20))
        if not piece:
            raise zipfile.BadZipFile(f"{info.filename} está incompleta")
        new.fp.write(piece)
        left -= len(piece)
    new.filelist.append(twin)
    new.NameToInfo[twin.filename] = twin
    new.start_dir = new.fp.tell()


def _changes(old: zipfile.ZipFile, sheet: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Changes:
    parts = sheet_parts(old)
    if sheet not in parts:
        return _added_tab(old, sheet, columns, rows)
    before = old.read(parts[sheet])
    changes: Changes = {parts[sheet]: Part([with_rows(before, _header_styles(before), columns, rows)])}
    if CALC_CHAIN in old.namelist() and re.search(rb"<(?:\w+:)?f[\s>/]", before):
        changes |= _without_calc_chain(old)
    return changes


def with_rows(part: bytes, styles: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The sheet part with this header and these rows; what stands around its rows stays."""
    before, prefix, after = split(part)
    header = [
        _cell(prefix, f"{letters(i)}1", name, style)
        for i, (name, style) in enumerate(zip(columns, styles_for(styles, len(columns)), strict=True))
    ]
    lines = [_row(prefix, 1, header)]
    for line, row in enumerate(rows, 2):
        lines.append(_row(prefix, line, [_cell(prefix, f"{letters(i)}{line}", value) for i, value in enumerate(row)]))
    body = f"<{prefix}sheetData>{''.join(lines)}</{prefix}sheetData>".encode()
    return re.sub(rb"<(?:\w+:)?dimension\s[^>]*/>", b"", before) + body + after


def split(part: bytes) -> tuple[bytes, str, bytes]:
    """What stands before and after the rows, and the namespace prefix of the part's elements."""
    match = _DATA.search(part)
    if match is None:
        raise zipfile.BadZipFile("una hoja no tiene sheetData")
    return part[: match.start()], match.group(1).decode(), part[match.end() :]


def template(part: bytes, columns: int) -> tuple[bytes, bytes, list[str], bytes]:
    """Of a sheet with a header and one row of styles: what stands before the rows, the header, the styles, what follows."""
    before, prefix, after = split(part)
    data = part[len(before) : len(part) - len(after)]
    header, _, rest = data.partition(b"</row>")
    styles = {match.group(1).decode(): match.group(2).decode() for match in re.finditer(rb'<c r="([A-Z]+)2" s="(\d+)"', rest)}
    found = [styles.get(letters(index), "") for index in range(columns)]
    return before, header + b"</row>", found, f"</{prefix}sheetData>".encode() + after


def styles_for(styles: Sequence[str], count: int) -> list[str]:
    """One header style a column; a column beyond those known looks like the first."""
    first = next(iter(styles), "")
    return [*styles, *[first] * count][:count]


def _header_styles(part: bytes) -> list[str]:
    row = re.search(rb"<(?:\w+:)?row\b.*?</(?:\w+:)?row\s*>", part, re.DOTALL)
    cells = re.findall(rb"<(?:\w+:)?c\b([^>]*)>", row.group()) if row else []
    found = [re.search(rb"\bs=[\"'](\d+)[\"']", cell) for cell in cells]
    return [match.group(1).decode() if match else "" for match in found]


def _row(prefix: str, number: int, cells: Sequence[str]) -> str:
    return f'<{prefix}row r="{number}">{"".join(cells)}</{prefix}row>'


def _cell(prefix: str, address: str, value: Any, style: str = "") -> str:
    """Numbers as numbers, everything else as text that stays text."""
    if value is None or value == "":
        return ""
    attributes = f'r="{address}"' + (f' s="{style}"' if style else "")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 10**15:
        return f"<{prefix}c {attributes}><{prefix}v>{value}</{prefix}v></{prefix}c>"
    text = f'<{prefix}t xml:space="preserve">{escaped(str(value))}</{prefix}t>'
    return f'<{prefix}c {attributes} t="inlineStr"><{prefix}is>{text}</{prefix}is></{prefix}c>'


def _added_tab(old: zipfile.ZipFile, sheet: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Changes:
    """A tab that was deleted, at the end: its part, and the three parts that announce it."""
    number = next(n for n in range(1, 100_000) if f"xl/worksheets/sheet{n}.xml" not in old.namelist())
    relation = f"rIdTab{number}"
    parts = sheet_parts(old)
    example = old.read(parts[REFERENCES.name]) if REFERENCES.name in parts else b""
    style = next(iter(_header_styles(example)), "")
    width = f'<cols><col min="1" max="{len(columns)}" width="24" customWidth="1"/></cols>'
    empty = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{_FROZEN}{width}<sheetData/></worksheet>'
    made = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{empty}'.encode()
    workbook = old.read(WORKBOOK)
    identifier = 1 + max((int(found) for found in re.findall(rb"sheetId=[\"'](\d+)", workbook)), default=0)
    entry = f'<{{}}sheet name="{sheet}" sheetId="{identifier}" xmlns:tab="{_office(workbook)}" tab:id="{relation}"/>'
    target = f'<{{}}Relationship Id="{relation}" Type="{_office(workbook)}/worksheet" Target="/xl/worksheets/sheet{number}.xml"/>'
    kind = f'<{{}}Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{SHEET_TYPE}"/>'
    return {
        f"xl/worksheets/sheet{number}.xml": Part([with_rows(made, [style], columns, rows)]),
        WORKBOOK: Part([_inserted(workbook, "sheets", entry)]),
        RELATIONS: Part([_inserted(old.read(RELATIONS), "Relationships", target)]),
        CONTENT_TYPES: Part([_inserted(old.read(CONTENT_TYPES), "Types", kind)]),
    }


_PANE = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
_FROZEN = f'<sheetViews><sheetView workbookViewId="0">{_PANE}</sheetView></sheetViews>'


def _office(workbook: bytes) -> str:
    """The relationships namespace this book uses: the strict form has its own."""
    return STRICT_OFFICE if STRICT_OFFICE.encode() in workbook else OFFICE


def _inserted(part: bytes, parent: str, element: str) -> bytes:
    """`element` as the last child of `parent`; its `{}` takes the namespace prefix in use."""
    match = re.search(rb"</((?:\w+:)?)%s\s*>" % parent.encode(), part)
    if match is None:
        raise zipfile.BadZipFile(f"falta {parent}")
    return part[: match.start()] + element.format(match.group(1).decode()).encode() + part[match.start() :]


def _without_calc_chain(old: zipfile.ZipFile) -> Changes:
    """Excel's list of formula cells would name cells that no longer hold one; Excel makes it again."""
    relations = re.sub(rb"<(?:\w+:)?Relationship\s[^>]*calcChain[^>]*/>", b"", old.read(RELATIONS))
    types = re.sub(rb"<(?:\w+:)?Override\s[^>]*calcChain[^>]*/>", b"", old.read(CONTENT_TYPES))
    return {CALC_CHAIN: None, RELATIONS: Part([relations]), CONTENT_TYPES: Part([types])}
