"""create_dataset with names, files and folders that nobody expects."""

import shutil

import openpyxl
from dataset_manager.names import path_part

from workflow.conftest import PROCESS, Tool
from workflow.export import write_catalogue
from workflow.pictured import NUMBERS, beside, counts, create, dataset_id, draw, include, manifest, marked, names, original, tab
from workflow.test_dataset_goes_on import stopped

__all__ = ["marked", "original"]


def test_hostile_classes_stay_inside_and_the_workbook_says_them_as_typed(marked: Tool) -> None:
    include(marked, "1", producto_a_entrenar="../../x", label_considerar=11)
    include(marked, "2", producto_a_entrenar="CON", label_considerar=12, num_imagenes_dataset=2)
    include(marked, "3", producto_a_entrenar="a;b\n'c\" é", label_considerar=13)
    outside = {path for path in marked.root.rglob("*") if "output" not in path.parts and ".snakemake" not in path.parts}
    create(marked)
    dataset_id(marked)
    typed = {row["class"] for row in manifest(marked, "v01")}
    assert {path.name for path in beside(marked, "v01").iterdir()} == {path_part(name) for name in typed}
    assert {row["clase_name"] for row in tab(marked, "datasets_creados")} == typed
    assert {path for path in marked.root.rglob("*") if "output" not in path.parts and ".snakemake" not in path.parts} == outside


def test_a_reference_named_like_a_formula_is_text_in_the_tab(tool: Tool) -> None:
    name = '=HYPERLINK("http://x","y")'
    write_catalogue(tool.root / "export/catalogue.sqlite", [("1", "00014", name, 11)])
    assert tool.main("download_info", "28") == 0, tool.text
    for number in NUMBERS:
        draw(tool, number)
    include(tool, "1", num_imagenes_dataset=2, producto_a_entrenar="tomate", label_considerar=11)
    create(tool)
    cells = [row[0] for row in openpyxl.load_workbook(tool.book)["datasets_creados"].iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in cells] == [(name, "s")] * 2


def test_a_finished_dataset_needs_neither_its_manifests_nor_the_cache(marked: Tool) -> None:
    create(marked)
    shutil.rmtree(marked.process() / "images")
    shutil.rmtree(marked.root / "output/cache")
    assert create(marked) == "v01"
    assert marked.jobs == ["create_dataset"]
    assert create(marked, "--new-version") == "v02"
    assert counts(marked, "v02")["placed"] == 7


def test_a_folder_in_the_way_takes_the_next_number(marked: Tool) -> None:
    (beside(marked, "v03") / "mía").mkdir(parents=True)
    assert create(marked) == "v04"
    assert [path.name for path in beside(marked, "v03").iterdir()] == ["mía"]


def test_a_tree_that_appears_under_a_frozen_name_is_refused_and_untouched(marked: Tool) -> None:
    stopped(marked)
    mine = beside(marked, "v01") / "mía.txt"
    mine.parent.mkdir()
    mine.write_text("mía")
    assert marked.main("create_dataset") == 1
    assert "ya existe y no es el dataset pedido" in marked.text and "No se ha tocado" in marked.text
    assert mine.read_text() == "mía" and [path.name for path in mine.parent.iterdir()] == ["mía.txt"]
    shutil.rmtree(mine.parent)
    assert create(marked) == "v01"


def test_a_dry_run_of_an_unfinished_dataset_speaks_of_that_one(marked: Tool) -> None:
    stopped(marked)
    before = marked.tree()
    assert marked.main("create_dataset", "--dry-run") == 0, marked.text
    assert f"Dataset: {PROCESS}_v01\n" in marked.text
    assert "Imágenes: 7 (ya descargadas 0, por descargar 7" in marked.text
    assert marked.tree() == before


def test_every_picture_of_a_transaction_when_all_are_asked_for(marked: Tool) -> None:
    marked.overlay.write_text(marked.overlay.read_text() + "dataset_creation: {imagenes_por_transaccion: todas}\n")
    assert create(marked) == "v01"
    assert marked.json(f"datasets/{PROCESS}_v01.request.json")["compared"]["parameters"]["imagenes_por_transaccion"] == "todas"
    assert marked.main("status") == 0, marked.text
    assert "v01" in names(marked)
