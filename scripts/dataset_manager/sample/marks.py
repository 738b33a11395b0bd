"""The marks that a person made in the sample's workbook, so that the demo goes on from it to pictures and a dataset.

In: rows of References or Devices with their defaults. Out: the same rows with those marks. They complete what the defaults leave
open (references that the model does not know), look at the doubtful ones, and show what each editable column does.
"""

from typing import Any

from dataset_manager.sample.catalogue import label_ids

Row = dict[str, Any]
BY_CODE: dict[str, Row] = {
    "00097": {"revisar_imagenes": "si", "producto_a_entrenar": "pitahaya roja", "num_imagenes_dataset": 80},
    "00019": {"revisar_imagenes": "si", "producto_a_entrenar": "tomate kumato", "label_considerar": "tomate kumato"},
    "00102": {"revisar_imagenes": "si", "producto_a_entrenar": "uva negra", "label_considerar": "uva negra"},
    "ECO07": {"devices_incluir": "todos", "num_imagenes_dataset": 60},
    "00046": {"incluir_dataset": "no"},
}
BY_DEVICE: dict[str, Row] = {
    "1306": {"incluir_dataset": "no"},
    "1309": {"revisar_imagenes": "si", "num_imagenes_dataset_adicionales": 40},
}


def marked(rows: list[Row]) -> list[Row]:
    """Rows of either tab."""
    return [row | with_label(BY_CODE.get(row.get("reference_code", ""), {}) | BY_DEVICE.get(row.get("device_id", ""), {})) for row in rows]


def with_label(cells: Row) -> Row:
    """The catalogue's id of a label that is named here."""
    name = cells.get("label_considerar")
    return cells | {"label_considerar": str(label_ids()[name])} if name else cells
