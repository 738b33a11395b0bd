"""A DuckDB of one job: its own folder beside the outputs, bounded memory, UTC, no network.

In: a folder. Out: a connection whose files vanish with it, and Parquet files that are complete when they carry their name.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from string import Template
from typing import Any

from dataset_manager.duck import duckdb
from dataset_manager.errors import DiskError
from dataset_manager.files import replace_with, write_errors

MEMORY = "600MB"
SMALL = 150_000  # hits that fit in the memory of a job several times over
FULL = ("No space left", "max_temp_directory_size", "Disk quota exceeded")  # as DuckDB words a full disk


class SqlTemplate(Template):
    """`@name`: `$` begins a JSON path."""

    delimiter = "@"


@contextmanager
def working(folder: Path, threads: int = 1, *, small: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables larger than the memory go to disk; `small` ones are not even written there. Raises DiskError when the disk has no room."""
    with write_errors(folder), workplace(folder) as work:
        base = duckdb.connect(":memory:" if small else f"{work}/work.duckdb")
        try:
            base.execute(
                f"SET threads = {threads}; SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false; SET TimeZone = 'UTC';"
                f"SET temp_directory = '{quoted(work)}'; SET autoinstall_known_extensions = false; SET enable_progress_bar = false"
            )
            yield base
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            if not any(sign in str(error) for sign in FULL):
                raise
            raise DiskError(f"{folder}: el disco está lleno. No se ha perdido nada; libere espacio y repita la orden") from error
        finally:
            base.close()


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A folder of this job alone; those of jobs that were killed are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(".tables-*"):
        with suppress(OSError), (old / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tables-") as work, (Path(work) / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Path(work)


def work_folder(base: duckdb.DuckDBPyConnection) -> Path:
    """The folder of the job that `working` opened this for; it vanishes with it."""
    return Path(base.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])


def quoted(text: object) -> str:
    """For the inside of an SQL string."""
    return str(text).replace("'", "''")


def script(name: str | Path, **values: str) -> list[str]:
    """The statements of an .sql file, of this folder or with its whole path, with its @names filled in."""
    text = (Path(__file__).parent / name).read_text("utf-8")
    parts = [part for part in text.split(";\n") if part.strip()]
    return [SqlTemplate(part).substitute(values) for part in parts] if values else parts


def write_parquet(
    base: duckdb.DuckDBPyConnection, query: str, path: Path, row_group: int = 50_000, before_name: Callable[[int], object] = lambda _: None
) -> int:
    """The result of a query as one file, and its number of rows. `before_name` gets that number before the file gets its name."""
    options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {row_group}, WRITE_BLOOM_FILTER false"  # all is read
    rows: list[int] = []

    def write(temp: Path) -> None:
        rows.extend(base.execute(f"COPY ({query}) TO '{quoted(temp)}' ({options})").fetchall()[0])
        before_name(rows[0])

    replace_with(path, write)
    return rows[0]


def dictionaries(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of a result by column name."""
    names = [str(column[0]) for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
