"""What a skin looks like: each texture changes the colours of a `Body`.

In: a body, a random generator and the values of the look's table. Out: the same body, painted.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from dataset_manager.sample.drawing.bodies import Body, longitude, mix, noise, ramp

if TYPE_CHECKING:
    import numpy as np

    Random = np.random.Generator


def blush(made: Body, random: "Random", color: str, amount: float = 0.5) -> None:
    """One side of another colour."""
    angle = random.uniform(0, 2 * math.pi)
    side = made.s * math.cos(angle) + made.v * math.sin(angle) + 0.9 * (noise(random, len(made.v), 5) - 0.5)
    mix(made, ramp(side, 0.65 - 1.5 * amount, 1.15 - 1.5 * amount), color)


def streaks(made: Body, random: "Random", color: str, amount: float = 0.5, count: int = 26) -> None:
    """Fine lines from stem to tip."""
    import numpy as np

    size = len(made.v)
    line = noise(random, size, count, 1)[0][np.clip(((longitude(made) / 3.2 + 0.5) * size).astype(int), 0, size - 1)]
    mix(made, ramp(line + 0.5 * (noise(random, size, 9) - 0.5), 0.95 - amount, 1.15 - amount), color)


def spots(made: Body, random: "Random", color: str, count: int, radius: float = 0.05) -> None:
    """Round dots."""
    across, along, sizes = random.uniform(-0.95, 0.95, count), random.uniform(-0.95, 0.95, count), random.uniform(0.5, 1.3, count)
    for x, y, r in zip(across, along, sizes, strict=True):
        mix(made, 1.3 - (((made.s - x) * 0.8) ** 2 + (made.v - y) ** 2) / (radius * r) ** 2, color)


def speckle(made: Body, random: "Random", color: str, amount: float = 0.35, count: int = 60) -> None:
    """Fine irregular flecks."""
    mix(made, ramp(noise(random, len(made.v), count), 1 - amount, 1.08 - amount), color)


def patches(made: Body, random: "Random", color: str, amount: float = 0.4, count: int = 7) -> None:
    """Large irregular areas."""
    mix(made, ramp(noise(random, len(made.v), count), 0.9 - amount, 1.1 - amount), color)


def net(made: Body, random: "Random", color: str, count: int = 16, width: float = 0.07) -> None:
    """A raised net of cork."""
    import numpy as np

    for cells in (count, count + 7):
        mix(made, 1.6 - np.abs(noise(random, len(made.v), cells) - 0.5) / width, color)


def stripes(made: Body, random: "Random", color: str, count: int = 7, width: float = 0.0) -> None:
    """Jagged bands from stem to tip."""
    import numpy as np

    size = len(made.v)
    jag = 2.2 * (noise(random, size, 14) - 0.5) + 1.2 * (noise(random, size, 34) - 0.5)
    mix(made, ramp(np.cos(count * longitude(made) + jag + random.uniform(0, 6)), -0.1 - width, 0.25 - width), color)


def ribs(made: Body, random: "Random", count: int = 5, depth: float = 0.35) -> None:
    """Furrows from stem to tip."""
    import numpy as np

    wave = np.abs(np.sin(count * longitude(made) / 2 + random.uniform(0, 3)))
    made.color *= (1 - depth * (1 - ramp(wave, 0.0, 0.6)))[..., None]


def bumps(made: Body, random: "Random", depth: float = 0.5, count: int = 40) -> None:
    """A rough skin."""
    made.color *= (1 - depth + 2 * depth * noise(random, len(made.v), count))[..., None]


def lattice(made: Body, _: "Random", color: str, count: float = 9, dots: str = "") -> None:
    """Diamonds, each with a dot: pineapple, artichoke."""
    import numpy as np

    a, b = count * (longitude(made) + made.v * 1.1), count * (longitude(made) - made.v * 1.1)
    ridge = np.abs(np.sin(a / 2) * np.sin(b / 2))
    mix(made, 1 - ramp(ridge, 0.05, 0.42), color)
    if dots:
        mix(made, ramp(ridge, 0.86, 0.96), dots)


def scales(made: Body, _: "Random", color: str, edge: str, count: int = 7) -> None:
    """Rows of overlapping leaves with a dark edge, tips towards the stem."""
    import numpy as np

    rows = (made.v + 1) / 2 * count
    row = np.floor(rows)
    across = longitude(made) * 2.2 + (row % 2) * 0.5
    tip = np.abs(across - np.round(across)) * 2
    deep = rows - row - 0.35 * tip**2
    mix(made, ramp(deep, 0.1, 0.9), color)
    mix(made, 1 - ramp(np.abs(deep), 0.0, 0.16), edge)


def kernels(made: Body, _: "Random", color: str, across: float = 9, along: float = 17) -> None:
    """A grid of grains."""
    import numpy as np

    gap = np.minimum(np.abs(np.sin(across * longitude(made))), np.abs(np.sin(along * made.v)))
    mix(made, 1 - ramp(gap, 0.1, 0.5), color)


def ends_tinted(made: Body, random: "Random", color: str, start: float, stop: float) -> None:
    """Another colour from `start` to `stop` along the axis; a negative direction colours the stem side."""
    place = made.v + 0.25 * (noise(random, len(made.v), 6) - 0.5)
    mix(made, ramp(place, start, stop) if stop > start else 1 - ramp(place, stop, start), color)


def pit(made: Body, _: "Random", depth: float = 0.7, width: float = 0.2, at: float = -0.72) -> None:
    """The hollow round a stem."""
    import numpy as np

    made.color *= (1 - depth * np.exp(-((made.s / 1.6) ** 2 + (made.v - at) ** 2) / width**2))[..., None]


def fibers(made: Body, random: "Random", color: str, amount: float = 0.5) -> None:
    """Coarse hairs along the axis."""
    mix(made, ramp(noise(random, len(made.v), 60, 7), 1 - amount, 1.2 - amount), color)


def rings(made: Body, random: "Random", color: str, count: int = 9) -> None:
    """Thin lines across the axis."""
    import numpy as np

    wave = np.abs(np.sin(count * made.v + 3 * noise(random, len(made.v), 4)))
    mix(made, (1 - ramp(wave, 0.0, 0.14)) * noise(random, len(made.v), 8), color)


ALL = (blush, streaks, spots, speckle, patches, net, stripes, ribs, bumps, lattice, scales, kernels, ends_tinted, pit, fibers, rings)
TEXTURES: dict[str, Callable[..., None]] = {one.__name__: one for one in ALL}
