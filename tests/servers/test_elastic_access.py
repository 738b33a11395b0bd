"""TLS and login in front of a real Elasticsearch: every way in, and what is said at a closed door."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import SourceError
from dataset_manager.sources.connection_types import ElasticConnection
from transactions import Place, renamed, spread

from servers.elasticsearch import ElasticServer
from servers.nginx import NginxServer


def secured(nginx: NginxServer, **other: Any) -> ElasticConnection:
    """As it should be, but for the named differences."""
    right = {"port": nginx.https_port, "ca_certs": str(nginx.ca), "api_key": nginx.api_key, "max_retries": 0}
    return ElasticConnection(nginx.host, **right | other)


@pytest.mark.parametrize(
    "access",
    [
        lambda nginx: secured(nginx),
        lambda nginx: secured(nginx, api_key=None, username=nginx.user, password=nginx.password),
        lambda nginx: secured(nginx, ca_certs=None, verify_certs=False),
        lambda nginx: secured(nginx, port=nginx.expired_port, verify_certs=False),
        lambda nginx: secured(nginx, port=nginx.http_port, use_ssl=False),
        lambda nginx: secured(nginx, port=nginx.http_port, use_ssl=False, verify_certs=False),
    ],
    ids=["key and private authority", "password", "unverified", "unverified expired", "http", "http unverified"],
)
def test_every_way_in_that_should_work_works(
    nginx_elastic: NginxServer,
    elasticsearch_server: ElasticServer,
    elastic_name: str,
    tmp_path: Path,
    access: Callable[[NginxServer], ElasticConnection],
) -> None:
    elasticsearch_server.load(renamed(spread(10), elastic_name))
    assert Place(access(nginx_elastic), f"{elastic_name}-*").read(tmp_path)["hits"] == 10


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (lambda nginx: secured(nginx, api_key="bWFs"), "no acepta las credenciales (401). Revise ELASTIC_API_KEY, o ELASTIC_USERNAME"),
        (lambda nginx: secured(nginx, api_key=None), "no acepta las credenciales (401)"),
        (lambda nginx: secured(nginx, api_key=None, username=nginx.user, password="otra-clave"), "no acepta las credenciales (401)"),
        (lambda nginx: secured(nginx, api_key=nginx.forbidden_api_key), "no tienen permiso para leer (403: action is unauthorized)"),
        (lambda nginx: secured(nginx, ca_certs=None), "no está firmado por ninguna autoridad conocida. Ponga en ELASTIC_CA_CERTS"),
        (lambda nginx: secured(nginx, port=nginx.expired_port), "su certificado está caducado"),
        (lambda nginx: secured(nginx, port=nginx.wrong_host_port), "su certificado no es para el nombre 127.0.0.1"),
        (lambda nginx: secured(nginx, port=nginx.http_port), "responde http, no https. Ponga ELASTIC_USE_SSL=false"),
        (lambda nginx: secured(nginx, use_ssl=False), "responde https, no http. Ponga ELASTIC_USE_SSL=true"),
    ],
    ids=[
        "wrong key",
        "no login",
        "wrong password",
        "forbidden",
        "unknown authority",
        "expired",
        "other name",
        "https to http",
        "http to https",
    ],
)
def test_every_way_in_that_fails_says_why(
    nginx_elastic: NginxServer, tmp_path: Path, access: Callable[[NginxServer], ElasticConnection], said: str
) -> None:
    place = access(nginx_elastic)
    with pytest.raises(SourceError) as error:
        Place(place, "device_transaction-*").read(tmp_path)
    assert said in str(error.value)
    assert f"{place.host}:{place.port}" in str(error.value)
    assert "\n" not in str(error.value)
    for secret in (place.api_key, place.password):
        assert secret is None or secret not in str(error.value)
