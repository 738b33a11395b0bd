"""review_images by real runs: marked rows to folders, contact sheet and tracking tabs."""

import zipfile
from pathlib import Path

import pytest

from workflow.conftest import Tool
from workflow.pictured import draw, tab


@pytest.fixture
def pictured(downloaded: Tool) -> Tool:
    """27 transactions, each with its picture; reference 1 (code 00014) is marked."""
    for day in (1, 2, 3):
        for place in range(3):
            for n in range(3):
                draw(downloaded, day * 30 + place * 10 + n)
    downloaded.mark("References", "1", revisar_imagenes="si")
    return downloaded


def images(tool: Tool) -> list[str]:
    folder = tool.process() / "images"
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix == ".jpg"]
    return sorted(str(path) for path in found)


def test_marked_rows_become_pictures_a_sheet_and_two_tabs(pictured: Tool) -> None:
    pictured.mark("Devices", "7", revisar_imagenes="Sí")
    assert pictured.main("review_images") == 0, pictured.text
    placed = images(pictured)
    assert len([path for path in placed if path.startswith("productos/Tomate/tomate/")]) == 5
    assert len([path for path in placed if path.startswith("devices/7/")]) == 5
    page = (pictured.process() / "images/revision.html").read_text("utf-8")
    assert page.count("<figure") == 10
    assert "http://" not in page and "https://" not in page
    assert {row["download_status"] for row in tab(pictured, "revisar_imagenes_bajadas")} == {"success"}
    assert [row["device_id"] for row in tab(pictured, "devices_imagenes_bajadas")] == ["7"] * 5
    assert "Imágenes: 10 en 2 carpetas (0 fallidas)" in pictured.text


def test_only_the_two_tabs_of_the_workbook_change(pictured: Tool) -> None:
    with zipfile.ZipFile(pictured.book) as book:
        before = {name: book.read(name) for name in book.namelist()}
    assert pictured.main("review_images") == 0, pictured.text
    with zipfile.ZipFile(pictured.book) as book:
        changed = [name for name in before if book.read(name) != before[name]]
        assert sorted(book.namelist()) == sorted(before)
    assert len(changed) <= 2
    assert all(name.startswith("xl/worksheets/sheet") for name in changed)


def test_the_same_marks_again_do_nothing(pictured: Tool) -> None:
    assert pictured.main("review_images") == 0, pictured.text
    assert pictured.main("review_images") == 0, pictured.text
    assert pictured.jobs == ["review_images"]
    pictured.mark("References", "2", incluir_dataset="no")
    assert pictured.main("review_images") == 0, pictured.text
    assert pictured.jobs == ["review_images"]


def test_other_marks_replace_only_what_the_tool_placed(pictured: Tool) -> None:
    assert pictured.main("review_images") == 0, pictured.text
    mine = pictured.process() / "images/productos/Tomate/tomate/nota.txt"
    mine.write_text("mía")
    pictured.mark("References", "1", revisar_imagenes="no")
    pictured.mark("References", "3", revisar_imagenes="si")
    assert pictured.main("review_images") == 0, pictured.text
    assert all(path.startswith("productos/Pera/") for path in images(pictured))
    assert mine.read_text() == "mía"


def test_a_dry_run_says_how_many_and_writes_nothing(pictured: Tool) -> None:
    before = pictured.tree()
    assert pictured.main("review_images", "--dry-run") == 0, pictured.text
    assert pictured.tree() == before
    assert "Imágenes: 5 (ya descargadas 0, por descargar 5" in pictured.text


def test_unreadable_marks_stop_it_before_anything_is_removed(pictured: Tool) -> None:
    assert pictured.main("review_images") == 0, pictured.text
    before = images(pictured)
    pictured.mark("References", "2", revisar_imagenes="quizá")
    assert pictured.main("review_images") == 1
    assert "revisar_imagenes" in pictured.text and "quizá" in pictured.text
    assert "Traceback" not in pictured.text
    assert images(pictured) == before


def test_a_damaged_picture_is_listed_and_replaced(pictured: Tool) -> None:
    assert pictured.main("review_images", "--dry-run") == 0
    pictured.overlay.write_text(pictured.overlay.read_text() + "images: {max_failed_fraction: 1.0}\n")
    numbers = [day * 30 + n for day in (1, 2, 3) for n in range(3)]
    for number in numbers[:3]:
        draw(pictured, number).write_bytes(b"<html>no</html>")
    assert pictured.main("review_images") == 0, pictured.text
    assert len(images(pictured)) == 5
    failed = [row for row in tab(pictured, "revisar_imagenes_bajadas") if row["download_status"] == "failed"]
    assert all(row["reason"] for row in failed)
    assert not {f"{number}.jpg" for number in numbers[:3]} & {Path(path).name for path in images(pictured)}


def test_too_many_failures_are_an_error_that_names_them(pictured: Tool) -> None:
    for number in [day * 30 + n for day in (1, 2, 3) for n in range(3)][:6]:
        draw(pictured, number).unlink()
    assert pictured.main("review_images") == 1
    assert "images.max_failed_fraction" in pictured.text
    assert "folders/c/" in pictured.text


def test_nothing_marked_says_what_to_do(downloaded: Tool) -> None:
    assert downloaded.main("review_images") == 0, downloaded.text
    assert "No hay nada marcado" in downloaded.text


def test_a_stale_table_and_a_missing_sheet_need_one_run(pictured: Tool) -> None:
    assert pictured.main("review_images") == 0, pictured.text
    (pictured.process() / "images/revision.html").unlink()
    (pictured.process() / "data/parameters.json").touch()
    assert pictured.main("review_images") == 0, pictured.text
    assert (pictured.process() / "images/revision.html").exists()


def test_a_picture_already_had_costs_nothing(pictured: Tool) -> None:
    assert pictured.main("review_images") == 0, pictured.text
    for path in (pictured.root / "export/pictures").rglob("*.jpg"):
        path.unlink()
    pictured.mark("Devices", "7", revisar_imagenes="no")
    (pictured.process() / "images/manifests/review.parquet").unlink()
    assert pictured.main("review_images") == 0, pictured.text
    assert len(images(pictured)) == 5
