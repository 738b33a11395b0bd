"""Opening a workbook that anything may have touched: is it one, is it safe, and which part of the zip is which tab.

In: a path. Out: an open zip, the part of each tab, and a light copy without the big tab for the libraries that read
whole files (openpyxl, calamine), so that neither size nor a file that decompresses without end can hurt.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

from dataset_manager.errors import WorkbookError
from dataset_manager.workbook.history import newest_copy
from dataset_manager.workbook.schema import TRANSACTIONS

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CONTENT_TYPES = "[Content_Types].xml"
WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STRINGS = "xl/sharedStrings.xml"
# Everything but the big tab: a catalogue of a million labels stays far below; the ratio is what XML of a real book never reaches.
LARGEST = 1 << 30
SUSPICIOUS = 64 << 20
RATIO = 200
EMPTY_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'


@contextmanager
def opened(book: Path) -> Iterator[zipfile.ZipFile]:
    """The book's zip, once it is known to be an Excel workbook that can be read.

    Errors: WorkbookError that names the file, what it is instead, and the newest copy to go back to.
    """
    problem = _not_a_zip(book)
    if problem:
        raise unusable(book, problem)
    try:
        with zipfile.ZipFile(book) as archive:
            problem = _not_a_workbook(archive)
            if problem:
                raise unusable(book, problem)
            yield archive
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, EOFError, KeyError, NotImplementedError, UnicodeDecodeError) as error:
        raise unusable(book, f"está dañado ({error})") from error


def unusable(book: Path, problem: str) -> WorkbookError:
    """The error for a file that cannot be read, with the copy to go back to; the file itself is never touched."""
    copy = newest_copy(book)
    way_back = (
        f"recupere la copia más reciente: cp '{copy}' '{book}'"
        if copy
        else "no hay copias en .history: apártelo (cámbiele el nombre) y repita la orden"
    )
    return WorkbookError(
        f"{book}: {problem}. No se ha tocado. Ábralo y guárdelo como «Libro de Excel (.xlsx)» sin contraseña, o {way_back}"
    )


def _not_a_zip(book: Path) -> str:
    try:
        with book.open("rb") as handle:
            start = handle.read(8)
    except PermissionError:
        return "no se puede leer: otro programa lo tiene abierto o no hay permiso"
    if not start:
        return "está vacío (0 bytes)"
    if start == OLE:
        return "está protegido con contraseña o es un .xls antiguo"
    return "" if start[:2] == b"PK" else "no es un libro de Excel (.xlsx)"


def _not_a_workbook(archive: zipfile.ZipFile) -> str:
    names = {info.filename for info in archive.infolist()}
    if not {CONTENT_TYPES, WORKBOOK, RELATIONS} <= names:
        return "no es un libro de Excel (.xlsx): le faltan sus partes principales"
    if any(info.flag_bits & 1 for info in archive.infolist()):
        return "está cifrado con contraseña"
    for name in (WORKBOOK, RELATIONS, CONTENT_TYPES):
        if _suspicious(archive.getinfo(name)):
            return f"su parte {name} se descomprime sin medida"
    big = sheet_parts(archive).get(TRANSACTIONS)
    read = [info for info in archive.infolist() if info.filename != big]
    endless = next((info.filename for info in read if _suspicious(info)), None)
    if endless:
        return f"su parte {endless} se descomprime sin medida"
    total = sum(info.file_size for info in read)
    return f"ocupa {total >> 20} MB sin comprimir, sin contar {TRANSACTIONS}; el máximo es {LARGEST >> 20}" if total > LARGEST else ""


def _suspicious(info: zipfile.ZipInfo) -> bool:
    return info.file_size > LARGEST or (info.file_size > SUSPICIOUS and info.file_size > RATIO * max(info.compress_size, 1))


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each tab by name, in the book's order: through workbook.xml and its rels, because a re-save renumbers."""
    targets = {e.get("Id", ""): e.get("Target", "") for e in ElementTree.fromstring(archive.read(RELATIONS))}
    found: dict[str, str] = {}
    for element in ElementTree.fromstring(archive.read(WORKBOOK)).iter():
        if element.tag.endswith("}sheet"):
            relation = next((value for key, value in element.attrib.items() if key.endswith("}id")), "")
            target = targets.get(relation, "")
            found[element.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def light_copy(
    archive: zipfile.ZipFile, without: Collection[str] = (TRANSACTIONS,), content: Mapping[str, bytes] = MappingProxyType({})
) -> io.BytesIO:
    """The same book, uncompressed in memory, with empty tabs in place of `without` and only the shared strings still used.

    `content` gives a tab another part.

    Every part is read to its declared size and checked against its CRC, so a part that lies about its size is refused.
    """
    parts = sheet_parts(archive)
    emptied = {parts[name] for name in without if name in parts}
    kept = {info.filename: archive.read(info) for info in archive.infolist() if info.filename not in emptied | {STRINGS}}
    kept |= dict.fromkeys(emptied, EMPTY_SHEET) | {parts[name]: part for name, part in content.items()}
    if STRINGS in archive.namelist():
        sheets = [kept[part] for part in parts.values() if part in kept]
        kept[STRINGS] = _strings(archive, sheets) if emptied else archive.read(STRINGS)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for name, part in kept.items():
            copy.writestr(name, part)
    target.seek(0)
    return target


_SHARED = re.compile(rb"""\bt=["']s["'][^>]*>\s*<(?:\w+:)?v>(\d+)<""")


def _strings(archive: zipfile.ZipFile, sheets: list[bytes]) -> bytes:
    """The shared strings up to the last one that `sheets` use: after a re-save the big tab's strings follow them."""
    last = max((int(number) for sheet in sheets for number in _SHARED.findall(sheet)), default=-1)
    text = archive.read(STRINGS)
    ends = re.finditer(rb"</(\w+:)?si>|<(?:\w+:)?si/>", text)
    end = next((match for index, match in enumerate(ends) if index == last), None)
    if end is None:
        return text if last >= 0 else b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    return text[: end.end()] + b"</" + (end.group(1) or b"") + b"sst>"
