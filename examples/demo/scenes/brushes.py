"""Brushes for the sample photos: gradients, clouds, ridges, light, water, film grain.

Knows Pillow and nothing about galleries. Everything random comes from the ``random.Random`` that is
passed in, never from Pillow's own noise, which cannot be seeded: a seed always gives one picture.
Colours are RGB triples, masks are mode ``L`` images of the canvas's size, coordinates are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

if TYPE_CHECKING:
    from random import Random

Size = tuple[int, int]
Color = tuple[int, int, int]
Stops = Sequence[tuple[float, Color]]
Points = list[tuple[float, float]]

EDGE = 2  # masks are drawn this much larger and averaged: Pillow's polygons have hard edges


def mix(a: Color, b: Color, t: float) -> Color:
    """The colour `t` (0 to 1) of the way from `a` to `b`."""
    red, green, blue = (round(x + (y - x) * t) for x, y in zip(a, b, strict=True))
    return red, green, blue


def ramp(stops: Stops, t: float) -> Color:
    """The colour at `t` of a ramp of (position, colour) stops in rising order."""
    for (t0, c0), (t1, c1) in pairwise(stops):
        if t <= t1:
            return mix(c0, c1, max(0.0, (t - t0) / max(t1 - t0, 1e-6)))
    return stops[-1][1]


def gradient(size: Size, stops: Stops) -> Image.Image:
    """A vertical colour ramp, top to bottom."""
    column = Image.new("RGB", (1, size[1]))
    pixels = b"".join(bytes(ramp(stops, y / size[1])) for y in range(size[1]))
    column.frombytes(pixels)
    return column.resize(size, Image.Resampling.NEAREST)


def fade(size: Size, stops: Sequence[tuple[float, int]]) -> Image.Image:
    """A vertical mask through (position, 0 to 255) stops."""
    gray = [(t, (value, value, value)) for t, value in stops]
    column = Image.frombytes(
        "L", (1, size[1]), bytes(ramp(gray, y / size[1])[0] for y in range(size[1]))
    )
    return column.resize(size, Image.Resampling.NEAREST)


def noise(
    size: Size, cell: tuple[float, float], rng: Random, octaves: int = 5, angle: float = 0
) -> Image.Image:
    """Cloud-like noise over the whole range of ``L``.

    `cell` is the width and height of its largest features, `angle` turns them (degrees).
    """
    sin, cos = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    w = max(size[0], math.ceil(size[0] * cos + size[1] * sin))
    h = max(size[1], math.ceil(size[0] * sin + size[1] * cos))
    total: Image.Image | None = None
    for octave in range(octaves):
        columns = min(w, max(2, math.ceil(w / cell[0] * 2**octave)))
        rows = min(h, max(2, math.ceil(h / cell[1] * 2**octave)))
        layer = Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows))
        layer = layer.resize((w, h), Image.Resampling.BICUBIC)
        total = layer if total is None else Image.blend(total, layer, 0.5 ** (octave + 0.45))
    assert total is not None
    if angle:
        left, top = (w - size[0]) // 2, (h - size[1]) // 2
        total = total.rotate(angle, Image.Resampling.BILINEAR)
        total = total.crop((left, top, left + size[0], top + size[1]))
    return ImageOps.autocontrast(total, cutoff=0.2)


def curve(mask: Image.Image, low: float, high: float, power: float = 1.0) -> Image.Image:
    """Levels: `low` and below become 0, `high` and above 255, with a gamma of `power` between."""

    def level(value: float) -> float:
        return 255 * min(1.0, max(0.0, (value / 255 - low) / (high - low))) ** power

    return mask.point([round(level(v)) for v in range(256)])


def ridge(width: int, y: float, height: float, rng: Random, rough: float = 0.5) -> list[float]:
    """A rolling skyline: one y for each column, `height` the largest deviation from `y`."""
    line = displace([rng.uniform(-0.5, 0.5) for _ in range(4)], width / 3, rng, rough)
    return skyline(line, width, y, height)


def alps(width: int, y: float, height: float, rng: Random, peaks: int) -> list[float]:
    """A skyline like `ridge` that alternates between so many summits and as many saddles."""
    line = [rng.uniform(0.3, 1) * (-1) ** i for i in range(2 * peaks)]
    return skyline(displace(line, width / 3, rng, 0.56), width, y, height)


def displace(line: list[float], count: float, rng: Random, rough: float) -> list[float]:
    """Refine a line by midpoint displacement until it has more than `count` points."""
    step = 0.5
    while len(line) < count:
        middle = [(a + b) / 2 + rng.uniform(-step, step) * 0.5 for a, b in pairwise(line)]
        line = [v for pair in zip(line, middle, strict=False) for v in pair] + [line[-1]]
        step *= rough
    return line


def skyline(line: list[float], width: int, y: float, height: float) -> list[float]:
    """One y for each column from a line of any length and scale."""
    peak = max(abs(v) for v in line)
    n = len(line) - 1
    out = []
    for x in range(width + 1):
        at = x / width * n
        i = min(int(at), n - 1)
        out.append(y + height * (line[i] + (line[i + 1] - line[i]) * (at - i)) / peak)
    return out


def polygons(size: Size, shapes: Sequence[Points]) -> Image.Image:
    """A smooth-edged mask of filled polygons."""
    mask = Image.new("L", (size[0] * EDGE, size[1] * EDGE))
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        draw.polygon([(x * EDGE, y * EDGE) for x, y in shape], fill=255)
    return mask.reduce(EDGE)


def below(size: Size, line: Sequence[float]) -> Image.Image:
    """The mask of everything under a skyline."""
    outline = [(float(x), y) for x, y in enumerate(line)]
    return polygons(size, [[*outline, (size[0] + 1, size[1] + 1), (-1, size[1] + 1)]])


def disc(size: Size, center: tuple[float, float], r: float) -> Image.Image:
    """A smooth-edged filled circle as a mask."""
    return polygons(
        size,
        [
            [
                (center[0] + r * math.cos(a / 20), center[1] + r * math.sin(a / 20))
                for a in range(126)
            ]
        ],
    )


def glow(size: Size, center: tuple[float, float], radius: float, power: float = 2.0) -> Image.Image:
    """A soft round light: 255 in the centre, 0 at `radius`."""
    # Pillow's radial gradient reaches white in the corners; its sides are at 181.
    disc = curve(ImageOps.invert(Image.radial_gradient("L")), 75 / 255, 1, power)
    side = max(2, round(radius * 2))
    mask = Image.new("L", size)
    disc = disc.resize((side, side), Image.Resampling.BICUBIC)
    mask.paste(disc, (round(center[0] - radius), round(center[1] - radius)))
    return mask


def scaled(mask: Image.Image, factor: float) -> Image.Image:
    """A mask times a factor."""
    return mask.point([min(255, round(v * factor)) for v in range(256)])


def light(canvas: Image.Image, color: Color, mask: Image.Image) -> Image.Image:
    """Add light of a colour where the mask is bright (screen)."""
    layer = Image.merge("RGB", [scaled(mask, channel / 255) for channel in color])
    return ImageChops.screen(canvas, layer)


def relief(height: Image.Image, shift: Size, strength: float) -> Image.Image:
    """The light and shade of a height map lit from one side, as grey around 128."""
    moved = height.copy()
    moved.paste(height, shift)
    return ImageChops.subtract(height, moved, scale=1 / strength, offset=128)


def emboss(canvas: Image.Image, shading: Image.Image, mask: Image.Image) -> None:
    """Lay a relief's light and shade over the canvas inside the mask."""
    lit = ImageChops.overlay(canvas, Image.merge("RGB", [shading] * 3))
    canvas.paste(lit, mask=mask)


def reflect(
    canvas: Image.Image, horizon: int, rng: Random, ripple: float, dark: float = 0.8
) -> None:
    """Replace what is below the horizon by water that mirrors what is above it."""
    w, h = canvas.size
    depth = h - horizon
    source = ImageOps.flip(canvas.crop((0, max(0, horizon - depth), w, horizon)))
    spare = math.ceil(ripple * 3)
    source = source.resize((w + 2 * spare, depth), Image.Resampling.BICUBIC)
    water = Image.new("RGB", (w, depth))
    phase = [rng.uniform(0, 6.3) for _ in range(3)]
    for y in range(depth):
        near = y / depth
        wave = sum(
            math.sin(phase[k] + (k + 1.7) * 60 * math.log(1 + 2.2 * near)) / (k + 1)
            for k in range(3)
        )
        row = y + round(ripple * (0.15 + near) * (wave + rng.uniform(-0.8, 0.8)))
        row = min(depth - 1, max(0, row))
        left = spare + round(ripple * wave * near * 0.6)
        water.paste(source.crop((left, row, left + w, row + 1)), (0, y))
    water = water.filter(ImageFilter.BoxBlur((ripple * 0.5, 0.6)))
    dim = fade((w, depth), [(0, round(255 * dark)), (1, round(255 * dark * 0.72))])
    canvas.paste(ImageChops.multiply(water, Image.merge("RGB", [dim] * 3)), (0, horizon))


def stars(size: Size, count: int, rng: Random, scale: float) -> Image.Image:
    """A mask of stars, most of them faint, the brightest with a halo."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for _ in range(count):
        x, y = rng.random() * size[0], rng.random() * size[1]
        bright = rng.random() ** 6
        r = scale * (0.45 + 1.9 * bright)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=round(60 + 195 * bright))
    halo = scaled(mask.filter(ImageFilter.GaussianBlur(3 * scale)), 1.6)
    return ImageChops.lighter(mask.filter(ImageFilter.GaussianBlur(0.5 * scale)), halo)


def pine(x: float, y: float, height: float, rng: Random) -> Points:
    """The outline of a conifer that stands at (x, y)."""
    levels = max(6, int(height / 16))
    left: Points = []
    right: Points = []
    for i in range(levels):
        t = i / levels
        reach = height * 0.19 * (t**0.85 + 0.03) * rng.uniform(0.7, 1.15)
        top = y - height * (1 - t * 0.94)
        drop = height * 0.05
        left += [(x - reach * 0.35, top), (x - reach, top + drop)]
        reach *= rng.uniform(0.8, 1.2)
        right += [(x + reach * 0.35, top), (x + reach, top + drop)]
    foot = height * 0.018
    return [
        (x, y - height),
        *left,
        (x - foot, y - height * 0.04),
        (x - foot, y),
        (x + foot, y),
        (x + foot, y - height * 0.04),
        *reversed(right),
    ]


def finish(canvas: Image.Image, rng: Random, vignette: float = 0.28) -> Image.Image:
    """Darken the corners a little and add fine grain, which also hides banding in the skies."""
    w, h = canvas.size
    corner = curve(Image.radial_gradient("L"), 0.3, 1, 1.6)
    corner = scaled(corner, 1.5 * vignette).resize((round(w * 1.25), round(h * 1.25)))
    corner = ImageOps.invert(corner.crop((w // 8, h // 8, w // 8 + w, h // 8 + h)))
    canvas = ImageChops.multiply(canvas, Image.merge("RGB", [corner] * 3))
    tile = Image.frombytes("L", (512, 512), rng.randbytes(512 * 512))
    tile = tile.filter(ImageFilter.GaussianBlur(0.6)).point([round(v * 0.05) for v in range(256)])
    grain = Image.new("L", (w, h))
    for x in range(0, w, 512):
        for y in range(0, h, 512):
            grain.paste(tile, (x, y))
    return ImageChops.add(canvas, Image.merge("RGB", [grain] * 3), 1, -6)
