"""Reading from an Elasticsearch that fails in every way a server may: never fewer rows, never one without a reason."""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dataset_manager import files
from dataset_manager.errors import CountError, SourceError
from dataset_manager.sources import elastic
from dataset_manager.sources.connection_types import ElasticConnection
from dataset_manager.sources.extraction import ExtractionOptions, count_hits, extract
from elastic_faults import (
    FakeElastic,
    Fault,
    FaultyServer,
    Request,
    cut,
    expired,
    failed_shard,
    listening,
    lost_hits,
    stall,
    status,
    timed_out,
)
from transactions import READ, WINDOW, identity, part_hits, raw_folder, spread

SMALL = ExtractionOptions(threads=2, page_size=10, big_slice=1000)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repetitions come at once."""
    monkeypatch.setattr(elastic, "FIRST_WAIT", 0.0)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Fixes the time of the run."""

    def set_time(moment: str) -> None:
        monkeypatch.setenv("DATASET_MANAGER_NOW", moment)
        files.now.cache_clear()

    set_time(READ)
    yield set_time
    files.now.cache_clear()


@pytest.fixture
def server(at: Callable[[str], None]) -> Iterator[FaultyServer]:
    """An Elasticsearch with 100 transactions in four days."""
    with listening(FakeElastic(spread(100))) as running:
        yield running


def connection(server: FaultyServer, **other: Any) -> ElasticConnection:
    return ElasticConnection("127.0.0.1", server.port, **{"use_ssl": False, "timeout": 10, "max_retries": 3} | other)


def read(server: FaultyServer, process: Path, options: ExtractionOptions = SMALL, **other: Any) -> dict[str, Any]:
    window, manifest = raw_folder(process)
    return extract(identity(), window, manifest, source=connection(server, **other), options=options)


def ids(process: Path) -> list[str]:
    return sorted(hit["_id"] for hit in part_hits(process / "data/raw/manifest.json"))


ALL = sorted(f"id-{n}" for n in range(100))


def test_all_pages_of_all_slices_arrive(server: FaultyServer, tmp_path: Path) -> None:
    manifest = read(server, tmp_path)
    assert (manifest["hits"], manifest["source"]) == (100, "elasticsearch")
    assert ids(tmp_path) == ALL
    assert [(one["hits"], one["total"], one["final"]) for one in manifest["slices"]] == [(25, 25, True)] * 3 + [(25, 25, False)]
    assert not server.upstream.open  # type: ignore[attr-defined]


def test_a_big_slice_is_read_in_shares(server: FaultyServer, tmp_path: Path) -> None:
    read(server, tmp_path, ExtractionOptions(threads=3, page_size=4, big_slice=20))
    assert ids(tmp_path) == ALL
    assert {request.json["slice"]["max"] for request in server.pages} == {3}


@pytest.mark.parametrize("fault", [status(429), status(502), status(503), status(504), cut, failed_shard, timed_out])
def test_what_passes_is_asked_again(server: FaultyServer, tmp_path: Path, fault: Fault) -> None:
    server.fail(fault, fault)
    assert read(server, tmp_path)["hits"] == 100
    assert ids(tmp_path) == ALL


def test_a_stalled_answer_is_asked_again(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(stall(2.5))
    assert read(server, tmp_path, timeout=1)["hits"] == 100


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (status(429), "está ocupado o no disponible (429: inyectado) (tras 3 intentos)"),
        (failed_shard, "respondió incompleto: fallaron 1 de 1 fragmentos (shards): disco dañado (tras 3 intentos)"),
        (timed_out, "respondió incompleto: el servidor agotó su tiempo (tras 3 intentos)"),
        (cut, "corta la conexión http (tras 3 intentos). Si el servidor habla https, ponga ELASTIC_USE_SSL=true"),
    ],
)
def test_what_does_not_pass_ends_the_job_with_its_reason(server: FaultyServer, tmp_path: Path, fault: Fault, found: str) -> None:
    server.fail(*[fault] * 50)
    with pytest.raises(SourceError) as error:
        read(server, tmp_path, max_retries=2)
    assert found in str(error.value)
    assert f"http://127.0.0.1:{server.port}" in str(error.value)
    assert not (tmp_path / "data/raw/manifest.json").exists()
    assert not list((tmp_path / "data/raw").glob(".*.tmp"))


@pytest.mark.parametrize(
    ("code", "found", "advice"),
    [
        (401, "no acepta las credenciales (401)", "ELASTIC_API_KEY"),
        (403, "las credenciales no tienen permiso para leer (403: inyectado)", "Pida lectura sobre device_transaction-*"),
        (404, "no encuentra lo pedido (404: inyectado)", "elasticsearch.index_pattern"),
        (400, "rechaza la consulta (400: inyectado)", "mapping"),
        (500, "rechaza la consulta (500: inyectado)", "mapping"),
    ],
)
def test_what_cannot_pass_is_asked_once(server: FaultyServer, tmp_path: Path, code: int, found: str, advice: str) -> None:
    server.fail(status(code), when=lambda request: True)
    with pytest.raises(SourceError) as error:
        read(server, tmp_path)
    assert found in str(error.value)
    assert advice in str(error.value)
    assert len(server.requests) == 1


def test_nobody_listening_is_said_at_once(tmp_path: Path, at: Callable[[str], None]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    window, manifest = raw_folder(tmp_path)
    with pytest.raises(SourceError) as error:
        extract(identity(), window, manifest, source=ElasticConnection("127.0.0.1", port, use_ssl=False, max_retries=3))
    assert str(error.value) == (
        f"Elasticsearch http://127.0.0.1:{port}, índices device_transaction-*: nadie escucha en 127.0.0.1:{port}. "
        "Revise ELASTIC_HOST y ELASTIC_PORT, y que el servidor esté en marcha"
    )


def test_https_to_an_http_port_names_the_switch(server: FaultyServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"responde http, no https\. Ponga ELASTIC_USE_SSL=false"):
        read(server, tmp_path, use_ssl=True)


def test_a_host_that_does_not_exist_is_named(tmp_path: Path, at: Callable[[str], None]) -> None:
    window, manifest = raw_folder(tmp_path)
    with pytest.raises(SourceError, match=r"el nombre no\.existe\.invalid no existe\. Revise ELASTIC_HOST"):
        extract(identity(), window, manifest, source=ElasticConnection("no.existe.invalid", 9200))


def test_an_unreadable_authority_is_named(tmp_path: Path, at: Callable[[str], None]) -> None:
    window, manifest = raw_folder(tmp_path)
    for path in (tmp_path / "no.pem", tmp_path / "vacio.pem"):
        (tmp_path / "vacio.pem").write_text("nada")
        with pytest.raises(SourceError, match=r"ELASTIC_CA_CERTS=.*\.pem: no se puede leer como certificados PEM"):
            extract(identity(), window, manifest, source=ElasticConnection("127.0.0.1", 9200, ca_certs=str(path)))


def test_no_secret_stands_in_an_error(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(status(401), status(401), when=lambda request: True)
    for secret in ({"api_key": "c2VjcmV0bw=="}, {"username": "u", "password": "s3creta"}):
        with pytest.raises(SourceError) as error:
            read(server, tmp_path, **secret)
        assert not any(word in str(error.value) + repr(connection(server, **secret)) for word in ("c2VjcmV0bw==", "s3creta"))


def test_key_and_password_are_really_sent(server: FaultyServer, tmp_path: Path) -> None:
    read(server, tmp_path / "a", api_key="Y2xhdmU6MQ==")
    read(server, tmp_path / "b", username="lector", password="clave")
    sent = {request.headers.get("authorization") for request in server.requests}
    assert sent == {"ApiKey Y2xhdmU6MQ==", "Basic bGVjdG9yOmNsYXZl"}


def test_an_expired_point_in_time_is_opened_again_and_its_slice_read_again(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(expired, when=lambda request: request.is_page and "search_after" in request.json)
    assert read(server, tmp_path)["hits"] == 100
    assert ids(tmp_path) == ALL
    assert server.upstream.opened == 2  # type: ignore[attr-defined]


def test_a_point_in_time_that_expires_always_is_an_error(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(*[expired] * 50)
    with pytest.raises(SourceError, match="perdió el punto en el tiempo"):
        read(server, tmp_path)


def test_a_total_that_does_not_match_is_read_again_once(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(lost_hits, when=lambda request: request.is_page and request.slice == "2025-07-03")
    assert read(server, tmp_path)["hits"] == 100
    assert ids(tmp_path) == ALL


def test_a_total_that_never_matches_names_the_slice(server: FaultyServer, tmp_path: Path) -> None:
    options = ExtractionOptions(threads=1, page_size=100)
    server.fail(*[lost_hits] * 2, when=lambda request: request.is_page and request.slice == "2025-07-03")
    with pytest.raises(CountError) as error:
        read(server, tmp_path, options)
    assert "Tramo 2025-07-03 00:00 a 2025-07-04 00:00 UTC: se leyeron 24 transacciones y el servidor anunció 25" in str(error.value)
    assert not (tmp_path / "data/raw/2025-07-03.json").exists()


def test_a_run_that_failed_goes_on_with_the_slices_that_are_missing(server: FaultyServer, tmp_path: Path) -> None:
    server.fail(status(403), when=lambda request: request.is_page and request.slice == "2025-07-05")
    with pytest.raises(SourceError):
        read(server, tmp_path, ExtractionOptions(threads=1, page_size=10))
    server.requests.clear()
    assert read(server, tmp_path)["hits"] == 100
    assert {request.slice for request in server.pages} == {"2025-07-05"}
    assert ids(tmp_path) == ALL


def test_a_finished_extraction_asks_nothing_when_it_is_run_again(server: FaultyServer, tmp_path: Path) -> None:
    manifest = read(server, tmp_path)
    server.requests.clear()
    assert read(server, tmp_path) == manifest
    assert server.requests == []


def test_a_part_that_was_damaged_is_read_again(server: FaultyServer, tmp_path: Path) -> None:
    read(server, tmp_path)
    part = tmp_path / "data/raw/2025-07-03.ndjson.zst"
    part.write_bytes(part.read_bytes()[:-10])
    server.requests.clear()
    read(server, tmp_path)
    assert {request.slice for request in server.pages} == {"2025-07-03"}
    assert ids(tmp_path) == ALL


def refresh(server: FaultyServer, process: Path, read_again: str) -> list[Request]:
    """Extends the window as `refresh` does; the pages that were asked for."""
    server.requests.clear()
    window, manifest = raw_folder(process, read=read_again)
    extract(identity(), window, manifest, source=connection(server), options=SMALL)
    return server.pages


def test_refresh_reads_slices_that_were_not_final(server: FaultyServer, tmp_path: Path, at: Callable[[str], None]) -> None:
    read(server, tmp_path)
    at("2025-07-06T02:00:00+00:00")
    assert {request.slice for request in refresh(server, tmp_path, "2025-07-06T02:00:00+00:00")} == {"2025-07-05"}
    assert refresh(server, tmp_path, "2025-07-07T00:00:00+00:00") == []


def test_refresh_reads_final_slices_whose_total_changed(server: FaultyServer, tmp_path: Path, at: Callable[[str], None]) -> None:
    read(server, tmp_path)
    late = spread(104)[100:]  # one more on each day
    server.upstream.hits = [*server.upstream.hits, late[0]]  # type: ignore[attr-defined]
    assert {request.slice for request in refresh(server, tmp_path, "2025-07-05T13:00:00+00:00")} == {"2025-07-02", "2025-07-05"}
    assert len(ids(tmp_path)) == 101


def test_what_refresh_kept_is_not_asked_for_again(server: FaultyServer, tmp_path: Path, at: Callable[[str], None]) -> None:
    read(server, tmp_path)
    at("2025-07-06T02:00:00+00:00")
    refresh(server, tmp_path, "2025-07-06T02:00:00+00:00")
    manifest = json.loads((tmp_path / "data/raw/manifest.json").read_text())
    assert {one["asked"] for one in manifest["slices"]} == {"2025-07-06T02:00:00+00:00"}
    assert [one["read"] for one in manifest["slices"]] == [READ] * 3 + ["2025-07-06T02:00:00+00:00"]
    refresh(server, tmp_path, "2025-07-06T02:00:00+00:00")
    assert server.requests == []


def test_few_transactions_need_few_requests(at: Callable[[str], None], tmp_path: Path) -> None:
    with listening(FakeElastic(spread(100)[:1])) as server:
        assert read(server, tmp_path)["hits"] == 1
        kinds = [(request.method, request.path.split("?")[0]) for request in server.requests]
    assert len(kinds) == 4  # open, totals, the one day that has any, close


def test_nothing_found_is_valid_and_says_which_field_no_index_has(
    at: Callable[[str], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(FakeElastic([])) as server, caplog.at_level(logging.WARNING):
        manifest = read(server, tmp_path)
    assert (manifest["hits"], [one["hits"] for one in manifest["slices"]]) == (0, [0, 0, 0, 0])
    assert "No hay transacciones: se preguntó por deployment 130" in caplog.text
    assert "Ningún índice de device_transaction-* tiene deployment_id" in caplog.text


def test_a_pattern_without_indices_is_an_error(at: Callable[[str], None], tmp_path: Path) -> None:
    with (
        listening(FakeElastic([], indices=False)) as server,
        pytest.raises(SourceError, match=r"ningún índice responde a device_transaction-\*"),
    ):
        read(server, tmp_path)


def test_counting_for_a_plan_asks_for_totals_only(server: FaultyServer) -> None:
    assert count_hits(identity(), WINDOW, source=connection(server)) == 100
    assert server.pages == []


def test_leftovers_of_a_killed_run_are_removed(server: FaultyServer, tmp_path: Path) -> None:
    leftover = tmp_path / "data/raw/.2025-07-02.ndjson.zst.99.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    read(server, tmp_path)
    assert not leftover.exists()
