"""The way of before, written fresh from its description: the named baseline of every ratio.

One scroll into one list; `apply(pd.Series)` for the nested object; row-wise functions for the derived columns; a loop over
references with full scans; a workbook by pandas and openpyxl with five load-and-save rounds after it was written.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

CLIENT = ("WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03")
EDITABLE = ("revisar_imagenes", "incluir_dataset", "devices_incluir", "num_imagenes_dataset", "producto_a_entrenar", "label_considerar")


def scroll(client: Any, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Every hit in one list."""
    page = client.search(index="device_transaction-*", scroll="5m", size=10_000, sort=[{"transaction_start_time": "desc"}], query=query)
    hits: list[dict[str, Any]] = []
    while page["hits"]["hits"]:
        hits.extend(page["hits"]["hits"])
        page = client.scroll(scroll_id=page["_scroll_id"], scroll="5m")
    client.clear_scroll(scroll_id=page["_scroll_id"])
    return hits


def read_hits(path: Path) -> list[dict[str, Any]]:
    """An export, whole."""
    import zstandard

    with path.open("rb") as raw, zstandard.open(raw, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def frame(hits: Iterable[dict[str, Any]], folders: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """One row per hit."""
    table = pd.DataFrame([hit["_source"] for hit in hits])
    nested = table["transaction_data"].apply(pd.Series)
    table = pd.concat([table.drop(columns="transaction_data"), nested.loc[:, ~nested.columns.isin(table.columns)]], axis=1)
    table["Result"] = table.apply(result, axis=1)
    for name in ("Ok", "No_result", "Error"):
        table[name] = (table["Result"] == name).astype(int)
    table["Result_modelo"] = table.apply(result_of_model, axis=1)
    table["Ok_modelo"] = (table["Result_modelo"] == "SUCCESS").astype(int)
    table["folder_url"] = table["transaction_id"].apply(lambda key: folders.get(str(key), ("", ""))[0])
    table["folder_files"] = table["transaction_id"].apply(lambda key: folders.get(str(key), ("", "[]"))[1])
    table["has_image"] = table["folder_files"].apply(lambda text: int(isinstance(text, str) and len(text) > 2))
    return table


def result(row: pd.Series) -> str:
    """Ok, Error or No_result."""
    if row.get("confidence") == "LOW":
        return "No_result"
    return "Error" if row.get("topk") == -1 else "Ok"


def result_of_model(row: pd.Series) -> str:
    """SUCCESS, FAIL or NOT_TRAINED of a client row."""
    if row["transaction_metric"] not in CLIENT:
        return ""
    if row.get("selected_reference_is_trained") in (False, 0):
        return "NOT_TRAINED"
    return "SUCCESS" if row.get("result_index") == row.get("selected_reference_index") else "FAIL"


def references(table: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """A full scan per reference."""
    rows = []
    for _, reference in catalogue.iterrows():
        mine = table[table["selected_reference_code"].astype(str) == str(reference["reference_code"])].copy()
        client = mine[mine["transaction_metric"].isin(CLIENT)].copy()
        row = dict(reference) | {"num_cliente": len(client), "num_manuales": len(mine) - len(client)}
        row["pct_ok_sistema"] = round(100 * client["Ok"].mean(), 2) if len(client) else 0
        row["pct_ok_modelo"] = round(100 * client["Ok_modelo"].mean(), 2) if len(client) else 0
        row |= top_three(client)
        row |= {name: "no" for name in EDITABLE}
        rows.append(row)
    return pd.DataFrame(rows).sort_values("num_cliente", ascending=False)


def top_three(client: pd.DataFrame) -> dict[str, Any]:
    """The most frequent predictions of one reference."""
    found: dict[str, Any] = {}
    if client.empty:
        return found
    groups = client.groupby(["selected_reference_name", "result_index", "result_label_name"])
    ranked = sorted(groups, key=lambda pair: -len(pair[1]))[:3]
    for rank, ((_, index, name), rows) in enumerate(ranked, 1):
        found |= {f"top{rank}_result_index": index, f"top{rank}_result_label_name": name}
        found |= {f"top{rank}_%pesadas": round(100 * len(rows) / len(client), 2), f"top{rank}_pct_ok": round(100 * rows["Ok"].mean(), 2)}
    return found


def devices(table: pd.DataFrame) -> pd.DataFrame:
    """A full scan per device."""
    rows = []
    for device in table["device_id"].dropna().unique():
        mine = table[table["device_id"] == device].copy()
        client = mine[mine["transaction_metric"].isin(CLIENT)]
        rows.append({"device_id": device, "num_cliente": len(client), "num_manual": len(mine) - len(client)})
    return pd.DataFrame(rows)


def workbook(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    """Written by pandas, then loaded and saved five times."""
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, sheet in sheets.items():
            sheet.astype(object).map(lambda value: str(value) if isinstance(value, list | dict) else value).to_excel(
                writer, sheet_name=name, index=False
            )
    for _ in range(5):
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            for column in sheet.columns:
                width = max(len(str(cell.value or "")) for cell in column)
                sheet.column_dimensions[column[0].column_letter].width = min(50, width + 2)
        book.save(path)


def read_marks(path: Path) -> tuple[int, int]:
    """The two sheets by pandas and openpyxl."""
    return len(pd.read_excel(path, sheet_name="References")), len(pd.read_excel(path, sheet_name="Devices"))
