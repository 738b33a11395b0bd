"""folder_structure: a table for Excel with every folder that holds pictures, and no picture counted in silence."""

import csv
import io
import os
from pathlib import Path

import pytest
from dataset_manager.datasets import commands, structure
from dataset_manager.errors import ProcessError, UsageError
from dataset_manager.images.cache import EXTENSIONS
from dataset_sets import dataset, pictures, process, settings, tree


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf") and b"\r" not in text
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter=";"))


def table_of(folder: Path, extensions: frozenset[str] = frozenset(EXTENSIONS)) -> tuple[Path, structure.Found]:
    found, path = structure.look(folder, extensions), structure.default_output(folder)
    structure.write(found, path)
    return path, found


def made(folder: Path, extensions: frozenset[str] = frozenset(EXTENSIONS)) -> tuple[list[tuple[str, ...]], structure.Found]:
    path, found = table_of(folder, extensions)
    return [tuple(row.values())[:5] for row in table(path)], found


def test_a_dry_run_says_where_the_table_would_go_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/1.jpg", "v01/pera/a.jpg")
    commands.folder_structure(settings(tmp_path, input=str(root)), write=False)
    said = capsys.readouterr().out
    assert "1 carpeta con imágenes, 1 imagen\n" in said and "1 imagen en v01/pera, por encima" in said
    assert f"La tabla se escribiría en: {os.path.relpath(root / 'folder_structure_datasets.csv')}\n" in said
    assert not list(root.glob("*.csv"))


def test_the_example_of_the_rules(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", *(f"v01/pera/57/{n}.jpg" for n in range(12)))
    path, _ = table_of(root)
    assert path == root / "folder_structure_datasets.csv"
    text = path.read_text("utf-8-sig").splitlines()
    assert text == ["dataset_name;product;label_id;folder_rel;images_count;folder_abs", f"v01;pera;57;v01/pera/57;12;{root}/v01/pera/57"]


def test_rows_are_sorted_by_product_label_as_text_and_path(tmp_path: Path) -> None:
    put(tmp_path / "datasets", "v02/pera/9/a.jpg", "v02/pera/10/a.jpg", "v02/kiwi/60/a.jpg", "v01/pera/9/a.jpg")
    rows, _ = made(tmp_path / "datasets")
    assert [row[:3] for row in rows] == [("v02", "kiwi", "60"), ("v02", "pera", "10"), ("v01", "pera", "9"), ("v02", "pera", "9")]


def test_the_nearest_folder_called_datasets_gets_the_table_and_names_the_dataset(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets/old/datasets", "v01/pera/57/a.jpg")
    path, found = table_of(root / "v01")
    assert path == root / "folder_structure_v01.csv"
    assert [row[:4] for row in found.rows] == [("v01", "pera", "57", "pera/57")]


def test_a_folder_without_datasets_above_it_is_its_own_root(tmp_path: Path) -> None:
    rows, _ = made(put(tmp_path / "fotos", "pera/57/a.jpg"))
    assert rows == [("pera", "pera", "57", "pera/57", "1")]
    assert (tmp_path / "fotos/folder_structure_fotos.csv").exists()


def test_pictures_directly_in_the_root_are_a_leaf_without_product(tmp_path: Path) -> None:
    rows, _ = made(put(tmp_path / "fotos", "a.jpg", "b.png"))
    assert rows == [("fotos", "", "fotos", ".", "2")]


def test_pictures_above_a_leaf_are_said_and_not_counted(tmp_path: Path) -> None:
    rows, found = made(put(tmp_path / "datasets", "v01/pera/suelta.jpg", "v01/pera/57/a.jpg"))
    assert rows == [("v01", "pera", "57", "v01/pera/57", "1")]
    assert (found.above, found.pictures) == ({"v01/pera": 1}, 1)


def test_a_leaf_counts_whatever_empty_folders_it_has(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/a.jpg", "v01/pera/57/otros/nota.txt")
    assert made(root)[0] == [("v01", "pera", "57", "v01/pera/57", "1")]


def test_hidden_folders_linked_folders_and_other_files_are_left_out(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/a.JPG", "v01/pera/57/nota.txt", ".v02/pera/57/a.jpg", "v01/.x/57/a.jpg")
    put(tmp_path / "fuera", "a.jpg")
    (root / "v01/enlace").symlink_to(tmp_path / "fuera")
    (root / "v01/ciclo").symlink_to(root)
    assert made(root)[0] == [("v01", "pera", "57", "v01/pera/57", "1")]


def test_other_extensions_when_they_are_asked_for(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/a.jpg", "v01/pera/57/b.PNG", "v01/pera/57/c.heic")
    assert made(root, structure.extensions_of("heic, .png"))[0][0][4] == "2"
    assert structure.extensions_of(None) == EXTENSIONS
    assert structure.extensions_of(".JPG png") == {".jpg", ".png"}


@pytest.mark.parametrize("typed", ["", " , ", "j/pg", "*.jpg", "tar.gz"])
def test_extensions_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="extensions="):
        structure.extensions_of(typed)


def test_a_folder_without_pictures_gives_a_table_with_its_heads(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    rows, _ = made(tmp_path / "datasets")
    assert rows == []
    assert (tmp_path / "datasets/folder_structure_datasets.csv").read_text("utf-8-sig").startswith("dataset_name;")


def test_the_same_folder_gives_the_same_bytes_in_the_same_file(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/a.jpg", "v01/kiwi/60/b.jpg")
    made(root)
    before = tree(root)["folder_structure_datasets.csv"][1]
    made(root)
    assert tree(root)["folder_structure_datasets.csv"][1] == before
    assert [path.name for path in root.glob("*.csv")] == ["folder_structure_datasets.csv"]


def test_names_with_the_separator_quotes_and_accents_stay_one_cell(tmp_path: Path) -> None:
    rows, _ = made(put(tmp_path / "datasets", 'v01/piña; "ñ"/57/a.jpg'))
    assert rows == [("v01", 'piña; "ñ"', "57", 'v01/piña; "ñ"/57', "1")]


def test_names_that_no_text_can_hold_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    root = put(tmp_path / "datasets", "v01/pera/57/a.jpg")
    os.makedirs(os.fsencode(root) + b"/v01/mal\xff/60")  # noqa: PTH103
    Path(os.fsdecode(os.fsencode(root) + b"/v01/mal\xff/60/a.jpg")).write_bytes(b"x")
    rows, _ = made(root)
    assert [row[1] for row in rows] == ["mal\\xff", "pera"]


def test_a_folder_that_does_not_exist_or_is_a_file_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    for wrong in ("nada", "a.jpg"):
        with pytest.raises(UsageError, match=f"input=.*{wrong}"):
            structure.look(tmp_path / wrong, frozenset(EXTENSIONS))


def test_the_command_takes_the_datasets_of_the_active_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = dataset(tmp_path, "p_v01", pictures(3))
    commands.folder_structure(settings(tmp_path))
    assert [row["images_count"] for row in table(made.home / "folder_structure_datasets.csv")] == ["3"]
    assert "1 carpeta con imágenes, 3 imágenes" in capsys.readouterr().out


def test_the_command_takes_the_folder_and_the_file_that_are_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "fotos", "pera/suelta.jpg", "pera/57/a.jpg")
    typed = {"input": str(tmp_path / "fotos"), "output": str(tmp_path / "new/tabla.csv")}
    commands.folder_structure(settings(tmp_path, **typed))
    assert len(table(tmp_path / "new/tabla.csv")) == 1
    assert "1 imagen en pera, por encima de otras carpetas" in capsys.readouterr().out
    assert not list((tmp_path / "fotos").glob("*.csv"))


def test_without_a_process_or_datasets_the_command_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="No hay proceso activo"):
        commands.folder_structure(settings(tmp_path))
    process(tmp_path)
    with pytest.raises(UsageError, match="no es una carpeta"):
        commands.folder_structure(settings(tmp_path))
