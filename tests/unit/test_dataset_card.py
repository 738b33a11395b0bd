"""The card that travels with a dataset: true front matter, where it comes from, what it lacks, and a line that proves its content."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from dataset_folders import Row, build, path_of, put
from dataset_manager.datasets import summary
from dataset_manager.datasets.finding import Dataset

REFERENCE = {"reference_code": "00057", "reference_name": "PERA", "reference_id": "957", "class": "pera", "label_id": "57", "images": 3}
PROVENANCE: dict[str, Any] = {
    "identity": {
        "deployment_id": 130,
        "model": "",
        "index_pattern": "device_transaction-*",
        "transaction_metrics": ["WSPROCESSCOMPLETED03"],
        "sources": {"catalogue": "mysql", "pictures": "s3", "transactions": "elasticsearch"},
    },
    "window": {"gte": "2025-07-02T00:00:00+00:00", "lt": "2025-08-02T00:00:00+00:00"},
    "frozen": {"frozen": "2025-08-02T09:00:00+00:00", "marks_sha256": "ab" * 32, "book": "000003.xlsx"},
    "request": {
        "parameters": {
            "selection": "balanced",
            "seed": 12345,
            "filter_used": "deployment",
            "imagenes_por_transaccion": "1",
            "include_rejected": False,
        },
        "devices": [{"device_id": "7", "images": 0}, {"device_id": "8", "images": 40}],
        "references": [REFERENCE],
    },
    "classes": [{"class": "pera", "wanted": 3, "extra": 0, "short": 0, "failed": 1, "placed": 3, "bytes": 1}],
    "counts": {"wanted": 3, "placed": 3, "short": 0, "failed": 1},
    "versions": {"dataset_manager": "3.0.0"},
}
PATHS = [path_of("pera/57", number) for number in range(3)]


def made(tmp_path: Path, rows: dict[str, Row] | None = None, **more: Any) -> Dataset:
    return build(tmp_path / "datasets", PATHS, rows, **(PROVENANCE | more))


def card_of(dataset: Dataset) -> str:
    summary.summarise(dataset, None, timezone="Europe/Madrid")
    return dataset.inside("README.md").read_text("utf-8")


def front_matter(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text.split("---\n")[1]))


def test_the_front_matter_is_true(tmp_path: Path) -> None:
    text = card_of(made(tmp_path))
    assert text.startswith("---\n")
    assert front_matter(text) == {
        "pretty_name": "p_v01",
        "license": "other",
        "license_name": "uso-interno",
        "task_categories": ["image-classification"],
        "size_categories": ["n<1K"],
        "tags": ["fruit", "vegetables", "gfresh"],
    }


def test_an_example_says_so_twice(tmp_path: Path) -> None:
    text = card_of(made(tmp_path, sample=True))
    assert "sample-data" in front_matter(text)["tags"]
    assert "**Datos de ejemplo**" in text


def test_it_says_what_when_and_from_where(tmp_path: Path) -> None:
    text = card_of(made(tmp_path))
    assert "3 imágenes de fruta y verdura" in text and "en 1 clase y 1 label, de 1 dispositivo," in text
    assert "del 01/08/2025 al 01/08/2025 (días de Europe/Madrid)" in text and "jpeg, 64×48" in text
    for name, value in (
        ("Deployment", "130"),
        ("Modelo pedido", "todos"),
        ("Fuentes", "catalogue: mysql; pictures: s3; transactions: elasticsearch"),
        ("Ventana (hora de Europe/Madrid, sin incluir el final)", "02/07/2025 02:00 → 02/08/2025 02:00"),
        ("Pedido el (hora de Europe/Madrid)", "02/08/2025 11:00"),
        ("Marcas del libro (sha256)", "ab" * 32),
        ("Hecho con", "dataset_manager 3.0.0"),
    ):
        assert f"| {name} | {value} |" in text


def test_it_says_how_the_pictures_were_chosen(tmp_path: Path) -> None:
    text = card_of(made(tmp_path))
    assert "| Orden | balanced: repartida entre dispositivos y días |" in text
    assert "| Semilla | 12345 |" in text
    assert "| Dispositivos marcados | 2, de ellos 1 con imágenes adicionales |" in text
    assert "| 00057 | PERA | pera | 57 | 3 |" in text


def test_the_table_of_classes_closes(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    (dataset.tree / PATHS[0]).unlink()
    put(dataset.tree, "uva/70/x_5_b.jpg")
    text = card_of(dataset)
    assert "| clase | pedidas | de dispositivos | construidas | borradas | añadidas | hay |" in text
    assert "| pera | 3 | 0 | 3 | 1 | 0 | 2 |\n| uva | – | – | 0 | 0 | 1 | 1 |\n| **Total** | 3 | 0 | 3 | 1 | 1 | 3 |" in text


def test_what_was_moved_has_columns_of_its_own(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    (dataset.tree / "uva/70").mkdir(parents=True)
    (dataset.tree / PATHS[0]).rename(dataset.tree / "uva/70/x.jpg")
    text = card_of(dataset)
    assert "| pera | 3 | 0 | 3 | 0 | 0 | 0 | 1 | 2 |\n| uva | – | – | 0 | 0 | 0 | 1 | 0 | 1 |" in text
    assert "Movidas por una persona: 1 imagen, 1 a otra clase o label" in text


def test_it_hides_no_known_gap(tmp_path: Path) -> None:
    text = card_of(made(tmp_path, counts={"wanted": 5, "placed": 3, "short": 2, "failed": 4}))
    gaps = text.split("## Limitaciones conocidas")[1].split("##")[0]
    assert "faltaron 2 imágenes" in gaps and "estaban dañadas: 4 imágenes" in gaps
    assert "Labels con menos de 20 imágenes: pera / 57 (3)" in gaps


def test_a_merged_dataset_names_its_parents(tmp_path: Path) -> None:
    parents = [{"dataset": "a_v01", "content_id": "11" * 32}, {"dataset": "b_v02", "content_id": "22" * 32}]
    assert f"| Unión de | a_v01 {'11' * 32}; b_v02 {'22' * 32} |" in card_of(made(tmp_path, parents=parents))


def test_nobody_asked_a_merged_dataset_for_numbers_of_pictures(tmp_path: Path) -> None:
    text = card_of(made(tmp_path, kind="merged"))
    assert "| clase | construidas | borradas | añadidas | hay |" in text and "pedidas" not in text.split("## Imágenes por clase")[1]


def test_its_line_gives_the_content_id_in_any_shell(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    put(dataset.tree, "-rara $(x)/57/ñandú 'a' \"b\"_9_é.jpg")
    (dataset.tree / "pera/57/Thumbs.db").write_bytes(b"x")
    result = summary.summarise(dataset, None, timezone="Europe/Madrid")
    text = dataset.inside("README.md").read_text("utf-8")
    line = re.search(r"```bash\n(.*?)```", text, re.S)
    assert line and f"`{result['content_id']}`" in text
    said = subprocess.run(["bash", "-c", line[1]], cwd=dataset.tree, capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == result["content_id"]


def test_names_break_no_table_and_bring_no_html(tmp_path: Path) -> None:
    name = "a|b\n# `x` <img src=x> [y](z) *"
    rows: dict[str, Row] = {path: {"class": name} for path in PATHS}
    request = PROVENANCE["request"] | {"references": [REFERENCE | {"class": name, "reference_name": name}]}
    text = card_of(made(tmp_path, rows, request=request, classes=[]))
    shown = r"a\|b # \`x\` &lt;img src=x> \[y\](z) \*"
    assert f"| 00057 | {shown} | {shown} | 57 | 3 |" in text
    assert "\n# `x`" not in text and "<img" not in text


def test_what_an_older_tool_left_is_described_as_far_as_it_is_known(tmp_path: Path) -> None:
    for path in PATHS:
        put(tmp_path / "old/datasets/viejo", path)
    dataset = Dataset("viejo", "old", tmp_path / "old/datasets/viejo", tmp_path / "registry", legacy=True)
    text = card_of(dataset)
    assert "hecho con la herramienta anterior; no dejó manifiesto" in text and "No se sabe: no hay petición guardada" in text
    assert "None" not in text and "dataset_id" not in text


def test_the_licence_is_left_open(tmp_path: Path) -> None:
    assert card_of(made(tmp_path)).endswith("## Licencia\n\nSin decidir: uso interno.\n")
