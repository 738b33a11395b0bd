"""A picture as a scale's camera takes it: some pieces of a product on the plate of that scale.

In: the product, the device, the time, a random generator. Out: a JPEG. Every device has its plate, its light and its
faults; every picture its own arrangement, exposure, colour cast and noise, so no two are equal.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from dataset_manager.sample.drawing.bodies import Look, rgb
from dataset_manager.sample.drawing.looks import looks
from dataset_manager.sample.drawing.pieces import cut, piece

if TYPE_CHECKING:
    import numpy as np

    Random = np.random.Generator

WIDTH, HEIGHT = 320, 240
PIECES, POSES = 3, 9  # painted per product, and turned; each picture mirrors and places them anew
LEANS = (-24, 0, 24)  # degrees, of long pieces
CUTS = 0.75  # share of the pictures that have a cut piece, where there is one
QUALITY = 72
PLATE = (146, 108)  # half axes
GOLDEN = 2.39996
LONG = 2.4  # pieces of a greater aspect lie side by side


Placed = tuple[Image.Image, float, float]


class Camera(NamedTuple):
    """What a device adds to its pictures. `plate`: steel, black rubber or white tray."""

    plate: str
    table: str
    light: float
    warmth: float
    blur: float
    noise: float


CAMERAS = (
    Camera("#b9bec4", "#4a4d52", 1.04, 0.00, 0.0, 2.0),
    Camera("#b4b9bd", "#55504a", 1.00, 0.03, 0.0, 2.2),
    Camera("#e4e4df", "#7d8288", 1.06, -0.02, 0.0, 2.0),
    Camera("#3a3c40", "#222427", 1.02, 0.00, 0.0, 2.4),
    Camera("#42434a", "#2a2623", 0.96, 0.04, 0.0, 2.6),
    Camera("#dfdcd2", "#6f665c", 0.98, 0.06, 0.4, 2.4),
    Camera("#a9b2ba", "#3f4a55", 1.02, -0.03, 0.0, 2.0),
    Camera("#a3a9ae", "#3a3f45", 0.74, 0.05, 1.1, 4.5),  # dirty and dark: the models err here
    Camera("#eceeee", "#8f989e", 1.08, -0.01, 0.0, 1.8),
)


def photograph(product: str, device: int, caption: str, random: "Random") -> bytes:
    """The JPEG. An empty product gives an empty plate."""
    import numpy as np
    import simplejpeg

    camera = CAMERAS[device]
    image = background(device).copy()
    if product:
        arrange(image, product, random)
    if camera.blur:
        image = image.filter(ImageFilter.BoxBlur(camera.blur))
    ImageDraw.Draw(image).text((6, HEIGHT - 14), caption, fill=(245, 245, 235), font=letters())
    pixels = np.asarray(exposed(image, camera, random))
    return bytes(simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorsubsampling="420"))


@lru_cache(maxsize=1)
def letters() -> ImageFont.ImageFont:
    """A bitmap font, the same on every machine."""
    return ImageFont.load_default_imagefont()


@lru_cache(maxsize=32)
def background(device: int) -> Image.Image:
    """The empty scale of a device."""
    import numpy as np

    camera = CAMERAS[device]
    image = Image.new("RGB", (WIDTH, HEIGHT), rgb(camera.table))
    draw = ImageDraw.Draw(image)
    left, top = WIDTH / 2 - PLATE[0], HEIGHT / 2 - PLATE[1]
    draw.rounded_rectangle([left, top, WIDTH - left, HEIGHT - top], 26, rgb(camera.plate))
    image = image.filter(ImageFilter.GaussianBlur(1.5))
    brush = np.random.default_rng(device).normal(0, 3.5, (HEIGHT, 1, 1))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    glow = 1.1 - 0.35 * (((x - 130 - 8 * device) / WIDTH) ** 2 + ((y - 90) / HEIGHT) ** 2)
    return Image.fromarray(np.clip((np.asarray(image) + brush) * glow[..., None], 0, 255).astype(np.uint8))


@lru_cache(maxsize=512)
def painted(product: str, which: int) -> Image.Image:
    """One of the pieces of a product; the last is a cut one."""
    import numpy as np

    look = looks()[product]
    random = np.random.default_rng([list(looks()).index(product), which])
    return cut(look, random) if which == PIECES else piece(look, random)


@lru_cache(maxsize=2048)
def pose(product: str, which: int) -> Image.Image:
    """A piece turned once: a long one leans a little, any other lies anyhow. The last is a cut one."""
    if which == POSES:
        return painted(product, PIECES)
    long = looks()[product].aspect >= LONG
    angle = LEANS[which % len(LEANS)] + 5 * (which - POSES / 2) if long else which * 360 / POSES + 17
    return painted(product, which % PIECES).rotate(angle, Image.Resampling.BICUBIC, expand=True)


def arrange(image: Image.Image, product: str, random: "Random") -> None:
    """Pieces from the rim to the middle of the plate."""
    look = looks()[product]
    count = int(random.integers(look.count[0], look.count[1] + 1))
    middle = (WIDTH / 2 + random.uniform(-14, 14), HEIGHT / 2 + random.uniform(-10, 10))
    lay = side_by_side if look.aspect >= LONG else spread
    for one, x, y in lay(product, look, count, random):
        image.paste(one, (int(middle[0] + x - one.width / 2), int(middle[1] + y - one.height / 2)), one)


def turned(one: Image.Image, which: int) -> Image.Image:
    """In one of the eight ways that cost next to nothing."""
    return one.transpose(Image.Transpose(which)) if which < len(Image.Transpose) else one


def spread(product: str, look: Look, count: int, random: "Random") -> Iterator[Placed]:
    """In a spiral, the innermost last; now and then a cut piece in the middle."""
    cuts = 1 if look.half and random.random() < CUTS else 0
    total, turn = count + cuts, random.uniform(0, 2 * math.pi)
    reach = (max(0.0, PLATE[0] - look.size * 0.62), max(0.0, PLATE[1] - look.size * 0.58))
    for number in reversed(range(total)):
        which = POSES if number < cuts else int(random.integers(POSES))
        far = math.sqrt((number + 0.55) / total) * random.uniform(0.92, 1.08) if total > 1 else random.uniform(0, 0.35)
        angle = turn + number * GOLDEN
        yield turned(pose(product, which), int(random.integers(8))), far * reach[0] * math.cos(angle), far * reach[1] * math.sin(angle)


def side_by_side(product: str, look: Look, count: int, random: "Random") -> Iterator[Placed]:
    """Long pieces next to each other, all leaning the same way, upright or lying."""
    lean, mirrored, lying = int(random.integers(len(LEANS))), bool(random.integers(2)), bool(random.integers(2))
    angle = math.radians(-LEANS[lean] if mirrored else LEANS[lean]) + (math.pi / 2 if lying else 0)
    step = min(look.size / look.aspect * 1.25, 150 / count)
    for number in range(count):
        which = lean + len(LEANS) * int(random.integers(POSES // len(LEANS)))
        one = pose(product, which)
        for wanted, way in ((mirrored, Image.Transpose.FLIP_LEFT_RIGHT), (lying, Image.Transpose.ROTATE_90)):
            one = one.transpose(way) if wanted else one
        across, along = (number - (count - 1) / 2) * step, random.uniform(-9, 9)
        yield one, across * math.cos(angle) + along * math.sin(angle), along * math.cos(angle) - across * math.sin(angle)


@lru_cache(maxsize=8)
def grain(strength: float) -> Image.Image:
    """A large field of sensor noise round 128; each picture takes a part of it."""
    import numpy as np

    made = np.random.default_rng(7).normal(128, strength, (HEIGHT + 256, WIDTH + 256, 1))
    return Image.fromarray(np.repeat(made.round().astype(np.uint8), 3, axis=2))


def exposed(image: Image.Image, camera: Camera, random: "Random") -> Image.Image:
    """Light, colour cast and noise."""
    light, warmth = camera.light * random.uniform(0.86, 1.1), camera.warmth + random.uniform(-0.03, 0.03)
    gains = (light * (1 + warmth), light, light * (1 - warmth))
    x, y = (int(one) for one in random.integers(0, 256, 2))
    noise = grain(camera.noise).crop((x, y, x + WIDTH, y + HEIGHT))
    return ImageChops.add(image.point([min(255, int(value * gain)) for gain in gains for value in range(256)]), noise, 1, -128)
