"""Files that are no workbook, or not any more: one clear error, and the file stays as it is."""

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from books import book_of, make
from dataset_manager.errors import WorkbookError
from dataset_manager.workbook.history import copies
from dataset_manager.workbook.marks import read_marks
from dataset_manager.workbook.opening import RELATIONS, WORKBOOK
from dataset_manager.workbook.parts import fill_tab
from tables import write_process


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    process = write_process(tmp_path_factory.mktemp("bad") / "p")
    make(process)
    make(process)
    return process


@pytest.fixture
def process(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "p"))


def with_part(book: Path, name: str, content: bytes) -> bytes:
    """The book's bytes with another content of one part."""
    target = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == name else old.read(info))
    return target.getvalue()


def endless(book: Path) -> bytes:
    return with_part(book, "xl/sharedStrings.xml", bytes(100 << 20))


def endless_sheet_list(book: Path) -> bytes:
    return with_part(book, WORKBOOK, bytes(100 << 20))


def lying_about_its_size(book: Path) -> bytes:
    """A part whose headers say 100 bytes and whose data go on."""
    made = bytearray(with_part(book, "xl/styles.xml", bytes(30 << 20)))
    size = (30 << 20).to_bytes(4, "little")
    return bytes(made.replace(size, (100).to_bytes(4, "little")))


def truncated(book: Path) -> bytes:
    return book.read_bytes()[:-2000]


def flipped(book: Path) -> bytes:
    with zipfile.ZipFile(book) as archive:
        info = archive.getinfo("xl/worksheets/sheet2.xml")
        place = info.header_offset + 200
    made = bytearray(book.read_bytes())
    made[place] ^= 0xFF
    return bytes(made)


def cut_short(book: Path) -> bytes:
    with zipfile.ZipFile(book) as archive:
        return with_part(book, "xl/worksheets/sheet2.xml", archive.read("xl/worksheets/sheet2.xml")[:4000])


def stray_cell(book: Path) -> bytes:
    with zipfile.ZipFile(book) as archive:
        part = archive.read("xl/worksheets/sheet2.xml")
    row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return with_part(book, "xl/worksheets/sheet2.xml", part.replace(b"</sheetData>", row))


def other_zip(book: Path) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return target.getvalue()


BAD: list[tuple[Callable[[Path], bytes], str]] = [
    (lambda book: b"", "está vacío (0 bytes)"),
    (lambda book: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "está protegido con contraseña o es un .xls antiguo"),
    (lambda book: b"reference_id;incluir\n1;si\n", "no es un libro de Excel (.xlsx)"),
    (lambda book: b"PK\x03\x04" + bytes(600), "está dañado"),
    (other_zip, "le faltan sus partes principales"),
    (truncated, "está dañado"),
    (flipped, "está dañado"),
    (lambda book: with_part(book, RELATIONS, b"<a"), "está dañado"),
    (cut_short, "está dañado"),
    (stray_cell, "la hoja References llega hasta XFD1048576: borre lo que haya en sus últimas filas o columnas"),
    (endless, "su parte xl/sharedStrings.xml se descomprime sin medida"),
    (endless_sheet_list, "su parte xl/workbook.xml se descomprime sin medida"),
    (lying_about_its_size, "está dañado"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
@pytest.mark.parametrize("command", [make, lambda process: read_marks(book_of(process))], ids=["build", "marks"])
def test_it_is_named_with_what_it_is_and_the_way_back_and_nothing_changes(
    process: Path, command: Callable[[Path], object], spoil: Callable[[Path], bytes], message: str
) -> None:
    refused(process, command, spoil, message)


@pytest.mark.parametrize(("spoil", "message"), [case for case in BAD if case[0] not in (cut_short, stray_cell)])
def test_nothing_is_filled_into_it(process: Path, spoil: Callable[[Path], bytes], message: str) -> None:
    refused(process, lambda process: fill_tab(book_of(process), "datasets_creados", ["a"], []), spoil, message)


def refused(process: Path, command: Callable[[Path], object], spoil: Callable[[Path], bytes], message: str) -> None:
    book = book_of(process)
    bad = spoil(book)
    before = [path.name for path in copies(book)]
    book.write_bytes(bad)
    with pytest.raises(WorkbookError) as caught:
        command(process)
    assert str(book) in str(caught.value)
    assert message in str(caught.value)
    assert f"cp '{copies(book)[-1]}' '{book}'" in str(caught.value)
    assert book.read_bytes() == bad
    assert [path.name for path in copies(book)] == before


def test_without_any_copy_the_error_says_to_put_the_file_aside(tmp_path: Path) -> None:
    book = tmp_path / "p.xlsx"
    book.write_bytes(b"")
    with pytest.raises(WorkbookError, match=r"no hay copias en \.history: apártelo"):
        read_marks(book)
