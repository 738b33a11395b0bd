"""The sample in the real servers is the sample of the files."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from dataset_manager.sample.generate import TABLES, write_catalogue
from dataset_manager.sample.oddities import added
from dataset_manager.sample.transactions import Plan

from servers.elasticsearch import ElasticServer
from servers.load import load_elasticsearch, load_mysql, sample_hits
from servers.mariadb import MariaServer

PLAN = Plan(1200, 5, date(2025, 8, 1))


def test_elasticsearch_holds_every_hit_of_the_sample_unchanged(elasticsearch_server: ElasticServer, elastic_name: str) -> None:
    wanted = {(hit["_index"], hit["_id"]): hit["_source"] for hit in sample_hits(PLAN, elastic_name)}
    assert load_elasticsearch(elasticsearch_server, PLAN, elastic_name) == len(wanted)
    answer = elasticsearch_server.request("POST", f"{elastic_name}-*/_search", {"size": 5000, "query": {"match_all": {}}})
    assert {(hit["_index"], hit["_id"]): hit["_source"] for hit in answer["hits"]["hits"]} == wanted


def test_elasticsearch_finds_what_a_process_asks_for(elasticsearch_server: ElasticServer, elastic_name: str) -> None:
    load_elasticsearch(elasticsearch_server, PLAN, elastic_name)
    clauses = [
        {"terms": {"transaction_metric.keyword": ["WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03", "WSREFERENCEIMAGEAC01"]}},
        {"terms": {"deployment_id": [130]}},
        {"range": {"transaction_start_time": {"gte": "2025-07-02", "lt": "2025-08-02"}}},
    ]
    body = {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": clauses}}}
    answer = elasticsearch_server.request("POST", f"{elastic_name}-*/_search", body)
    assert answer["hits"]["total"]["value"] == PLAN.transactions + added(PLAN.transactions)[1] - 1  # the document an export holds twice


def test_mysql_holds_the_tables_of_the_sample(mariadb_database: MariaServer, tmp_path: Path) -> None:
    write_catalogue(tmp_path / "catalogue.sqlite", PLAN)
    load_mysql(mariadb_database, PLAN)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as base:
        for table in TABLES:
            stored = [tuple(str(value) for value in row) for row in mariadb_database.sql(f"SELECT * FROM `{table}` ORDER BY 1")]
            assert stored == [tuple(str(value) for value in row) for row in base.execute(f'SELECT * FROM "{table}" ORDER BY 1')], table
