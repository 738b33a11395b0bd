"""Shards from the real S3, through good and bad networks: done, or failed with names, and never a wrong picture."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import SourceError
from dataset_manager.images.cache import PictureCache
from dataset_manager.images.fetch import Patience
from dataset_manager.images.shards import download_shard
from dataset_manager.images.store import FolderSource, Timeouts, open_source
from dataset_manager.sources.connection_types import S3Connection
from picture_faults import Fault, FaultyProxy, Plan, busy, denied, faulty_proxy, reset, shortened, truncated, unsigned_404, zeroed
from pictures import Row, candidates, chosen, files_of, fill_folder, picture, read_outcome, write_manifest

from servers.seaweedfs import S3Server

ROOT = Path(__file__).parents[2]
QUICK = Patience(threads=16, first_wait=0.01, longest_wait=0.1)
SHORT = Timeouts(connect=2, read=0.5, whole=5)
ROWS = candidates("manzana", 30, 10) + candidates("pera ñ#1+%20", 20, 8)
MISSING, EMPTY, BROKEN, PAGE = (f"manzana/{rank:03d}.jpg" for rank in (2, 5, 9, 11))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bucket's content as a folder: four candidates are no good."""
    objects = {one["key"]: picture(one["key"]) for one in ROWS}
    del objects[MISSING]
    objects |= {EMPTY: b"", BROKEN: objects[BROKEN][:-300], PAGE: b"<html>error</html>"}
    return fill_folder(tmp_path_factory.mktemp("bucket"), objects.items())


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server, folder: Path) -> Iterator[S3Connection]:
    """The same in the real server, read with keys that may only read."""
    name = s3_server.make_bucket()
    s3_server.put(name, {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.jpg")})
    keys = {"access_key": s3_server.readonly_access_key, "secret_key": s3_server.readonly_secret_key}
    yield S3Connection(name, region=s3_server.region, endpoint_url=s3_server.endpoint, path_style=True, **keys)
    s3_server.remove_bucket(name)


def run(work: Path, origin: S3Connection | Path, rows: list[Row] = ROWS, **options: Any) -> list[Row]:
    manifest, outcome = write_manifest(work / "manifest.parquet", rows), work / "shards/0-of-1.parquet"
    source, cache = open_source(origin, SHORT), PictureCache(work / "cache")
    download_shard(manifest, 0, 1, source=source, cache=cache, outcome_file=outcome, **{"patience": QUICK, **options})
    return read_outcome(outcome)


def through(connection: S3Connection, proxy: FaultyProxy) -> S3Connection:
    return replace(connection, endpoint_url=proxy.endpoint)


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The outcome from the folder: what every other way must give."""
    return run(tmp_path_factory.mktemp("folder"), folder)


def require_right(work: Path, folder: Path) -> None:
    """Whatever is in the cache is one of the bucket's whole pictures."""
    right = {path.read_bytes() for path in folder.rglob("*.jpg")}
    for path in files_of(PictureCache(work / "cache")):
        assert path.read_bytes() in right, path


def test_the_folder_gives_the_expected(expected: list[Row]) -> None:
    assert len(chosen(expected)) == 50
    failed = {one["key"]: one["reason"].split(" (")[0] for one in expected if one["status"] == "failed"}
    assert failed == {MISSING: "no existe", EMPTY: "está vacía", BROKEN: "está dañada", PAGE: "no es una imagen"}


def test_s3_gives_the_same_as_the_folder(bucket: S3Connection, expected: list[Row], tmp_path: Path) -> None:
    assert run(tmp_path, bucket) == expected


def test_a_session_token_of_the_environment_does_not_mix_with_the_keys(
    bucket: S3Connection, expected: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "de-otra-sesion")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "otra")
    assert run(tmp_path, bucket) == expected


def test_one_thread_gives_the_same_as_many(bucket: S3Connection, expected: list[Row], tmp_path: Path) -> None:
    assert run(tmp_path, bucket, patience=replace(QUICK, threads=1)) == expected


def test_pictures_that_are_there_cost_no_request(bucket: S3Connection, tmp_path: Path) -> None:
    with faulty_proxy(str(bucket.endpoint_url)) as proxy:
        place = through(bucket, proxy)
        first = run(tmp_path, place)
        proxy.requests.clear()
        second = run(tmp_path, place)
    assert chosen(first) == chosen(second)
    assert set(proxy.requests) == {MISSING, EMPTY, BROKEN, PAGE}


@pytest.mark.parametrize("wrong", [{"secret_key": "otro"}, {"access_key": "NADIE", "secret_key": "x"}])
def test_wrong_credentials_are_not_missing_pictures(bucket: S3Connection, wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SourceError) as failed:
        run(tmp_path, replace(bucket, **wrong))
    assert "no se han podido leer 50 imágenes" in str(failed.value)
    assert "no acepta las credenciales" in str(failed.value)
    assert "secreto" not in str(failed.value)
    assert not (tmp_path / "shards/0-of-1.parquet").exists()


def test_a_bucket_that_is_not_there_is_not_missing_pictures(bucket: S3Connection, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="ese bucket no existe"):
        run(tmp_path, replace(bucket, bucket="no-hay-tal"))


def test_nobody_answers(bucket: S3Connection, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no se puede conectar"):
        run(tmp_path, replace(bucket, endpoint_url="http://127.0.0.1:9"), patience=replace(QUICK, attempts=2))


def for_keys(keys: set[str], fault: Fault) -> Plan:
    return Plan(lambda key, number: fault if key in keys else None)


def test_403_on_single_keys_replaces_them(bucket: S3Connection, tmp_path: Path) -> None:
    refused = {"manzana/001.jpg", "manzana/020.jpg", "manzana/035.jpg", "manzana/036.jpg"}  # the last two: replacements, alone in a round
    with faulty_proxy(str(bucket.endpoint_url), for_keys(refused, denied)) as proxy:
        outcome = run(tmp_path, through(bucket, proxy))
    reasons = {one["key"]: one["reason"] for one in outcome if one["key"] in refused}
    assert reasons == dict.fromkeys(refused, "sin permiso o inexistente")
    assert len(chosen(outcome)) == 50


def test_403_on_the_last_one_left_is_still_only_that_one(bucket: S3Connection, tmp_path: Path) -> None:
    """The run before was killed when all the others were there."""
    rows = candidates("manzana", 1, 0)
    run(tmp_path, bucket, candidates("pera ñ#1+%20", 3, 0) + rows[:0])
    with faulty_proxy(str(bucket.endpoint_url), for_keys({"manzana/001.jpg"}, denied)) as proxy:
        shared = through(bucket, proxy)
        run(tmp_path, shared, candidates("pera ñ#1+%20", 3, 0))
        outcome = run(tmp_path, shared, candidates("pera ñ#1+%20", 3, 0) + rows)
    assert [one["status"] for one in outcome] == ["failed", "ok", "ok", "ok"]


@pytest.mark.parametrize("fault", [denied, unsigned_404])
def test_refusals_on_everything_are_not_missing_pictures(bucket: S3Connection, fault: Fault, tmp_path: Path) -> None:
    with faulty_proxy(str(bucket.endpoint_url), Plan(lambda key, number: fault)) as proxy, pytest.raises(SourceError) as failed:
        run(tmp_path, through(bucket, proxy))
    assert "revise las credenciales y el bucket" in str(failed.value)


def every_fifth(fault: Fault) -> Plan:
    """20 % of all requests, whichever they are."""
    dice = iter(range(10**6))
    return Plan(lambda key, number: fault if next(dice) % 5 == 0 else None)


@pytest.mark.parametrize("fault", [busy, reset, truncated, shortened, zeroed])
def test_a_fifth_of_the_answers_fails(bucket: S3Connection, expected: list[Row], folder: Path, fault: Fault, tmp_path: Path) -> None:
    with faulty_proxy(str(bucket.endpoint_url), every_fifth(fault)) as proxy:
        outcome = run(tmp_path, through(bucket, proxy))
    assert outcome == expected
    require_right(tmp_path, folder)


def test_answers_that_stall_are_asked_for_again(bucket: S3Connection, expected: list[Row], tmp_path: Path) -> None:
    slow = {"manzana/003.jpg", "manzana/031.jpg"}
    plan = Plan(stall=lambda key, number: 3.0 if key in slow and number == 1 else 0.0)
    with faulty_proxy(str(bucket.endpoint_url), plan) as proxy:
        assert run(tmp_path, through(bucket, proxy)) == expected


def test_what_never_comes_is_named_and_the_same_command_continues(
    bucket: S3Connection, expected: list[Row], folder: Path, tmp_path: Path
) -> None:
    lost = {f"manzana/{rank:03d}.jpg" for rank in (1, 3, 4)}
    with faulty_proxy(str(bucket.endpoint_url), for_keys(lost, busy)) as proxy:
        place = through(bucket, proxy)
        with pytest.raises(SourceError) as failed:
            run(tmp_path, place, patience=replace(QUICK, attempts=3))
        assert "no se han podido leer 3 imágenes (hasta 3 intentos cada una)" in str(failed.value)
        assert all(f"{key}: el servidor responde 503 (SlowDown)" in str(failed.value) for key in lost)
        assert not (tmp_path / "shards/0-of-1.parquet").exists()
        require_right(tmp_path, folder)
        proxy.plan.fault = lambda key, number: None
        proxy.requests.clear()
        assert chosen(run(tmp_path, place)) == chosen(expected)
    assert set(proxy.requests) == lost | {MISSING, EMPTY, BROKEN, PAGE}


RUN = """
import json, sys
sys.path[:0] = {path!r}
from pathlib import Path
from dataset_manager.images.cache import PictureCache
from dataset_manager.images.fetch import Patience
from dataset_manager.images.shards import download_shard
from dataset_manager.images.store import open_source
from dataset_manager.sources.connection_types import S3Connection
work, connection = json.loads(sys.argv[1])
work = Path(work)
download_shard(work / "manifest.parquet", 0, 1, source=open_source(S3Connection(**connection)), cache=PictureCache(work / "cache"),
               outcome_file=work / "outcome.parquet", patience=Patience(threads=4))
"""


def started(work: Path, connection: S3Connection) -> "subprocess.Popen[bytes]":
    program = RUN.format(path=[str(ROOT / "scripts")])
    return subprocess.Popen([sys.executable, "-c", program, json.dumps([str(work), vars(connection)])])


def test_killed_midway_nearly_nothing_is_downloaded_again(s3_server: S3Server, s3_bucket: str, tmp_path: Path) -> None:
    rows = [one for number in range(4) for one in candidates(f"g{number}", 100, 5)]
    s3_server.put(s3_bucket, {one["key"]: picture(one["key"], size=(64, 48)) for one in rows})
    write_manifest(tmp_path / "manifest.parquet", rows)
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    with faulty_proxy(s3_server.endpoint, Plan(delay=0.005)) as proxy:
        connection = S3Connection(s3_bucket, region=s3_server.region, endpoint_url=proxy.endpoint, path_style=True, **keys)
        first = started(tmp_path, connection)
        while len(proxy.requests) < 200 and first.poll() is None:
            time.sleep(0.002)
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        assert not (tmp_path / "outcome.parquet").exists()
        assert started(tmp_path, connection).wait() == 0
    outcome = read_outcome(tmp_path / "outcome.parquet")
    assert len(chosen(outcome)) == 400
    assert 196 <= sum(one["from_cache"] for one in outcome if one["status"] == "ok") < 400
    assert len(proxy.requests) - 400 <= 0.02 * 400  # what was under way when it was killed
    assert {one["sha256"] for one in outcome if one["status"] == "ok"} == {one.sha256 for one in found(tmp_path, connection, outcome)}


def found(work: Path, connection: S3Connection, outcome: list[Row]) -> Iterator[Any]:
    """What the cache says of the pictures that were chosen."""
    cache, source = PictureCache(work / "cache"), open_source(connection)
    return (cache.find(source.place, one["key"]) for one in outcome if one["status"] == "ok")


def test_the_folder_source_is_what_open_source_gives_for_a_path(folder: Path) -> None:
    assert isinstance(open_source(folder), FolderSource)
