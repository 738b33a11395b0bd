"""A name that a person gives means one finished dataset, or an error that lists what there is."""

import shutil
from pathlib import Path

import pytest
from dataset_manager.datasets import finding, versions
from dataset_manager.errors import ProcessError, UsageError
from dataset_manager.files import write_json
from dataset_sets import dataset, legacy, pictures, settings


def found(root: Path, name: str, **typed: str) -> tuple[str, str]:
    one = finding.find(settings(root, **typed), name)
    return one.process, one.name


def test_a_dataset_is_found_by_its_name_in_whatever_process_it_is(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    dataset(tmp_path, "q_v01", pictures(1), "q")
    assert found(tmp_path, "p_v01") == ("p", "p_v01")
    assert found(tmp_path, "q_v01") == ("q", "q_v01")


def test_a_process_means_its_newest_built_dataset_by_number(tmp_path: Path) -> None:
    for name in ("p_v02", "p_v100", "p_v99", "p_merge1", "zumo"):
        dataset(tmp_path, name, pictures(1))
    assert found(tmp_path, "p") == ("p", "p_v100")


def test_an_unfinished_version_is_not_the_newest(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    unfinished = dataset(tmp_path, "p_v02", pictures(1))
    write_json(unfinished.beside(versions.REQUEST), {})
    unfinished.beside(".json").unlink()
    assert found(tmp_path, "p") == ("p", "p_v01")
    with pytest.raises(UsageError):
        found(tmp_path, "p_v02")


def test_a_dataset_that_lost_its_manifest_is_not_finished(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1)).beside(".manifest.parquet").unlink()
    with pytest.raises(UsageError, match="ninguno; create_dataset"):
        found(tmp_path, "p_v01")


def test_files_of_the_tool_are_no_datasets(tmp_path: Path) -> None:
    one = dataset(tmp_path, "p_v01", pictures(1))
    for suffix in (versions.REQUEST, ".summary.json", ".receipt.json"):
        write_json(one.beside(suffix), {})
    assert [made.name for made in finding.every(settings(tmp_path))] == ["p_v01"]


def test_a_wrong_name_lists_what_there_is(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    legacy(tmp_path, "viejo", {"antes": pictures(1)}, apart=True)
    with pytest.raises(UsageError) as error:
        found(tmp_path, "p_v0")
    assert "p_v0:" in str(error.value) and "p_v01 (p)" in str(error.value) and "antes (viejo)" in str(error.value)


def test_two_of_one_name_are_an_error_that_lists_both_unless_the_process_is_given(tmp_path: Path) -> None:
    dataset(tmp_path, "todo", pictures(1))
    dataset(tmp_path, "todo", pictures(1), "q")
    with pytest.raises(UsageError) as error:
        found(tmp_path, "todo")
    assert "process=p)" in str(error.value) and "process=q)" in str(error.value)
    assert found(tmp_path, "todo", process="q") == ("q", "todo")


def test_two_processes_of_the_tool_of_before_of_one_name_have_two_names(tmp_path: Path) -> None:
    legacy(tmp_path, "viejo", {"agosto": pictures(1)})
    legacy(tmp_path, "viejo", {"agosto": pictures(2)}, apart=True)
    with pytest.raises(UsageError) as error:
        found(tmp_path, "agosto")
    assert "(process=viejo)" in str(error.value) and "(process=legacy/viejo)" in str(error.value)
    among, apart = (finding.find(settings(tmp_path, process=name), "agosto") for name in ("viejo", "legacy/viejo"))
    assert among.tree.is_relative_to(tmp_path / "output/processes") and apart.tree.is_relative_to(tmp_path / "output/legacy")
    assert among.home != apart.home and apart.home.parent == tmp_path / "output/registry/legacy"
    assert [finding.at(settings(tmp_path), one.home, "agosto") for one in (among, apart)] == [among, apart]


def test_a_process_of_the_tool_of_before_set_apart_is_found_by_either_name(tmp_path: Path) -> None:
    legacy(tmp_path, "viejo", {"agosto": pictures(1)}, apart=True)
    assert found(tmp_path, "agosto", process="legacy/viejo") == found(tmp_path, "agosto", process="viejo") == ("viejo", "agosto")


def test_a_dataset_of_a_later_version_is_refused_by_name_and_the_others_are_found(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    dataset(tmp_path, "q_v01", pictures(1), "q")
    write_json(tmp_path / "output/processes/q/process_metadata.json", {"format": 99})
    assert found(tmp_path, "p_v01") == ("p", "p_v01")
    with pytest.raises(ProcessError, match="processes/q lo hizo una versión más nueva"):
        found(tmp_path, "q_v01")


def test_nothing_typed_says_which_key_is_missing_and_what_there_is(tmp_path: Path) -> None:
    dataset(tmp_path, "p_v01", pictures(1))
    with pytest.raises(UsageError) as error:
        finding.named(settings(tmp_path), "dataset_name")
    assert "Falta dataset_name" in str(error.value) and "p_v01 (p)" in str(error.value)


def test_without_any_output_the_error_says_how_to_make_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="create_dataset hace uno"):
        found(tmp_path, "p_v01")


@pytest.mark.parametrize("apart", [True, False])
def test_datasets_of_the_tool_of_before_are_found_and_their_products_lie_elsewhere(tmp_path: Path, apart: bool) -> None:
    here = legacy(tmp_path, "viejo", {"antes": pictures(1), ".oculto": pictures(1)}, apart=apart)
    one = finding.find(settings(tmp_path), "antes")
    assert one.legacy and one.tree == here / "datasets/antes"
    for made in (one.beside(".curated.parquet"), one.inside("README.md"), one.receipt):
        assert made.is_relative_to(tmp_path / "output/registry/legacy/viejo")
    assert [made.name for made in finding.every(settings(tmp_path))] == ["antes"]


def test_a_process_without_datasets_and_stray_files_are_passed_over(tmp_path: Path) -> None:
    one = dataset(tmp_path, "p_v01", pictures(1))
    here = legacy(tmp_path, "viejo", {})
    (here / "datasets/folder_structure_1.csv").write_text("x")
    shutil.rmtree(legacy(tmp_path, "vacío", {}, apart=True) / "datasets")
    assert list(finding.every(settings(tmp_path))) == [one]


def test_the_paths_of_a_rule_mean_exactly_that_dataset(tmp_path: Path) -> None:
    other, one = dataset(tmp_path, "todo", pictures(1), "a"), dataset(tmp_path, "todo", pictures(1))
    assert finding.at(settings(tmp_path), one.home, "todo") == one
    assert finding.at(settings(tmp_path), other.home, "todo") == other
    with pytest.raises(UsageError, match="no es un dataset terminado"):
        finding.at(settings(tmp_path), one.home, "p_v02")
