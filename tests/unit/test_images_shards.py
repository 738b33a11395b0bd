"""A shard from a folder: quotas, replacements, the cache, the outcome."""

import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from dataset_manager.errors import CountError, DiskError, SourceError
from dataset_manager.images.answers import PermanentError, RetryError
from dataset_manager.images.cache import PictureCache, Place
from dataset_manager.images.estimate import require_room
from dataset_manager.images.fetch import Patience
from dataset_manager.images.shards import Counts, download_shard
from dataset_manager.images.space import MARGIN, TYPICAL
from dataset_manager.images.store import Answer, FolderSource, address, open_source
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.wording import size_of
from pictures import Row, candidates, chosen, fill_folder, picture, read_outcome, row, write_manifest

QUICK = Patience(threads=8, attempts=2, first_wait=0.0001)


class CountingFolder(FolderSource):
    """Notes what is asked for, and gives up on some keys."""

    def __init__(self, folder: Path, lost: set[str] | None = None) -> None:
        super().__init__(folder)
        self.asked: list[str] = []
        self.lost = lost or set()

    def get(self, key: str) -> Answer:
        self.asked.append(key)
        if key in self.lost:
            raise RetryError("el disco no la da")
        return super().get(key)


def filled(folder: Path, rows: list[Row]) -> Path:
    return fill_folder(folder, ((one["key"], picture(one["key"])) for one in rows))


def run(tmp_path: Path, rows: list[Row], source: FolderSource, shard: int = 0, total: int = 1) -> tuple[Counts, list[Row]]:
    manifest = write_manifest(tmp_path / "manifest.parquet", rows)
    outcome = tmp_path / f"shards/{shard}-of-{total}.parquet"
    cache = PictureCache(tmp_path / "cache")
    counts = download_shard(manifest, shard, total, source=source, cache=cache, outcome_file=outcome, patience=QUICK)
    return counts, read_outcome(outcome)


def test_wanted_are_placed_and_the_reserve_is_left_alone(tmp_path: Path) -> None:
    rows = candidates("a", 5, 3) + candidates("b", 2, 2)
    source = CountingFolder(filled(tmp_path / "bucket", rows))
    counts, outcome = run(tmp_path, rows, source)
    assert [(one["group"], one["rank"], one["status"]) for one in outcome][:6] == [
        ("a", rank, "ok" if rank <= 5 else "unused") for rank in range(1, 7)
    ]
    assert (counts.wanted, counts.ok, counts.short, counts.failed, counts.downloaded) == (7, 7, 0, 0, 7)
    assert len(source.asked) == 7
    first = outcome[0]
    assert (first["width"], first["height"], first["format"], first["reason"], first["from_cache"]) == (160, 120, "jpeg", "", False)
    assert counts.bytes == sum(one["bytes"] or 0 for one in outcome)
    assert outcome[5]["sha256"] is None


def test_damaged_empty_missing_and_strange_are_replaced_with_reasons(tmp_path: Path) -> None:
    rows = candidates("a", 6, 6)
    folder = filled(tmp_path / "bucket", rows)
    (folder / "a/001.jpg").write_bytes(b"")
    (folder / "a/002.jpg").unlink()
    (folder / "a/003.jpg").write_bytes(picture("x")[:-500])
    (folder / "a/004.jpg").write_bytes(b"<html>error</html>")
    counts, outcome = run(tmp_path, rows, FolderSource(folder))
    assert [one["status"][0] for one in outcome] == list("ffffoooooouu")
    assert [one["reason"].split(" (")[0] for one in outcome[:4]] == ["está vacía", "no existe", "está dañada", "no es una imagen"]
    assert (counts.ok, counts.failed, counts.short) == (6, 4, 0)
    assert not any("html" in path.read_text("latin-1") for path in (tmp_path / "cache").glob("??/*"))


def test_a_shortage_is_no_error(tmp_path: Path) -> None:
    rows = candidates("a", 4, 1)
    folder = filled(tmp_path / "bucket", rows[:3])
    counts, _ = run(tmp_path, rows, FolderSource(folder))
    assert (counts.wanted, counts.ok, counts.short, counts.reasons) == (4, 3, 1, {"no existe": 2})


def test_the_second_time_nothing_is_asked_for(tmp_path: Path) -> None:
    rows = candidates("a", 5, 2)
    source = CountingFolder(filled(tmp_path / "bucket", rows))
    first = run(tmp_path, rows, source)[1]
    source.asked.clear()
    counts, second = run(tmp_path, rows, source)
    assert source.asked == [] and counts.from_cache == 5 and counts.bytes == 0
    assert [one | {"from_cache": None} for one in first] == [one | {"from_cache": None} for one in second]


def test_a_picture_spoiled_in_the_cache_is_downloaded_again(tmp_path: Path) -> None:
    rows = candidates("a", 3, 0)
    source = CountingFolder(filled(tmp_path / "bucket", rows))
    run(tmp_path, rows, source)
    spoiled = PictureCache(tmp_path / "cache").path(source.place, "a/002.jpg")
    spoiled.chmod(0o644)
    os.truncate(spoiled, 1000)
    source.asked.clear()
    run(tmp_path, rows, source)
    assert source.asked == ["a/002.jpg"]
    assert spoiled.read_bytes() == picture("a/002.jpg")


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> list[Path]:
    """A disk with so many bytes left; the folders that were asked about."""
    asked: list[Path] = []

    def usage(folder: Path) -> SimpleNamespace:
        asked.append(folder)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    return asked


def test_without_room_for_the_pictures_nothing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = candidates("a", 5, 3) + candidates("b", 2, 0)
    source = CountingFolder(filled(tmp_path / "bucket", rows))
    asked = with_free(monkeypatch, MARGIN + 7 * TYPICAL - 1)
    with pytest.raises(DiskError) as refused:
        run(tmp_path, rows, source)
    text = str(refused.value)
    assert text.startswith(f"{tmp_path / 'cache'}: no hay sitio para las imágenes: hacen falta 200,5 MB (7 imágenes de unos 75,0 kB")
    assert "quedan 200,5 MB libres. No se ha descargado nada: libere espacio" in text
    assert source.asked == [] and asked == [tmp_path] and not (tmp_path / "cache").exists()


def test_shards_that_run_side_by_side_have_room_together_or_none_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = candidates("a", 5, 3) + candidates("b", 2, 0)
    place, cache = Place.of(tmp_path / "bucket"), PictureCache(tmp_path / "cache")
    manifest = tmp_path / "manifest.parquet"
    write_manifest(manifest, rows)
    with_free(monkeypatch, MARGIN + 7 * TYPICAL - 1)
    with pytest.raises(DiskError, match="7 imágenes de unos 75,0 kB"):
        require_room(manifest, cache, place)
    with_free(monkeypatch, MARGIN + 7 * TYPICAL)
    require_room(manifest, cache, place)


def test_with_just_enough_room_all_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = candidates("a", 5, 3)
    folder = filled(tmp_path / "bucket", rows)
    (folder / "a/001.jpg").unlink()  # the round that replaces it does not ask again
    asked = with_free(monkeypatch, MARGIN + 5 * TYPICAL)
    assert run(tmp_path, rows, FolderSource(folder))[0].ok == 5
    assert len(asked) == 1


def test_room_is_for_what_the_cache_lacks_at_the_size_of_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CountingFolder(filled(tmp_path / "bucket", candidates("a", 4, 0)))
    _, outcome = run(tmp_path, candidates("a", 4, 0)[:3], source)
    mean = sum(one["bytes"] for one in outcome) / 3
    source.asked.clear()
    with_free(monkeypatch, MARGIN + int(mean) - 1)
    with pytest.raises(DiskError, match=rf"1 imagen de unos {re.escape(size_of(mean))}"):
        run(tmp_path, candidates("a", 4, 0), source)
    assert source.asked == []
    with_free(monkeypatch, MARGIN + int(mean) + 1)
    assert run(tmp_path, candidates("a", 4, 0), source)[0].ok == 4
    with_free(monkeypatch, 0)
    assert run(tmp_path, candidates("a", 4, 0), source)[0].from_cache == 4


def test_only_the_rows_of_this_shard(tmp_path: Path) -> None:
    rows = candidates("a", 2, 1, shard=0) + candidates("b", 2, 1, shard=1)
    source = FolderSource(filled(tmp_path / "bucket", rows))
    assert {one["group"] for one in run(tmp_path, rows, source, 1, 2)[1]} == {"b"}
    assert {one["group"] for one in run(tmp_path, rows, source, 0, 2)[1]} == {"a"}


def test_a_shard_without_rows_has_an_empty_outcome(tmp_path: Path) -> None:
    rows = candidates("a", 2, 0)
    source = FolderSource(filled(tmp_path / "bucket", rows))
    assert run(tmp_path, rows, source, 1, 2)[1] == []


def test_a_manifest_of_another_number_of_shards_is_refused(tmp_path: Path) -> None:
    rows = candidates("a", 2, 0, shard=3)
    with pytest.raises(CountError, match="tiene el lote 3 y se esperaban 2"):
        run(tmp_path, rows, FolderSource(filled(tmp_path / "bucket", rows)), 0, 2)


def test_what_could_not_be_read_is_named_after_all_the_rest_is_done(tmp_path: Path) -> None:
    rows = candidates("a", 30, 5)
    lost = {f"a/{rank:03d}.jpg" for rank in range(1, 26)}
    folder = filled(tmp_path / "bucket", rows)
    with pytest.raises(SourceError) as failed:
        run(tmp_path, rows, CountingFolder(folder, lost))
    text = str(failed.value)
    assert text.startswith(f"{folder}: no se han podido leer 25 imágenes (hasta 2 intentos cada una)")
    assert "repita la misma orden" in text and "a/001.jpg: el disco no la da" in text and "y 5 más" in text
    assert text.count("\n  - ") == 21
    assert not list((tmp_path / "shards").glob("*")) if (tmp_path / "shards").exists() else True
    source = CountingFolder(folder)
    counts, outcome = run(tmp_path, rows, source)
    assert set(source.asked) == lost and counts.from_cache == 5
    assert [one["rank"] for one in outcome if one["status"] == "ok"] == list(range(1, 31))


def test_the_choice_depends_neither_on_threads_nor_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [one for number in range(6) for one in candidates(f"g{number}", 8, 6)]
    folder = filled(tmp_path / "bucket", rows)
    for one in rows[::3]:
        (folder / one["key"]).unlink()
    results = []
    for threads, order in ((1, rows), (16, rows[::-1])):
        manifest = write_manifest(tmp_path / "m.parquet", order)
        outcome = tmp_path / f"{threads}.parquet"
        cache = PictureCache(tmp_path / f"cache{threads}")
        download_shard(manifest, 0, 1, source=FolderSource(folder), cache=cache, outcome_file=outcome, patience=Patience(threads=threads))
        results.append(read_outcome(outcome))
    assert results[0] == results[1] and len(chosen(results[0])) == 48


def test_one_file_per_transaction(tmp_path: Path) -> None:
    rows = [row("a", rank, f"t{rank // 2}/{rank}.jpg", 2, unit=f"t{rank // 2}") for rank in range(8)]
    folder = filled(tmp_path / "bucket", rows)
    (folder / "t0/0.jpg").write_bytes(b"")
    outcome = run(tmp_path, rows, FolderSource(folder))[1]
    assert [one["status"] for one in outcome] == ["failed", "ok", "ok", *["unused"] * 5]


def test_two_groups_that_want_the_same_picture_share_the_request(tmp_path: Path) -> None:
    rows = [row("a", 1, "x.jpg", 1), row("b", 1, "x.jpg", 1)]
    source = CountingFolder(filled(tmp_path / "bucket", rows))
    counts, _ = run(tmp_path, rows, source)
    assert source.asked == ["x.jpg"] and counts.ok == 2


HOSTILE = [
    "../fuera.jpg",
    "/etc/passwd",
    "a/../../fuera.jpg",
    "a\0.jpg",
    "a//b.jpg",
    "a/",
    "./a.jpg",
    "",
    "\ud800.jpg",
    "x" * 1100,
    "a\n.jpg",
]


@pytest.mark.parametrize("key", HOSTILE)
def test_keys_that_mean_another_place_are_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "bucket/a").mkdir(parents=True)
    (tmp_path / "fuera.jpg").write_bytes(picture("secreto"))
    with pytest.raises(PermanentError, match="la clave"):
        FolderSource(tmp_path / "bucket").get(key)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = filled(tmp_path / "bucket", candidates("a", 1, 0))
    (tmp_path / "fuera.jpg").write_bytes(picture("secreto"))
    (folder / "enlace.jpg").symlink_to(tmp_path / "fuera.jpg")
    (folder / "dentro.jpg").symlink_to("a/001.jpg")
    with pytest.raises(PermanentError, match="fuera de la carpeta"):
        FolderSource(folder).get("enlace.jpg")
    assert FolderSource(folder).get("dentro.jpg").data == picture("a/001.jpg")


@pytest.mark.parametrize("key", ["a", "a/001.jpg/x.jpg", "n" * 300 + ".jpg"])
def test_what_is_no_file_does_not_exist(tmp_path: Path, key: str) -> None:
    folder = filled(tmp_path / "bucket", candidates("a", 1, 0))
    with pytest.raises(PermanentError, match="no existe"):
        FolderSource(folder).get(key)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no existe esa carpeta"):
        open_source(tmp_path / "nada")


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (S3Connection("fotos"), ("", True)),
        (S3Connection("fotos.es"), ("", False)),
        (S3Connection("fotos", path_style=True), ("", False)),
        (S3Connection("fotos", endpoint_url="https://minio:9000/", path_style=True), ("https://minio:9000", False)),
        (S3Connection("fotos", endpoint_url="http://127.0.0.1:9000"), ("http://127.0.0.1:9000", False)),
        (S3Connection("fotos", endpoint_url="https://s3.example.com"), ("https://fotos.s3.example.com", True)),
    ],
)
def test_how_a_bucket_is_addressed(connection: S3Connection, expected: tuple[str, bool]) -> None:
    assert address(connection) == expected


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nada"))
    with pytest.raises(SourceError, match=r"faltan las credenciales de S3\. Ponga REMOTE_STORAGE_ACCESS_KEY y .* en \.env"):
        open_source(S3Connection("fotos"))
