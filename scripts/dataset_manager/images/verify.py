"""Is this picture whole?

In: the bytes of a picture. Out: format and size in pixels, or what is wrong with it, in Spanish. The content decides, never
the file's name: a PNG called `.jpg` is a PNG.

A JPEG is decoded strictly, in grey at an eighth of its size: the entropy coded data are read to the end and every warning of
the decoder counts, which a full load by Pillow does not give. Zeros are code words too, so in busy pictures the decoder takes
one zeroed block in 25 for picture data: a long run of zeros counts as damage by itself (a camera's tables have no word made of
zeros alone for a flat block; a drawing of one colour with its own tables may, and is refused). Other formats are loaded by Pillow
plus the sums and lengths their container carries; BMP, GIF and WebP have no sums, so a change that still decodes is not seen.

Bytes after the end of a JPEG, PNG, BMP or WebP are accepted: cameras append previews and notes there, and the picture is
whole. A GIF may only be followed by zeros, because its end is found by its last byte.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image

Content = bytes | memoryview  # a JPEG is checked where it lies, without a copy
MAX_PIXELS = 64_000_000  # five times a 12 megapixel camera; a decoder needs up to 6 bytes for each
MAX_FRAMES = 200
ZEROS = bytes(1024)
STRIDE = len(ZEROS) // 2  # one byte in so many: a run of that length shows as two zeros side by side
MAGIC = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF8", "bmp": b"BM", "webp": b"RIFF"}


@dataclass(frozen=True, slots=True)
class Verified:
    """A whole picture."""

    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Not a whole picture; the reason is for the operator."""

    reason: str


class _DamagedError(Exception):
    """Carries the reason out of a reader."""


def check(data: Content) -> Verified | Damage:
    """The whole content is decoded. Never raises for bad content."""
    return _examined(data, _whole_jpeg)


def describe(data: Content) -> Verified | Damage:
    """The same answer for a picture that was checked before: of a JPEG only the header is read."""
    return _examined(data, _jpeg_header)


def _examined(data: Content, jpeg: Callable[[Content], Verified]) -> Verified | Damage:
    if not data:
        return Damage("está vacía")
    start = bytes(data[:16])
    kind = _format_of(start)
    try:
        if kind == "jpeg":
            return jpeg(data)
        if kind:
            return _whole_other(bytes(data), kind)
    except _DamagedError as damage:
        return Damage(str(damage))
    return Damage(f"no es una imagen (empieza por {start!r})")


def _format_of(start: bytes) -> str:
    """By its first bytes; empty when it is none of the known ones."""
    kind = next((name for name, magic in MAGIC.items() if start.startswith(magic)), "")
    return "" if kind == "webp" and start[8:12] != b"WEBP" else kind


def _require_size(width: int, height: int) -> None:
    """Refuses a picture that would take the memory of the machine, before it is decoded."""
    if width < 1 or height < 1:
        raise _DamagedError(f"está dañada (mide {width}×{height})")
    if width * height > MAX_PIXELS:
        raise _DamagedError(f"es demasiado grande ({width}×{height} píxeles; el máximo son {MAX_PIXELS // 1_000_000} millones)")


def _jpeg_header(data: Content) -> Verified:
    return _jpeg_facts(data)[0]


def _jpeg_facts(data: Content) -> tuple[Verified, str]:
    """Size and colour space."""
    import simplejpeg

    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        raise _DamagedError(f"está dañada ({error})") from None
    _require_size(width, height)
    return Verified("jpeg", width, height), space


def _whole_jpeg(data: Content) -> Verified:
    import simplejpeg

    found, space = _jpeg_facts(data)
    target = "CMYK" if space in {"CMYK", "YCCK"} else "GRAY"  # the decoder cannot make grey out of CMYK
    try:
        simplejpeg.decode_jpeg(data, target, fastdct=True, min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError as error:
        raise _DamagedError(f"está dañada ({error})") from None
    _require_no_hole(data)
    return found


def _require_no_hole(data: Content) -> None:
    """No long run of zeros among the picture data; among notes, previews and after the end it is nobody's business."""
    if b"\0\0" not in bytes(data[::STRIDE]):
        return
    whole = bytes(data)
    start = _scan_start(whole)
    if start and whole.find(ZEROS, start, whole.find(b"\xff\xd9", start)) >= 0:
        raise _DamagedError("está dañada (tiene un bloque de ceros)")


def _scan_start(data: bytes) -> int:
    """Where the picture data begin, behind segments that may hold a preview with marks of its own; 0 when that is not found."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == 0xDA:
            return position
        filler = data[position + 1] == 0xFF
        position += 1 if filler else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0


def _whole_other(data: bytes, kind: str) -> Verified:
    """Container first, then every frame."""
    from PIL import Image

    try:
        CONTAINERS[kind](data)
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as picture:
            _require_size(*picture.size)
            _load_frames(picture)
            return Verified(kind, *picture.size)
    except Image.DecompressionBombError as error:
        raise _DamagedError(f"es demasiado grande ({error})") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError, struct.error, zlib.error) as error:
        raise _DamagedError(f"está dañada ({error})") from None


def _load_frames(picture: "PIL.Image.Image") -> None:
    """An animation counts as whole when every frame is."""
    frames = getattr(picture, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise _DamagedError(f"es una animación de {frames} fotogramas (el máximo son {MAX_FRAMES})")
    for frame in range(frames):
        picture.seek(frame)
        picture.load()


def _png_container(data: bytes) -> None:
    """Size, then every chunk's sum up to the end mark."""
    _require_size(*struct.unpack_from(">II", data, 16))
    position = len(MAGIC["png"])
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[position + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise _DamagedError(f"está dañada (suma incorrecta en el bloque {name!r})")
        if name == b"IEND":
            return
        position = end + 4
    raise _DamagedError("está cortada")


def _gif_container(data: bytes) -> None:
    if not data.rstrip(b"\0").endswith(b";"):
        raise _DamagedError("está cortada")


def _bmp_container(data: bytes) -> None:
    if struct.unpack_from("<I", data, 2)[0] > len(data):
        raise _DamagedError("está cortada")


def _webp_container(data: bytes) -> None:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise _DamagedError("está cortada")


CONTAINERS = {"png": _png_container, "gif": _gif_container, "bmp": _bmp_container, "webp": _webp_container}
