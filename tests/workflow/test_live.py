"""The whole command against a real Elasticsearch behind TLS and login, and a real MariaDB: the same tables as from files."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from dataset_manager.sample.generate import write_catalogue
from dataset_manager.sample.transactions import Plan
from servers.elasticsearch import ElasticServer
from servers.load import load_elasticsearch, load_mysql, sample_hits
from servers.mariadb import MariaServer
from servers.nginx import NginxServer

from workflow.conftest import Tool

PLAN = Plan(1500, 7, date(2025, 8, 1))
LATE = {
    "transaction_id": 999_000_001,
    "transaction_metric": "WSPROCESSCOMPLETED03",
    "deployment_id": 130,
    "device_id": 1301,
    "transaction_start_time": "2025-08-01T09:00:00Z",
    "transaction_end_time": "2025-08-01T09:00:05Z",
    "transaction_data": {"model_id": 32, "selected_reference_code": "00014", "confidence": "HIGH", "topk": 0},
}


def rows(tool: Tool, process: str, table: str) -> list[tuple[object, ...]]:
    file = tool.process(process) / f"data/{table}.parquet"
    found = duckdb.sql(f"SELECT * FROM read_parquet('{file}') ORDER BY ALL").fetchall()
    return [duckdb.sql(f"SELECT * FROM read_parquet('{file}')").columns, *found]  # type: ignore[list-item]


@pytest.fixture
def live(
    tool: Tool, elasticsearch_server: ElasticServer, elastic_name: str, nginx_elastic: NginxServer, mariadb_database: MariaServer
) -> Tool:
    """The sample in both servers, the variables that lead to them, and the index pattern of this test alone."""
    load_elasticsearch(elasticsearch_server, PLAN, elastic_name)
    load_mysql(mariadb_database, PLAN)
    tool.clock("2025-08-01T12:00:00")
    tool.overlay.write_text(yaml.safe_dump({"elasticsearch": {"index_pattern": f"{elastic_name}-*"}}), "utf-8")
    tool.env |= {
        "ELASTIC_HOST": nginx_elastic.host,
        "ELASTIC_PORT": str(nginx_elastic.https_port),
        "ELASTIC_CA_CERTS": str(nginx_elastic.ca),
        "ELASTIC_USERNAME": nginx_elastic.user,
        "ELASTIC_PASSWORD": nginx_elastic.password,
        "DB_PROD_RO_HOST": mariadb_database.host,
        "DB_PROD_RO_PORT": str(mariadb_database.port),
        "DB_PROD_RO_USER": mariadb_database.tls_user,
        "DB_PROD_RO_PASSWORD": mariadb_database.password,
        "DB_PROD_RO_DATABASE": mariadb_database.database,
        "DB_PROD_RO_SSL_CA": str(mariadb_database.ca),
    }
    return tool


def test_servers_and_files_give_the_same_tables_row_for_row(live: Tool, elastic_name: str) -> None:
    assert live.main("download_info", "130", "--process-name", "servers") == 0, live.text
    (live.root / "export/hits.ndjson").write_text("".join(json.dumps(hit) + "\n" for hit in sample_hits(PLAN, elastic_name)), "utf-8")
    (live.root / "export/catalogue.sqlite").unlink()
    write_catalogue(live.root / "export/catalogue.sqlite", PLAN)
    live.sources(transactions="export/hits.ndjson", catalogue="export/catalogue.sqlite", pictures="export/pictures")
    assert live.main("download_info", "130", "--process-name", "files") == 0, live.text
    tables = ["transactions", "references", "labels", "model", "folders"]
    analysis = ["references", "devices", "summary", "consistency", "model_data", "label_suggestions"]
    for table in [*tables, *(f"analysis/{name}" for name in analysis)]:
        assert rows(live, "servers", table) == rows(live, "files", table), table
    assert len(rows(live, "servers", "transactions")) > PLAN.transactions


def test_refresh_reads_a_document_that_arrived_late(live: Tool, elasticsearch_server: ElasticServer, elastic_name: str) -> None:
    assert live.main("download_info", "130") == 0, live.text
    name = "dataset_130_010825_v1"
    before = live.json("data/flatten.json", name)["rows"]
    elasticsearch_server.load([{"_index": f"{elastic_name}-2025.08", "_id": "late", "_source": LATE}])
    assert live.main("download_info", "130") == 0, live.text
    assert live.json("data/flatten.json", name)["rows"] == before
    live.clock("2025-08-01T18:00:00")
    assert live.main("download_info", "130", "--refresh") == 0, live.text
    assert live.json("data/flatten.json", name)["rows"] == before + 1


def test_secrets_reach_no_file(live: Tool) -> None:
    assert live.main("download_info", "130") == 0, live.text
    secrets = [live.env["ELASTIC_PASSWORD"].encode(), live.env["DB_PROD_RO_PASSWORD"].encode()]
    written = [path for path in (live.root / "output").rglob("*") if path.is_file()]
    written += [path for path in (live.root / ".snakemake").rglob("*") if path.is_file()]
    assert [str(path) for path in written if any(secret in path.read_bytes() for secret in secrets)] == []
    assert not any(secret.decode() in live.text for secret in secrets)


def test_a_wrong_password_is_one_clear_error_and_leaves_nothing_active(live: Tool) -> None:
    live.env["ELASTIC_PASSWORD"] = "wrong"
    assert live.main("download_info", "130") == 1
    assert "Traceback" not in live.text
    assert "ELASTIC_PASSWORD" in live.text
    assert not (live.root / "output/active_process.json").exists()
    assert live.main("status", "--check") == 1
    assert "FALLA" in live.text
    assert "catalogue      bien" in live.text


def test_a_dry_run_counts_on_the_server(live: Tool) -> None:
    assert live.main("download_info", "130", "--dry-run") == 0, live.text
    assert "Transacciones en la fuente: 1.5" in live.text
    assert not (live.root / "output").exists() or not list(Path(live.root / "output").rglob("*.json"))
