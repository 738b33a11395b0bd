"""What the other tests rely on: each server is real, refuses what it must, and is reachable as its fixture says."""

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest
from botocore.exceptions import ClientError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, NotFoundError

from servers.elasticsearch import ElasticServer
from servers.mariadb import MariaServer
from servers.nginx import NginxServer
from servers.seaweedfs import S3Server


@pytest.fixture
def client(elasticsearch_server: ElasticServer) -> Iterator[Elasticsearch]:
    with elasticsearch_server.client() as client:
        yield client


def test_elasticsearch_is_version_8_for_the_official_client(client: Elasticsearch) -> None:
    assert client.info()["version"]["number"].startswith("8.")


def test_elasticsearch_reads_a_point_in_time_in_slices_over_wildcard_indices(
    client: Elasticsearch, elasticsearch_server: ElasticServer, elastic_name: str
) -> None:
    elasticsearch_server.load(
        {"_index": f"{elastic_name}-{n % 3}", "_id": str(n), "_source": {"n": n, "name": f"ñ{n}"}} for n in range(500)
    )
    pit = client.open_point_in_time(index=f"{elastic_name}-*", keep_alive="1m")["id"]
    pages = [client.search(pit={"id": pit}, slice={"id": n, "max": 2}, size=500, sort="n", track_total_hits=True) for n in range(2)]
    assert sorted(hit["_source"]["n"] for page in pages for hit in page["hits"]["hits"]) == list(range(500))
    client.close_point_in_time(id=pit)
    with pytest.raises(NotFoundError):
        client.search(pit={"id": pit})


def test_elasticsearch_maps_text_with_a_keyword_and_counts_with_date_math(
    client: Elasticsearch, elasticsearch_server: ElasticServer, elastic_name: str
) -> None:
    elasticsearch_server.index(
        elastic_name, [{"name": "Pera Ercolini", "time": "2025-07-01T10:00:00Z"}, {"name": "Pera", "time": "2025-07-09T10:00:00Z"}]
    )
    assert client.count(index=elastic_name, query={"term": {"name.keyword": "Pera Ercolini"}})["count"] == 1
    assert client.count(index=elastic_name, query={"range": {"time": {"gte": "2025-07-10||-2d/d"}}})["count"] == 1


def login(nginx: NginxServer, port: int, **how: Any) -> Elasticsearch:
    return Elasticsearch(f"https://{nginx.host}:{port}", ca_certs=str(nginx.ca), max_retries=0, **how)


def test_tls_and_both_logins_lead_to_elasticsearch(nginx_elastic: NginxServer) -> None:
    for how in ({"basic_auth": (nginx_elastic.user, nginx_elastic.password)}, {"api_key": nginx_elastic.api_key}):
        with login(nginx_elastic, nginx_elastic.https_port, **how) as client:
            assert client.info()["tagline"] == "You Know, for Search"
    with Elasticsearch(f"http://{nginx_elastic.host}:{nginx_elastic.http_port}", api_key=nginx_elastic.api_key) as client:
        assert client.ping()


@pytest.mark.parametrize(
    ("how", "error"),
    [({}, AuthenticationException), ({"api_key": "bWFs"}, AuthenticationException), ({"api_key": "forbidden"}, AuthorizationException)],
)
def test_a_wrong_login_is_refused(nginx_elastic: NginxServer, how: dict[str, str], error: type[ApiError]) -> None:
    how = {name: nginx_elastic.forbidden_api_key if value == "forbidden" else value for name, value in how.items()}
    with login(nginx_elastic, nginx_elastic.https_port, **how) as client, pytest.raises(error):
        client.info()


def test_bad_certificates_are_refused_for_what_is_wrong_with_them(nginx_elastic: NginxServer) -> None:
    trusted, unknown = ssl.create_default_context(cafile=nginx_elastic.ca), ssl.create_default_context()
    cases = [
        (nginx_elastic.expired_port, trusted, "expired"),
        (nginx_elastic.wrong_host_port, trusted, "mismatch"),
        (nginx_elastic.https_port, unknown, "verify failed"),
    ]
    for port, context, words in cases:
        with pytest.raises(OSError, match=words):
            urllib.request.urlopen(f"https://{nginx_elastic.host}:{port}/", timeout=10, context=context)


def connect(maria: MariaServer, user: str, *, tls: bool = True) -> "pymysql.Connection[Any]":
    how: dict[str, Any] = {"ssl": ssl.create_default_context(cafile=maria.ca)} if tls else {"ssl_disabled": True}
    return pymysql.connect(host=maria.host, port=maria.port, user=user, password=maria.password, database=maria.database, **how)


def test_mariadb_readers_read_and_may_not_write(mariadb_database: MariaServer) -> None:
    mariadb_database.sql("CREATE TABLE label (id INT, name VARCHAR(50))")
    mariadb_database.insert("label", [(1, "piña"), (2, "🍐")])
    for user in (mariadb_database.user, mariadb_database.tls_user):
        with closing(connect(mariadb_database, user)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT name FROM label ORDER BY id")
            assert cursor.fetchall() == (("piña",), ("🍐",))
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute("INSERT INTO label VALUES (3, 'x')")


def test_mariadb_speaks_verified_tls_and_one_user_must_use_it(mariadb_database: MariaServer) -> None:
    with closing(connect(mariadb_database, mariadb_database.user)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        assert cursor.fetchall()[0][1] == "TLSv1.3"
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        connect(mariadb_database, mariadb_database.tls_user, tls=False)


def test_mariadb_gives_each_request_another_empty_database(mariadb_server: MariaServer) -> None:
    first, second = mariadb_server.fresh_database(), mariadb_server.fresh_database()
    assert first.database != second.database
    assert first.sql("SHOW TABLES") == []


def test_s3_keeps_objects_and_refuses_wrong_and_reading_keys(s3_server: S3Server, s3_bucket: str) -> None:
    s3_server.put(s3_bucket, {"a/ñ.jpg": b"picture"})
    reader = s3_server.client(readonly=True)
    assert reader.get_object(Bucket=s3_bucket, Key="a/ñ.jpg")["Body"].read() == b"picture"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket=s3_bucket, Key="b", Body=b"")
    stranger = S3Server(s3_server.endpoint, s3_server.access_key, "wrong", "", "")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.client().list_buckets()


def test_s3_writes_only_when_the_condition_holds(s3_server: S3Server, s3_bucket: str) -> None:
    client = s3_server.client()
    tag = client.put_object(Bucket=s3_bucket, Key="row.csv", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=s3_bucket, Key="row.csv", Body=b"2", IfNoneMatch="*")
    client.put_object(Bucket=s3_bucket, Key="row.csv", Body=b"2", IfMatch=tag)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=s3_bucket, Key="row.csv", Body=b"3", IfMatch=tag)
