"""Puts the sample into real servers, so that they answer what the embedded form holds.

In: a plan of the sample and a server. Out: its hits in monthly indices, its tables in a database, its pictures in a bucket.
Indices are mapped as the ones in use are: numbers and dates known, the rest dynamic, malformed values kept in the source.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dataset_manager.sample.generate import TABLES, table_rows
from dataset_manager.sample.hits import iter_hits
from dataset_manager.sample.transactions import DAYS_BACK, Plan

from servers.elasticsearch import ElasticServer
from servers.mariadb import MariaServer
from servers.seaweedfs import S3Server

SAMPLE_NAME = "device_transaction"
NUMBER, TIME = {"type": "long"}, {"type": "date"}
NESTED = {name: NUMBER for name in ("model_id", "topk", "result_index", "selected_reference_index")}
MAPPING = {
    "settings": {"number_of_shards": 2, "number_of_replicas": 0, "index.mapping.ignore_malformed": True},
    "mappings": {
        "properties": {
            **{name: NUMBER for name in ("transaction_id", "deployment_id", "device_id")},
            **{name: TIME for name in ("transaction_start_time", "transaction_end_time", "time")},
            **{name: {"properties": NESTED} for name in ("transaction_data", "metric_data")},
            "debug": {"type": "object", "enabled": False},  # an object in one document, a text in another
        }
    },
}


def sample_hits(plan: Plan, name: str = SAMPLE_NAME) -> Iterator[dict[str, Any]]:
    """The hits that a server can hold (no document twice), in indices called `<name>-YYYY.MM`."""
    for hit in iter_hits(plan, unique=True):
        yield hit | {"_index": hit["_index"].replace(SAMPLE_NAME, name, 1)}


def load_elasticsearch(server: ElasticServer, plan: Plan, name: str) -> int:
    """Creates the indices `<name>-YYYY.MM` and stores the sample's hits; how many."""
    for month in months(plan.end - timedelta(days=DAYS_BACK + 41), plan.end + timedelta(days=41)):
        server.request("PUT", f"{name}-{month}", MAPPING)
    return server.load(sample_hits(plan, name))


def months(first: date, last: date) -> list[str]:
    """YYYY.MM of each month touched."""
    return sorted({f"{first + timedelta(days=days):%Y.%m}" for days in range((last - first).days + 1)})


def load_mysql(server: MariaServer, plan: Plan) -> None:
    """Creates the sample's tables in the server's database and fills them."""
    for table, columns in TABLES.items():
        server.sql(f"CREATE TABLE `{table}` ({columns})")
    for table, rows in table_rows(plan):
        server.insert(table, rows)


def load_s3(server: S3Server, bucket: str, pictures: Path, keys: Iterable[str] | None = None) -> None:
    """Stores a folder of pictures, or some keys of it, under the same keys."""
    wanted = keys or (path.relative_to(pictures).as_posix() for path in sorted(pictures.rglob("*")) if path.is_file())
    server.put(bucket, {key: pictures / key for key in wanted})
