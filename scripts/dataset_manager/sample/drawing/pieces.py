"""One piece of a product, ready to be put on a scale.

In: a look and a random generator. Out: an RGBA picture in final size, with a soft shadow.
"""

from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

from dataset_manager.sample.drawing.bodies import Look, body, lit
from dataset_manager.sample.drawing.ornaments import ENDS, Pen, half
from dataset_manager.sample.drawing.textures import TEXTURES

if TYPE_CHECKING:
    import numpy as np

    Random = np.random.Generator


def piece(look: Look, random: "Random") -> Image.Image:
    """One piece in final size, with its shadow."""
    return reduced((look.paint or solid)(look, random), look)


def cut(look: Look, random: "Random") -> Image.Image:
    """A half that shows the inside, with its shadow."""
    return reduced(half(look, random), look)


def reduced(image: Image.Image, look: Look) -> Image.Image:
    """In final size, on a soft dark rim, cut close."""
    image = image.resize((round(image.width / look.fine), round(image.height / look.fine)), Image.Resampling.BOX)
    dark = image.getchannel("A").filter(ImageFilter.GaussianBlur(5)).point([value * 5 // 9 for value in range(256)])
    under = Image.merge("RGBA", [Image.new("L", image.size, 18)] * 3 + [dark])
    made = Image.alpha_composite(under, image)
    return made.crop(made.getchannel("A").getbbox())


def solid(look: Look, random: "Random") -> Image.Image:
    """Body, textures, light, ends."""
    size = int(look.size * look.fine * random.uniform(0.93, 1.07))
    made = body(look, random, size)
    for name, *values in look.textures:
        TEXTURES[name](made, random, *values)
    image = lit(made, look.gloss)
    for name, *values in look.ends:
        ENDS[name](Pen.at_top(image, random, size, look), *values)
    return image
