"""create_dataset from a real S3 through a bad network: the dataset of the embedded source, or an error that names what is missing."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from picture_faults import Fault, FaultyProxy, Plan, busy, faulty_proxy, reset, shortened, truncated
from servers.load import load_s3
from servers.seaweedfs import S3Server

from workflow.conftest import PROCESS, Tool, new_tool
from workflow.pictured import beside, counts, create, dataset_id, draw, include, manifest, names

EXPORT = {"transactions": "export/hits.ndjson", "catalogue": "export/catalogue.sqlite"}
NUMBERS = [day * 30 + place * 10 + n for day in (1, 2, 3) for place in range(3) for n in range(9)]
PICTURES = 24 + 16


def prepared(root: Path, pictures: str, **env: str) -> Tool:
    """81 transactions; 24 pictures of one reference and 16 of another are asked for, in several shards."""
    tool = new_tool(root)
    tool.env |= env
    tool.sources(**EXPORT, pictures=pictures)
    tool.overlay.write_text(tool.overlay.read_text() + "images: {shard_size: 20}\n")
    tool.hits(1, 2, 3, per_day=9)
    for number in NUMBERS:
        draw(tool, number)
    assert tool.main("download_info", "28") == 0, tool.text
    include(tool, "1", num_imagenes_dataset=24, producto_a_entrenar="tomate", label_considerar=11)
    include(tool, "3", num_imagenes_dataset=16, producto_a_entrenar="Pera", label_considerar=13)
    return tool


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """From the folder: what every other way must give."""
    tool = prepared(tmp_path_factory.mktemp("embedded") / "clone", "export/pictures")
    create(tool)
    return tool


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_server.endpoint) as running:
        yield running


@pytest.fixture
def live(s3_server: S3Server, s3_bucket: str, proxy: FaultyProxy, tmp_path: Path) -> Tool:
    """The same transactions with their pictures in a bucket behind the proxy, read with keys that may only read."""
    tool = prepared(
        tmp_path / "clone",
        "s3",
        S3_BUCKET=s3_bucket,
        REMOTE_STORAGE_ENDPOINT_URL=proxy.endpoint,
        REMOTE_STORAGE_REGION=s3_server.region,
        REMOTE_STORAGE_ACCESS_KEY=s3_server.readonly_access_key,
        REMOTE_STORAGE_SECRET_KEY=s3_server.readonly_secret_key,
    )
    load_s3(s3_server, s3_bucket, tool.root / "export/pictures")
    return tool


def require_right(tool: Tool) -> None:
    """Each file is the picture of its own transaction, byte for byte."""
    for row in manifest(tool, "v01"):
        assert (beside(tool, "v01") / row["path"]).read_bytes() == (tool.root / "export/pictures" / row["key"]).read_bytes()
    assert counts(tool, "v01") == {"wanted": PICTURES, "placed": PICTURES, "short": 0, "failed": 0}


def weather(seed: int, slow: set[str]) -> Plan:
    """A fifth of all answers is spoiled in one way or another, and some pictures stall longer than anybody waits."""
    chance, kinds = random.Random(seed), (busy, reset, truncated, shortened)

    def fault(key: str, number: int) -> Fault | None:
        return chance.choice(kinds) if chance.random() < 0.2 else None

    return Plan(fault, stall=lambda key, number: 17.0 if key in slow and number == 1 else 0.0)


def test_a_bucket_gives_the_dataset_of_the_folder_with_one_request_each(live: Tool, proxy: FaultyProxy, expected: Tool) -> None:
    assert create(live) == "v01"
    assert dataset_id(live) == dataset_id(expected)
    assert manifest(live, "v01") == manifest(expected, "v01")
    assert sorted(proxy.requests) == sorted(row["key"] for row in manifest(live, "v01"))
    require_right(live)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fifth_of_the_answers_fails_and_the_dataset_is_the_same(live: Tool, proxy: FaultyProxy, expected: Tool, seed: int) -> None:
    proxy.plan = weather(seed, {row["key"] for row in manifest(expected, "v01")[:2]})
    assert create(live) == "v01"
    assert len(proxy.requests) > PICTURES
    assert dataset_id(live) == dataset_id(expected)
    require_right(live)


def test_pictures_that_never_come_are_named_and_the_same_command_finishes(live: Tool, proxy: FaultyProxy, expected: Tool) -> None:
    lost = {row["key"] for row in manifest(expected, "v01")[:3]}
    proxy.plan = Plan(lambda key, number: busy if key in lost else None)
    assert live.main("create_dataset") == 1
    assert "no se han podido leer 3 imágenes" in live.text and all(key in live.text for key in lost)
    assert "repita la misma orden" in live.text and "Traceback" not in live.text
    assert names(live) == {"v01.request.json"}
    proxy.plan, asked = Plan(), len(proxy.requests)
    assert create(live) == "v01"
    assert set(proxy.requests[asked:]) == lost and len(proxy.requests[asked:]) == 3
    assert dataset_id(live) == dataset_id(expected)
    require_right(live)


def test_a_store_that_refuses_everything_is_one_error_and_no_missing_pictures(live: Tool, expected: Tool) -> None:
    right = live.env["REMOTE_STORAGE_SECRET_KEY"]
    live.env["REMOTE_STORAGE_SECRET_KEY"] = "otra"
    assert live.main("create_dataset") == 1
    assert "credenciales" in live.text and right not in live.text
    assert names(live) == {"v01.request.json"}
    live.env["REMOTE_STORAGE_SECRET_KEY"] = right
    assert create(live) == "v01"
    assert dataset_id(live) == dataset_id(expected)
    written = [path for path in (live.root / "output").rglob("*") if path.is_file()]
    assert [str(path) for path in written if right.encode() in path.read_bytes()] == []
    assert beside(live, "v01").name == f"{PROCESS}_v01"
