"""merge_datasets: nothing is lost or overwritten silently, everything left out is listed, the parents are on record."""

from pathlib import Path

import pytest
from dataset_folders import Row, path_of, put
from dataset_manager.datasets import merge_request, merging, tracking
from dataset_manager.datasets.content import accepted_id, content_id
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import CountError, ProcessError, UsageError
from dataset_manager.files import read_json, write_json
from dataset_sets import KIWI, PERA, accept, dataset, manifest, pictures, process, rows_of, settings, tree

A, B, C, D = (path_of(PERA, number) for number in range(100, 104))
INTO = "todo"


def merge(root: Path, parents: list[Dataset], on_conflict: str = "error", name: str = INTO) -> Row:
    described = [merge_request.described(parent) for parent in parents]
    facts = {"dataset": name, "process": "p", "parents": described, "on_conflict": on_conflict}
    return merging.merge(parents, made(root, name).tree, on_conflict, facts)


def made(root: Path, name: str = INTO) -> Dataset:
    home = root / "output/processes/p/datasets"
    return Dataset(name, "p", home / name, home)


def report(root: Path) -> list[dict[str, str]]:
    return rows_of(made(root).inside("merge_report.csv"))


def placed(root: Path, name: str = INTO) -> list[str]:
    return sorted(path for path in tree(made(root, name).tree) if path != "merge_report.csv")


def two(root: Path, first: dict[str, str], second: dict[str, str]) -> list[Dataset]:
    return [dataset(root, "p_v01", first), dataset(root, "p_v02", second)]


def test_a_picture_that_both_have_stands_once_and_the_other_is_listed(tmp_path: Path) -> None:
    result = merge(tmp_path, two(tmp_path, {A: "a", B: "b"}, {B: "b", C: "c"}))
    assert placed(tmp_path) == [A, B, C]
    assert result["counts"] == {"wanted": 4, "placed": 3, "short": 0, "failed": 0}
    assert [(row["caso"], row["dataset"], row["ruta"], row["incluida"]) for row in report(tmp_path)] == [("repetida", "p_v02", B, "no")]


def test_the_same_picture_under_another_name_also_stands_once(tmp_path: Path) -> None:
    merge(tmp_path, two(tmp_path, {A: "a"}, {C: "a", D: "d"}))
    assert placed(tmp_path) == [A, D]


def test_one_name_with_two_contents_keeps_both_under_distinct_names(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {A: "otra"})
    merge(tmp_path, parents)
    other = manifest(parents[1])[0]["sha256"]
    renamed = A.replace(".jpg", f"-{other[:12]}.jpg")
    assert placed(tmp_path) == [renamed, A]
    assert (made(tmp_path).tree / renamed).read_bytes() == (parents[1].tree / A).read_bytes()
    assert [(row["caso"], row["incluida"], row["ruta_final"]) for row in report(tmp_path)] == [("renombrada", "si", renamed)]


def test_names_that_differ_only_in_case_are_kept_apart_as_on_windows(tmp_path: Path) -> None:
    upper = A.replace("_a.jpg", "_A.JPG")
    merge(tmp_path, two(tmp_path, {A: "a"}, {upper: "otra"}))
    assert len({path.lower() for path in placed(tmp_path)}) == 2


def test_a_renamed_picture_never_takes_the_name_of_another(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {A: "otra"})
    renamed = A.replace(".jpg", f"-{manifest(parents[1])[0]['sha256'][:12]}.jpg")
    third = dataset(tmp_path, "p_v03", {renamed: "a mano"})
    result = merge(tmp_path, [*parents, third])
    assert len(placed(tmp_path)) == result["counts"]["placed"] == 3
    assert {row["path"]: row["sha256"] for row in manifest(made(tmp_path))}.keys() == set(placed(tmp_path))


def test_one_picture_with_two_labels_is_an_error_that_lists_every_place(tmp_path: Path) -> None:
    kiwi = path_of(KIWI, 100)
    with pytest.raises(CountError, match="on_conflict=first"):
        merge(tmp_path, two(tmp_path, {A: "a", B: "b"}, {kiwi: "a", C: "c"}))
    listed = rows_of(made(tmp_path).beside(".merge_report.csv"))
    assert [(row["caso"], row["dataset"], row["ruta"], row["label_id"]) for row in listed] == [
        ("conflicto de label", "p_v01", A, "57"),
        ("conflicto de label", "p_v02", kiwi, "60"),
    ]
    assert not made(tmp_path).tree.exists() and not made(tmp_path).beside(".json").exists()


@pytest.mark.parametrize(("option", "kept"), [("first", [A, B, C]), ("skip", [B, C])])
def test_with_first_the_first_label_counts_and_with_skip_neither(tmp_path: Path, option: str, kept: list[str]) -> None:
    parents = two(tmp_path, {A: "a", B: "b"}, {path_of(KIWI, 100): "a", C: "c"})
    with pytest.raises(CountError):
        merge(tmp_path, parents)
    result = merge(tmp_path, parents, option)
    assert placed(tmp_path) == kept
    assert [row["incluida"] for row in report(tmp_path)] == (["si", "no"] if option == "first" else ["no", "no"])
    assert result["counts"]["wanted"] == len(kept) + sum(row["incluida"] == "no" for row in report(tmp_path))
    assert not made(tmp_path).beside(".merge_report.csv").exists()


def test_the_same_label_number_in_another_class_is_also_a_conflict(tmp_path: Path) -> None:
    with pytest.raises(CountError):
        merge(tmp_path, two(tmp_path, {A: "a"}, {path_of("conferencia/57", 100): "a"}))


def test_one_label_in_two_classes_is_said(tmp_path: Path) -> None:
    result = merge(tmp_path, two(tmp_path, {A: "a"}, {path_of("conferencia/57", 101): "b"}))
    assert result["labels_twice"] == [{"label_id": "57", "classes": ["conferencia", "pera"]}]


def test_a_merge_without_any_picture_left_makes_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(CountError, match="ninguna imagen"):
        merge(tmp_path, two(tmp_path, {A: "a"}, {path_of(KIWI, 100): "a"}), "skip")
    assert not made(tmp_path).tree.exists()


def test_the_order_given_decides_whose_name_counts(tmp_path: Path) -> None:
    first, second = two(tmp_path, {A: "a", B: "b"}, {A: "otra"})
    merge(tmp_path, [second, first])
    assert (made(tmp_path).tree / A).read_bytes() == (second.tree / A).read_bytes()


def test_pictures_are_hard_links_and_the_identity_is_that_of_the_folder(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {C: "c"})
    result = merge(tmp_path, parents)
    assert (made(tmp_path).tree / A).samefile(parents[0].tree / A)
    rows = manifest(made(tmp_path))
    assert result["dataset_id"] == content_id({row["path"]: row["sha256"] for row in rows})
    assert [row["source_dataset"] for row in rows] == ["p_v01", "p_v02"]


def test_the_parents_and_what_they_held_are_recorded(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {C: "c"})
    merge(tmp_path, parents)
    recorded = read_json(made(tmp_path).beside(".json"))["parents"]
    assert recorded == [{"dataset": one.name, "process": "p", "content_id": accepted_id(one)} for one in parents]


def test_nothing_of_the_parents_changes(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {A: "otra"})
    before = [tree(one.tree) for one in parents]
    merge(tmp_path, parents)
    assert [tree(one.tree) for one in parents] == before


def test_merged_datasets_can_be_merged_again(tmp_path: Path) -> None:
    merge(tmp_path, two(tmp_path, {A: "a"}, {B: "b"}))
    third = dataset(tmp_path, "p_v03", {C: "c"})
    merge(tmp_path, [made(tmp_path), third], name="más")
    assert placed(tmp_path, "más") == [A, B, C]
    assert [row["source_dataset"] for row in manifest(made(tmp_path, "más"))] == [INTO, INTO, "p_v03"]


def test_an_accepted_deletion_stays_deleted_and_an_unaccepted_one_stops_it(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a", B: "b"}, {C: "c"})
    (parents[0].tree / A).unlink()
    with pytest.raises(CountError, match=f"falta: {A}"):
        merge(tmp_path, parents)
    accept(parents[0])
    merge(tmp_path, parents)
    assert placed(tmp_path) == [B, C]


def test_a_parent_whose_folder_is_gone_is_one_clear_error(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {C: "c"})
    parents[0].tree.rename(tmp_path / "aparte")
    with pytest.raises(CountError, match=f"falta: {A}"):
        merge(tmp_path, parents)


def test_a_parent_whose_manifest_is_damaged_is_one_clear_error(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {C: "c"})
    parents[0].beside(".manifest.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(CountError, match=r"p_v01\.manifest\.parquet"):
        merging.merge(parents, made(tmp_path).tree, "error", {})


def test_a_folder_in_the_way_stays_as_it_is(tmp_path: Path) -> None:
    put(made(tmp_path).tree, D, "de alguien")
    before = tree(made(tmp_path).tree)
    with pytest.raises(CountError, match="No se ha tocado"):
        merge(tmp_path, two(tmp_path, {A: "a"}, {C: "c"}))
    assert tree(made(tmp_path).tree) == before


def test_a_tree_that_a_killed_run_renamed_is_completed(tmp_path: Path) -> None:
    parents = two(tmp_path, {A: "a"}, {C: "c"})
    merge(tmp_path, parents)
    before = tree(made(tmp_path).tree), made(tmp_path).beside(".json").read_bytes()
    for suffix in (".json", ".manifest.parquet"):
        made(tmp_path).beside(suffix).unlink()
    merge(tmp_path, parents)
    assert (tree(made(tmp_path).tree), made(tmp_path).beside(".json").read_bytes()) == before


def test_what_a_killed_run_left_half_made_is_removed(tmp_path: Path) -> None:
    put(made(tmp_path).home / f".{INTO}.12345.building", A)
    merge(tmp_path, two(tmp_path, {A: "a"}, {C: "c"}))
    assert placed(tmp_path) == [A, C]
    assert not list(made(tmp_path).home.glob(".*.building"))


def test_the_tab_says_merged_and_from_which_dataset(tmp_path: Path) -> None:
    merge(tmp_path, two(tmp_path, {A: "a"}, {C: "c"}))
    rows = [dict(zip(tracking.COLUMNS, row, strict=True)) for row in tracking.rows_of(made(tmp_path).home, INTO)]
    facts = [(row["download_status"], row["origen"], row["dataset_folder"], row["dataset_original"]) for row in rows]
    assert facts == [("merged", "juntar_datasets", INTO, "p_v01"), ("merged", "juntar_datasets", INTO, "p_v02")]
    assert [row["local_path"] for row in rows] == [f"datasets/{INTO}/{A}", f"datasets/{INTO}/{C}"]


# ---- which datasets, and under which name


def plan(root: Path, **typed: object) -> merge_request.MergePlan:
    return merge_request.plan(settings(root, **typed))


def finish(root: Path, found: merge_request.MergePlan) -> None:
    facts = {"parents": found.parents, "on_conflict": found.on_conflict}
    merging.merge(merge_request.parents_at(settings(root), found.parents), made(root, found.name).tree, found.on_conflict, facts)


def test_without_names_every_built_dataset_of_the_active_process_by_number(tmp_path: Path) -> None:
    dataset(tmp_path, "q_v01", pictures(1), "q")
    for name in ("p_v10", "p_v09", "p_merge4", "otro"):
        dataset(tmp_path, name, pictures(1))
    process(tmp_path)
    found = plan(tmp_path)
    assert [one["dataset"] for one in found.parents] == ["p_v09", "p_v10"]
    assert found.name == "p_merge5"


def test_versions_of_two_and_three_digits_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("p_v100", "p_v99"):
        dataset(tmp_path, name, pictures(1))
    assert [one["dataset"] for one in plan(tmp_path).parents] == ["p_v99", "p_v100"]


def test_the_same_parents_are_the_same_merge_and_other_content_is_another_one(tmp_path: Path) -> None:
    first, _ = two(tmp_path, {A: "a", B: "b"}, {C: "c"})
    finish(tmp_path, plan(tmp_path))
    again = plan(tmp_path)
    assert (again.name, again.finished) == ("p_merge1", True)
    (first.tree / A).unlink()
    accept(first)
    other = plan(tmp_path)
    assert (other.name, other.finished) == ("p_merge2", False)


def test_another_order_or_option_is_another_merge(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {C: "c"})
    finish(tmp_path, plan(tmp_path))
    assert not plan(tmp_path, datasets=["p_v02", "p_v01"]).finished
    assert not plan(tmp_path, on_conflict="first").finished
    assert plan(tmp_path, datasets=["p_v01", "p_v02", "p_v01"]).finished


def test_a_merge_that_stopped_does_not_use_up_its_name(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {path_of(KIWI, 100): "a"})
    with pytest.raises(CountError):
        finish(tmp_path, plan(tmp_path))
    assert plan(tmp_path, on_conflict="first").name == "p_merge1"


def test_a_merge_killed_before_its_last_file_goes_on_under_its_name(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {C: "c"})
    finish(tmp_path, plan(tmp_path))
    for suffix in (".json", ".manifest.parquet"):
        made(tmp_path, "p_merge1").beside(suffix).unlink()
    assert plan(tmp_path).name == "p_merge1"


def test_a_folder_of_somebody_else_keeps_its_name(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {C: "c"})
    put(made(tmp_path, "p_merge3").tree, A)
    assert plan(tmp_path).name == "p_merge4"


def test_fewer_than_two_datasets_are_an_error_that_lists_them(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    for typed in ({}, {"datasets": ["p_v01"]}, {"datasets": ["p_v01", "p_v01"]}, {"datasets": ["p_v01", "p"]}):
        with pytest.raises(UsageError, match=r"p_v01 \(p\)"):
            plan(tmp_path, **typed)


@pytest.mark.parametrize("name", ["x_v01", "x_v100", "p_v07-todo", "../x", "a b", "x.request", "x.summary", "p_v01.zip"])
def test_names_that_mean_something_else_are_refused(tmp_path: Path, name: str) -> None:
    two(tmp_path, {A: "a"}, {C: "c"})
    with pytest.raises(UsageError) as error:
        plan(tmp_path, name=name)
    assert name in str(error.value) and "name=" in str(error.value)


def test_the_name_of_another_finished_dataset_is_refused(tmp_path: Path) -> None:
    two(tmp_path, {A: "a"}, {C: "c"})
    dataset(tmp_path, INTO, {D: "d"})
    with pytest.raises(ProcessError, match="dé otro nombre"):
        plan(tmp_path, name=INTO)


def test_datasets_of_other_processes_can_be_named_whatever_process_receives_them(tmp_path: Path) -> None:
    dataset(tmp_path, "q_v01", pictures(1), "q")
    dataset(tmp_path, "p_v01", pictures(1))
    found = plan(tmp_path, process="p", datasets=["q_v01", "p_v01"], name=INTO)
    assert [(one["process"], one["dataset"]) for one in found.parents] == [("q", "q_v01"), ("p", "p_v01")]


def test_a_parent_that_changes_after_the_plan_stops_it(tmp_path: Path) -> None:
    first, _ = two(tmp_path, {A: "a", B: "b"}, {C: "c"})
    found = plan(tmp_path)
    (first.tree / A).unlink()
    accept(first)
    with pytest.raises(CountError, match="ha cambiado mientras"):
        finish(tmp_path, found)


def test_other_json_files_beside_the_datasets_are_no_merges(tmp_path: Path) -> None:
    first, _ = two(tmp_path, {A: "a"}, {C: "c"})
    write_json(first.beside(".summary.json"), {"parents": plan(tmp_path).parents, "on_conflict": "error"})
    assert not plan(tmp_path).finished
