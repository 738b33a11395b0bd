"""What the tool of before knew of its datasets: read only.

In: a process folder of that tool: `reports/*.xlsx` with a tab `datasets_creados`, `reports/elastic_data.csv`. Out: device and time of each
transaction as a Parquet, and the transactions that its datasets delivered (docs/rules.md, «Legacy»).
"""

import csv
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import duckdb
import pandas as pd
from python_calamine import CalamineError

from dataset_manager.analysis.database import quoted, write_parquet
from dataset_manager.datasets.content import present
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import WorkbookError
from dataset_manager.images.cache import EXTENSIONS

COLUMNS = ["transaction_id", "device_id", "transaction_start_time"]
TAB = "datasets_creados"
DELIVERED = {"success", "merged"}


def write_metadata(dataset: Dataset, target: Path) -> Path:
    """One row per transaction that the process knows; the workbook's rows first. Raises WorkbookError for a book that cannot be read."""
    process = dataset.tree.parent.parent
    tables = [*rows_of_books(process), *rows_of_csv(process)]
    found = pd.concat([table.reindex(columns=COLUMNS) for table in tables]) if tables else pd.DataFrame(columns=COLUMNS)
    found = found[found["transaction_id"].notna()].astype("string")
    found = found.assign(transaction_id=found["transaction_id"].str.removesuffix(".0")).drop_duplicates("transaction_id")
    with duckdb.connect() as base:
        base.register("found", found)
        query = "SELECT transaction_id::VARCHAR AS transaction_id, regexp_replace(device_id, '\\.0$', '') AS device_id, "
        write_parquet(base, query + "TRY_CAST(transaction_start_time AS TIMESTAMP) AS transaction_start_time FROM found", target)
    return target


def rows_of_books(process: Path) -> Iterator[pd.DataFrame]:
    """The tab of every workbook that has it, as text."""
    for book in sorted((process / "reports").glob("[!~.]*.xlsx")):
        try:
            sheets = pd.read_excel(book, sheet_name=None, dtype=str, engine="calamine", keep_default_na=False, na_values=[""])
        except (CalamineError, ValueError) as error:
            raise WorkbookError(f"{book}: no se puede leer ({error}); es de la herramienta anterior y no se toca") from error
        if TAB in sheets and set(COLUMNS) <= set(sheets[TAB].columns):
            yield sheets[TAB]


def rows_of_csv(process: Path) -> Iterator[pd.DataFrame]:
    """Every transaction of the window, if the cache of that tool is there."""
    for path in (process / "reports/elastic_data.csv", process / "data/elastic_cache.csv"):
        separator, names = head_of(path) if path.exists() else ("", [])
        if "transaction_id" not in names:
            continue
        options = (
            f"delim = '{separator}', quote = '\"', escape = '\"', header = true, all_varchar = true, null_padding = true, parallel = false"
        )
        query = f"SELECT {', '.join(name for name in COLUMNS if name in names)} FROM read_csv('{quoted(path)}', {options})"
        with duckdb.connect() as base:
            try:
                yield base.execute(query).df()
            except duckdb.Error as error:
                problem = str(error).splitlines()[0]
                raise WorkbookError(f"{path}: no se puede leer ({problem}); es de la herramienta anterior y no se toca") from error


def head_of(path: Path) -> tuple[str, list[str]]:
    """The separator, which that tool changed once, and the names of the columns."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        first = handle.readline()
    separator = max(",;\t", key=first.count)
    return separator, next(csv.reader([first], delimiter=separator), [])


def delivered(process: Path) -> set[str]:
    """Transactions of its datasets: recorded as downloaded, or with a picture in a folder."""
    recorded = {
        str(row["transaction_id"]).removesuffix(".0")
        for table in rows_of_books(process)
        for row in table.to_dict("records")
        if str(row.get("download_status")) in DELIVERED
    }
    return (recorded | set(of_names(process / "datasets"))) - {"nan", "None", ""}


def of_names(datasets: Path) -> Iterator[str]:
    """The second word of `<time>_<transaction>_<name>`."""
    for path in present(datasets):
        words = path.rpartition("/")[2].split("_")
        if len(words) > 2 and PurePosixPath(path).suffix.lower() in EXTENSIONS:
            yield words[1]
