"""A sample photo of hot-air balloons.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

from .brushes import (
    Color,
    Size,
    below,
    curve,
    fade,
    finish,
    glow,
    gradient,
    light,
    mix,
    noise,
    pine,
    polygons,
    ridge,
    scaled,
)

if TYPE_CHECKING:
    from random import Random

SCHEMES: tuple[tuple[Color, Color, Color], ...] = (
    ((214, 62, 58), (250, 200, 86), (244, 238, 226)),
    ((34, 84, 134), (240, 240, 234), (232, 108, 72)),
    ((244, 152, 56), (120, 40, 84), (252, 222, 130)),
    ((38, 132, 128), (250, 226, 160), (224, 92, 82)),
    ((124, 62, 132), (244, 170, 180), (250, 234, 214)),
)
"""Colours of a balloon: two for its gores, one for its belt."""

SPOTS = (
    (0.12, 0.5, 0.026),
    (0.86, 0.47, 0.03),
    (0.55, 0.56, 0.022),
    (0.74, 0.32, 0.05),
    (0.17, 0.34, 0.055),
    (0.87, 0.12, 0.07),
    (0.42, 0.26, 0.165),
)
"""Where balloons fly (x, y) and how large they are (radius), all relative, the far ones first."""


def balloons(size: Size, rng: Random) -> Image.Image:
    """Hot-air balloons over misty hills at dawn."""
    w, h = size
    canvas = gradient(
        size,
        [
            (0, (96, 150, 206)),
            (0.3, (176, 190, 220)),
            (0.52, (252, 206, 188)),
            (0.68, (255, 232, 200)),
        ],
    )
    sun = (w * 0.78, h * 0.62)
    canvas = light(canvas, (255, 214, 150), scaled(glow(size, sun, max(size) * 0.6, 1.7), 0.75))
    canvas = light(canvas, (255, 244, 214), glow(size, sun, max(size) * 0.07, 0.8))
    wisps = curve(noise(size, (w * 0.8, h * 0.06), rng, 6), 0.5, 1)
    wisps = ImageChops.multiply(wisps, fade(size, [(0, 90), (0.3, 190), (0.6, 0)]))
    canvas.paste((255, 244, 236), mask=wisps)
    fleet(canvas, rng)
    for i in range(6):
        near = i / 5
        line = ridge(w, h * (0.68 + 0.055 * i), h * (0.035 + 0.012 * i), rng, 0.5)
        tone = mix((226, 176, 176), (50, 66, 76), near**0.8)
        mask = below(size, line)
        if i >= 4:
            spots = [rng.random() * w for _ in range(110)]
            trees = [
                pine(x, line[int(x)] + 4, h * rng.uniform(0.012, 0.022) * (1 + near), rng)
                for x in spots
            ]
            mask = ImageChops.lighter(mask, polygons(size, trees))
        foot = mix(tone, (255, 226, 204), 0.62)
        canvas.paste(gradient(size, [(0.62 + 0.055 * i, tone), (0.78 + 0.06 * i, foot)]), mask=mask)
        mist = ImageChops.multiply(noise(size, (w * 0.6, h * 0.04), rng, 4), mask)
        canvas.paste((255, 232, 214), mask=scaled(mist, 0.42 * (1 - near * 0.7)))
    return finish(canvas, rng, 0.2)


def fleet(canvas: Image.Image, rng: Random) -> None:
    """All balloons, the far ones paler."""
    w, h = canvas.size
    first = rng.randrange(len(SCHEMES))
    for k, (x, y, r) in enumerate(SPOTS):
        radius = round(math.sqrt(w * h) * r * rng.uniform(0.9, 1.1))
        center = (w * (x + rng.uniform(-0.03, 0.03)), h * (y + rng.uniform(-0.03, 0.03)))
        picture = balloon(radius, SCHEMES[(first + k) % len(SCHEMES)], rng)
        veil = Image.new("RGB", picture.size, (250, 214, 204))
        body = Image.blend(picture.convert("RGB"), veil, max(0.0, 0.45 - r * 4))
        corner = (round(center[0] - picture.width / 2), round(center[1] - radius))
        canvas.paste(body, corner, picture.getchannel("A"))


def balloon(r: int, colors: tuple[Color, Color, Color], rng: Random) -> Image.Image:
    """One balloon of radius `r` on a transparent ground, drawn larger and averaged."""
    k = 3
    big = Image.new("RGBA", (2 * r * k + 8, round(3.2 * r * k)))
    middle, rk = big.width / 2, r * k
    gores(ImageDraw.Draw(big), middle, rk, colors, rng.uniform(0, 0.2))
    alpha = big.getchannel("A")
    across = Image.linear_gradient("L").rotate(90).resize(big.size)
    round_ = [round(150 + 105 * math.sin(math.pi * (0.12 + v / 255 * 0.62))) for v in range(256)]
    shade = across.point(round_)
    body = ImageChops.multiply(big.convert("RGB"), Image.merge("RGB", [shade] * 3))
    shine = glow(big.size, (middle + rk * 0.35, rk * 0.7), rk * 0.9, 1.6)
    body = light(body, (255, 236, 200), scaled(shine, 0.35))
    big = Image.merge("RGBA", [*body.split(), alpha])
    draw = ImageDraw.Draw(big)
    mouth, top, wide = 2.35 * rk, 2.78 * rk, 0.15 * rk
    for x in (-1, -0.4, 0.4, 1):
        rope = (middle + x * 0.13 * rk, mouth, middle + x * wide, top)
        draw.line(rope, fill=(70, 54, 50, 255), width=max(2, k * r // 70))
    basket = (middle - wide, top, middle + wide, top + 0.24 * rk)
    draw.rounded_rectangle(basket, radius=0.05 * rk, fill=(104, 66, 40, 255))
    draw.rectangle((middle - wide, top, middle + wide, top + 0.05 * rk), fill=(62, 40, 30, 255))
    return big.reduce(k)


def gores(
    draw: ImageDraw.ImageDraw,
    middle: float,
    r: float,
    colors: tuple[Color, Color, Color],
    turn: float,
) -> None:
    """The striped envelope with its zigzag belt."""

    def half(t: float) -> float:
        """Half the width at `t` from the top (0) to the mouth (1): a ball, then a taper."""
        if t < 0.44:
            return r * math.sqrt(1 - (1 - t / 0.44) ** 2)
        return r * (0.13 + 0.87 * math.cos((t - 0.44) / 0.56 * math.pi / 2) ** 1.15)

    count, bands = 14, 60
    inner = (math.sin(math.pi * ((g + turn) / count - 0.5)) for g in range(count))
    edges = [-1.0, *inner, 1.0]
    for g, (a, b) in enumerate(pairwise(edges)):
        for band in range(bands):
            t0, t1 = band / bands, (band + 1) / bands
            belt = abs((t0 - 0.42) * 16 - (0.5 if g % 2 else -0.5)) < 1.2
            color = colors[2] if belt else colors[g % 2]
            y0, y1 = t0 * 2.35 * r, t1 * 2.35 * r + 1
            quad = [
                (middle + a * half(t0), y0), (middle + b * half(t0), y0),
                (middle + b * half(t1), y1), (middle + a * half(t1), y1),
            ]  # fmt: skip
            draw.polygon(quad, fill=(*color, 255))
