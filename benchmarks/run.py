"""Ratios against the way of before, in one run: `venv/bin/python benchmarks/run.py [--quick]`.

Prints a table and keeps it as benchmarks/results.json. Every figure is of a whole child process (CPU seconds of user and
system, wall seconds, peak resident memory). `--quick` leaves out the largest sizes. The live cases start the servers that
the tests use.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import cases
import live_servers

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """Of one child process and its children."""

    cpu: float
    wall: float
    peak_mb: float


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    ours: Cost
    before: Cost | None
    measure: str
    ratio: float | None
    promise: str


def spend(words: list[str], env: Mapping[str, str] | None = None) -> Cost:
    """Runs it; its output is shown only when it fails."""
    started = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=ROOT)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{said.decode(errors='replace')}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)


def case(name: str, folder: Path) -> Cost:
    """A piece of cases.py."""
    return spend([sys.executable, str(ROOT / "benchmarks/cases.py"), name, str(folder)])


def middle(name: str, folder: Path, measure: str, times: int) -> Cost:
    """The median of several runs: one of half a second varies by 5 %."""
    return sorted((case(name, folder) for _ in range(times)), key=lambda cost: float(getattr(cost, measure)))[times // 2]


def compare(what: str, folder: Path, ours: str, before: str, measure: str, promise: str, times: int = 1) -> Row:
    """Both in turn, ours first."""
    mine, theirs = middle(ours, folder, measure, times), middle(before, folder, measure, times)
    return Row(what, mine, theirs, measure, getattr(theirs, measure) / getattr(mine, measure), promise)


def laid(base: Path, transactions: int) -> Path:
    """A prepared folder with its raw parts."""
    folder = base / str(transactions)
    cases.prepare(folder, transactions)
    case("extract_embedded", folder)
    return folder


def compare_marks(what: str, folder: Path, promise: str) -> Row:
    """Of a book that LibreOffice has saved, where there is one: with its texts apart, as every program that people mark it with does."""
    if shutil.which("soffice"):
        profile = f"-env:UserInstallation=file://{folder}/soffice"
        spend(["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "saved"), str(folder / "new.xlsx")])
        (folder / "saved/new.xlsx").replace(folder / "new.xlsx")
        what += ", saved"
    return compare(what, folder, "marks", "before_marks", "cpu", promise)


def analysis_and_workbook(base: Path, quick: bool) -> list[Row]:
    """Hits to tables, tables to workbook, marks."""
    rows, small = [], laid(base, 26_000)
    rows.append(compare("hits → tables, 26,000", small, "tables", "before_tables", "cpu", "≥ 20× CPU", times=5))
    rows.append(compare("workbook, 26,000 rows", small, "workbook", "before_workbook", "cpu", "≥ 8× CPU"))
    if quick:
        return rows
    rows.append(compare_marks("marks beside 26,000 rows", small, "≥ 10× at 200,000"))
    large = laid(base, 300_000)
    rows.append(compare("hits → tables, 300,000", large, "tables", "before_tables", "cpu", "≥ 20× CPU"))
    rows.append(Row("workbook, 300,000 rows", case("workbook", large), None, "cpu", None, "≤ 15 CPU s, flat memory"))
    shutil.rmtree(large)
    middle = laid(base, 200_000)
    case("tables", middle)
    case("workbook", middle)
    rows.append(compare_marks("marks beside 200,000 rows", middle, "≥ 10× CPU"))
    shutil.rmtree(middle)
    huge = laid(base, 1_000_000)
    rows.append(Row("hits → tables, 1,000,000", case("tables", huge), None, "peak_mb", None, "≤ 1,024 MB"))
    shutil.rmtree(huge)
    return rows


def live(base: Path, quick: bool) -> list[Row]:
    """From live servers: extraction end to end, and the whole command."""
    rows = []
    with ExitStack() as stack:
        servers = stack.enter_context(live_servers.started())
        if not quick:
            folder = base / "live"
            cases.prepare(folder, 100_000)
            servers.load(100_000)
            (folder / "elastic.json").write_text(json.dumps(servers.elastic))
            case("warm", folder)
            rows.append(compare("live Elasticsearch → tables, 100,000", folder, "live_to_tables", "before_live", "wall", "≥ 10× wall"))
            shutil.rmtree(folder)
        for count, promise in ((5_000, "≤ 5 s wall"), (26_000, "≤ 7 s wall")):
            rows.extend(command(base / f"command-{count}", servers, count, promise))
    return rows


def command(folder: Path, servers: live_servers.Servers, count: int, promise: str) -> list[Row]:
    """main.py download_info in a copy of the checkout, then again, then -n."""
    servers.load(count)
    env = servers.environment | {"OUTPUT_BASE_DIR": str(folder / "output"), "DATASET_MANAGER_NOW": "2025-08-01T12:00:00+00:00"}
    main = [sys.executable, "main.py", "download_info", "130"]
    rows = [Row(f"main.py download_info, {count:,}", spend(main, env), None, "wall", None, promise)]
    if count > 5_000:
        rows.append(Row("the same again (nothing to do)", spend(main, env), None, "wall", None, "≤ 3 s wall"))
        dry = [sys.executable, "-m", "snakemake", "-n", "--cores", "2"]
        rows.append(Row("snakemake -n, finished process", spend(dry, env), None, "wall", None, "≤ 3 s wall"))
        rows.append(Row("bare python start", case("nothing", folder), None, "wall", None, ""))
    return rows


def shown(row: Row) -> str:
    """A line of the table."""
    before = f"{row.before.cpu:8.1f} {row.before.wall:8.1f} {row.before.peak_mb:8.0f}" if row.before else " " * 26
    ratio = f"{row.ratio:6.1f}×" if row.ratio else " " * 7
    return f"{row.what:<38} {row.ours.cpu:8.2f} {row.ours.wall:8.2f} {row.ours.peak_mb:8.0f} | {before} | {ratio} {row.promise}"


def main() -> None:
    """Everything, smallest first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", choices=["analysis", "live"])
    given = options.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        if given.only != "live":
            rows += analysis_and_workbook(Path(folder), given.quick)
        if given.only != "analysis":
            rows += live(Path(folder), given.quick)
    print(f"{'':<38} {'cpu s':>8} {'wall s':>8} {'peak MB':>8} | {'cpu s':>8} {'wall s':>8} {'peak MB':>8} | ratio, promise")
    print(*map(shown, rows), sep="\n")
    result = {"python": platform.python_version(), "cores": os.cpu_count(), "rows": [asdict(row) for row in rows]}
    (ROOT / "benchmarks/results.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if not given.only:
        subprocess.run([sys.executable, str(ROOT / "benchmarks/pictures.py"), *(["--quick"] if given.quick else [])], check=True)


if __name__ == "__main__":
    main()
