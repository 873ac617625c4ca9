"""A sample photo of a city at blue hour.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .brushes import (
    Size,
    curve,
    disc,
    fade,
    finish,
    glow,
    gradient,
    light,
    mix,
    noise,
    reflect,
    scaled,
    stars,
)

if TYPE_CHECKING:
    from random import Random


def city(size: Size, rng: Random) -> Image.Image:
    """A skyline at blue hour with its lights on the water."""
    w, h = size
    horizon = round(h * 0.64)
    canvas = evening(size, rng)
    lamps = Image.new("RGB", size)
    for i in range(3):
        near = i / 2
        towers(canvas, lamps, horizon, near, rng)
        canvas.paste((255, 170, 130), mask=fade(size, [(0.4, 0), (0.64, round(110 * (1 - near)))]))
    draw = ImageDraw.Draw(lamps)
    for k in range(70):
        x, y, r = w * (k + rng.random()) / 70, horizon - h * 0.008, h * 0.0022
        bulb = rng.choice([(255, 214, 140), (255, 190, 110), (255, 240, 220)])
        draw.ellipse((x - r, y - r, x + r, y + r), fill=bulb)
    small = lamps.resize((w // 4, h // 4), Image.Resampling.BOX)
    halo = small.filter(ImageFilter.GaussianBlur(h / 300)).resize(size, Image.Resampling.BICUBIC)
    halo = halo.point([min(255, round(v * 1.9)) for v in range(256)] * 3)
    canvas = ImageChops.screen(ImageChops.screen(canvas, lamps), halo)
    reflect(canvas, horizon, rng, h * 0.02, 0.9)
    return finish(canvas, rng)


def evening(size: Size, rng: Random) -> Image.Image:
    """The sky after sunset: clouds lit from below, first stars, a crescent."""
    w, h = size
    canvas = gradient(
        size,
        [(0, (18, 28, 74)), (0.3, (60, 64, 130)), (0.5, (196, 110, 130)), (0.64, (255, 176, 116))],
    )
    clouds = curve(noise(size, (w * 0.6, h * 0.06), rng, 6), 0.45, 0.95)
    clouds = ImageChops.multiply(clouds, fade(size, [(0, 160), (0.45, 200), (0.62, 0)]))
    tints = gradient(size, [(0, (70, 66, 124)), (0.4, (240, 130, 132)), (0.6, (255, 200, 150))])
    canvas.paste(tints, mask=clouds)
    dots = ImageChops.multiply(stars(size, 120, rng, h / 1600), fade(size, [(0, 255), (0.3, 0)]))
    canvas = light(canvas, (230, 236, 255), dots)
    moon = (w * 0.2, h * 0.16)
    canvas = light(canvas, (180, 196, 255), scaled(glow(size, moon, h * 0.2, 2.4), 0.5))
    shadow = disc(size, (moon[0] + h * 0.012, moon[1] - h * 0.007), h * 0.024)
    crescent = ImageChops.subtract(disc(size, moon, h * 0.026), shadow)
    canvas.paste((250, 246, 232), mask=crescent)
    return canvas


def towers(canvas: Image.Image, lamps: Image.Image, ground: int, near: float, rng: Random) -> None:
    """One row of buildings; their lit windows go on a layer of their own, for the glow."""
    w, h = canvas.size
    tone = mix((150, 98, 136), (20, 22, 48), near**0.8)
    walls, lit = ImageDraw.Draw(canvas), ImageDraw.Draw(lamps)
    x = -rng.random() * w * 0.03
    while x < w:
        wide = w * rng.uniform(0.022, 0.06)
        center = math.exp(-(((x / w - 0.56) / 0.24) ** 2))
        tall = 0.06 + rng.random() * 0.12 + center * rng.random() ** 1.5 * (0.15 + 0.16 * near)
        top = ground - h * tall
        walls.rectangle((x, top, x + wide, ground), fill=tone)
        lit.rectangle((x, top, x + wide, ground), fill=(0, 0, 0))
        middle = x + wide / 2
        if near > 0.4 and tall > 0.26 and rng.random() < 0.6:
            roof = [(x + wide * 0.2, top), (middle, top - wide * 0.9), (x + wide * 0.8, top)]
            walls.polygon(roof, fill=tone)
            tip = top - wide * 1.8
            walls.line((middle, tip, middle, top), fill=tone, width=max(1, w // 900))
            lit.ellipse((middle - 3, tip - 3, middle + 3, tip + 3), fill=(255, 70, 60))
        elif rng.random() < 0.4:
            walls.rectangle((x + wide * 0.25, top - h * 0.012, x + wide * 0.6, top), fill=tone)
        windows(lit, (x, top, x + wide, ground), h, near, rng)
        x += wide * rng.uniform(0.8, 1.25)


def windows(
    lit: ImageDraw.ImageDraw,
    wall: tuple[float, float, float, float],
    h: int,
    near: float,
    rng: Random,
) -> None:
    """The windows of one building behind which someone is at home."""
    pane, gap = max(2, round(h * 0.0026)), max(2, round(h * 0.0034))
    left, top, right, ground = wall
    warm = rng.choice([(255, 206, 130), (255, 226, 176), (255, 190, 104), (196, 220, 255)])
    busy = rng.uniform(0.12, 0.5) * (0.35 + near * 0.65)
    y = top + gap * 1.5
    while y < ground - gap * 2:
        x = left + gap
        while x < right - gap:
            if rng.random() < busy:
                shade = mix((0, 0, 0), warm, rng.uniform(0.35, 1) * (0.5 + 0.5 * near))
                lit.rectangle((x, y, x + pane, y + pane), fill=shade)
            x += pane + gap
        y += pane + gap * 1.1
