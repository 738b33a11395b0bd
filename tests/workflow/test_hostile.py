"""Names, codes and values that nobody would choose, through the whole command and back out of the workbook."""

import openpyxl
import pytest

from workflow.conftest import Tool
from workflow.export import hit, write_catalogue, write_hits

NAMES = {
    "1": ("00014", "../../etc/passwd"),
    "2": ("14", "=cmd|' /C calc'!A0"),
    "3": ("A7", "con\u0000nulo"),
    "4": ("a7", "x" * 300),
    "5": ("0x1F", "🍅 tomate \u202e etamot"),
    "6": ("1e5", "TOMATE"),
    "7": ("007.0", "tomate"),
    "8": ("+49", "@SUM(A1)"),
}


@pytest.fixture
def hostile(tool: Tool) -> Tool:
    write_catalogue(tool.root / "export/catalogue.sqlite", [(key, code, name, 11) for key, (code, name) in NAMES.items()])
    hits = [
        hit(100 + 10 * n + i, "2025-08-02", code, selected_reference_name=name)
        for n, (code, name) in enumerate(NAMES.values())
        for i in range(n + 1)
    ]
    hits += [
        hit(300, "2025-08-02", device_id=None),
        hit(301, "2025-08-02", device_id="../7", device_name="=1+1"),
        hit(302, "2025-08-02", device_id="DEV", device_name="\t"),
        hit(303, "2025-08-02", device_id="dev", device_name="  "),
    ]  # fmt: skip
    write_hits(tool.root / "export/hits.ndjson", hits)
    return tool


def test_every_reference_keeps_its_own_code_and_count(hostile: Tool) -> None:
    assert hostile.main("download_info", "28") == 0, hostile.text
    found = {key: (hostile.cell("References", key, "reference_code"), hostile.cell("References", key, "num_cliente")) for key in NAMES}
    expected = {key: (code, n + 1) for n, (key, (code, _)) in enumerate(NAMES.items())}
    expected["1"] = ("00014", 1 + 4)  # and the four rows about devices
    assert found == expected


def test_text_that_looks_like_a_formula_stays_text(hostile: Tool) -> None:
    assert hostile.main("download_info", "28") == 0, hostile.text
    book = openpyxl.load_workbook(hostile.book)
    formulas = [
        cell.coordinate
        for sheet in book
        if sheet.title != "Validacion"
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert formulas == []
    assert hostile.cell("References", "2", "reference_name") == NAMES["2"][1]
    assert hostile.cell("References", "1", "reference_name") == NAMES["1"][1]


def test_devices_that_differ_only_in_case_and_no_device_at_all(hostile: Tool) -> None:
    assert hostile.main("download_info", "28") == 0, hostile.text
    book = openpyxl.load_workbook(hostile.book)
    devices = [row[0].value for row in book["Devices"].iter_rows(min_row=2)]
    assert sorted(map(str, devices)) == ["../7", "7", "DEV", "dev"]
    hostile.mark("Devices", "dev", revisar_imagenes="si")
    assert hostile.main("status") == 0, hostile.text
    assert "A revisar: 0 referencias y 1 dispositivo (" in hostile.text


def test_no_name_becomes_a_path(hostile: Tool) -> None:
    assert hostile.main("download_info", "28") == 0, hostile.text
    outside = [path for path in hostile.root.parent.iterdir() if path.name != hostile.root.name]
    assert outside == []
