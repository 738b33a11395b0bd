"""The body of a piece of fruit: a turned solid with colours and light.

In: a `Look` (what a product looks like) and a random generator. Out: a `Body`, and the picture of it. `v` runs along the
axis from the stem (-1) to the tip (1), `s` across it from edge to edge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Random = np.random.Generator

FINE = 1.7  # painted this much larger, then reduced
FINEST = 200  # but a large piece no larger than this many pixels, unless it already is
MARGIN = 0.16
Ink = tuple[int, int, int]
Texture = tuple[Any, ...]

# Half width along the axis (place, width), and how blunt the ends are (2 is a ball, 8 nearly a cylinder).
PROFILES: dict[str, tuple[list[tuple[float, float]], float]] = {
    "ball": ([(-1, 1), (1, 1)], 2.0),
    "apple": ([(-1, 1.08), (-0.3, 1.04), (1, 0.86)], 2.3),
    "pear": ([(-1, 0.42), (-0.5, 0.46), (0.1, 0.86), (0.5, 1.0), (1, 1.1)], 2.4),
    "bottle": ([(-1, 0.66), (-0.2, 0.62), (0.25, 0.92), (0.6, 1.0), (1, 1.0)], 3.6),
    "lemon": ([(-1, 0.9), (-0.93, 0.6), (-0.75, 0.86), (0, 1), (0.7, 0.84), (0.9, 0.62), (1, 1.1)], 2.6),
    "egg": ([(-1, 0.82), (0, 1.0), (1, 0.98)], 2.3),
    "drop": ([(-1, 0.35), (-0.6, 0.55), (0.1, 0.98), (1, 1.05)], 2.2),
    "onion": ([(-1, 0.2), (-0.86, 0.2), (-0.6, 0.62), (0, 1.0), (1, 1.0)], 2.6),
    "tube": ([(-1, 0.94), (0, 1.0), (1, 0.96)], 7.0),
    "club": ([(-1, 0.62), (-0.3, 0.7), (0.4, 1.0), (1, 0.96)], 4.0),
    "root": ([(-1, 0.95), (-0.85, 1.0), (0.2, 0.72), (0.85, 0.28), (1, 0.16)], 5.0),
    "spindle": ([(-1, 0.3), (-0.4, 0.95), (0.2, 1.0), (0.75, 0.5), (1, 0.2)], 2.6),
    "block": ([(-1, 0.86), (-0.5, 1.0), (0.4, 0.9), (1, 0.76)], 4.5),
    "horn": ([(-1, 0.7), (-0.7, 0.98), (0, 0.9), (0.6, 0.6), (1, 0.22)], 5.0),
    "turnip": ([(-1, 0.9), (0, 1.0), (0.5, 0.75), (0.72, 0.2), (1, 0.05)], 2.6),
}


@dataclass(frozen=True)
class Look:
    """How a product looks. `size` is the length of a piece in pixels, `aspect` its length over its width."""

    shape: str
    color: str
    size: int
    count: tuple[int, int]
    aspect: float = 1.0
    textures: tuple[Texture, ...] = ()
    ends: tuple[Texture, ...] = ()
    bend: float = 0.0
    gloss: float = 0.35
    paint: Callable[["Look", "Random"], Image.Image] | None = None
    half: tuple[str, ...] = ()  # a cut piece lies beside the whole ones: rind, flesh, core, what is inside, its colour
    details: tuple[str, ...] = ()  # what `paint` needs beside the colour

    @property
    def fine(self) -> float:
        """How much larger it is painted."""
        return min(FINE, max(1.1, FINEST / self.size))

    @property
    def margin(self) -> float:
        """Room round the body, as a part of its size: for the shadow, and for the leaves on top."""
        return max([MARGIN, *(float(values[1]) for name, *values in self.ends if name == "tuft")])


@dataclass
class Body:
    """A turned solid on its grid: coordinates, what is inside, and the colours so far (floats, 0 to 255)."""

    s: "Array"
    v: "Array"
    inside: "Array"  # 1 inside, 0 outside, between them on the edge
    up: "Array"  # 1 where the surface faces the camera, 0 at the edge
    color: "Array"


def rgb(text: str) -> Ink:
    """#rrggbb."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def darker(color: str, by: float) -> str:
    """The colour times `by`, in hex."""
    return "#" + "".join(f"{min(255, int(part * by)):02x}" for part in rgb(color))


def noise(random: "Random", size: int, across: int, along: int | None = None) -> "Array":
    """Smooth values from 0 to 1 with about so many waves."""
    import numpy as np

    cells = random.random((along or across, across)).astype(np.float32)
    return np.asarray(Image.fromarray(cells).resize((size, size), Image.Resampling.BICUBIC)).clip(0, 1)


def body(look: Look, random: "Random", size: int) -> Body:
    """The turned solid of a look."""
    import numpy as np

    full = int(size * (1 + 2 * look.margin))
    y, x = np.mgrid[0:full, 0:full].astype(np.float32)
    v = (y - full / 2) / (size / 2)
    points, blunt = PROFILES[look.shape]
    along = np.clip(np.abs(v), 0, 1)
    places, widths = zip(*points, strict=True)
    width = np.interp(v, places, widths) * (1 - along**blunt) ** 0.5
    bend = look.bend * random.uniform(0.75, 1.25)
    u = (x - full / 2) / (size / 2) * look.aspect + bend * (v * v - 0.4)
    s = u / np.maximum(width, 1e-3)
    inside = np.clip(np.minimum((width - np.abs(u)) / look.aspect, 1 - np.abs(v)) * size / 2 + 0.5, 0, 1)
    up = np.sqrt(np.clip(1 - s * s, 0, 1)) * np.sqrt(np.clip(1 - along ** max(blunt * 2, 6), 0, 1))
    color = np.empty((full, full, 3), np.float32)
    color[:] = np.array(rgb(look.color)) * random.uniform(0.94, 1.05) + random.uniform(-5, 5, 3)
    return Body(np.clip(s, -1, 1), v, inside, up, color)


def lit(made: Body, gloss: float) -> Image.Image:
    """Darker towards the edge, a highlight off the middle."""
    import numpy as np

    light = 0.42 + 0.62 * made.up**0.8
    shine = np.exp(-(((made.s + 0.32) / 0.22) ** 2 + ((made.v + 0.3) / 0.3) ** 2)) * gloss
    color = made.color * light[..., None] + 235 * shine[..., None]
    pixels = np.dstack([np.clip(color, 0, 255), made.inside * 255]).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA")


def mix(made: Body, part: "Array", color: str) -> None:
    """Another colour where `part` is 1."""
    import numpy as np

    part = np.clip(part, 0, 1)[..., None]
    made.color += part * (np.array(rgb(color), np.float32) - made.color)


def ramp(values: "Array", low: float, high: float) -> "Array":
    """0 below `low`, 1 above `high`."""
    import numpy as np

    return np.clip((values - low) / (high - low), 0, 1)


def longitude(made: Body) -> "Array":
    """Angle around the axis, -1.57 to 1.57."""
    import numpy as np

    return np.arcsin(made.s)
