"""Transactions from the real Elasticsearch and from an export of the same documents: one behaviour."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dataset_manager import files
from dataset_manager.errors import SourceError
from dataset_manager.sources import elastic
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.extraction import ExtractionOptions, count_hits
from dataset_manager.sources.instants import instants
from elastic_faults import expired, failed_shard, forward, listening, stall, status
from transactions import METRICS, PAGES, READ, WINDOW, Place, export, hit, identity, manifest_of, part_hits, part_lines, renamed, spread

from servers.elasticsearch import ElasticServer

Json = dict[str, Any]
SHARES = ExtractionOptions(threads=3, page_size=7, big_slice=10)
DATES = """2025 2025-07 2025-07-02 2025-07-02T 2025-07-02T10 2025-07-02T10:11 2025-07-02T10:11:12 2025-07-02T10:11:12.1
2025-07-02T10:11:12.123456789 2025-07-02T10:11:12.1234567890 2025-07-02T10:11:12,5 2025-07-02T10:11:12Z 2025-07-02T10:11:12+02:00
2025-07-02T10:11:12+0200 2025-07-02T10:11:12+02 2025-07-02T10:11:12-02:30 2025-07-02T10:11:12+02:00:30 2025-07-02T10Z 2025-07-02TZ
2025-07-02Z 2025-07-02T10:11:12z 2025-07-02t10:11:12Z 2025-07-02T24:00:00 2025-07-02T23:59:60 2025-02-30 2025-13-01 2025-7-2
20250702 20250702T101112Z 1751451072000 1751451072000.7 1751451072000.1234567 -5 -5.7 +5 0 1e12 123 12345 .5
2025-07-02T10:11:12UTC 2025-07-02T10:11:12+18:00 2025-07-02T10:11:12+19:00 2025-07-02T10:11:12+00:60 2025-07-02T10:11:12.
2025-W27-3 2025-183 2025-07-02T10:11:12.999999Z 1969-12-31T23:59:59.9999Z 2025-07-02T1:11"""


def plain(server: ElasticServer) -> ElasticConnection:
    """The connection for the server of the tests, whatever its login."""
    kind, _, secret = server.authorization.partition(" ")
    user, password = login(secret) if kind == "Basic" else (None, None)
    ca = str(server.ca) if server.ca else None
    key = secret if kind == "ApiKey" else None
    return ElasticConnection(
        server.host, server.port, server.url.startswith("https:"), ca_certs=ca, api_key=key, username=user, password=password
    )


def login(secret: str) -> tuple[str, str]:
    import base64

    user, _, password = base64.b64decode(secret).decode().partition(":")
    return user, password


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Fixes the time of the run; repetitions come at once."""
    monkeypatch.setattr(elastic, "FIRST_WAIT", 0.0)

    def set_time(moment: str) -> None:
        monkeypatch.setenv("DATASET_MANAGER_NOW", moment)
        files.now.cache_clear()

    set_time(READ)
    yield set_time
    files.now.cache_clear()


@pytest.fixture
def both(elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path) -> Callable[[list[Json]], tuple[Place, Place]]:
    """Puts hits into both sources: (embedded, Elasticsearch)."""

    def put(hits: list[Json]) -> tuple[Place, Place]:
        hits = renamed(hits, elastic_name)
        elasticsearch_server.load(hits)
        pattern = f"{elastic_name}-*"
        return Place(export(tmp_path / "hits.ndjson", hits), pattern), Place(plain(elasticsearch_server), pattern)

    return put


MIXED = [
    *spread(60),
    hit(200, "2025-07-02T00:00:00"),
    hit(201, "2025-07-01T23:59:59.999Z"),
    hit(202, "2025-07-06T00:00:00.000Z"),
    hit(203, "2025-07-05T23:59:59.999999Z"),
    hit(204, "2025-07-06T01:00:00+02:00"),
    hit(205, "2025-07-03"),
    hit(206, 1751500800000),
    hit(207, "1751500800000"),
    hit(208, None),
    hit(209, deployment_id=131),
    hit(210, deployment_id="130"),
    hit(211, deployment_id=[131, 130]),
    hit(212, transaction_metric="OTRA"),
    hit(213, transaction_metric=["OTRA", METRICS[1]]),
    hit(214, data={"model_id": 33}),
    hit(215, data={"model_id": [33, 32]}),
    hit(216, note='ñ \u2028 😀 "sort":[1]},{"_index":', nested={"x": [{"y": 1, "sort": [7]}]}, price=1.10, tiny=1e-07),
]


@pytest.mark.parametrize("options", [PAGES, SHARES], ids=["pages", "shares"])
@pytest.mark.parametrize("model", ["", "32", "33"])
def test_both_sources_give_the_same_parts(both: Any, tmp_path: Path, options: ExtractionOptions, model: str) -> None:
    embedded, real = both(MIXED)
    one = embedded.read(tmp_path / "a", options, model=model)
    other = real.read(tmp_path / "b", options, model=model)
    assert part_lines(manifest_of(tmp_path / "a")) == part_lines(manifest_of(tmp_path / "b"))
    assert [one[name] for name in ("hits", "query", "window", "keys")] == [other[name] for name in ("hits", "query", "window", "keys")]
    described = [
        [(part["file"], part["gte"], part["lt"], part["hits"], part["total"], part["final"]) for part in it["slices"]]
        for it in (one, other)
    ]
    assert described[0] == described[1]
    assert one["hits"] == {"": 72, "32": 71, "33": 2}[model]


def test_both_sources_give_the_same_parquet(both: Any, tmp_path: Path) -> None:
    import duckdb
    from dataset_manager.analysis.flatten import flatten

    for name, place in zip(("a", "b"), both(MIXED), strict=True):
        data = tmp_path / name / "data"
        place.read(tmp_path / name)
        duckdb.sql(
            "SELECT ''::VARCHAR transaction_id, ''::VARCHAR folder_url, []::VARCHAR[] folder_files, true parse_ok LIMIT 0"
        ).write_parquet(str(data / "folders.parquet"))
        flatten(
            manifest_of(tmp_path / name),
            data / "folders.parquet",
            data / "transactions.parquet",
            data / "flatten.json",
            metrics_cliente=METRICS[:2],
            metrics_manual=METRICS[2:],
        )
    rows = [duckdb.sql(f"SELECT * FROM '{tmp_path}/{name}/data/transactions.parquet'").fetchall() for name in ("a", "b")]
    assert len(rows[0]) > 60
    assert rows[0] == rows[1]


def test_both_sources_count_the_same_for_a_plan(both: Any) -> None:
    counted = {count_hits(identity(index_pattern=place.pattern), WINDOW, source=place.source) for place in both(MIXED)}
    assert counted == {72}


def test_documents_keep_the_digits_the_server_holds(elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path) -> None:
    elasticsearch_server.request("PUT", f"{elastic_name}-1", {"mappings": {"properties": {"raw": {"type": "object", "enabled": False}}}})
    source = json.dumps(hit(1)["_source"])[:-1] + ', "raw": {"big": 123456789012345678901234567890, "price": 1.10, "twice": 1e2}}'
    elasticsearch_server.request("POST", f"{elastic_name}-1/_doc/x?refresh=true", source)
    Place(plain(elasticsearch_server), f"{elastic_name}-*").read(tmp_path)
    assert part_lines(manifest_of(tmp_path)) == [f'{{"_index":"{elastic_name}-1","_id":"x","_source":{source}}}'.encode()]


def test_dates_are_read_as_the_server_reads_them(elasticsearch_server: ElasticServer, elastic_name: str) -> None:
    values: list[Any] = [*DATES.split(), 1751451072000, 1751451072000.5, 2025, 123, 20250702, True]
    elasticsearch_server.request(
        "PUT", f"{elastic_name}-d", {"mappings": {"properties": {"t": {"type": "date", "ignore_malformed": True}}}}
    )
    elasticsearch_server.load({"_index": f"{elastic_name}-d", "_id": str(n), "_source": {"t": value}} for n, value in enumerate(values))
    body = {"size": len(values), "docvalue_fields": [{"field": "t", "format": "epoch_millis"}]}
    found = elasticsearch_server.request("POST", f"{elastic_name}-d/_search", body)["hits"]["hits"]
    theirs = {int(one["_id"]): [int(text) for text in one.get("fields", {}).get("t", [])] for one in found}
    assert {values[n]: theirs[n] for n in theirs} == {value: instants(value) for value in values}


def test_refresh_catches_documents_that_arrived_late(
    elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path, at: Callable[[str], None]
) -> None:
    elasticsearch_server.load(renamed(spread(40), elastic_name))
    with listening(forward(elasticsearch_server.url)) as proxy:
        place = Place(ElasticConnection("127.0.0.1", proxy.port, use_ssl=False), f"{elastic_name}-*")
        assert place.read(tmp_path)["hits"] == 40
        late = [hit(500, "2025-07-02T05:00:00Z"), hit(501, "2025-07-05T23:00:00Z"), hit(502, "2025-07-06T08:00:00Z")]
        elasticsearch_server.load(renamed(late, elastic_name))
        proxy.requests.clear()
        assert place.read(tmp_path)["hits"] == 40
        assert proxy.requests == []
        at("2025-07-06T09:00:00+00:00")
        manifest = place.read(tmp_path, window={"lt": "2025-07-07T00:00:00+00:00", "read": "2025-07-06T09:00:00+00:00"})
        assert {request.slice for request in proxy.pages} == {"2025-07-02", "2025-07-05", "2025-07-06"}
    assert manifest["hits"] == 43
    assert {"id-500", "id-501", "id-502"} <= {one["_id"] for one in part_hits(manifest_of(tmp_path))}


KILLED = """
import sys
from pathlib import Path
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.extraction import ExtractionOptions, extract
from transactions import identity, raw_folder
window, manifest = raw_folder(Path(sys.argv[1]))
source = ElasticConnection("127.0.0.1", int(sys.argv[2]), use_ssl=False)
extract(identity(index_pattern=sys.argv[3]), window, manifest, source=source, options=ExtractionOptions(threads=1, page_size=3))
"""


def test_a_killed_extraction_goes_on_without_asking_for_complete_slices(
    elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path
) -> None:
    hits = spread(40)
    hits[0]["_source"]["only_here"] = "in a slice that is read before the kill"
    elasticsearch_server.load(renamed(hits, elastic_name))
    raw = tmp_path / "data/raw"
    with listening(forward(elasticsearch_server.url)) as proxy:
        proxy.fail(stall(60), when=lambda request: request.is_page and request.slice == "2025-07-04" and "search_after" in request.json)
        path = os.pathsep.join(
            str(Path(files.__file__).parents[1] if name == "scripts" else Path(__file__).parents[1]) for name in ("scripts", "tests")
        )
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(proxy.port), f"{elastic_name}-*"]
        running = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})
        wait_until(lambda: not proxy.faults or running.poll() is not None)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        complete = {file.stem for file in raw.glob("2025-*.json")}
        assert complete == {"2025-07-02", "2025-07-03"}
        assert list(raw.glob(".2025-07-04*.tmp"))
        proxy.requests.clear()
        manifest = Place(ElasticConnection("127.0.0.1", proxy.port, use_ssl=False), f"{elastic_name}-*").read(tmp_path)
        assert {request.slice for request in proxy.pages} == {"2025-07-04", "2025-07-05"}
    assert manifest["hits"] == 40
    assert {"only_here", "transaction_data"} <= set(manifest["keys"]["top"])
    assert not list(raw.glob(".*.tmp"))
    assert sorted(one["_id"] for one in part_hits(manifest_of(tmp_path))) == sorted(f"id-{n}" for n in range(40))


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_faults_on_the_way_to_a_real_server_cost_no_rows(elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path) -> None:
    elasticsearch_server.load(renamed(spread(80), elastic_name))
    with listening(forward(elasticsearch_server.url)) as proxy:
        proxy.fail(status(429), status(503), failed_shard)
        proxy.fail(expired, when=lambda request: request.is_page and "search_after" in request.json)
        place = Place(ElasticConnection("127.0.0.1", proxy.port, use_ssl=False), f"{elastic_name}-*")
        assert place.read(tmp_path)["hits"] == 80
        assert proxy.faults == []
    assert sorted(one["_id"] for one in part_hits(manifest_of(tmp_path))) == sorted(f"id-{n}" for n in range(80))


def test_no_point_in_time_stays_open(elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path) -> None:
    elasticsearch_server.load(renamed(spread(80), elastic_name))
    path = "_nodes/stats/indices/search"

    def open_contexts() -> int:
        return sum(node["indices"]["search"]["open_contexts"] for node in elasticsearch_server.request("GET", path)["nodes"].values())

    before = open_contexts()
    Place(plain(elasticsearch_server), f"{elastic_name}-*").read(tmp_path, SHARES)
    assert open_contexts() == before


def test_a_pattern_without_indices_is_an_error(elasticsearch_server: ElasticServer, elastic_name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"ningún índice responde a {elastic_name}-\*"):
        Place(plain(elasticsearch_server), f"{elastic_name}-*").read(tmp_path)
    with pytest.raises(SourceError, match=rf"no encuentra lo pedido \(404: no such index \[{elastic_name}-uno\]\)"):
        Place(plain(elasticsearch_server), f"{elastic_name}-uno").read(tmp_path)


def test_an_empty_window_is_valid(both: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, place in zip("ab", both([hit(1)]), strict=True):
        assert place.read(tmp_path / name, deployment_id=999)["hits"] == 0
    assert caplog.text.count("No hay transacciones: se preguntó por deployment 999") == 2


def test_a_model_that_is_no_number_says_what_the_server_refuses(both: Any, tmp_path: Path) -> None:
    _, real = both([hit(1)])
    with pytest.raises(SourceError, match=r'rechaza la consulta \(400: For input string: "abc"\)'):
        real.read(tmp_path, model="abc")
