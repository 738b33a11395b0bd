"""kill -9 at every step a writer of the workbook takes on the disk: the marks survive, and the same command finishes."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from books import book_of, make, mark, row_of, rows_of, sheet_of
from dataset_manager.workbook.history import copies
from dataset_manager.workbook.marks import Marks, read_marks
from dataset_manager.workbook.parts import fill_tab
from tables import REFERENCES, reference, write_process, write_table

WRITER = Path(__file__).with_name("killed_writer.py")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A process whose marks were filled, and whose data are new since: one reference more, one less."""
    process = write_process(tmp_path_factory.mktemp("kill") / "p")
    make(process)
    mark(
        book_of(process), "References", {"901": {"num_imagenes_dataset": 7, "incluir_dataset": "no"}, "903": {"label_considerar": "00014"}}
    )
    write_table(process / "data/analysis/references.parquet", REFERENCES, [reference(n) for n in (5, 0, 1, 2)])
    return process


def writer(step: int, command: str, process: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(WRITER), str(step), command, str(process)], capture_output=True, text=True, timeout=120, check=False
    )


def marks_are_there(book: Path) -> Marks:
    """In the old book or in the new one, where the vanished reference's are kept aside."""
    marks = read_marks(book)
    kept = next(one for one in marks.references if one.reference_id == "901")
    assert (kept.num_imagenes_dataset, kept.incluir_dataset) == (7, False)
    if any(one.reference_id == "903" for one in marks.references):
        assert row_of(book, "References", "903")["label_considerar"] == "00014"
    else:
        orphan = next(row for row in rows_of(book, "marks_huerfanas") if row["clave"] == "903")
        assert orphan["label_considerar"] == "00014"
    return marks


def killed_everywhere(marked: Path, tmp_path: Path, command: str, finish: Callable[[Path], object]) -> None:
    shutil.copytree(marked, tmp_path / "whole" / "p")
    whole = writer(0, command, tmp_path / "whole" / "p")
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    assert steps > 10
    for step in range(1, steps + 1):
        process = tmp_path / str(step) / "p"
        shutil.copytree(marked, process)
        assert writer(step, command, process).returncode == -signal.SIGKILL
        marks_are_there(book_of(process))
        assert all(read_marks(copy) for copy in copies(book_of(process)))
        finish(process)
        marks_are_there(book_of(process))
        assert not [path for path in process.rglob("*.tmp") if ".xlsx." in path.name]
        shutil.rmtree(process)


def test_a_build_killed_at_any_step_loses_no_mark_and_the_next_one_finishes(marked: Path, tmp_path: Path) -> None:
    def finish(process: Path) -> None:
        make(process)
        assert (process / "reports/workbook_state.json").exists()
        assert {row["reference_id"] for row in rows_of(book_of(process), "References")} == {"900", "901", "902", "905"}

    killed_everywhere(marked, tmp_path, "build", finish)


def test_a_tab_being_filled_and_killed_at_any_step_loses_no_mark_and_the_next_one_finishes(marked: Path, tmp_path: Path) -> None:
    def finish(process: Path) -> None:
        fill_tab(book_of(process), "datasets_creados", ["reference_name"], [["Pera"]])
        assert sheet_of(book_of(process), "datasets_creados") == [["reference_name"], ["Pera"]]

    killed_everywhere(marked, tmp_path, "fill", finish)
