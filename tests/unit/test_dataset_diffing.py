"""diff: what two datasets do not share, picture by picture and by class, and what was asked for differently."""

from pathlib import Path
from typing import Any

import pytest
from dataset_folders import path_of
from dataset_manager.datasets import commands, diffing
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import CountError, UsageError
from dataset_sets import KIWI, PERA, accept, dataset, legacy, pictures, rows_of, settings, tree

A, B, C, D = (path_of(PERA, number) for number in range(100, 104))
KIWI_A = path_of(KIWI, 100)


def two(root: Path, old: dict[str, str], new: dict[str, str], **facts: Any) -> tuple[Dataset, Dataset]:
    return dataset(root, "p_v01", old), dataset(root, "p_v02", new, **facts)


def changes(root: Path, old: dict[str, str], new: dict[str, str]) -> list[tuple[str, str | None, str | None]]:
    rows = diffing.diff(*two(root, old, new)).rows
    return [(row["cambio"], row["ruta_antes"], row["ruta"]) for row in rows]


def text(found: diffing.Diff, old: Dataset, new: Dataset) -> str:
    return "\n".join(diffing.lines(old, new, found))


def test_added_removed_and_relabelled_pictures_are_told_apart(tmp_path: Path) -> None:
    found = changes(tmp_path, {A: "a", B: "b", C: "c"}, {B: "b", KIWI_A: "a", D: "d"})
    assert found == [("añadida", None, D), ("otro label", A, KIWI_A), ("quitada", C, None)]


def test_the_same_pictures_under_other_names_are_the_same(tmp_path: Path) -> None:
    assert changes(tmp_path, {A: "a", B: "b"}, {C: "a", D: "b"}) == []


def test_the_same_name_with_other_content_is_one_gone_and_one_new(tmp_path: Path) -> None:
    assert changes(tmp_path, {A: "a"}, {A: "otra"}) == [("añadida", None, A), ("quitada", A, None)]


def test_copies_of_a_picture_are_counted(tmp_path: Path) -> None:
    assert changes(tmp_path, {A: "a", B: "a", C: "a"}, {A: "a"}) == [("quitada", B, None), ("quitada", C, None)]


def test_a_copy_that_gets_another_label_is_one_relabelled(tmp_path: Path) -> None:
    assert changes(tmp_path, {A: "a", B: "a"}, {A: "a", KIWI_A: "a"}) == [("otro label", B, KIWI_A)]


def test_a_dataset_and_itself_have_no_difference(tmp_path: Path) -> None:
    one = dataset(tmp_path, "p_v01", {A: "a", B: "a"})
    found = diffing.diff(one, one)
    assert (found.rows, found.parameters) == ([], [])
    assert text(found, one, one).strip() == "p_v01 → p_v01: añadidas 0, quitadas 0, con otro label 0"


def test_the_example_of_the_rules(tmp_path: Path) -> None:
    datasets = two(tmp_path, {A: "a", path_of(KIWI, 7): "k"}, {KIWI_A: "a", path_of(KIWI, 7): "k"})
    found = diffing.diff(*datasets)
    assert [row["cambio"] for row in found.rows] == ["otro label"]
    assert found.classes == [{"class": "kiwi", "before": 1, "after": 2}, {"class": "pera", "before": 1, "after": 0}]
    lines = [line.split() for line in text(found, *datasets).splitlines()]
    assert ["kiwi", "1", "2", "+1"] in lines and ["pera", "1", "0", "-1"] in lines


def test_counts_per_class_close(tmp_path: Path) -> None:
    old, new = pictures(5) | pictures(3, KIWI, 200), pictures(2, PERA, 103) | pictures(4, KIWI, 202) | pictures(1, "uva/61", 300)
    found = diffing.diff(*two(tmp_path, old, new))
    count = {name: sum(row["cambio"] == name for row in found.rows) for name in ("añadida", "quitada")}
    assert sum(row["after"] - row["before"] for row in found.classes) == count["añadida"] - count["quitada"]
    assert [(row["class"], row["before"], row["after"]) for row in found.classes] == [("kiwi", 3, 4), ("pera", 5, 2), ("uva", 0, 1)]


def test_what_a_person_changed_and_accepted_counts_and_what_was_not_accepted_does_not(tmp_path: Path) -> None:
    old, new = two(tmp_path, {A: "a", B: "b"}, {A: "a", B: "b"})
    (new.tree / A).unlink()
    assert diffing.diff(old, new).rows == []
    accept(new)
    assert [(row["cambio"], row["ruta_antes"]) for row in diffing.diff(old, new).rows] == [("quitada", A)]


def asked(seed: int, images: int, device: bool = False) -> dict[str, Any]:
    return {
        "window": {"gte": "2025-07-01", "lt": f"2025-08-0{seed}"},
        "request": {
            "parameters": {"seed": seed, "selection": "random"},
            "references": [{"reference_id": "1", "reference_name": "Tomate", "images": images}],
            "devices": [{"device_id": "7", "images": 3}] if device else [],
        },
    }


def test_marks_parameters_and_window_that_differ_are_told_before_and_after(tmp_path: Path) -> None:
    old, new = dataset(tmp_path, "p_v01", {A: "a"}, **asked(1, 5)), dataset(tmp_path, "p_v02", {A: "a"}, **asked(2, 8, device=True))
    found = diffing.diff(old, new)
    assert found.parameters == [
        ("Devices 7.device_id", None, "7"),
        ("Devices 7.images", None, 3),
        ("References Tomate (1).images", 5, 8),
        ("parameters.seed", 1, 2),
        ("window.lt", "2025-08-01", "2025-08-02"),
    ]
    assert "  parameters.seed: 1 → 2" in text(found, old, new) and "  Devices 7.images: – → 3" in text(found, old, new)


def test_references_that_share_a_name_are_not_taken_for_one_another(tmp_path: Path) -> None:
    def twins(second: int) -> dict[str, Any]:
        names = [
            {"reference_id": "1", "reference_name": "Tomate", "images": 5},
            {"reference_id": "2", "reference_name": "Tomate", "images": second},
        ]
        return {"request": {"references": names[::-1], "devices": [], "parameters": {}}}

    found = diffing.diff(dataset(tmp_path, "p_v01", {A: "a"}, **twins(7)), dataset(tmp_path, "p_v02", {A: "a"}, **twins(9)))
    assert [(before, after) for _, before, after in found.parameters] == [(7, 9)]


def test_the_command_writes_a_table_beside_the_new_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, new = two(tmp_path, {A: "a"}, {KIWI_A: "a"})
    commands.diff(settings(tmp_path, old="p_v01", new="p_v02"))
    (row,) = rows_of(new.home / "p_v02.diff_p_v01.csv")
    assert tuple(row) == diffing.COLUMNS
    assert (row["cambio"], row["label_antes"], row["label_id"], row["transaction_id"]) == ("otro label", "57", "60", "100")
    assert "p_v02.diff_p_v01.csv" in capsys.readouterr().out


def test_without_writing_nothing_changes(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {KIWI_A: "a"})
    before = tree(tmp_path)
    commands.diff(settings(tmp_path, old="p_v01", new="p_v02"), write=False)
    assert tree(tmp_path) == before


def test_a_process_means_its_newest_and_a_wrong_name_lists_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two(tmp_path, {A: "a"}, {A: "a"})
    commands.diff(settings(tmp_path, old="p_v01", new="p"), write=False)
    assert "p_v01 → p_v02" in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"p_v02 \(p\)"):
        commands.diff(settings(tmp_path, old="p_v01", new="p_v03"))
    with pytest.raises(UsageError, match="Falta old"):
        commands.diff(settings(tmp_path, new="p_v01"))


def test_a_dataset_of_the_tool_of_before_needs_its_summary_first(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", {A: "a"})
    legacy(tmp_path, "viejo", {"antes": {A: "a"}})
    with pytest.raises(CountError, match="summary_dataset"):
        commands.diff(settings(tmp_path, old="antes", new="p_v01"))


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    old, new = two(tmp_path, {A: "a"}, {A: "a"})
    old.beside(".manifest.parquet").write_bytes(b"PAR1")
    with pytest.raises(CountError, match=r"p_v01\.manifest\.parquet"):
        diffing.diff(old, new)
