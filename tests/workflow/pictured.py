"""A downloaded process with a picture for each transaction, and what its datasets hold.

The process is made once a session and copied for each test that asks for `marked`.
"""

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from pictures import picture

from workflow.conftest import Tool, new_tool

Row = dict[str, Any]
NUMBERS = [day * 30 + place * 10 + n for day in (1, 2, 3) for place in range(3) for n in range(3)]


def draw(tool: Tool, number: int) -> Path:
    """The picture of a transaction, different from every other."""
    path = tool.root / f"export/pictures/folders/c/{number}/{number}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(str(number), size=(64, 48)))
    return path


def tab(tool: Tool, name: str) -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(tool.book)[name].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """27 transactions with pictures; of code 00014 four are asked for, of A7 three."""
    tool = new_tool(tmp_path_factory.mktemp("original") / "clone")
    assert tool.main("download_info", "28") == 0, tool.text
    for number in NUMBERS:
        draw(tool, number)
    include(tool, "1", num_imagenes_dataset=4, producto_a_entrenar="tomate", label_considerar=11)
    include(tool, "3", num_imagenes_dataset=3, producto_a_entrenar="Pera", label_considerar=13)
    return tool.root


@pytest.fixture
def marked(original: Path, tmp_path: Path) -> Tool:
    return another(original, tmp_path / "clone")


def another(original: Path, root: Path) -> Tool:
    """The same process in another place, with its own export: the process keeps the whole path of its sources."""
    shutil.copytree(original, root, symlinks=True)
    for path in [*root.glob("output/processes/*/process_metadata.json"), *root.glob(".snakemake/metadata/*")]:
        text, stat = path.read_text("utf-8"), path.stat()
        if str(original) in text:
            path.write_text(text.replace(str(original), str(root)), "utf-8")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    tool = Tool(root)
    tool.clock("2025-08-03T12:00:00")
    return tool


def include(tool: Tool, reference: str, **cells: object) -> None:
    """A row for the dataset, of every device."""
    tool.mark("References", reference, incluir_dataset="si", devices_incluir="todos", **cells)


def create(tool: Tool, *line: str, **env: str) -> str:
    """create_dataset, which must succeed; the version it speaks of."""
    assert tool.main("create_dataset", *line, **env) == 0, tool.text
    return said(tool)


def said(tool: Tool) -> str:
    """The version that the last lines are about."""
    found = re.search(r"^Dataset (\S+?)(:| \(|$)", tool.text, re.MULTILINE)
    assert found, tool.text
    return found[1].removeprefix(f"{tool.name}_")


def beside(tool: Tool, version: str, suffix: str = "") -> Path:
    return tool.process() / f"datasets/{tool.name}_{version}{suffix}"


def manifest(tool: Tool, version: str) -> list[Row]:
    found: list[Row] = pq.read_table(beside(tool, version, ".manifest.parquet")).to_pylist()
    return found


def counts(tool: Tool, version: str) -> Row:
    found: Row = tool.json(f"datasets/{tool.name}_{version}.json")["counts"]
    return found


def transactions(tool: Tool, version: str) -> set[str]:
    return {row["transaction_id"] for row in manifest(tool, version)}


def numbers(tool: Tool) -> dict[str, list[int]]:
    """The table of the last run: per class, what is wanted, placed, added by devices and short."""
    lines = tool.text[tool.text.index("  clase") :].splitlines()[1:]
    found = (re.fullmatch(r"  (\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)(?: +[\d,]+)?", line) for line in lines)
    return {one[1]: [int(one[n]) for n in (2, 3, 4, 5)] for one in found if one and one[1] != "TOTAL"}


def dataset_id(tool: Tool, version: str = "v01") -> str:
    """Of the files themselves; the one that was written must be the same."""
    tree = beside(tool, version)
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    lines = "".join(f"{hashlib.sha256((tree / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    found = hashlib.sha256(lines.encode()).hexdigest()
    assert tool.json(f"datasets/{tree.name}.json")["dataset_id"] == found
    return found


def names(tool: Tool) -> set[str]:
    """What stands in `datasets/`, without the locks."""
    folder = tool.process() / "datasets"
    return {path.name.removeprefix(f"{tool.name}_") for path in folder.iterdir() if path.suffix != ".lock"} if folder.exists() else set()
