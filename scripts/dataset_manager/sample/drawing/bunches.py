"""Products that are no single turned solid: bunches, vines, heads of leaves, florets, knobs.

In: the look (its colours are the base of what is painted) and a random generator. Out: an RGBA picture `fine` times too large.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from dataset_manager.sample.drawing.bodies import Look, body, darker, lit, rgb
from dataset_manager.sample.drawing.ornaments import leaves
from dataset_manager.sample.drawing.textures import TEXTURES

if TYPE_CHECKING:
    import numpy as np

    Random = np.random.Generator

Point = tuple[float, float]


def canvas(look: Look) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """An empty square, its pen, and the size of what goes in the middle of it."""
    size = int(look.size * look.fine)
    image = Image.new("RGBA", (int(size * 1.3), int(size * 1.3)))
    return image, ImageDraw.Draw(image), size


def berry(look: Look, random: "Random", part: float, shape: str = "ball", aspect: float = 1.0) -> Image.Image:
    """A small solid in the look's colour and skin, `part` of its size."""
    small = replace(look, shape=shape, aspect=aspect, paint=None)
    made = body(small, random, max(8, int(look.size * look.fine * part)))
    for name, *values in look.textures:
        TEXTURES[name](made, random, *values)
    return lit(made, look.gloss)


def put(image: Image.Image, one: Image.Image, x: float, y: float, angle: float = 0.0) -> None:
    """Pastes with its middle at a point."""
    turned = one.rotate(angle, Image.Resampling.BICUBIC, expand=True) if angle else one
    image.alpha_composite(turned, (max(0, int(x - turned.width / 2)), max(0, int(y - turned.height / 2))))


def grapes(look: Look, random: "Random") -> Image.Image:
    """A bunch that narrows downwards, on a green stalk."""
    image, draw, size = canvas(look)
    middle = image.width / 2
    draw.line([(middle, size * 0.3), (middle + size * 0.03, size * 0.08)], rgb("#7a8a3a"), int(size / 22))
    kinds = [berry(look, random, 0.19, "egg", 1.12) for _ in range(4)]
    for row, count in enumerate((3, 5, 5, 4, 4, 3, 2, 1)):
        for number in range(count):
            x, y = (number - (count - 1) / 2) * 0.155 + random.uniform(-0.02, 0.02), 0.3 + 0.105 * row + random.uniform(-0.02, 0.02)
            put(image, kinds[int(random.integers(4))], middle + size * x, size * y, random.uniform(-40, 40))
    return image


def vine(look: Look, random: "Random") -> Image.Image:
    """Four or five tomatoes on one green branch."""
    image, draw, size = canvas(look)
    middle = image.width / 2
    places = [(side * size * 0.21, size * (0.34 + 0.3 * row)) for row in range(2) for side in (-1, 1)] + [(0, size * 0.92)]
    for x, y in places:
        put(image, berry(look, random, 0.42, "apple", 0.95), middle + x, y, random.uniform(0, 360))
    draw.line([(middle, size * 0.06), (middle + size * 0.02, size * 0.5), (middle, size * 0.86)], rgb("#4f7a2a"), size // 20)
    for x, y in places:
        draw.line([(middle, y - size * 0.1), (middle + x * 0.75, y - size * 0.03)], rgb("#4f7a2a"), size // 28)
        leaves(draw, random, (middle + x * 0.8, y - size * 0.02), size * 0.12, "#5d8f35", 5)
    return image


def cherries(look: Look, random: "Random") -> Image.Image:
    """A pair on long stalks."""
    image, draw, size = canvas(look)
    middle = image.width / 2
    for side in (-1, 1):
        x, y = middle + side * size * 0.24, size * random.uniform(0.8, 0.9)
        stalk = [(middle + size * 0.1, size * 0.15), (middle + side * size * 0.12, size * 0.45), (x, y - size * 0.12)]
        draw.line(stalk, rgb("#6f8b2f"), size // 26)
        put(image, berry(look, random, 0.46, "apple"), x, y)
    return image


def ruffled(random: "Random", middle: Point, length: float, width: float, angle: float, waves: int = 9) -> list[Point]:
    """The outline of a curly leaf whose foot is at `middle`."""
    outline = []
    for number in range(41):
        turn = number / 40 * 2 * math.pi
        curl = 1 + 0.09 * math.sin(waves * turn) + random.uniform(-0.03, 0.03)
        x, y = width * math.sin(turn) * curl, length / 2 * (1 - math.cos(turn)) * curl
        outline.append((middle[0] + x * math.cos(angle) + y * math.sin(angle), middle[1] + x * math.sin(angle) - y * math.cos(angle)))
    return outline


class Leaf(NamedTuple):
    """Its measures and colours."""

    length: float
    width: float
    color: str
    rib: str
    waves: int = 9


def leaf(draw: ImageDraw.ImageDraw, random: "Random", foot: Point, angle: float, one: Leaf) -> None:
    """A leaf with a pale rib and side veins."""
    length, width, color, rib, waves = one
    draw.polygon(ruffled(random, foot, length, width, angle, waves), rgb(color), rgb(darker(color, 0.72)))
    tip = (foot[0] + math.sin(angle) * length * 0.9, foot[1] - math.cos(angle) * length * 0.9)
    draw.line([foot, tip], rgb(rib), max(2, int(width * 0.13)))
    for number in range(1, 5):
        at = (foot[0] + (tip[0] - foot[0]) * number / 5, foot[1] + (tip[1] - foot[1]) * number / 5)
        for side in (-1, 1):
            turn = angle + side * 0.9
            end = (at[0] + math.sin(turn) * width * 0.62, at[1] - math.cos(turn) * width * 0.62)
            draw.line([at, end], rgb(rib), max(1, int(width * 0.05)))


def head(look: Look, random: "Random") -> Image.Image:
    """A closed head of leaves: lettuce, cabbage. `details` holds the colours of rim and rib."""
    image, draw, size = canvas(look)
    middle, (rim, rib) = image.width / 2, look.details
    for ring, (reach, count) in enumerate(((0.50, 8), (0.40, 7), (0.29, 6), (0.18, 5))):
        color = darker(look.color if ring else rim, 0.86 + 0.09 * ring)
        for number in range(count):
            angle = (number + 0.5 * ring) * 2 * math.pi / count + random.uniform(-0.15, 0.15)
            foot = (middle - math.sin(angle) * size * 0.05, middle + math.cos(angle) * size * 0.05)
            leaf(draw, random, foot, angle, Leaf(size * reach * random.uniform(0.95, 1.08), size * reach * 0.55, color, rib, 11))
    return image.filter(ImageFilter.SMOOTH)


def fan(look: Look, random: "Random") -> Image.Image:
    """Long upright leaves from one foot: romaine."""
    image, draw, size = canvas(look)
    middle, (rim, rib) = image.width / 2, look.details
    foot = (middle, size * 1.16)
    for number, angle in enumerate((-0.42, 0.42, -0.28, 0.3, -0.13, 0.15, 0.0)):
        color = darker(rim if number < 4 else look.color, random.uniform(0.9, 1.08))
        leaf(draw, random, foot, angle, Leaf(size * random.uniform(0.94, 1.04), size * 0.15, color, rib, 13))
    draw.ellipse([middle - size * 0.09, size * 1.08, middle + size * 0.09, size * 1.22], rgb("#f0eed8"))
    return image.filter(ImageFilter.SMOOTH)


def florets(look: Look, random: "Random") -> Image.Image:
    """A dome of small buds: broccoli on its stalk, cauliflower among leaves."""
    image, draw, size = canvas(look)
    middle, (under, kind) = image.width / 2, look.details
    if kind == "leaves":
        for number in range(9):
            angle = number * 2 * math.pi / 9 + random.uniform(-0.15, 0.15)
            leaf(draw, random, (middle, middle), angle, Leaf(size * random.uniform(0.56, 0.64), size * 0.2, under, "#dbe7b4"))
    else:
        draw.polygon([(middle + size * x, size * y) for x, y in ((-0.12, 0.65), (0.12, 0.65), (0.14, 1.24), (-0.14, 1.24))], rgb(under))
    dome(image, [berry(look, random, 0.2) for _ in range(4)], (middle, middle if kind == "leaves" else size * 0.55), size, random)
    return image


def dome(image: Image.Image, buds: list[Image.Image], middle: Point, size: int, random: "Random") -> None:
    """Rings of buds, the inner ones on top."""
    for reach, count in ((0.36, 15), (0.27, 12), (0.17, 8), (0.07, 4)):
        for number in range(count):
            angle = number * 2 * math.pi / count + random.uniform(-0.2, 0.2)
            far = size * reach * random.uniform(0.92, 1.08)
            x, y = middle[0] + far * math.cos(angle), middle[1] + 0.85 * far * math.sin(angle)
            put(image, buds[int(random.integers(4))], x, y, random.uniform(0, 360))


def mushroom(look: Look, random: "Random") -> Image.Image:
    """A cap from the side, on its stalk."""
    image, draw, size = canvas(look)
    middle = image.width / 2
    stalk = [middle - size * 0.16, size * 0.6, middle + size * 0.16, size * 1.12]
    draw.rounded_rectangle(stalk, size * 0.1, rgb("#e9e0cf"), rgb("#b9ab92"), 2)
    draw.ellipse([middle - size * 0.36, size * 0.6, middle + size * 0.36, size * 0.84], rgb("#a98d70"))
    cap = berry(look, random, 1.0, "ball", 0.98)
    put(image, cap.crop((0, 0, cap.width, int(cap.height * 0.56))), middle, size * 0.47)
    return image


def knobs(look: Look, random: "Random") -> Image.Image:
    """A branching root: ginger."""
    image, _, size = canvas(look)
    middle = image.width / 2
    parts = [(0.0, 0.0, 0.62, 80), (-0.25, -0.1, 0.45, 30), (0.26, 0.08, 0.46, 130)]
    parts += [(0.1, -0.24, 0.36, 10), (-0.1, 0.24, 0.36, 170), (0.36, -0.14, 0.28, 60)]
    for x, y, part, angle in parts:
        put(image, berry(look, random, part, "club", 1.75), middle + x * size, middle + y * size, angle + random.uniform(-18, 18))
    return image


def cob(look: Look, random: "Random") -> Image.Image:
    """Maize between its husk leaves."""
    image, draw, size = canvas(look)
    middle = image.width / 2
    put(image, berry(look, random, 0.95, "club", 3.0).rotate(180), middle, size * 0.6)
    for angle, reach in ((-0.32, 0.8), (0.34, 0.74), (-0.16, 0.5), (0.18, 0.46)):
        husk = darker("#8fae4b", random.uniform(0.85, 1.1))
        leaf(draw, random, (middle, size * 1.2), angle, Leaf(size * reach, size * 0.13, husk, "#b9cf82", 2))
    return image


def spears(look: Look, random: "Random") -> Image.Image:
    """Dragon fruit: a body with green-tipped scales standing off."""
    image = berry(look, random, 0.9, "egg", 1.15)
    draw = ImageDraw.Draw(image)
    size = look.size * look.fine * 0.9
    middle = image.width / 2
    for row in range(5):
        for side in (-1, -0.4, 0.3, 0.9):
            y = middle + size * (-0.36 + 0.17 * row)
            x = middle + side * size * 0.4 * math.sqrt(max(0.1, 1 - ((row - 2) / 2.6) ** 2))
            tip = (x + side * size * 0.1, y - size * 0.17)
            draw.polygon([(x - size * 0.05, y), (x + size * 0.05, y), tip], rgb(darker(look.color, 0.85)))
            draw.line([((x + tip[0]) / 2, (y + tip[1]) / 2), tip], rgb("#9cb84a"), 5)
    return image


PAINTERS: dict[str, Callable[[Look, "Random"], Image.Image]] = {
    one.__name__: one for one in (grapes, vine, cherries, head, fan, florets, mushroom, knobs, cob, spears)
}
