"""A copy of the workflow in a temporary folder, with an export as its source and a clock that the test moves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from workflow.export import hit, write_catalogue, write_hits

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "main.py", "rules", "scripts", "config", "profiles", "envs")
PROCESS = "dataset_28_030825_v1"
OUTSIDE = ("ELASTIC_", "DB_PROD_RO_", "REMOTE_STORAGE_", "MINIO_", "S3_", "AWS_", "DATASET_MANAGER_", "OUTPUT_BASE_DIR", "LOG_LEVEL")


class Tool:
    """Runs the real main.py and the real Snakemake; keeps the text and the jobs of the last run."""

    def __init__(self, root: Path) -> None:
        self.root, self.text, self.jobs, self.name = root, "", [""], PROCESS
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
        self.env["PYTHONPATH"] = str(root / "scripts")  # the copy is what is tested, wherever the library is installed
        self.overlay = root / "export.yaml"
        self.sources(transactions="export/hits.ndjson", catalogue="export/catalogue.sqlite", pictures="export/pictures")

    def sources(self, **paths: str) -> None:
        self.overlay.write_text(yaml.safe_dump({"sources": paths}), "utf-8")

    def clock(self, moment: str) -> None:
        self.env["DATASET_MANAGER_NOW"] = moment + "+00:00"

    def start(self, *line: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *line],
            cwd=self.root,
            env=self.env | env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def end(self, run: subprocess.Popen[str]) -> int:
        self.text = run.communicate(timeout=180)[0]
        log = next(iter(self.root.glob("output*/logs/snakemake.log")), None)
        words = self.text + (log.read_text("utf-8") if log else "")
        self.jobs = re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", words)
        return run.returncode

    def main(self, *line: str, **env: str) -> int:
        """main.py with the export as its source."""
        return self.plain(*line, "--config", str(self.overlay), **env)

    def plain(self, *line: str, **env: str) -> int:
        """main.py as it is."""
        for log in self.root.glob("output*/logs/snakemake.log"):
            log.unlink()
        return self.end(self.start("main.py", *line, **env))

    def snakemake(self, *line: str, **env: str) -> int:
        return self.end(self.start("-m", "snakemake", "--cores", "2", *line, "--configfile", str(self.overlay), **env))

    def kill_when(self, seen: Callable[[], bool], *line: str, **env: str) -> None:
        """kill -9 of the whole process group when something is seen."""
        run = self.start("main.py", *line, "--config", str(self.overlay), **env)
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None and not seen():
            time.sleep(0.005)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.communicate()

    def hits(self, *days: int, per_day: int = 3, **changes: Any) -> None:
        """`per_day` transactions of each reference on each day of August 2025."""
        codes = ("00014", "14", "A7")
        found = [
            hit(day * 30 + place * 10 + n, f"2025-08-{day:02d}", code, **changes)
            for day in days
            for place, code in enumerate(codes)
            for n in range(per_day)
        ]
        write_hits(self.root / "export/hits.ndjson", found)

    def process(self, name: str = "") -> Path:
        """The folder of a process; `self.name` where none is given."""
        return self.root / "output/processes" / (name or self.name)

    def json(self, path: str, process: str = "") -> Any:
        return json.loads((self.process(process) / path).read_text("utf-8"))

    @property
    def book(self) -> Path:
        return self.process() / f"reports/{self.name}.xlsx"

    def mark(self, sheet: str, key: str, **cells: object) -> None:
        """As a person does it: open, change cells of a row, save."""
        book = openpyxl.load_workbook(self.book)
        header = [cell.value for cell in book[sheet][1]]
        row = next(row for row in book[sheet].iter_rows(min_row=2) if str(row[0].value) == key)
        for column, value in cells.items():
            row[header.index(column)].value = value
        book.save(self.book)

    def cell(self, sheet: str, key: str, column: str) -> object:
        book = openpyxl.load_workbook(self.book)
        header = [cell.value for cell in book[sheet][1]]
        return next(row[header.index(column)].value for row in book[sheet].iter_rows(min_row=2) if str(row[0].value) == key)

    def tree(self) -> dict[str, tuple[int, bytes]]:
        """Every file but Snakemake's own and Python's, with time and content."""
        return {
            str(path.relative_to(self.root)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".snakemake", "__pycache__"} & set(path.parts) and path.name != "snakemake.log"
        }


def new_tool(root: Path) -> Tool:
    """A fresh copy of the workflow with its export."""
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__", "credentials"))
        else:
            shutil.copy2(source, root / part)
    (root / "export/pictures").mkdir(parents=True)
    tool = Tool(root)
    tool.clock("2025-08-03T12:00:00")
    write_catalogue(root / "export/catalogue.sqlite")
    tool.hits(1, 2, 3)
    return tool


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return new_tool(tmp_path / "clone")


@pytest.fixture
def downloaded(tool: Tool) -> Tool:
    assert tool.main("download_info", "28") == 0, tool.text
    return tool
