"""merge_datasets, summary_dataset, diff and folder_structure by real runs, from main.py and from plain Snakemake."""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from dataset_folders import path_of
from dataset_sets import KIWI, legacy, tree
from pictures import picture

from workflow.conftest import PARTS, PROCESS, ROOT, Tool
from workflow.export import write_catalogue

V1, V2 = f"{PROCESS}_v01", f"{PROCESS}_v02"
OLD = "dataset_28_010625_v1"


def draw(root: Path) -> None:
    """A picture of every transaction, each different."""
    for number in (day * 30 + place * 10 + n for day in (1, 2, 3) for place in range(3) for n in range(3)):
        path = root / f"export/pictures/folders/c/{number}/{number}.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(picture(f"{number}", size=(64, 48)))


def clone(root: Path) -> Tool:
    """The checkout, and an export beside it."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "credentials"))
        else:
            shutil.copy2(ROOT / part, root / part)
    (root / "export/pictures").mkdir(parents=True)
    made = Tool(root)
    made.clock("2025-08-03T12:00:00")
    write_catalogue(root / "export/catalogue.sqlite")
    made.hits(1, 2, 3)
    draw(root)
    return made


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Two datasets of one process: 4 pictures, and the same 4 with 3 of another class. Tests work on copies of it."""
    root = tmp_path_factory.mktemp("finished") / "clone"
    root.mkdir()
    made = clone(root)
    assert made.main("download_info", "28") == 0, made.text
    made.mark("References", "1", incluir_dataset="si", num_imagenes_dataset=4, producto_a_entrenar="tomate", label_considerar="11")
    assert made.main("create_dataset") == 0, made.text
    made.mark("References", "3", incluir_dataset="si", num_imagenes_dataset=3, producto_a_entrenar="pera", label_considerar="13")
    assert made.main("create_dataset", "--no-filter-used") == 0, made.text
    return made


@pytest.fixture
def made(finished: Tool, tmp_path: Path) -> Tool:
    """A copy with its times."""
    shutil.copytree(finished.root, tmp_path / "clone", symlinks=True)
    copy = Tool(tmp_path / "clone")
    copy.clock("2025-08-03T12:00:00")
    return copy


def datasets(made: Tool) -> Path:
    return made.process() / "datasets"


def pictures(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def tab(made: Tool) -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(made.book)["datasets_creados"].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=";"))


def require_whole(made: Tool, name: str, parents: tuple[str, ...] = (V1, V2)) -> None:
    """Pictures of the parents = those of the result + those left out; nothing half made stands beside it."""
    before = sum(len(pictures(datasets(made) / parent)) for parent in parents)
    report = table(datasets(made) / name / "merge_report.csv")
    assert len(pictures(datasets(made) / name)) == before - sum(row["incluida"] == "no" for row in report) > 0
    assert not list(datasets(made).glob("*.building")) and not list(datasets(made).glob(".*.building"))
    assert made.json(f"datasets/{name}.json")["counts"]["placed"] == len(pictures(datasets(made) / name))


def test_a_merge_is_a_dataset_and_stands_in_the_workbook(made: Tool) -> None:
    before = {name: tree(datasets(made) / name) for name in (V1, V2)}
    assert made.main("merge_datasets", "-d", V1, "-d", V2, "--name", "todo") == 0, made.text
    require_whole(made, "todo")
    assert {name: tree(datasets(made) / name) for name in (V1, V2)} == before
    assert [one["dataset"] for one in made.json("datasets/todo.json")["parents"]] == [V1, V2]
    rows = [row for row in tab(made) if row["dataset_folder"] == "todo"]
    assert {(row["download_status"], row["origen"]) for row in rows} == {("merged", "juntar_datasets")}
    assert sorted(str(row["local_path"]) for row in rows) == [f"datasets/todo/{path}" for path in pictures(datasets(made) / "todo")]
    assert {row["dataset_original"] for row in rows} == {V1, V2}
    assert {row["dataset_folder"] for row in tab(made)} == {V1, V2, "todo"}
    assert "Dataset unido todo" in made.text


def test_the_same_merge_again_does_nothing(made: Tool) -> None:
    assert made.main("merge_datasets") == 0, made.text
    require_whole(made, f"{PROCESS}_merge1")
    before = tree(made.process() / "datasets"), made.book.read_bytes()
    assert made.main("merge_datasets") == 0, made.text
    assert made.jobs == ["merge_datasets"]
    assert "ya estaba hecho" in made.text
    assert (tree(made.process() / "datasets"), made.book.read_bytes()) == before


def test_a_merge_whose_rows_never_reached_the_workbook_gets_them_by_the_same_command(made: Tool) -> None:
    book = made.book.rename(made.book.with_name("aparte"))
    assert made.main("merge_datasets", "--name", "todo") == 1
    assert made.book.name in made.text and "Traceback" not in made.text
    book.rename(made.book)
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    assert "todo" in {row["dataset_folder"] for row in tab(made)}


def test_merged_by_plain_snakemake_with_the_same_result(made: Tool, tmp_path: Path) -> None:
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    first = made.json("datasets/todo.json")["dataset_id"]
    assert made.snakemake("merge_datasets", "--config", f"datasets=[{V1},{V2}]", "name=otro", "process=" + PROCESS) == 0, made.text
    assert made.json("datasets/otro.json")["dataset_id"] == first


def test_a_picture_with_two_labels_stops_it_until_it_is_decided(made: Tool) -> None:
    shared = set(pictures(datasets(made) / V1)) & set(pictures(datasets(made) / V2))
    assert shared
    path = min(shared)
    moved = datasets(made) / V2 / "otra/99" / Path(path).name
    moved.parent.mkdir(parents=True)
    (datasets(made) / V2 / path).rename(moved)
    assert made.main("summary_dataset", "-d", V2) == 0, made.text
    assert made.main("merge_datasets") == 1
    assert "on_conflict=first" in made.text and "Traceback" not in made.text
    assert len(table(datasets(made) / f"{PROCESS}_merge1.merge_report.csv")) >= 2
    assert made.main("merge_datasets", "--on-conflict", "first") == 0, made.text
    assert path in pictures(datasets(made) / f"{PROCESS}_merge1")
    assert not list(datasets(made).glob("*.merge_report.csv"))


def test_deletions_by_hand_are_accepted_by_a_summary_and_then_merged(made: Tool) -> None:
    gone = pictures(datasets(made) / V1)[0]
    (datasets(made) / V1 / gone).unlink()
    assert made.main("merge_datasets", "--name", "todo") == 1
    assert f"falta: {gone}" in made.text and f"summary_dataset dataset_name={V1}" in made.text
    assert made.main("summary_dataset", "-d", V1) == 0, made.text
    assert "borradas 1" in made.text
    rows = table(datasets(made) / V1 / f"_summary_{V1}.csv")
    assert sorted(f"{row['file_name_path']}/{row['filename']}" for row in rows) == pictures(datasets(made) / V1)
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    require_whole(made, "todo")


def test_a_summary_of_what_did_not_change_makes_nothing(made: Tool) -> None:
    assert made.main("summary_dataset", "-d", PROCESS) == 0, made.text
    assert "summarise_dataset" in made.jobs and f"Resumen de {V2}" in made.text
    before = tree(datasets(made))
    assert made.main("summary_dataset", "-d", PROCESS) == 0, made.text
    assert made.jobs == ["summary_dataset"]
    assert tree(datasets(made)) == before
    (datasets(made) / V2 / pictures(datasets(made) / V2)[0]).unlink()
    assert made.main("summary_dataset", "-d", V2) == 0, made.text
    assert sorted(made.jobs) == ["summarise_dataset", "summary_dataset"]


def test_a_merged_dataset_is_summarised_and_merged_again(made: Tool) -> None:
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    assert made.main("summary_dataset", "-d", "todo") == 0, made.text
    assert made.main("merge_datasets", "-d", "todo", "-d", V1, "--name", "más.2") == 2
    assert made.main("merge_datasets", "-d", "todo", "-d", V1, "--name", "mas.2") == 0, made.text
    assert pictures(datasets(made) / "mas.2") == pictures(datasets(made) / "todo")


def test_diff_from_main_and_from_plain_snakemake(made: Tool) -> None:
    assert made.main("diff", "--old", V1, "--new", V2) == 0, made.text
    assert f"{V1} → {V2}: añadidas 3, quitadas 0, con otro label 0" in made.text
    file = datasets(made) / f"{V2}.diff_{V1}.csv"
    rows = file.read_bytes()
    assert [row["cambio"] for row in table(file)] == ["añadida"] * 3
    file.unlink()
    assert made.snakemake("diff", "--config", f"old={V1}", f"new={PROCESS}") == 0, made.text
    assert file.read_bytes() == rows and "añadidas 3" in made.text


def test_folder_structure_from_main_and_from_plain_snakemake(made: Tool) -> None:
    assert made.main("folder_structure") == 0, made.text
    file = datasets(made) / "folder_structure_datasets.csv"
    first = table(file)
    assert sum(int(row["images_count"]) for row in first) == len(pictures(datasets(made))) == 11
    file.unlink()
    assert made.snakemake("folder_structure") == 0, made.text
    assert table(file) == first
    folder = datasets(made) / V1
    assert made.snakemake("folder_structure", "--config", f"input={folder}", f"output={made.root}/tabla.csv") == 0, made.text
    assert [row["dataset_name"] for row in table(made.root / "tabla.csv")] == [V1]


WRONG = [
    ("summary_dataset", "-d", "nada"),
    ("summary_dataset",),
    ("merge_datasets", "-d", "nada", "-d", V1),
    ("merge_datasets", "-d", V1),
    ("diff", "--old", V1, "--new", "nada"),
    ("diff", "--old", V1),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_name_exits_with_2_lists_what_there_is_and_writes_nothing(made: Tool, words: tuple[str, ...]) -> None:
    before = made.tree()
    assert made.main(*words) == 2
    assert f"{V1} ({PROCESS})" in made.text and f"{V2} ({PROCESS})" in made.text
    assert "Traceback" not in made.text
    assert made.tree() == before


@pytest.mark.parametrize("name", ["x_v01", f"{PROCESS}_v07-todo", "x.request", "a/b"])
def test_a_merged_name_that_means_something_else_is_refused(made: Tool, name: str) -> None:
    before = made.tree()
    assert made.main("merge_datasets", "--name", name) == 2
    assert name in made.text and "Traceback" not in made.text
    assert made.tree() == before
    assert made.snakemake("merge_datasets", "-n", "--config", f"name={name}") == 1
    assert name in made.text


DRY = [("merge_datasets",), ("summary_dataset", "-d", V1), ("diff", "--old", V1, "--new", V2), ("folder_structure",)]


@pytest.mark.parametrize("words", DRY, ids=lambda words: words[0])
def test_a_dry_run_writes_nothing(made: Tool, words: tuple[str, ...]) -> None:
    before = made.tree()
    assert made.main(*words, "--dry-run") == 0, made.text
    assert made.tree() == before


def test_a_dry_run_of_a_merge_says_what_and_under_which_name(made: Tool) -> None:
    assert made.main("merge_datasets", "-n") == 0, made.text
    assert f"{PROCESS}_merge1: {V1} + {V2}" in made.text


def test_a_dataset_of_the_tool_of_before_is_listed_summarised_merged_and_compared_and_never_changes(made: Tool) -> None:
    row = {"transaction_id": 9000, "device_id": "501.0", "transaction_start_time": "2025-08-01 10:30:00", "download_status": "success"}
    here = legacy(made.root, OLD, {"antes": {path_of(KIWI, 9000): "x", path_of(KIWI, 9001): "y"}}, tab=[row], apart=True, deployment=28)
    before = tree(here)
    assert made.main("status") == 0, made.text
    assert f"{OLD}: antes" in made.text
    assert made.main("merge_datasets", "-d", V1, "-d", "antes", "--name", "todo") == 1
    assert "summary_dataset" in made.text and "Traceback" not in made.text
    assert made.main("summary_dataset", "-d", "antes") == 0, made.text
    rows = table(made.root / f"output/registry/legacy/{OLD}/antes/_summary_antes.csv")
    assert [(one["transaction_id"], one["device_id"]) for one in rows] == [("9000", "501"), ("9001", "")]
    assert made.main("summary_dataset", "-d", "antes") == 0, made.text
    assert made.jobs == ["summary_dataset"]
    assert made.main("merge_datasets", "-d", V1, "-d", "antes", "--name", "todo") == 0, made.text
    assert len(pictures(datasets(made) / "todo")) == len(pictures(datasets(made) / V1)) + 2
    assert {one["dataset_original"] for one in tab(made) if one["dataset_folder"] == "todo"} == {V1, "antes"}
    assert made.main("diff", "--old", "antes", "--new", "todo") == 0, made.text
    assert "añadidas 4, quitadas 0" in made.text
    assert tree(here) == before


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before anything is there": lambda home: (home / ".todo.lock").exists(),
    "in the middle of the folder": lambda home: any(home.glob(".todo.*.building")) or (home / "todo").exists(),
    "after the folder": lambda home: (home / "todo").exists(),
    "after its last file": lambda home: (home / "todo.json").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_merge_that_was_killed_is_finished_by_the_same_command(made: Tool, moment: str) -> None:
    made.kill_when(lambda: MOMENTS[moment](datasets(made)), "merge_datasets", "--name", "todo")
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    require_whole(made, "todo")
    assert "todo" in {row["dataset_folder"] for row in tab(made)}
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    assert made.jobs == ["merge_datasets"]


def test_a_merge_without_a_name_that_was_killed_goes_on_under_the_same_one(made: Tool) -> None:
    made.kill_when(lambda: (datasets(made) / f".{PROCESS}_merge1.lock").exists(), "merge_datasets")
    assert made.main("merge_datasets") == 0, made.text
    require_whole(made, f"{PROCESS}_merge1")
    assert not (datasets(made) / f"{PROCESS}_merge2").exists()


def test_pictures_of_a_merge_are_hard_links(made: Tool) -> None:
    assert made.main("merge_datasets", "--name", "todo") == 0, made.text
    path = pictures(datasets(made) / V1)[0]
    assert (datasets(made) / "todo" / path).samefile(datasets(made) / V1 / path)
    assert os.stat(datasets(made) / "todo" / path).st_nlink >= 2  # noqa: PTH116


def test_a_dataset_whose_folder_is_gone_is_one_clear_error(made: Tool) -> None:
    shutil.move(datasets(made) / V1, made.root / "aparte")
    assert made.main("summary_dataset", "-d", V1) == 1
    assert V1 in made.text and "Traceback" not in made.text and "no hay ninguna imagen" in made.text
    assert made.main("merge_datasets") == 1
    assert "falta: " in made.text and "Traceback" not in made.text
