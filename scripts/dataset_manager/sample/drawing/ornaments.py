"""What grows out of a body's ends, and what a cut piece shows.

In: a drawing surface, a random generator, the size and the look. Out: stems, calyxes, tufts, hoods and roots drawn on a
body's picture; halves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from dataset_manager.sample.drawing.bodies import Look, darker, rgb

if TYPE_CHECKING:
    import numpy as np

    Random = np.random.Generator


@dataclass(frozen=True)
class Pen:
    """Draws on a body: `x`, `y` is where its stem begins, `size` its length in pixels."""

    draw: ImageDraw.ImageDraw
    random: "Random"
    size: int
    x: float
    y: float

    @classmethod
    def at_top(cls, image: Image.Image, random: "Random", size: int, look: Look) -> "Pen":
        """On the picture of a solid."""
        return cls(ImageDraw.Draw(image), random, size, image.width / 2 - look.bend * 0.3 * size / look.aspect, size * look.margin)

    def around(self, spread: float) -> float:
        """A random length, at most `spread` of the size to either side."""
        return float(self.random.uniform(-spread, spread) * self.size)


def stem(pen: Pen, color: str, length: float = 0.16, width: float = 0.045, sink: float = 0.1) -> None:
    """A stalk at the top, beginning `sink` inside the body."""
    y = pen.y + sink * pen.size
    pen.draw.line([(pen.x, y), (pen.x + pen.around(0.05), y - length * pen.size)], rgb(color), max(2, int(width * pen.size)))


def star(pen: Pen, color: str, radius: float = 0.2, points: int = 6, sink: float = 0.14) -> None:
    """A calyx of pointed leaves."""
    leaves(pen.draw, pen.random, (pen.x, pen.y + sink * pen.size), radius * pen.size, color, points)


def leaves(draw: ImageDraw.ImageDraw, random: "Random", at: tuple[float, float], radius: float, color: str, points: int) -> None:
    """Pointed leaves round a point."""
    turn = random.uniform(0, 2 * math.pi)
    outline = []
    for number in range(points * 2):
        reach = radius * (random.uniform(0.85, 1.2) if number % 2 else 0.28)
        angle = turn + number * math.pi / points
        outline.append((at[0] + reach * math.cos(angle), at[1] + reach * math.sin(angle)))
    draw.polygon(outline, rgb(color), rgb(darker(color, 0.7)))


def tuft(pen: Pen, color: str, length: float = 0.3, count: int = 7, spread: float = 0.5, width: float = 0.05) -> None:
    """Narrow leaves that stand at the top: pineapple, carrot, radish."""
    foot, base = width * pen.size, pen.y + 0.05 * pen.size
    for number in range(count):
        lean = spread * ((number + 0.5) / count * 2 - 1)
        tall = length * pen.size * (1 - 0.4 * abs(lean)) * pen.random.uniform(0.8, 1.0)
        outline = [(pen.x - foot + lean * foot, base), (pen.x + foot + lean * foot, base), (pen.x + length * pen.size * lean, pen.y - tall)]
        pen.draw.polygon(outline, rgb(darker(color, pen.random.uniform(0.75, 1.12))))


def cap(pen: Pen, color: str, width: float = 0.2) -> None:
    """The green hood and stalk of an aubergine or pepper."""
    x, y, size, half = pen.x, pen.y, pen.size, width * pen.size
    outline = [(x - half, y + 0.16 * size), (x - half * 0.7, y + 0.02 * size), (x, y - 0.02 * size), (x + half * 0.7, y + 0.02 * size)]
    outline += [(x + half, y + 0.16 * size), (x + half * 0.4, y + 0.1 * size), (x, y + 0.19 * size), (x - half * 0.4, y + 0.1 * size)]
    pen.draw.polygon(outline, rgb(color), rgb(darker(color, 0.7)))
    stem(pen, darker(color, 0.85), 0.15, 0.06, 0.03)


def roots(pen: Pen, color: str, count: int = 9) -> None:
    """Fine hairs at the tip."""
    y = pen.y + 0.97 * pen.size
    for _ in range(count):
        pen.draw.line([(pen.x, y), (pen.x + pen.around(0.1), y + 0.08 * pen.size + pen.around(0.04))], rgb(color), 2)


ENDS: dict[str, Callable[..., None]] = {one.__name__: one for one in (stem, star, tuft, cap, roots)}


def half(look: Look, random: "Random") -> Image.Image:
    """A cut piece: rind, flesh, core, then seeds, segments or a stone; `fine` times too large."""
    rind, flesh, core, kind, ink = look.half
    size = int(look.size * look.fine * 0.9 / max(1.0, look.aspect**0.5))
    image = Image.new("RGBA", (int(size * 1.3), int(size * 1.3)))
    pen = Pen(ImageDraw.Draw(image), random, size, image.width / 2, image.width / 2)
    disc(pen, 0.5, rind)
    disc(pen, 0.45, flesh)
    INSIDES[kind](pen, core, ink)
    return image


def disc(pen: Pen, radius: float, color: str, x: float = 0.0, y: float = 0.0) -> None:
    """A circle, measures in parts of the size, its middle away from the pen's."""
    dx, dy, far = pen.x + x * pen.size, pen.y + y * pen.size, radius * pen.size
    pen.draw.ellipse([dx - far, dy - far, dx + far, dy + far], rgb(color))


def ring_of_seeds(pen: Pen, core: str, ink: str) -> None:
    """Kiwi: rays, a pale core, a ring of black seeds."""
    far = 0.4 * pen.size
    for number in range(26):
        angle = number / 26 * 2 * math.pi
        pen.draw.line([(pen.x, pen.y), (pen.x + far * math.cos(angle), pen.y + far * math.sin(angle))], rgb(core), 2)
    disc(pen, 0.12, core)
    for number in range(30):
        angle, reach = number / 30 * 2 * math.pi, pen.random.uniform(0.16, 0.25)
        disc(pen, 0.014, ink, reach * math.cos(angle), reach * math.sin(angle))


def scattered(pen: Pen, core: str, ink: str) -> None:
    """Seeds all over; `core` is their size."""
    for angle, reach in zip(pen.random.uniform(0, 2 * math.pi, 110), pen.random.random(110), strict=True):
        disc(pen, float(core), ink, 0.4 * math.sqrt(reach) * math.cos(angle), 0.4 * math.sqrt(reach) * math.sin(angle))


def segments(pen: Pen, core: str, ink: str) -> None:
    """Citrus."""
    turn, far = math.degrees(pen.random.uniform(0, 1)), 0.41 * pen.size
    for number in range(10):
        first = turn + number * 36
        pen.draw.pieslice([pen.x - far, pen.y - far, pen.x + far, pen.y + far], first + 2.5, first + 33.5, rgb(ink))
    disc(pen, 0.045, core)


def stone(pen: Pen, core: str, ink: str) -> None:
    """One large stone or hollow in paler flesh."""
    disc(pen, 0.36, core)
    disc(pen, 0.2, ink)


INSIDES: dict[str, Callable[..., None]] = {one.__name__: one for one in (ring_of_seeds, scattered, segments, stone)}
