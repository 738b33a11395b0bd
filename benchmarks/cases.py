"""One measured piece of work a process: `python benchmarks/cases.py CASE FOLDER`. Each reads what `prepare` laid in FOLDER.

Cases named `before_*` are the baseline (baseline.py); the others are the product's own functions.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

WINDOW = {"gte": "2025-07-02T00:00:00+00:00", "lt": "2025-08-02T00:00:00+00:00", "read": "2025-08-01T12:00:00+00:00"}
METRICS = ["GFRSUSERPROCESSCOM03", "WSPROCESSCOMPLETED03", "WSREFERENCEIMAGEAC01"]
IDENTITY = {
    "deployment_id": 130,
    "days_back": 30,
    "model": "",
    "transaction_metrics": METRICS,
    "index_pattern": "device_transaction-*",
    "sources": {"transactions": "sample", "catalogue": "sample", "pictures": "sample"},
}
PARAMETERS = {"confidence": 0.7, "min_appearances": 3, "base_model_id": "", "generate_reports": True}
QUERY = {"bool": {"filter": [{"terms": {"transaction_metric.keyword": METRICS}}, {"term": {"deployment_id": 130}}]}}


def prepare(folder: Path, transactions: int) -> None:
    """The sample's hits and catalogue, and the small files of a process."""
    from dataset_manager.files import write_json
    from dataset_manager.sample.generate import generate

    generate(folder / "sample", transactions=transactions, pictures=False)
    write_json(folder / "data/raw/window.json", WINDOW)
    write_json(folder / "data/parameters.json", PARAMETERS)


def extract(folder: Path, source: Any) -> None:
    """Source to raw parts and catalogue."""
    from dataset_manager.sources.catalogue import extract_catalogue
    from dataset_manager.sources.extraction import extract as run

    run(IDENTITY, folder / "data/raw/window.json", folder / "data/raw/manifest.json", source=source)
    extract_catalogue(IDENTITY, PARAMETERS, folder / "data/raw/manifest.json", folder / "data", source=folder / "sample/catalogue.sqlite")


def extract_embedded(folder: Path) -> None:
    """From the export."""
    extract(folder, folder / "sample/hits.ndjson.zst")


def extract_live(folder: Path) -> None:
    """From Elasticsearch."""
    extract(folder, elastic(folder))


def elastic(folder: Path) -> Any:
    """The Elasticsearch that folder/elastic.json names."""
    from dataset_manager.sources.connection_types import ElasticConnection

    return ElasticConnection(**json.loads((folder / "elastic.json").read_text()))


def tables(folder: Path) -> None:
    """Raw parts to analysed tables."""
    from dataset_manager.analysis.analyse import DatasetDefaults, analyse
    from dataset_manager.analysis.flatten import flatten

    data = folder / "data"
    flatten(
        data / "raw/manifest.json",
        data / "folders.parquet",
        data / "transactions.parquet",
        data / "flatten.json",
        metrics_cliente=METRICS[:2],
        metrics_manual=METRICS[2:],
    )
    analyse(data, data / "analysis", parameters=PARAMETERS, identity=IDENTITY, window=WINDOW, defaults=DatasetDefaults(), sample=False)


def live_to_tables(folder: Path) -> None:
    """End to end from a live Elasticsearch."""
    extract_live(folder)
    tables(folder)


def workbook(folder: Path) -> None:
    """Tables to the workbook, all rows in Datos_Elasticsearch."""
    from dataset_manager.workbook.build import WorkbookOptions, build

    data = folder / "data"
    options = WorkbookOptions(max_rows=1_000_000)
    build(
        data, data / "raw/window.json", data / "parameters.json", folder / "new.xlsx", folder / "state.json", options=options, sample=False
    )


def marks(folder: Path) -> None:
    """The marks beside the big tab."""
    from dataset_manager.workbook.marks import read_marks

    read_marks(folder / "new.xlsx")


def before_frame(hits: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """The tables of the way of before."""
    import sqlite3

    import baseline
    import pandas as pd

    with sqlite3.connect(folder / "sample/catalogue.sqlite") as base:
        folders = {
            str(key): (url, files) for key, url, files in base.execute("select transaction_id, folder_url, folder_files from folder")
        }
        catalogue = pd.read_sql("select * from reference where deployment_id = 130", base)
    table = baseline.frame(hits, folders, folder / "elastic_data.csv")
    return {"References": baseline.references(table, catalogue), "Devices": baseline.devices(table), "Datos_Elasticsearch": table}


def before_tables(folder: Path) -> None:
    """An export to tables."""
    import baseline

    hits = [hit for hit in baseline.read_hits(folder / "sample/hits.ndjson.zst") if hit["_source"].get("transaction_metric") in METRICS]
    before_frame(hits, folder)


def before_live(folder: Path) -> None:
    """One scroll to tables."""
    before_frame(scroll(folder), folder)


def warm(folder: Path) -> None:
    """Both ways of asking, not measured: a server just started compiles itself while it answers."""
    from dataset_manager.sources.extraction import extract as run

    scroll(folder)
    run(IDENTITY, folder / "data/raw/window.json", folder / "warm/manifest.json", source=elastic(folder))


def scroll(folder: Path) -> list[dict[str, Any]]:
    """All hits of the Elasticsearch that folder/elastic.json names."""
    import baseline
    from elasticsearch import Elasticsearch

    return baseline.scroll(Elasticsearch(elastic(folder).url), QUERY)


def before_workbook(folder: Path) -> None:
    """The finished tables as a workbook, by pandas and openpyxl with five rounds."""
    import baseline
    import pandas as pd

    data = folder / "data"
    names = {"References": "analysis/references", "Devices": "analysis/devices", "Labels": "labels", "Datos_Elasticsearch": "transactions"}
    sheets = {sheet: pd.read_parquet(data / f"{name}.parquet") for sheet, name in names.items()}
    baseline.workbook(folder / "before.xlsx", sheets)


def before_marks(folder: Path) -> None:
    """The two sheets by pandas and openpyxl."""
    import baseline

    baseline.read_marks(folder / "new.xlsx")


def nothing(_: Path) -> None:
    """The interpreter alone."""


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
