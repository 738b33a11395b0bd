"""The way of before, written fresh from its description: the named baseline of every ratio.

One scroll into one list; `apply(pd.Series)` for the nested object; row-wise functions for the derived columns; a loop over
references with full scans; a workbook by pandas and openpyxl with five load-and-save rounds after it was written.
"""

import ast
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


def frame(hits: Iterable[dict[str, Any]], folders: dict[str, tuple[str, str]], cache: Path) -> pd.DataFrame:
    """One row per hit, sorted by time, kept as a CSV beside the workbook."""
    table = pd.DataFrame([hit["_source"] for hit in hits])
    nested = table["transaction_data"].apply(pd.Series)
    table = pd.concat([table.drop(columns="transaction_data"), nested.loc[:, ~nested.columns.isin(table.columns)]], axis=1)
    for name in ("transaction_start_time", "transaction_end_time"):
        table[name] = pd.to_datetime(table[name], errors="coerce", utc=True, format="mixed").dt.strftime("%Y-%m-%d %H:%M:%S")
    table["time"] = pd.to_datetime(table["time"], errors="coerce", utc=True, format="mixed").dt.date
    table["Date"] = table["transaction_start_time"].str[:10]
    table = table.sort_values("transaction_start_time")
    table["Result"] = table.apply(result, axis=1)
    for name in ("Ok", "No_result", "Error"):
        table[name] = (table["Result"] == name).astype(int)
    table["Result_modelo"] = table.apply(result_of_model, axis=1)
    table["Ok_modelo"] = (table["Result_modelo"] == "SUCCESS").astype(int)
    table = with_pictures(table, folders)
    table.to_csv(cache, sep=";", index=False)
    return table


def with_pictures(table: pd.DataFrame, folders: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """The folder of each transaction, its list of files read as a Python literal."""
    found = table["transaction_id"].apply(lambda key: folders.get(str(key), ("", "[]")))
    table["folder_url"], table["folder_files"] = found.apply(lambda pair: pair[0]), found.apply(lambda pair: file_names(pair[1]))
    table["num_images"] = table["folder_files"].apply(len)
    table["has_image"] = table["num_images"].apply(lambda count: int(count > 0))
    table["image_link"] = table.apply(lambda row: row["folder_url"] if row["has_image"] and row["folder_url"] else "", axis=1)
    return table


def file_names(text: Any) -> list[str]:
    """What cannot be read counts as empty."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError):
        return []
    return found if isinstance(found, list) else []


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
    """Two full scans per reference, by code and by name, put together as they are."""
    rows, model = [], table["model_id"].head(1000).value_counts().index[0]
    for _, reference in catalogue.iterrows():
        by_code = table[table["selected_reference_code"].astype(str) == str(reference["reference_code"])].copy()
        by_name = table[table["selected_reference_name"].astype(str) == str(reference["reference_name"])].copy()
        mine = pd.concat([by_code, by_name[~by_name.index.isin(by_code.index)]])
        row = dict(reference) | counts(mine, model) | top_three(mine[mine["transaction_metric"].isin(CLIENT)].copy())
        rows.append(row | {name: "no" for name in EDITABLE})
    return pd.DataFrame(rows).sort_values("num_cliente", ascending=False)


def counts(mine: pd.DataFrame, model: Any) -> dict[str, Any]:
    """Numbers and percentages of one reference or device."""
    client = mine[mine["transaction_metric"].isin(CLIENT)].copy()
    active = client[client["model_id"] == model].copy()
    trained = active[active["selected_reference_is_trained"] == True].copy()  # noqa: E712 - as written then
    return {
        "num_cliente": len(client),
        "num_manuales": len(mine) - len(client),
        "pct_ok_sistema": round(100 * active["Ok"].mean(), 2) if len(active) else 0,
        "pct_ok_modelo": round(100 * trained["Ok_modelo"].mean(), 2) if len(trained) else 0,
    }


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
    rows, model = [], table["model_id"].head(1000).value_counts().index[0]
    for device in table["device_id"].dropna().unique():
        mine = table[table["device_id"] == device].copy()
        first = {"device_id": device, "device_name": mine["device_name"].iloc[0], "first_transaction_date": mine["Date"].min()}
        rows.append(first | counts(mine, model))
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
