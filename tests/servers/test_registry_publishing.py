"""Publishing into the real S3: killed anywhere and given again, it ends complete; two at once never mix."""

import hashlib
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import SourceError
from dataset_manager.registry import leftovers, publishing, receipt, table
from dataset_manager.registry.bucket import BucketShelf
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.multipart import Sending
from dataset_manager.registry.planning import plan
from dataset_manager.registry.publishing import Destination, Publication, publish
from dataset_manager.registry.stored import Transfer
from dataset_manager.registry.target import parse
from dataset_manager.registry.upload import check_object
from dataset_manager.sources.connection_types import S3Connection

from servers.seaweedfs import S3Server

MIB = 1 << 20
NAME = "d_v01"
FORK = multiprocessing.get_context("fork")


def publication(folder: Path, seed: bytes = b"z") -> Publication:
    folder.mkdir(exist_ok=True)
    zip_path, summary = folder / f"{NAME}.zip", folder / "_summary.csv"
    content = hashlib.shake_128(seed).digest(11 * MIB)
    zip_path.write_bytes(content)
    summary.write_text("clase;imágenes\n")
    sha = hashlib.sha256(content).hexdigest()
    texts = ("01/08/2025", "130", "m", "x", "id", sha)
    return Publication(NAME, *texts, 3, 1, 1, len(content), sha, "", "1", zip_path, summary)


@pytest.fixture
def where(s3_server: S3Server, s3_bucket: str, tmp_path: Path) -> Destination:
    keys: dict[str, Any] = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    connection = S3Connection("x", s3_server.region, s3_server.endpoint, path_style=True, **keys)
    transfer = Transfer(part_size=5 * MIB, threads=2, attempts=2)
    base, csv, kept = parse(f"s3://{s3_bucket}/datasets"), tmp_path / "reg/r.csv", tmp_path / "registry/r.json"
    return Destination(base, connection, csv, kept, transfer=transfer)


def listed(server: S3Server, bucket: str) -> tuple[list[str], list[str]]:
    """Objects, and uploads that are not finished."""
    client = server.client()
    uploads = [one["Key"] for one in client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())]
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", ())], uploads


def kill_at(owner: Any, name: str, after: bool) -> None:
    """The process ends without a word, before or after the step."""
    act = getattr(owner, name)

    def step(*arguments: Any, **named: Any) -> Any:
        if after:
            act(*arguments, **named)
        os._exit(9)

    setattr(owner, name, step)


def killed(what: Publication, where: Destination, owner: Any, name: str, after: bool) -> None:
    kill_at(owner, name, after)
    publish(what, where)


STEPS = [
    (BucketShelf, "look"),
    (BucketShelf, "clean"),
    (leftovers, "write_json"),
    (Sending, "part"),
    (Sending, "parts"),
    (Sending, "complete"),
    (BucketShelf, "require_right"),
    (publishing, "publish_object"),
    (table, "put"),
    (publishing, "copy_summary"),
    (receipt, "save"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_killed_anywhere_the_same_command_finishes(
    s3_server: S3Server, s3_bucket: str, where: Destination, tmp_path: Path, owner: Any, name: str, after: bool
) -> None:
    what = publication(tmp_path / "zip")
    child = FORK.Process(target=killed, args=(what, where, owner, name, after))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert table.row_of(where.registry_csv, NAME) is None or listed(s3_server, s3_bucket)[0]  # never a row without its object
    done = publish(what, where)
    unknown = name == "write_json" and not after  # the moment between the upload's start and its note: left to `stale`
    assert listed(s3_server, s3_bucket) == ([f"datasets/{NAME}.zip"], [f"datasets/{NAME}.zip"] if unknown else [])
    assert sorted(path.name for path in what.zip_path.parent.iterdir()) == ["_summary.csv", what.zip_path.name]
    assert where.base
    assert check_object(what.zip_path.name, where.base, where.connection, done.receipt.expected(), full=True) == "igual"
    assert [row["s3_path"] for row in table.read(where.registry_csv)] == [f"s3://{s3_bucket}/datasets/{NAME}.zip"]
    before = where.registry_csv.read_bytes(), where.receipt_path.read_bytes()
    again = publish(what, where)
    assert again.uploaded is not None
    assert (again.uploaded.status, again.row, again.summary) == ("ya estaba", "igual", "igual")
    assert (where.registry_csv.read_bytes(), where.receipt_path.read_bytes()) == before
    assert table.backups(where.registry_csv) == []


def test_a_deleted_object_is_uploaded_again(s3_server: S3Server, s3_bucket: str, where: Destination, tmp_path: Path) -> None:
    what = publication(tmp_path / "zip")
    publish(what, where)
    assert plan(what, where)[0].startswith("ZIP: ya está igual")
    s3_server.client().delete_object(Bucket=s3_bucket, Key=f"datasets/{NAME}.zip")
    assert plan(what, where)[0].startswith("ZIP: se subirá")
    done = publish(what, where)
    assert done.uploaded is not None
    assert (done.uploaded.status, done.row) == ("subido", "igual")


def test_who_may_not_write_registers_nothing(s3_server: S3Server, where: Destination, tmp_path: Path) -> None:
    assert where.connection
    reader = replace(where.connection, access_key=s3_server.readonly_access_key, secret_key=s3_server.readonly_secret_key)
    with pytest.raises(SourceError, match="sin permiso"):
        publish(publication(tmp_path / "zip"), replace(where, connection=reader))
    assert table.read(where.registry_csv) == []
    assert not where.receipt_path.exists()


def race(what: Publication, where: Destination, start: Any) -> None:
    """In a process of its own: 0 when it published."""
    start.wait(30)
    try:
        publish(what, where)
    except (SourceError, RegistryError):
        os._exit(3)


def test_two_processes_with_different_zips(s3_server: S3Server, s3_bucket: str, where: Destination, tmp_path: Path) -> None:
    start = FORK.Barrier(2)
    works = [publication(tmp_path / seed, seed.encode()) for seed in "ab"]
    places = [replace(where, receipt_path=tmp_path / f"{what.sha256}.json") for what in works]
    children: list[Any] = [FORK.Process(target=race, args=(*one, start)) for one in zip(works, places, strict=True)]
    for one in children:
        one.start()
    for one in children:
        one.join()
    assert sorted(one.exitcode for one in children) == [0, 3]
    winner = works[[one.exitcode for one in children].index(0)]
    assert [row["content_id"] for row in table.read(where.registry_csv)] == [winner.content_id]
    assert listed(s3_server, s3_bucket) == ([f"datasets/{NAME}.zip"], [])
