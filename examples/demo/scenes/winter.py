"""A sample photo of a snowed-in cabin at blue hour.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

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
    relief,
    scaled,
    stars,
)

if TYPE_CHECKING:
    from random import Random


def cabin(size: Size, rng: Random) -> Image.Image:
    """A cabin in the snow at blue hour, its windows lit."""
    w, h = size
    canvas = gradient(
        size,
        [
            (0, (28, 44, 96)),
            (0.35, (74, 96, 152)),
            (0.55, (176, 160, 190)),
            (0.66, (236, 190, 186)),
        ],
    )
    dots = ImageChops.multiply(stars(size, 420, rng, h / 1600), fade(size, [(0, 255), (0.45, 0)]))
    canvas = light(canvas, (226, 234, 255), dots)
    for i in range(2):
        line = alps(w, h * (0.42 + 0.09 * i), h * (0.15 - 0.06 * i), rng, 4 - i)
        mask = below(size, line)
        tone = mix((150, 164, 206), (96, 118, 166), i)
        canvas.paste(gradient(size, [(0.25, tone), (0.66, (196, 182, 206))]), mask=mask)
        rock = noise(size, (w * 0.12, h * 0.2), rng, 7)
        emboss(canvas, relief(rock, (4, 3), 1.6), mask)
        snow = ImageChops.multiply(curve(rock, 0.45, 0.6), mask)
        canvas.paste((236, 226, 236), mask=scaled(snow, 0.6))
    for i in range(3):
        for _ in range(46 - 12 * i):
            x, y = rng.random() * w, h * (0.63 + 0.04 * i + rng.random() * 0.03)
            snowy_pine(canvas, (x, y), h * (0.09 + 0.07 * i) * rng.uniform(0.6, 1.15), i * 0.3, rng)
    drift = [
        h * (0.72 + 0.05 * math.sin(x / w * 4.2 + 2.2) + 0.012 * math.sin(x / w * 11))
        for x in range(w + 1)
    ]
    snow = below(size, drift)
    tints = gradient(size, [(0.64, (196, 204, 232)), (0.8, (150, 168, 214)), (1, (84, 104, 160))])
    canvas.paste(tints, mask=snow)
    emboss(canvas, relief(noise(size, (w * 0.3, h * 0.08), rng, 6), (3, 5), 1.3), snow)
    x = w * rng.uniform(0.3, 0.4)
    canvas = hut(canvas, x, drift[int(x)] + h * 0.05, h * 0.13, rng)
    for x, tall in ((0.9, 0.62), (0.79, 0.44), (0.06, 0.5), (0.97, 0.5)):
        snowy_pine(canvas, (w * x, h * rng.uniform(0.9, 0.98)), h * tall, 1.0, rng)
    return finish(light(canvas, (255, 255, 255), snowfall(size, rng)), rng)


def snowy_pine(
    canvas: Image.Image, foot: tuple[float, float], tall: float, near: float, rng: Random
) -> None:
    """One conifer with snow on its left side, drawn in a box of its own."""
    box = (round(tall * 0.62), round(tall * 1.02))
    tree = polygons(box, [pine(box[0] / 2, box[1], tall, rng)])
    corner = (round(foot[0] - box[0] / 2), round(foot[1] - box[1]))
    canvas.paste(mix((112, 130, 170), (18, 34, 56), near), corner, tree)
    side = ImageOps.invert(Image.linear_gradient("L").rotate(90).resize(box))
    lumps = noise(box, (max(4.0, tall * 0.1), max(4.0, tall * 0.045)), rng, 4)
    snow = ImageChops.multiply(curve(Image.blend(lumps, side, 0.3), 0.48, 0.58), tree)
    snow = ImageChops.multiply(snow, fade(box, [(0, 255), (0.86, 255), (0.94, 0)]))
    canvas.paste(mix((206, 206, 226), (204, 216, 242), near), corner, scaled(snow, 0.85))


def hut(canvas: Image.Image, x: float, y: float, s: float, rng: Random) -> Image.Image:
    """A log cabin of half width `s`, its smoke and the light that falls on the snow."""
    size = canvas.size

    def box(left: float, top: float, right: float, low: float) -> tuple[float, float, float, float]:
        return x + s * left, y + s * top, x + s * right, y + s * low

    plume: Points = [(0.52, -1.35), (0.6, -1.35), (1.25, -2.7), (0.7, -2.7)]
    soft = polygons(size, [[(x + s * dx, y + s * dy) for dx, dy in plume]])
    soft = soft.filter(ImageFilter.GaussianBlur(s * 0.1))
    smoke = ImageChops.multiply(soft, noise(size, (s * 0.5, s * 0.9), rng, 5))
    canvas.paste((226, 220, 236), mask=scaled(smoke, 0.75))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle(box(0.48, -1.34, 0.66, -0.9), fill=(58, 44, 48))
    draw.rectangle(box(0.45, -1.39, 0.69, -1.32), fill=(226, 232, 248))
    draw.rectangle(box(-1, -0.68, 1, 0), fill=(74, 46, 38))
    for k in range(9):
        log = box(-1, -0.075 * k, 1, -0.075 * k)
        draw.line(log, fill=(50, 30, 28), width=max(2, round(s * 0.012)))
    roof = [(-1.16, -0.6), (-0.82, -1.14), (0.82, -1.14), (1.16, -0.6)]
    under = polygons(size, [[(x + s * dx, y + s * (dy + 0.07)) for dx, dy in roof]])
    canvas.paste((52, 36, 40), mask=under)
    white = gradient(size, [(0, (236, 238, 250)), (y / size[1], (190, 204, 238))])
    canvas.paste(white, mask=polygons(size, [[(x + s * dx, y + s * dy) for dx, dy in roof]]))
    bar = {"fill": (96, 58, 40), "width": max(2, round(s * 0.025))}
    for left in (-0.74, 0.4):
        draw.rectangle(box(left, -0.48, left + 0.34, -0.16), fill=(255, 206, 110))
        draw.line(box(left + 0.17, -0.48, left + 0.17, -0.16), **bar)
        draw.line(box(left, -0.32, left + 0.34, -0.32), **bar)
    draw.rectangle(box(-0.2, -0.5, 0.14, 0), fill=(120, 62, 40))
    draw.ellipse(box(-0.075, -0.42, 0.015, -0.33), fill=(255, 214, 130))
    for middle in (-0.57, 0.57):
        shine = glow(size, (x + s * middle, y - s * 0.3), s * 1.05, 2.0)
        canvas = light(canvas, (255, 170, 70), scaled(shine, 0.7))
    pool = glow(size, (x, y + s * 0.16), s * 1.9, 1.6)
    pool = ImageChops.multiply(pool, below(size, [y] * (size[0] + 1)))
    return light(canvas, (255, 150, 70), scaled(pool, 0.55))


def snowfall(size: Size, rng: Random) -> Image.Image:
    """Snowflakes, some of them near the lens and out of focus."""
    w, h = size
    far, close = Image.new("L", size), Image.new("L", (w // 4, h // 4))
    fine, coarse = ImageDraw.Draw(far), ImageDraw.Draw(close)
    for _ in range(900):
        x, y, r = rng.random() * w, rng.random() * h, h * rng.uniform(0.0008, 0.0028)
        fine.ellipse((x - r, y - r, x + r, y + r), fill=rng.randrange(90, 220))
    for _ in range(60):
        x, y, r = rng.random() * w / 4, rng.random() * h / 4, h / 4 * rng.uniform(0.004, 0.012)
        coarse.ellipse((x - r, y - r, x + r, y + r), fill=rng.randrange(30, 90))
    blurred = close.filter(ImageFilter.GaussianBlur(1.6)).resize(size, Image.Resampling.BICUBIC)
    return ImageChops.lighter(far.filter(ImageFilter.GaussianBlur(1.1)), blurred)
