"""Zips in the real S3: uploaded once and whole, or not at all; never one object for another."""

import fcntl
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.errors import SourceError
from dataset_manager.registry import conditions, leftovers, upload
from dataset_manager.registry.digests import measure
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.stored import Expected, Seen, Transfer
from dataset_manager.registry.target import Base, parse
from dataset_manager.registry.upload import Uploaded, check_object, publish_object
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.wording import number

from servers.seaweedfs import S3Server

MIB = 1 << 20
SMALL = Transfer(part_size=5 * MIB, threads=3, attempts=2)  # the least that S3 takes for a part that is not the last
NAME = "dataset_130_v1_v01.zip"


@dataclass
class Place:
    """A bucket, who asks, and a look behind the curtain."""

    server: S3Server
    bucket: str
    connection: S3Connection

    @property
    def base(self) -> Base:
        return parse(f"s3://{self.bucket}/datasets/ñ 1/")

    @property
    def key(self) -> str:
        return self.base.object(NAME).key

    def put(self, zip_path: Path, **options: Any) -> Uploaded:
        given: dict[str, Any] = {"transfer": SMALL, "connection": self.connection} | options
        return publish_object(zip_path, sha256(zip_path), self.base, **given)

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.server.client().list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def content(self) -> bytes:
        return bytes(self.server.client().get_object(Bucket=self.bucket, Key=self.key)["Body"].read())

    def unfinished(self) -> list[str]:
        return [one["UploadId"] for one in self.server.client().list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())]

    def leave_unfinished(self) -> str:
        client = self.server.client()
        upload = str(client.create_multipart_upload(Bucket=self.bucket, Key=self.key)["UploadId"])
        client.upload_part(Bucket=self.bucket, Key=self.key, UploadId=upload, PartNumber=1, Body=b"x")
        return upload


@pytest.fixture
def place(s3_server: S3Server, s3_bucket: str) -> Iterator[Place]:
    keys: dict[str, Any] = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    yield Place(s3_server, s3_bucket, S3Connection("otro", s3_server.region, s3_server.endpoint, path_style=True, **keys))


def zip_file(folder: Path, seed: str = "a", size: int = 11 * MIB + 7) -> Path:
    """Bytes that do not repeat."""
    folder.mkdir(exist_ok=True)
    path = folder / NAME
    path.write_bytes(hashlib.shake_128(seed.encode()).digest(size))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_zip_goes_up_in_parts_and_is_the_same_there(place: Place, tmp_path: Path) -> None:
    path, lines = zip_file(tmp_path), list[str]()
    done = place.put(path, progress=lines.append)
    assert (done.status, done.parts, done.conditional, done.bytes) == ("subido", 3, True, path.stat().st_size)
    assert done.url == f"s3://{place.bucket}/datasets/ñ 1/{NAME}"
    assert done.checksum == measure(path, SMALL.part_size).composite
    assert place.content() == path.read_bytes()
    assert place.keys() == [place.key]
    assert place.unfinished() == []
    assert files(tmp_path) == [NAME]
    assert [line.split(": ")[-1] for line in lines] == ["30 % de 11,5 MB", "60 % de 11,5 MB", "100 % de 11,5 MB"]


def test_what_the_object_says_of_itself(place: Place, tmp_path: Path) -> None:
    path = zip_file(tmp_path)
    place.put(path)
    head = place.server.client().head_object(Bucket=place.bucket, Key=place.key)
    assert head["Metadata"].items() >= {"sha256": sha256(path), "part-size": str(5 * MIB)}.items()
    assert head["ContentType"] == "application/zip"


@pytest.mark.parametrize("transfer", [SMALL, replace(SMALL, part_size=6 * MIB), Transfer()])
def test_an_equal_object_is_not_uploaded_again(place: Place, tmp_path: Path, transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_file(tmp_path)
    first = place.put(path)
    monkeypatch.setattr("dataset_manager.registry.bucket.BucketShelf.add", None)
    monkeypatch.setattr("dataset_manager.registry.bucket.BucketShelf.read", None)
    again = place.put(path, transfer=transfer)
    assert (again.status, again.checksum, again.part_size) == ("ya estaba", first.checksum, 5 * MIB)


def test_an_object_of_the_tool_of_before_is_read_back(place: Place, tmp_path: Path) -> None:
    path = zip_file(tmp_path)
    place.server.put(place.bucket, {place.key: path})
    assert place.put(path).status == "ya estaba"


@pytest.mark.parametrize("size", [0, 1, 5 * MIB, 10 * MIB])
def test_sizes_at_the_edges(place: Place, tmp_path: Path, size: int) -> None:
    path = zip_file(tmp_path, size=size)
    assert place.put(path).status == "subido"
    assert place.content() == path.read_bytes()
    assert place.put(path).status == "ya estaba"


@pytest.mark.parametrize("size", [11 * MIB + 7, 900])
def test_a_different_object_is_refused_and_then_replaced(place: Place, tmp_path: Path, size: int) -> None:
    old, new = zip_file(tmp_path / "old"), zip_file(tmp_path / "new", "b", size)
    place.put(old)
    with pytest.raises(RegistryError) as refused:
        place.put(new)
    for said in (sha256(old), sha256(new), number(old.stat().st_size), number(size), "--overwrite (overwrite=true)"):
        assert said in str(refused.value)
    assert place.content() == old.read_bytes()
    assert place.put(new, overwrite=True).status == "sustituido"
    assert place.content() == new.read_bytes()


def test_the_zip_must_be_the_one_that_was_meant(place: Place, tmp_path: Path) -> None:
    path = zip_file(tmp_path)
    with pytest.raises(RegistryError, match="el ZIP ha cambiado"):
        publish_object(path, "0" * 64, place.base, place.connection)
    with pytest.raises(SourceError, match="no se puede leer el ZIP"):
        publish_object(tmp_path / "no.zip", "0" * 64, place.base, place.connection)
    assert place.keys() == []


@pytest.mark.parametrize("equal", [True, False])
def test_of_racers_exactly_one_wins(place: Place, tmp_path: Path, equal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [zip_file(tmp_path / str(number), "same" if equal else str(number), MIB) for number in range(4)]
    barrier, results = threading.Barrier(len(paths)), dict[int, str]()
    together(monkeypatch, barrier)

    def race(number: int) -> None:
        try:
            results[number] = place.put(paths[number]).status
        except RegistryError as error:
            results[number] = str(error)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(paths))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    winners = [number for number, said in results.items() if said == "subido"]
    assert len(winners) == 1
    losers = [said for said in results.values() if said != "subido"]
    assert all(said == "ya estaba" if equal else "otra ejecución lo ha escrito" in said for said in losers)
    assert place.content() == paths[winners[0]].read_bytes()
    assert place.unfinished() == []


def together(monkeypatch: pytest.MonkeyPatch, barrier: threading.Barrier) -> None:
    """All are ready before anyone completes, and have completed before anyone looks: some stores let several through at once."""
    from dataset_manager.registry.multipart import Sending

    complete = Sending.complete

    def wait(self: Sending, *arguments: Any) -> None:
        barrier.wait(30)
        try:
            complete(self, *arguments)
        finally:
            barrier.wait(30)

    monkeypatch.setattr(Sending, "complete", wait)


@pytest.mark.parametrize("ours", ["new", "over"])
def test_an_object_written_meanwhile_is_not_replaced(place: Place, tmp_path: Path, ours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {place.key: b"de otra persona"}
    if ours == "over":
        place.put(zip_file(tmp_path / "old", "old"))
    before_completion(monkeypatch, lambda: place.server.put(place.bucket, other))
    with pytest.raises(RegistryError, match="otra ejecución lo ha escrito"):
        place.put(zip_file(tmp_path / "new"), overwrite=ours == "over")
    assert place.content() == b"de otra persona"
    assert place.unfinished() == []


def before_completion(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Something happens when all parts are there."""
    from dataset_manager.registry.multipart import Sending

    parts = Sending.parts

    def then(self: Sending, upload: str) -> Any:
        sent = parts(self, upload)
        act()
        return sent

    monkeypatch.setattr(Sending, "parts", then)


def test_a_store_without_conditions_is_looked_at_right_before_the_end(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(conditions, "refuses", lambda *_: False)
    path = zip_file(tmp_path / "new")
    done = place.put(path)
    assert (done.status, done.conditional) == ("subido", False)
    assert "no admite escrituras condicionales" in caplog.text
    before_completion(monkeypatch, lambda: place.server.put(place.bucket, {place.key: b"de otra persona"}))
    with pytest.raises(RegistryError, match="otra ejecución lo ha escrito"):
        place.put(zip_file(tmp_path / "other", "b"), overwrite=True)
    assert place.content() == b"de otra persona"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret_key": "otro-secreto"}, "no acepta las credenciales (SignatureDoesNotMatch)"),
        ({"access_key": "NADIE"}, "no acepta las credenciales (InvalidAccessKeyId)"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "nadie responde en esa dirección"),
        ({"endpoint_url": "sin esquema"}, "no es una dirección válida"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_who_cannot_ask_is_told_why(place: Place, tmp_path: Path, wrong: dict[str, Any], said: str, there: bool) -> None:
    if there:
        place.server.put(place.bucket, {place.key: b"antes"})
    with pytest.raises(SourceError) as failed:
        place.put(zip_file(tmp_path), connection=replace(place.connection, **wrong), overwrite=True)
    assert said in str(failed.value)
    assert "otro-secreto" not in str(failed.value)
    assert str(place.connection.secret_key) not in str(failed.value)
    assert not there or place.content() == b"antes"
    assert files(tmp_path) == [NAME]


@pytest.mark.parametrize("there", [True, False])
def test_who_may_only_read_writes_nothing(place: Place, tmp_path: Path, there: bool) -> None:
    reader = replace(place.connection, access_key=place.server.readonly_access_key, secret_key=place.server.readonly_secret_key)
    if there:
        place.server.put(place.bucket, {place.key: b"antes"})
    with pytest.raises(SourceError, match=r"sin permiso \(AccessDenied\).*escribir"):
        place.put(zip_file(tmp_path), connection=reader, overwrite=True)
    assert place.keys() == ([place.key] if there else [])


def test_a_bucket_that_is_not_there_is_not_made(place: Place, tmp_path: Path) -> None:
    path = zip_file(tmp_path)
    with pytest.raises(SourceError, match=r"ese bucket no existe\. Revise s3_base=s3://no-hay-tal/x/"):
        publish_object(path, sha256(path), parse("s3://no-hay-tal/x"), place.connection)
    assert "no-hay-tal" not in [one["Name"] for one in place.server.client().list_buckets()["Buckets"]]


def test_leftovers_of_a_killed_run_are_aborted_and_those_of_a_running_one_are_not(place: Place, tmp_path: Path) -> None:
    path, mine, other = zip_file(tmp_path), place.leave_unfinished(), place.leave_unfinished()
    note = path.with_name(f".{NAME}.upload.json")
    note.write_text(f'{{"url": "{place.base.object(NAME).url}", "upload": "{mine}"}}')
    with note.open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)
        leftovers.clean(place.server.client(), "S3", place.bucket, place.base.object(NAME), path, 3600)
        assert sorted(place.unfinished()) == sorted([mine, other])
    place.put(path)
    assert place.unfinished() == [other]
    assert files(tmp_path) == [NAME]
    assert place.put(path, transfer=replace(SMALL, stale=-1)).status == "ya estaba"
    assert place.unfinished() == []


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(("content", "seen"), [(None, "ausente"), ("same", "igual"), ("other", "distinto"), ("shorter", "distinto")])
def test_a_look_says_what_is_there(place: Place, tmp_path: Path, full: bool, content: str | None, seen: Seen) -> None:
    path = zip_file(tmp_path)
    if content:
        place.put(zip_file(tmp_path / content, "a" if content == "same" else "b", 900 if content == "shorter" else 11 * MIB + 7))
    expected = Expected(path.stat().st_size, sha256(path))
    assert check_object(NAME, place.base, place.connection, expected, full=full) == seen


def test_a_full_look_does_not_believe_what_the_uploader_wrote(place: Place, tmp_path: Path) -> None:
    path = zip_file(tmp_path, size=900)
    liar = {"sha256": sha256(path)}
    place.server.client().put_object(Bucket=place.bucket, Key=place.key, Body=b"x" * 900, Metadata=liar)
    expected = Expected(900, sha256(path))
    assert check_object(NAME, place.base, place.connection, expected, full=True) == "distinto"


def test_zip_errors_are_only_those_of_the_zip(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), upload.zip_errors(tmp_path / "a.zip"):
        (tmp_path / "b").read_text()
