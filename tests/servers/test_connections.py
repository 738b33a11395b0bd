"""`status --check` against the real servers: what answers, and exactly why not."""

from collections.abc import Callable
from typing import Any

import pytest
from catalogue_tables import SCHEMA, statements
from dataset_manager.errors import SourceError
from dataset_manager.sources.connection_types import DatabaseConnection, ElasticConnection, S3Connection
from dataset_manager.sources.connections import check_all, check_pictures, check_transactions
from transactions import spread

from servers.elasticsearch import ElasticServer
from servers.mariadb import MariaServer
from servers.nginx import NginxServer
from servers.seaweedfs import S3Server


def s3(server: S3Server, bucket: str, **other: Any) -> S3Connection:
    """Path style, as MinIO needs it."""
    right = {"endpoint_url": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key, "path_style": True}
    return S3Connection(bucket, **{"region": "us-east-1"} | right | other)


def test_all_three_sources_answer(
    nginx_elastic: NginxServer,
    elasticsearch_server: ElasticServer,
    elastic_name: str,
    mariadb_database: MariaServer,
    s3_server: S3Server,
    s3_bucket: str,
) -> None:
    elasticsearch_server.load(one | {"_index": f"{elastic_name}-1"} for one in spread(5))
    for statement in statements(SCHEMA):
        mariadb_database.sql(statement)
    maria = mariadb_database
    results = check_all(
        transactions=ElasticConnection(
            nginx_elastic.host, nginx_elastic.https_port, ca_certs=str(nginx_elastic.ca), api_key=nginx_elastic.api_key
        ),
        catalogue=DatabaseConnection(
            maria.host, maria.tls_user, maria.database, maria.port, maria.password, str(maria.ca) if maria.ca else None
        ),
        pictures=s3(s3_server, s3_bucket),
        index_pattern=f"{elastic_name}-*",
    )
    assert [(one.source, one.ok) for one in results] == [("transactions", True), ("catalogue", True), ("pictures", True)]
    assert f"5 documentos en {elastic_name}-*" in results[0].detail
    assert "tablas deployment, reference, label, model, folder" in results[1].detail
    assert s3_bucket in results[2].detail


def test_a_pattern_without_indices_fails_the_check(elasticsearch_server: ElasticServer, elastic_name: str) -> None:
    place = ElasticConnection(elasticsearch_server.host, elasticsearch_server.port, use_ssl=False)
    with pytest.raises(SourceError, match="ningún índice responde a"):
        check_transactions(place, f"{elastic_name}-*")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda server, bucket: s3(server, bucket, secret_key="otra"), "no acepta las credenciales, o no permiten listar"),
        (lambda server, bucket: s3(server, bucket, access_key="nadie"), "no acepta las credenciales, o no permiten listar"),
        (lambda server, bucket: s3(server, "pruebas-no-existe"), "ese bucket no existe. Revise S3_BUCKET"),
        (lambda server, bucket: s3(server, bucket, endpoint_url="http://127.0.0.1:1"), "nadie responde en esa dirección"),
        (lambda server, bucket: s3(server, bucket, endpoint_url=server.endpoint.replace("http:", "https:")), "falla el cifrado"),
    ],
    ids=["secret", "key", "bucket", "nobody there", "https to http"],
)
def test_storage_that_fails_says_why(
    s3_server: S3Server, s3_bucket: str, place: Callable[[S3Server, str], S3Connection], said: str
) -> None:
    asked = place(s3_server, s3_bucket)
    with pytest.raises(SourceError) as error:
        check_pictures(asked)
    assert said in str(error.value)
    assert asked.bucket in str(error.value)
    assert str(asked.secret_key) not in str(error.value)
