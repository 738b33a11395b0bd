"""Where zips go, and the checksums that S3 computes."""

import base64
import hashlib
from pathlib import Path

import pytest
from dataset_manager.errors import UsageError
from dataset_manager.registry.digests import MIB, fitting, measure
from dataset_manager.registry.stored import Expected, Stored, same
from dataset_manager.registry.target import DEFAULT_BASE, Base, parse
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("typed", "url", "key"),
    [
        (DEFAULT_BASE, "s3://grabit-data/datasets/a.zip", "datasets/a.zip"),
        ("s3://grabit-data", "s3://grabit-data/a.zip", "a.zip"),
        ("s3://grabit-data/", "s3://grabit-data/a.zip", "a.zip"),
        (" s3://b.1/x/ñ #?%20/y ", "s3://b.1/x/ñ #?%20/y/a.zip", "x/ñ #?%20/y/a.zip"),
        ("file:///datos/zips", "file:///datos/zips/a.zip", "a.zip"),
        ("file:///mis%20datos/", "file:///mis%20datos/a.zip", "a.zip"),
        ("file:///mis datos", "file:///mis%20datos/a.zip", "a.zip"),
    ],
)
def test_both_forms(typed: str, url: str, key: str) -> None:
    target = parse(typed).object("a.zip")
    assert (target.url, target.key) == (url, key)


def test_a_folder_is_read_back_from_its_url() -> None:
    base = Base(folder=Path("/x/año 1%/b#?"))
    assert parse(base.url) == base


WRONG = """grabit-data/datasets http://x/y s3:/b/x s3:// s3:///x s3://B_1/x s3://b/x s3://bucket/a//b s3://bucket/../x
file://server/x file:/// file:///a/../b file://a file:///a//b FILE:///a"""


@pytest.mark.parametrize("typed", ["", "s3://bucket/a\nb", *WRONG.split()])
def test_anything_else_is_refused_with_what_is_allowed(typed: str) -> None:
    with pytest.raises(UsageError, match=r"s3_base=.* no vale: .*s3://bucket/prefijo"):
        parse(typed)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\0", "\ud800"])
def test_an_object_is_one_name(name: str) -> None:
    with pytest.raises(UsageError, match="un solo nombre"):
        parse(DEFAULT_BASE).object(name)


def test_a_key_has_a_greatest_length() -> None:
    with pytest.raises(UsageError, match="pasa de 1024 bytes"):
        parse(f"s3://bucket/{'ñ' * 512}").object("a.zip")


def composite(content: bytes, size: int) -> str:
    """As the S3 manual defines it."""
    parts = [hashlib.sha256(content[at : at + size]).digest() for at in range(0, len(content), size)] or [hashlib.sha256(b"").digest()]
    return f"{base64.b64encode(hashlib.sha256(b''.join(parts)).digest()).decode()}-{len(parts)}"


@given(content=st.binary(max_size=300), size=st.integers(1, 100))
def test_a_file_is_measured_in_parts(tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int) -> None:
    path = tmp_path_factory.mktemp("m") / "a.zip"
    path.write_bytes(content)
    found = measure(path, size)
    assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert found.composite == composite(content, size)


@pytest.mark.parametrize(
    ("size", "fits"), [(0, 16 * MIB), (10_000 * 16 * MIB, 16 * MIB), (10_000 * 16 * MIB + 1, 17 * MIB), (5 * 10**12, 477 * MIB)]
)
def test_parts_grow_only_when_there_would_be_too_many(size: int, fits: int) -> None:
    assert fitting(16 * MIB, size) == fits


def test_what_a_store_says_is_enough_or_not(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"0123456789")
    zipped = measure(path, 4)
    sha, mark = zipped.sha256, zipped.composite
    whole = base64.b64encode(bytes.fromhex(sha)).decode()
    known = Expected(10, sha, mark, 4, path)
    for stored, expected, told in [
        (Stored(11, sha256=sha, checksum=mark), known, False),
        (Stored(10), known, None),
        (Stored(10, sha256=sha), known, True),
        (Stored(10, sha256="0" * 64), known, False),
        (Stored(10, checksum=whole, sha256="0" * 64), known, True),
        (Stored(10, checksum=mark), known, True),
        (Stored(10, checksum="x-3", part_size=4, sha256=sha), known, False),
        (Stored(10, checksum=measure(path, 5).composite, part_size=5), known, True),
        (Stored(10, checksum="x-2", part_size=5, sha256=sha), known, False),
        (Stored(10, checksum="x-2", part_size=5, sha256=sha), Expected(10, sha), True),
        (Stored(10, checksum="x-2", part_size=5), Expected(10, sha), None),
        (Stored(10, checksum="x-2"), known, None),
    ]:
        assert same(stored, expected) is told, stored
