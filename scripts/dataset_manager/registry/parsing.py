"""The registry CSV as text (docs/rules.md, «Registry»).

In: bytes, `;` or tab, with or without BOM. Out: a `Table` whose cells are as they stand in the file, and bytes again. Whatever is
not surely a registry is an error that names file and line.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataset_manager.csv_text import guarded, plain
from dataset_manager.registry.errors import RegistryError

BASE = ["dataset_name", "created_at", "deployment_id", "trained_model", "description", "s3_path"]
ADDED = ["dataset_id", "content_id", "images", "classes", "labels", "bytes", "sha256", "parents", "registered_at", "tool_version"]
COLUMNS = [*BASE, *ADDED]
BOM = b"\xef\xbb\xbf"
TODO = "No se ha tocado. Corríjalo (guárdelo como «CSV UTF-8», con «;») o recupere una copia de la carpeta .backups, y repita"


@dataclass(frozen=True)
class Table:
    """Header and raw cells; every row is as long as the header."""

    columns: list[str]
    rows: list[list[str]]

    def names(self) -> list[str]:
        """dataset_name of every row."""
        at = self.columns.index("dataset_name")
        return [plain(row[at]).strip() for row in self.rows]

    def record(self, row: list[str]) -> dict[str, str]:
        """A row by column, as it was meant; columns of other people as they stand."""
        cells = zip(self.columns, row, strict=True)
        return {column: plain(cell) if column in COLUMNS else cell for column, cell in cells}


def parse(content: bytes, path: Path) -> Table:
    """RegistryError unless every row can be understood."""
    text = decoded(content, path)
    records = list(numbered(text, separator_of(text, path), path))
    columns = [cell.strip() for cell in records[0][1]]
    require_columns(columns, path)
    table = Table(columns, [whole_row(row, columns, line, path) for line, row in records[1:] if any(row)])
    require_whole_end(text, records[-1], columns, path)
    require_names(table, [line for line, row in records[1:] if any(row)], path)
    return table


def decoded(content: bytes, path: Path) -> str:
    """UTF-8, strictly."""
    try:
        return content.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start + len(BOM)) + 1
        raise broken(path, line, "hay un carácter que no es UTF-8 (Excel lo habrá guardado con otra codificación)") from None


def separator_of(text: str, path: Path) -> str:
    """From the header, which has no cells with separators inside."""
    header = text.split("\n", 1)[0]
    found = [one for one in ";\t" if one in header]
    if len(found) != 1:
        raise broken(path, 1, f"la cabecera {header[:80].strip()!r} no es {';'.join(BASE)}… separada por «;» o tabuladores")
    return found[0]


def numbered(text: str, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Records with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise broken(path, line, f"no se entiende ({error}): comillas sin cerrar o mal puestas") from None


def require_columns(columns: list[str], path: Path) -> None:
    """The six columns that always were there; any others, each once."""
    missing = [column for column in BASE if column not in columns]
    doubled = sorted({column for column in columns if columns.count(column) > 1})
    if missing or doubled or "" in columns:
        what = f"faltan las columnas {', '.join(missing)}" if missing else f"hay columnas repetidas o sin nombre: {doubled or ['']}"
        raise broken(path, 1, what)


def whole_row(row: list[str], columns: list[str], line: int, path: Path) -> list[str]:
    """Excel leaves out empty cells at the end of a row; any other difference of length is a broken row."""
    left_out = columns[len(row) :]
    if len(row) > len(columns) or any(column in BASE for column in left_out):
        raise broken(path, line, f"la fila tiene {len(row)} celdas y la cabecera {len(columns)}")
    return [*row, *("" for _ in left_out)]


def require_whole_end(text: str, last: tuple[int, list[str]], columns: list[str], path: Path) -> None:
    """A short row without a line end is a file that was cut."""
    line, row = last
    if len(row) < len(columns) and any(row) and not text.endswith(("\n", "\r")):
        raise broken(path, line, "la última fila está cortada")


def require_names(table: Table, lines: list[int], path: Path) -> None:
    """One row per dataset."""
    seen: dict[str, int] = {}
    for name, line in zip(table.names(), lines, strict=True):
        if not name:
            raise broken(path, line, "dataset_name está vacío")
        if name in seen:
            raise broken(path, line, f"{name} ya está en la línea {seen[name]}; debe haber una fila por dataset")
        seen[name] = line


def broken(path: Path, line: int, what: str) -> RegistryError:
    """Names file and line; the file stays as it is."""
    return RegistryError(f"{path}, línea {line}: {what}. {TODO}")


def with_row(table: Table, name: str, row: Mapping[str, str]) -> Table:
    """The row in its place, or at the end; missing columns of ours are added; all other cells stay as they are."""
    columns = [*table.columns, *(column for column in COLUMNS if column not in table.columns)]
    rows = [[*old, *("" for _ in columns[len(old) :])] for old in table.rows]
    names = table.names()
    if name not in names:
        names.append(name)
        rows.append(["" for _ in columns])
    at = names.index(name)
    rows[at] = [guarded(row[column]) if column in COLUMNS else cell for column, cell in zip(columns, rows[at], strict=True)]
    return Table(columns, rows)


def written(table: Table) -> bytes:
    """`;`, BOM and the line ends that Excel writes."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([table.columns, *table.rows])
    return BOM + text.getvalue().encode()
