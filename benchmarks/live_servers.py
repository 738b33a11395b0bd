"""The real Elasticsearch and MariaDB of the tests, holding the sample: started for a benchmark, stopped after it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from dataset_manager.sample.transactions import Plan
from servers import elasticsearch, mariadb
from servers.elasticsearch import ElasticServer
from servers.load import SAMPLE_NAME, load_elasticsearch, load_mysql
from servers.mariadb import MariaServer

SEED, END = 20250801, date(2025, 8, 1)


@dataclass
class Servers:
    """Both servers; `load` replaces what they hold."""

    elastic_server: ElasticServer
    maria: MariaServer

    @property
    def elastic(self) -> dict[str, Any]:
        """The fields of an ElasticConnection."""
        return {"host": self.elastic_server.host, "port": self.elastic_server.port, "use_ssl": False}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the tool at them."""
        return {
            "ELASTIC_HOST": self.elastic_server.host,
            "ELASTIC_PORT": str(self.elastic_server.port),
            "ELASTIC_USE_SSL": "false",
            "DB_PROD_RO_HOST": self.maria.host,
            "DB_PROD_RO_PORT": str(self.maria.port),
            "DB_PROD_RO_USER": self.maria.user,
            "DB_PROD_RO_PASSWORD": self.maria.password,
            "DB_PROD_RO_DATABASE": self.maria.database,
        }

    def load(self, transactions: int) -> None:
        """The sample of that many transactions, and nothing else."""
        self.elastic_server.remove(f"{SAMPLE_NAME}*")
        plan = Plan(transactions, seed=SEED, end=END)
        load_elasticsearch(self.elastic_server, plan, SAMPLE_NAME)
        self.maria = self.maria.fresh_database()
        load_mysql(self.maria, plan)


@contextmanager
def started() -> Iterator[Servers]:
    """Both servers on free ports."""
    node, elastic_server = elasticsearch.start()
    try:
        database, maria = mariadb.start()
        try:
            yield Servers(elastic_server, maria)
        finally:
            database.stop()
    finally:
        node.stop()
