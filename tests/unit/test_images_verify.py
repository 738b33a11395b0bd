"""A picture counts only when it is whole."""

import io
import struct
import zlib

import pytest
import simplejpeg
from dataset_manager.images.verify import STRIDE, ZEROS, Damage, Verified, check, describe
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import picture
from PIL import Image

JPEG = picture("manzana", size=(640, 480), quality=85)
KINDS = {"png": "PNG", "gif": "GIF", "bmp": "BMP", "webp": "WEBP"}


def reason(data: bytes) -> str:
    found = check(data)
    assert isinstance(found, Damage), found
    return found.reason


def made(mode: str, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (90, 60), "white" if mode != "L" else 200).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_whole_jpeg_has_its_size() -> None:
    assert check(JPEG) == describe(JPEG) == Verified("jpeg", 640, 480)


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"subsampling": 0}])
def test_all_ways_to_write_a_jpeg_are_whole(options: dict[str, object]) -> None:
    assert check(picture("pera", **options)) == Verified("jpeg", 160, 120)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_printing_colours_are_whole(mode: str) -> None:
    assert check(made(mode, "JPEG")) == Verified("jpeg", 90, 60)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 2000)])
def test_odd_sizes_are_whole(size: tuple[int, int]) -> None:
    assert check(picture("rara", size=size)) == Verified("jpeg", *size)


@pytest.mark.parametrize("kind", KINDS)
def test_other_formats_are_recognised_by_content(kind: str) -> None:
    data = picture("uva", kind=KINDS[kind])
    assert check(data) == describe(data) == Verified(kind, 160, 120)


def test_empty() -> None:
    assert reason(b"") == "está vacía"


@pytest.mark.parametrize("data", [b"<!DOCTYPE html><html>error</html>", b'{"error": 1}', b"RIFF0000WAVEfmt ", b"\xff\xd8", b"%PDF-1.4"])
def test_what_is_no_picture_says_how_it_begins(data: bytes) -> None:
    assert reason(data).startswith("no es una imagen (empieza por ")


@pytest.mark.parametrize("lost", [1, 2, 3, 100, 5000, len(JPEG) // 2, len(JPEG) - 700])
def test_a_cut_jpeg(lost: int) -> None:
    assert reason(JPEG[:-lost]).startswith("está dañada (")


def test_only_a_header() -> None:
    assert reason(JPEG[:30]).startswith("está dañada (")


@pytest.mark.parametrize("at", [*range(700, len(JPEG) - 2048, 997), len(JPEG) - 2048])
def test_a_zeroed_block_in_a_jpeg(at: int) -> None:
    assert reason(JPEG[:at] + bytes(2048) + JPEG[at + 2048 :]).startswith("está dañada (")


def test_a_run_of_zeros_is_seen_wherever_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by itself: the decoder, which sees most of them, is left out."""
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_, **__: None)
    for at in range(1000, 1000 + 2 * STRIDE):
        assert reason(JPEG[:at] + ZEROS + JPEG[at + len(ZEROS) :]) == "está dañada (tiene un bloque de ceros)", at


@pytest.mark.parametrize("kind", ["JPEG", *KINDS.values()])
def test_a_picture_is_checked_the_same_where_it_lies(kind: str) -> None:
    data = picture("higo", kind=kind)
    for content in (data, data[:-300], data[:1], b"", b"<html>"):
        assert check(memoryview(content)) == check(content)


def test_zeros_in_notes_and_after_the_end_are_no_damage() -> None:
    notes = b"\xff\xe1" + struct.pack(">H", 6002) + bytes(6000)
    assert check(JPEG[:2] + notes + JPEG[2:] + bytes(5000)) == Verified("jpeg", 640, 480)


@pytest.mark.parametrize("colour", ["white", "black"])
def test_a_picture_of_one_colour_as_a_camera_writes_it_is_whole(colour: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1280, 960), colour).save(out, "JPEG")
    assert check(out.getvalue()) == Verified("jpeg", 1280, 960)


def test_bytes_after_a_whole_jpeg_are_accepted() -> None:
    assert check(JPEG + b"notas de la camara" * 40) == Verified("jpeg", 640, 480)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.03, 0.5, 0.9, 0.999])
def test_other_formats_cut(kind: str, part: float) -> None:
    data = picture("kiwi", kind=KINDS[kind])
    assert reason(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", KINDS)
def test_other_formats_cut_by_one_byte(kind: str) -> None:
    data = picture("kiwi", kind=KINDS[kind], **({"lossless": True} if kind == "webp" else {}))
    assert reason(data[:-1]) == "está cortada"


def test_a_zeroed_block_in_a_png() -> None:
    data = picture("higo", kind="PNG")
    assert "suma incorrecta" in reason(data[:9000] + bytes(2048) + data[11_048:])


def test_every_frame_of_an_animation_counts() -> None:
    frames = [Image.new("P", (50, 40), number) for number in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert check(out.getvalue()) == Verified("gif", 50, 40)


def test_a_png_that_would_fill_the_memory_is_not_decoded() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 10_000, 9000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    assert reason(bomb) == "es demasiado grande (10000×9000 píxeles; el máximo son 64 millones)"


def test_a_jpeg_that_would_fill_the_memory_is_not_decoded() -> None:
    at = JPEG.index(b"\xff\xc0") + 5
    assert "es demasiado grande (65000×65000" in reason(JPEG[:at] + struct.pack(">HH", 65_000, 65_000) + JPEG[at + 4 :])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([JPEG[:4000], *(picture("x", kind=kind)[:6000] for kind in KINDS.values())]), st.data())
def test_no_content_raises(start: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(start)))
    assert check(start[:at] + data.draw(st.binary(max_size=60)) + start[at:])
