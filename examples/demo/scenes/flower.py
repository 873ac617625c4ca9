"""A sample photo from close by: a dahlia in front of a blurred garden.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .brushes import (
    Color,
    Points,
    Size,
    curve,
    finish,
    glow,
    gradient,
    light,
    mix,
    noise,
    polygons,
    scaled,
)

if TYPE_CHECKING:
    from random import Random

PALETTES: tuple[tuple[Color, Color, Color], ...] = (
    ((255, 196, 180), (226, 62, 92), (92, 8, 48)),
    ((255, 240, 190), (246, 150, 40), (150, 40, 10)),
    ((250, 226, 255), (176, 84, 196), (62, 14, 96)),
    ((255, 250, 244), (246, 190, 200), (190, 80, 120)),
)
"""Tip, middle and heart of the petals."""


def dahlia(size: Size, rng: Random) -> Image.Image:
    """One large flower, petals in rings, drawn from the outside in."""
    tip, middle, heart = rng.choice(PALETTES)
    canvas = garden(size, rng)
    center = (size[0] * rng.uniform(0.48, 0.53), size[1] * rng.uniform(0.45, 0.5))
    reach = min(size) * 0.46
    rings = 9
    for ring in range(rings):
        t = ring / (rings - 1)
        long, count = reach * (1 - 0.86 * t), round(21 - 9 * t)
        outer = 1 - t
        colors = (
            mix(middle, tip, 0.15 + 0.55 * outer),
            mix(heart, middle, 0.5 + 0.5 * outer),
            heart,
        )
        petal = draw_petal(round(long), round(long * (0.34 + 0.1 * t)), colors, rng)
        turn = rng.uniform(0, 360)
        for k in range(count):
            place(canvas, petal, center, turn + 360 * k / count + rng.uniform(-3, 3))
    lamp = glow(size, (center[0] - reach * 0.4, center[1] - reach * 0.5), reach * 1.2, 1.5)
    canvas = light(canvas, mix(tip, (255, 255, 255), 0.5), scaled(lamp, 0.28))
    return finish(canvas, rng, 0.34)


def garden(size: Size, rng: Random) -> Image.Image:
    """Greenery out of focus, with discs of light."""
    canvas = gradient(size, [(0, (96, 140, 96)), (0.5, (44, 84, 62)), (1, (14, 36, 34))])
    patches = curve(noise(size, (size[0] * 0.5, size[1] * 0.4), rng, 3), 0.45, 1)
    canvas.paste((168, 190, 96), mask=scaled(patches, 0.7))
    discs = Image.new("RGB", (size[0] // 2, size[1] // 2))
    tints = [(255, 240, 170), (190, 226, 130), (255, 200, 170), (220, 240, 220)]
    for _ in range(34):
        x, y = rng.random() * discs.width, rng.random() ** 1.4 * discs.height
        r = discs.width * rng.uniform(0.02, 0.075)
        color = mix((0, 0, 0), rng.choice(tints), rng.uniform(0.12, 0.42))
        layer = Image.new("RGB", discs.size)
        rim = mix(color, (255, 255, 230), 0.18)
        box = (x - r, y - r, x + r, y + r)
        ImageDraw.Draw(layer).ellipse(box, fill=color, outline=rim, width=4)
        discs = ImageChops.screen(discs, layer)
    discs = discs.filter(ImageFilter.GaussianBlur(2.4))
    return ImageChops.screen(canvas, discs.resize(size, Image.Resampling.BICUBIC))


def draw_petal(
    long: int, wide: int, colors: tuple[Color, Color, Color], rng: Random
) -> Image.Image:
    """A petal that points up from the bottom centre: veined, cupped, darker at its base."""
    w, h = size = (max(8, wide), max(8, long))
    right: Points = []
    for k in range(81):
        t = k / 80
        right.append((w * 0.47 * math.sin(math.pi * t**0.72) ** 0.9, h * (0.008 + 0.992 * t)))
    left = [(w / 2 - x, y) for x, y in right]
    mask = polygons(size, [left + [(w / 2 + x, y) for x, y in reversed(right)]])
    tip, middle, base = colors
    body = gradient(size, [(0, tip), (0.32, middle), (0.95, base)])
    across = [round(255 * abs(2 * x / 255 - 1) ** 1.6) for x in range(256)]
    fold = Image.linear_gradient("L").rotate(90).resize(size).point(across)
    body.paste(mix(base, (10, 0, 10), 0.3), mask=scaled(fold, 0.62))
    veins = noise(size, (max(3.0, wide * 0.1), long * 1.2), rng, 3)
    body.paste(mix(tip, (255, 255, 255), 0.3), mask=scaled(curve(veins, 0.5, 1), 0.3))
    inner = mask.filter(ImageFilter.GaussianBlur(max(1.0, wide * 0.035)))
    rim = ImageChops.subtract(mask, inner)
    body.paste(mix(tip, (255, 255, 255), 0.5), mask=scaled(rim, 0.8))
    return Image.merge("RGBA", [*body.split(), mask])


def place(
    canvas: Image.Image, petal: Image.Image, center: tuple[float, float], angle: float
) -> None:
    """Turn a petal about its foot in the flower's centre and lay it down with its shadow."""
    turned = petal.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    rim = 24
    sheet = Image.new("RGBA", (turned.width + 2 * rim, turned.height + 2 * rim))
    sheet.paste(turned, (rim, rim))
    # The petal's own middle lies half its length away from its foot, in the turned direction.
    a, half = math.radians(angle), petal.height / 2
    left = round(center[0] - half * math.sin(a) - sheet.width / 2)
    top = round(center[1] - half * math.cos(a) - sheet.height / 2)
    alpha = sheet.getchannel("A")
    shadow = alpha.reduce(4).filter(ImageFilter.GaussianBlur(3)).resize(sheet.size)
    canvas.paste((20, 0, 16), (left + 4, top + 10), scaled(shadow, 0.5))
    canvas.paste(sheet.convert("RGB"), (left, top), alpha)
