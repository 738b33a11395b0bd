"""The fixtures that give tests a real server; each server starts when the first test asks for it.

`TEST_ELASTIC_URL`, `TEST_MYSQL_URL` and `TEST_S3_ENDPOINT` point the same tests at servers that are already there
(`tests/servers/README.md`). A test whose server cannot be installed here is skipped with the line that installs it.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from servers import elasticsearch, mariadb, nginx, seaweedfs
from servers.elasticsearch import ElasticServer
from servers.mariadb import MariaServer
from servers.nginx import NginxServer
from servers.processes import MissingProgramError, Server
from servers.seaweedfs import S3Server

Address = TypeVar("Address")


def running(start: Callable[[], tuple[Server, Address]]) -> Iterator[Address]:
    """Starts a server for as long as the session lasts."""
    try:
        server, address = start()
    except MissingProgramError as missing:
        pytest.skip(str(missing))
    try:
        yield address
    finally:
        server.stop()


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[ElasticServer]:
    """A real Elasticsearch 8, shared by the session; see `elastic_name` for indices of one's own."""
    given = elasticsearch.from_environment()
    if given:
        yield given
    else:
        yield from running(elasticsearch.start)


@pytest.fixture
def elastic_name(elasticsearch_server: ElasticServer) -> Iterator[str]:
    """A prefix of index names that only this test uses (`<it>-2025.07`, pattern `<it>-*`); its indices are deleted afterwards."""
    name = elasticsearch_server.unique()
    yield name
    elasticsearch_server.remove(f"{name}*")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaServer]:
    """A real MariaDB, shared by the session; `fresh_database()` gives whoever calls it an empty database."""
    given = mariadb.from_environment()
    if not given:
        yield from running(mariadb.start)
        return
    try:
        yield given
    finally:
        given.clean()


@pytest.fixture
def mariadb_database(mariadb_server: MariaServer) -> MariaServer:
    """The server with an empty database that only this test uses."""
    return mariadb_server.fresh_database()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3, shared by the session."""
    given = seaweedfs.from_environment()
    if given:
        yield given
    else:
        yield from running(seaweedfs.start)


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> Iterator[str]:
    """An empty bucket that only this test uses."""
    bucket = s3_server.make_bucket()
    yield bucket
    s3_server.remove_bucket(bucket)


@pytest.fixture(scope="session")
def nginx_elastic(elasticsearch_server: ElasticServer) -> Iterator[NginxServer]:
    """TLS and login in front of `elasticsearch_server`."""
    yield from running(lambda: nginx.start(elasticsearch_server))
