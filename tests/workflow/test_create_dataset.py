"""create_dataset by real runs: marked rows to a tree with its manifest, its provenance and the workbook's tab."""

import shutil
from pathlib import Path

import pytest

from workflow.conftest import PROCESS, Tool
from workflow.pictured import (
    another,
    beside,
    counts,
    create,
    dataset_id,
    include,
    manifest,
    marked,
    names,
    numbers,
    original,
    tab,
    transactions,
)

__all__ = ["marked", "original"]
V01 = {f"v01{suffix}" for suffix in ("", ".json", ".manifest.parquet", ".request.json", ".shortage.csv")}


def test_marked_rows_become_a_tree_a_manifest_and_rows_of_the_tab(marked: Tool) -> None:
    assert create(marked) == "v01"
    rows = manifest(marked, "v01")
    classes = [(row["class"], row["label_id"], row["reference_code"]) for row in rows]
    assert classes == [("Pera", "13", "A7")] * 3 + [("tomate", "11", "00014")] * 4
    assert all((beside(marked, "v01") / row["path"]).is_file() for row in rows)
    assert names(marked) == V01
    shown = {row["s3_key"]: row for row in tab(marked, "datasets_creados")}
    assert set(shown) == {row["key"] for row in rows}
    one, number = shown[rows[0]["key"]], int(rows[0]["transaction_id"])
    assert one == {
        "reference_name": "Pera",
        "clase_name": "Pera",
        "label_id": "13",
        "transaction_id": str(number),
        "transaction_start_time": f"2025-08-{number // 30:02d} 12:{number % 60:02d}:00+02:00",
        "device_id": "7",
        "s3_key": f"folders/c/{number}/{number}.jpg",
        "local_path": f"datasets/{PROCESS}_v01/{rows[0]['path']}",
        "download_status": "success",
        "error_reason": None,
        "dataset_folder": f"{PROCESS}_v01",
        "motivo_descarga": "reference",
        "valor_motivo": "Pera",
        "origen": "crear_dataset",
        "dataset_original": None,
        "relative_folder": "Pera/13",
    }
    assert f"dataset_id: {dataset_id(marked)}" in marked.text
    assert "Imágenes: 7 de 7 pedidas; faltan 0, fallidas 0" in marked.text


def test_the_same_again_does_nothing(marked: Tool) -> None:
    create(marked)
    before = {name: entry for name, entry in marked.tree().items() if "/logs/" not in name}
    assert create(marked) == "v01"
    assert marked.jobs == ["create_dataset"]
    assert "ya estaba hecho" in marked.text and "--new-version" in marked.text
    after = {name: entry for name, entry in marked.tree().items() if "/logs/" not in name}
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if "/.config/" not in name and "/.locks/" not in name} == set()


def test_other_marks_are_the_next_version_and_the_old_ones_the_old_version(marked: Tool) -> None:
    create(marked)
    marked.mark("References", "1", num_imagenes_dataset=2)
    assert create(marked) == "v02"
    assert f"Versión nueva respecto a {PROCESS}_v01: referencias marcadas\n" in marked.text
    assert transactions(marked, "v01").isdisjoint(transactions(marked, "v02"))
    marked.mark("References", "1", num_imagenes_dataset=4)
    assert create(marked) == "v01"
    assert marked.jobs == ["create_dataset"]
    assert create(marked, "--selection", "recent", "--seed", "7") == "v03"
    assert f"respecto a {PROCESS}_v02: referencias marcadas, seed 42 → 7, selection random → recent\n" in marked.text
    assert {row["dataset_folder"] for row in tab(marked, "datasets_creados")} == {f"{PROCESS}_v0{n}" for n in (1, 2, 3)}


def test_a_new_version_takes_transactions_that_are_not_used_yet(marked: Tool) -> None:
    create(marked)
    assert create(marked, "--new-version") == "v02"
    assert "transacciones aún no usadas (--new-version)" in marked.text
    assert transactions(marked, "v01").isdisjoint(transactions(marked, "v02"))
    assert counts(marked, "v02")["placed"] == 7
    assert create(marked, "--new-version") == "v03"
    assert "Faltan 3 de Tomate (00014): pedidas 4, disponibles 1, fallidas 0" in marked.text
    assert numbers(marked) == {"Pera": [3, 3, 0, 0], "tomate": [4, 1, 0, 3]}
    assert marked.main("create_dataset", "--new-version") == 1
    assert "No hay ninguna imagen para este dataset" in marked.text and "filter_used=no" in marked.text
    assert not any(name.startswith("v04") for name in names(marked))
    assert create(marked) == "v03"
    assert marked.snakemake() == 0, marked.text


def test_a_picture_that_a_person_deleted_is_not_chosen_again(marked: Tool) -> None:
    marked.mark("References", "1", num_imagenes_dataset=9)
    create(marked)
    gone = next(beside(marked, "v01").glob("tomate/11/*"))
    key = next(row["key"] for row in manifest(marked, "v01") if row["path"].endswith(gone.name))
    gone.unlink()
    create(marked)
    assert "Borradas desde que se hizo: 1 imagen;" in marked.text
    assert create(marked, "--no-filter-used") == "v02"
    assert key not in {row["key"] for row in manifest(marked, "v02")}
    assert counts(marked, "v02")["short"] == 1
    assert create(marked, "--no-filter-used", "--include-rejected") == "v03"
    assert key in {row["key"] for row in manifest(marked, "v03")}


def test_a_dataset_whose_whole_folder_is_gone_rejects_nothing(marked: Tool) -> None:
    marked.mark("References", "1", num_imagenes_dataset=9)
    create(marked)
    shutil.rmtree(beside(marked, "v01"))
    create(marked)
    assert "no las volverán a elegir" not in marked.text
    assert "la carpeta ya no está" in marked.text
    assert create(marked, "--no-filter-used") == "v02"
    assert transactions(marked, "v02") >= {row["transaction_id"] for row in manifest(marked, "v01") if row["class"] == "tomate"}


def test_a_dry_run_writes_nothing_and_its_numbers_are_the_real_ones(marked: Tool) -> None:
    marked.mark("Devices", "7", incluir_dataset="si", num_imagenes_dataset_adicionales=6)
    marked.mark("References", "3", num_imagenes_dataset=12)
    before = marked.tree()
    assert marked.snakemake("create_dataset", "-n") == 0, marked.text
    assert marked.main("create_dataset", "--dry-run") == 0, marked.text
    assert marked.tree() == before
    assert f"Dataset: {PROCESS}_v01" in marked.text and "No se ha escrito nada" in marked.text
    assert "(ya descargadas 0, por descargar 18" in marked.text
    promised, short = numbers(marked), [line for line in marked.text.splitlines() if line.startswith("  Faltan")]
    create(marked)
    assert numbers(marked) == promised == {"Pera": [12, 9, 0, 3], "tomate": [4, 4, 5, 0]}
    assert [line for line in marked.text.splitlines() if line.startswith("  Faltan")] == short
    assert len(short) == 2
    assert marked.main("create_dataset", "--dry-run") == 0
    assert "ya está hecho" in marked.text


def test_fast_and_limits(marked: Tool) -> None:
    include(marked, "2", num_imagenes_dataset=9, producto_a_entrenar="rama", label_considerar=12)
    marked.mark("Devices", "7", incluir_dataset="si", num_imagenes_dataset_adicionales=6)
    create(marked, "--fast")
    assert counts(marked, "v01") == {"wanted": 3 * 5 + 2, "placed": 17, "short": 0, "failed": 0}
    create(marked, "--fast", "--no-filter-used", "--images-per-ref", "2", "--limit-refs", "2")
    assert counts(marked, "v02")["placed"] == 2 * 2 + 2
    create(marked, "--no-filter-used", "--images-per-device", "1")
    assert counts(marked, "v03")["placed"] == 4 + 9 + 3 + 1
    assert marked.main("create_dataset", "--limit-refs", "0") == 2
    assert "limit_refs=0 no vale" in marked.text


def test_wrong_marks_are_all_named_and_nothing_is_frozen(marked: Tool) -> None:
    marked.mark("References", "1", producto_a_entrenar="", label_considerar=99)
    marked.mark("References", "3", num_imagenes_dataset=0, devices_incluir="devices_seleccionados")
    marked.mark("Devices", "7", incluir_dataset="no")
    for dry in ([], ["--dry-run"]):
        assert marked.main("create_dataset", *dry) == 1
        assert "hay 4 celdas que corregir" in marked.text
        named = ("producto_a_entrenar", "«99» no está en la hoja Labels", "num_imagenes_dataset", "devices_incluir")
        assert all(cell in marked.text for cell in named)
        assert "Traceback" not in marked.text
        assert names(marked) == set()
    assert marked.snakemake("create_dataset") == 1
    assert "hay 4 celdas que corregir" in marked.text
    assert names(marked) == set()


def test_nothing_included_says_what_to_do(marked: Tool) -> None:
    marked.mark("References", "1", incluir_dataset="no")
    marked.mark("References", "3", incluir_dataset="")
    assert marked.main("create_dataset") == 1
    assert "ninguna referencia tiene incluir_dataset = si" in marked.text


def test_filter_used_deployment_looks_at_every_process_of_it(marked: Tool) -> None:
    create(marked)
    used = transactions(marked, "v01")
    assert marked.main("download_info", "28", "--process-name", "otro") == 0, marked.text
    marked.name = "otro"
    include(marked, "1", num_imagenes_dataset=9, producto_a_entrenar="tomate", label_considerar=11)
    assert create(marked, "--filter-used", "deployment") == "v01"
    assert transactions(marked, "v01").isdisjoint(used)
    assert counts(marked, "v01") == {"wanted": 9, "placed": 5, "short": 4, "failed": 0}
    assert create(marked) == "v02"
    assert counts(marked, "v02")["placed"] == 4
    marked.name = PROCESS
    assert create(marked, "--process", PROCESS, "--filter-used", "deployment") == "v02"
    assert counts(marked, "v02")["short"] == 4


def test_snakemake_alone_takes_the_same_keys(marked: Tool) -> None:
    assert marked.snakemake("create_dataset", "--config", "filter_used=no", "selection=balanced", "images_per_ref=2") == 0, marked.text
    parameters = marked.json(f"datasets/{PROCESS}_v01.request.json")["compared"]["parameters"]
    assert (parameters["filter_used"], parameters["selection"]) == ("no", "balanced")
    assert create(marked, "--no-filter-used", "--selection", "balanced", "--images-per-ref", "2") == "v01"
    assert marked.jobs == ["create_dataset"]


def test_pictures_of_a_review_are_not_downloaded_again(marked: Tool) -> None:
    marked.overlay.write_text(marked.overlay.read_text() + "image_review: {num_imagenes_revision: 9}\n")
    for reference in ("1", "3"):
        marked.mark("References", reference, revisar_imagenes="si")
    assert marked.main("review_images") == 0, marked.text
    for path in (marked.root / "export/pictures").rglob("*.jpg"):
        path.unlink()
    create(marked)
    assert counts(marked, "v01") == {"wanted": 7, "placed": 7, "short": 0, "failed": 0}


def test_the_number_of_cores_changes_nothing(original: Path, tmp_path: Path) -> None:
    found = set()
    for cores in ("1", "2", "8"):
        tool = another(original, tmp_path / cores)
        tool.overlay.write_text(tool.overlay.read_text() + "images: {shard_size: 3}\n")
        create(tool, "--cores", cores)
        assert len(list((tool.process() / f"images/manifests/{PROCESS}_v01.shards").iterdir())) == 3
        found.add(dataset_id(tool))
    assert len(found) == 1


@pytest.mark.parametrize("damage", ["damaged", "missing"])
def test_a_bad_picture_is_listed_in_the_file_and_in_the_tab(marked: Tool, damage: str) -> None:
    marked.overlay.write_text(marked.overlay.read_text() + "images: {max_failed_fraction: 0.5}\n")
    marked.mark("References", "1", num_imagenes_dataset=9)
    bad = marked.root / "export/pictures/folders/c/31/31.jpg"
    if damage == "damaged":
        bad.write_bytes(bad.read_bytes()[:-400])
    else:
        bad.unlink()
    create(marked)
    assert counts(marked, "v01") == {"wanted": 12, "placed": 11, "short": 1, "failed": 1}
    (failed,) = [row for row in tab(marked, "datasets_creados") if row["download_status"] == "failed"]
    assert (failed["s3_key"], failed["local_path"], failed["transaction_id"]) == ("folders/c/31/31.jpg", None, "31")
    assert str(failed["error_reason"]).startswith("está dañada" if damage == "damaged" else "no existe")
    text = beside(marked, "v01", ".shortage.csv").read_text("utf-8-sig")
    assert [line.split(";")[0] for line in text.splitlines()] == ["tipo", "fallida", "faltan"]
