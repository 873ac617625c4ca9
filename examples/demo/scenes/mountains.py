"""Sample photos of a mountain lake and of dunes.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from .brushes import (
    Points,
    Size,
    alps,
    below,
    curve,
    emboss,
    fade,
    finish,
    glow,
    gradient,
    light,
    mix,
    noise,
    pine,
    polygons,
    reflect,
    relief,
    ridge,
    scaled,
)

if TYPE_CHECKING:
    from random import Random


def alpine_lake(size: Size, rng: Random) -> Image.Image:
    """Snowy mountains at sunrise above a still lake."""
    w, h = size
    horizon = round(h * 0.66)
    sky = [
        (0.0, (38, 68, 122)),
        (0.25, (108, 124, 172)),
        (0.45, (232, 168, 150)),
        (0.6, (255, 214, 160)),
    ]
    canvas = gradient(size, sky)
    sun = (w * rng.uniform(0.58, 0.74), h * 0.43)
    canvas = light(canvas, (255, 190, 120), scaled(glow(size, sun, h * 0.8, 1.6), 0.7))
    clouds = curve(noise(size, (w * 0.45, h * 0.09), rng, 6), 0.5, 0.95, 1.2)
    clouds = ImageChops.multiply(clouds, fade(size, [(0, 150), (0.2, 230), (0.45, 60), (0.55, 0)]))
    canvas.paste(
        gradient(size, [(0, (150, 150, 190)), (0.3, (255, 190, 175)), (0.5, (255, 232, 190))]),
        mask=clouds,
    )
    for i in range(4):
        near = i / 3
        top = h * (0.33 + 0.085 * i)
        tall = h * (0.15 - 0.035 * i)
        line = alps(w, top, tall, rng, (3, 3, 2)[i]) if i < 3 else ridge(w, top, tall, rng, 0.62)
        mask = below(size, line)
        base = mix((150, 142, 172), (44, 54, 78), near)
        foot = mix((236, 192, 176), (86, 92, 112), near)
        canvas.paste(
            gradient(size, [(0.2, base), (0.42 + 0.06 * i, base), (0.66, foot)]), mask=mask
        )
        rock = noise(size, (w * 0.13, h * 0.2), rng, 8)
        shift = (round(w * 0.002) + 1, round(h * 0.0015) + 1)
        emboss(canvas, relief(rock, shift, 1.3 + 1.4 * near), mask)
        if i < 2:
            high = fade(
                size, [(0.16 + 0.09 * i, 255), (0.42 + 0.075 * i, 40), (0.52 + 0.06 * i, 0)]
            )
            flakes = Image.blend(rock, noise(size, (w * 0.03, h * 0.06), rng, 5), 0.5)
            snow = curve(ImageChops.add(high, flakes, 1.7, 0), 0.5, 0.6)
            snow = ImageChops.multiply(snow, mask)
            white = gradient(
                size, [(0.2, (255, 226, 214)), (0.62, mix((255, 204, 184), (190, 188, 210), near))]
            )
            canvas.paste(white, mask=scaled(snow, 0.88))
            emboss(canvas, relief(rock, shift, 1.8), snow)
        haze = ImageChops.multiply(mask, fade(size, [(0.45, 0), (0.66, round(190 - 120 * near))]))
        canvas.paste((255, 214, 184), mask=haze)
    shore = ridge(w, h * 0.645, h * 0.012, rng, 0.7)
    trees = [
        pine(
            x,
            shore[int(x)] + h * 0.02,
            h * rng.uniform(0.035, 0.1) * (0.5 + abs(x / w - 0.45) * 1.3),
            rng,
        )
        for x in (rng.random() * w for _ in range(260))
    ]
    mask = ImageChops.lighter(polygons(size, trees), below(size, shore))
    canvas.paste(gradient(size, [(0.5, (30, 44, 58)), (0.67, (14, 22, 32))]), mask=mask)
    reflect(canvas, horizon, rng, h * 0.006, 0.97)
    mist = ImageChops.multiply(
        noise(size, (w * 0.5, h * 0.05), rng, 5),
        fade(size, [(0.58, 0), (0.655, 150), (0.68, 120), (0.76, 0)]),
    )
    canvas.paste((255, 226, 204), mask=mist)
    return finish(canvas, rng)


def dunes(size: Size, rng: Random) -> Image.Image:
    """Desert dunes in low light, one side in shadow."""
    w, h = size
    canvas = gradient(size, [(0, (74, 126, 178)), (0.25, (150, 184, 204)), (0.42, (250, 220, 180))])
    canvas = light(
        canvas, (255, 206, 140), scaled(glow(size, (w * 0.1, h * 0.3), w * 0.7, 1.8), 0.6)
    )
    streaks = ImageChops.multiply(
        curve(noise(size, (w * 0.7, h * 0.05), rng, 5), 0.55, 1), fade(size, [(0, 110), (0.35, 0)])
    )
    canvas.paste((255, 244, 230), mask=streaks)
    for i, place in enumerate((0.3, 0.86, 0.1, 0.62, 0.28)):
        near = i / 4
        peak, wide = w * (place + rng.uniform(-0.06, 0.06)), w * rng.uniform(0.2, 0.3)
        top, rise = h * (0.3 + 0.115 * i), h * (0.09 + 0.05 * i)
        line = [
            top + rise * (1 - math.exp(-abs(x - peak) / wide)) + h * 0.012 * math.sin(x / w * 7 + i)
            for x in range(w + 1)
        ]
        mask = below(size, line)
        lit = mix((248, 206, 152), (240, 158, 80), near)
        shade = mix((190, 122, 98), (104, 46, 36), near)
        canvas.paste(
            gradient(
                size,
                [
                    (0.28 + 0.1 * i, mix(lit, (255, 236, 200), 0.4)),
                    (0.45 + 0.1 * i, lit),
                    (1, mix(lit, (150, 74, 36), 0.55)),
                ],
            ),
            mask=mask,
        )
        sharp = dune_shadow(size, line, peak, wide, rng)
        soft = ImageChops.multiply(sharp.filter(ImageFilter.GaussianBlur(h * 0.0012)), mask)
        canvas.paste(
            gradient(size, [(0.3, shade), (0.5 + 0.1 * i, shade), (1, mix(shade, lit, 0.35))]),
            mask=scaled(soft, 0.9),
        )
        sand = noise(size, (w * 0.05, h * (0.006 + 0.008 * near)), rng, 4, rng.uniform(-9, 9))
        emboss(canvas, relief(sand, (0, 2 + round(h * 0.0016)), 0.1 + 0.3 * near), mask)
        haze = ImageChops.multiply(mask, fade(size, [(0.28, 200), (0.7, 60)]))
        canvas.paste((255, 222, 184), mask=scaled(haze, 0.6 * (1 - near)))
    return finish(canvas, rng)


def dune_shadow(
    size: Size, line: list[float], peak: float, wide: float, rng: Random
) -> Image.Image:
    """The side of a dune away from the sun: right of the crest that winds down from its summit."""
    w, h = size
    top, bow, turns = line[min(w, max(0, int(peak)))], rng.uniform(0.3, 0.5), rng.uniform(4.0, 5.2)
    crest: Points = []
    for k in range(81):
        t = k / 80
        crest.append(
            (
                peak + wide * (bow * math.sin(turns * t**0.8) * (0.4 + t) - 0.35 * t),
                top + (h * 1.04 - top) * t**1.35,
            )
        )
    skyline = [(float(x), line[x]) for x in range(max(0, int(peak)), w + 1)]
    return polygons(size, [[*reversed(skyline), *crest, (w + 2, h * 1.06)]])
