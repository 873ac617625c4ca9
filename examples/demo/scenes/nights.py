"""Sample photos of an aurora and of the Milky Way.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageOps

from .brushes import (
    Color,
    Points,
    Size,
    alps,
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
    reflect,
    ridge,
    scaled,
    stars,
)

if TYPE_CHECKING:
    from random import Random


def aurora(size: Size, rng: Random) -> Image.Image:
    """Northern lights over a fjord."""
    w, h = size
    canvas = gradient(size, [(0, (6, 10, 34)), (0.35, (12, 34, 66)), (0.68, (26, 84, 96))])
    canvas = light(canvas, (226, 236, 255), stars(size, 1500, rng, h / 1600))
    curtains: list[tuple[float, float, float, Color]] = [
        (0.34, 0.32, 0.8, (70, 255, 170)),
        (0.5, 0.5, 1.5, (96, 255, 150)),
        (0.42, 0.38, 0.9, (90, 220, 220)),
    ]
    for at, tall, strength, color in curtains:
        canvas = hang(canvas, curtain(size, at, tall, rng), strength, color)
    for i in range(3):
        line = alps(w, h * (0.53 + 0.05 * i), h * (0.1 - 0.025 * i), rng, 3 + i)
        mask = below(size, line)
        top = mix((24, 52, 72), (6, 12, 22), i / 2)
        foot = mix((44, 96, 104), (10, 20, 30), i / 2)
        canvas.paste(gradient(size, [(0.4, top), (0.68, foot)]), mask=mask)
        snow = curve(noise(size, (w * 0.08, h * 0.12), rng, 7), 0.5, 0.62)
        high = fade(size, [(0.4, 255), (0.55 + 0.05 * i, 90), (0.64, 0)])
        snow = ImageChops.multiply(ImageChops.multiply(snow, high), mask)
        canvas.paste((126, 190, 190), mask=scaled(snow, 0.6 - 0.2 * i))
    reflect(canvas, round(h * 0.68), rng, h * 0.008, 0.85)
    shore = ridge(w, h * 0.97, h * 0.05, rng, 0.55)
    trees = []
    for _ in range(54):
        x = rng.random() * w
        tall = h * rng.uniform(0.1, 0.3) * (0.25 + abs(x / w - 0.48) * 1.9)
        trees.append(pine(x, shore[int(x)] + 8, tall, rng))
    canvas.paste((4, 8, 14), mask=ImageChops.lighter(polygons(size, trees), below(size, shore)))
    return finish(canvas, rng)


def hang(canvas: Image.Image, sheet: Image.Image, strength: float, color: Color) -> Image.Image:
    """Light up one curtain: its colour, violet above, a wide faint shine around."""
    size = canvas.size
    canvas = light(canvas, color, scaled(sheet, strength))
    high = ImageChops.offset(sheet, 0, -round(size[1] * 0.09))
    high = ImageChops.multiply(high, fade(size, [(0, 255), (0.4, 90), (0.5, 0)]))
    canvas = light(canvas, (170, 70, 220), scaled(high, 0.8 * strength))
    shine = sheet.resize((size[0] // 16, size[1] // 16))
    shine = shine.filter(ImageFilter.GaussianBlur(size[1] / 300))
    return light(canvas, color, scaled(shine.resize(size, Image.Resampling.BICUBIC), 0.35))


def curtain(size: Size, at: float, tall: float, rng: Random) -> Image.Image:
    """One curtain of an aurora: vertical rays, sharp below, hung along a winding line."""
    cols, rows = size[0] // 2, size[1] // 2
    rays = noise((cols, 2), (cols * 0.14, 2), rng, 7).resize((cols, rows))
    shape = fade((cols, rows), [(0.3, 0), (0.62, 110), (0.84, 255), (0.875, 200), (0.9, 0)])
    sheet = ImageChops.multiply(curve(rays, 0.12, 1, 1.2), shape)
    phase, swing = rng.uniform(0, 6.3), rng.uniform(0.05, 0.09)

    def span(x: float) -> tuple[float, float]:
        """Which rows of the flat sheet a column of the picture shows."""
        u = x / cols
        wave = math.sin(phase + 4.6 * u) + 0.4 * math.sin(phase * 2 + 11 * u)
        low = rows * (at + swing * wave + 0.08 * (0.5 - u))
        scale = 0.6 / (tall * (0.7 + 0.3 * math.sin(phase * 3 + 6 * u)))
        return rows * 0.9 - low * scale, rows * 0.9 + (rows - low) * scale

    mesh: list[tuple[tuple[int, int, int, int], tuple[float, ...]]] = []
    step = 10
    for x in range(0, cols, step):
        right = min(cols, x + step)
        (t0, b0), (t1, b1) = span(x), span(right)
        mesh.append(((x, 0, right, rows), (x, t0, x, b0, right, b1, right, t1)))
    hung = sheet.transform((cols, rows), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    return hung.filter(ImageFilter.GaussianBlur(rows / 500)).resize(size, Image.Resampling.BICUBIC)


def milky_way(size: Size, rng: Random) -> Image.Image:
    """The Milky Way above a lit tent in the mountains."""
    w, h = size
    canvas = gradient(
        size,
        [(0, (8, 12, 34)), (0.45, (20, 32, 68)), (0.72, (66, 78, 116)), (0.82, (168, 122, 118))],
    )
    canvas = galaxy(canvas, rng)
    sky = fade(size, [(0, 255), (0.7, 220), (0.82, 60)])
    dots = stars(size, 2600, rng, max(size) / 2000)
    canvas = light(canvas, (224, 232, 255), ImageChops.multiply(dots, sky))
    for i in range(3):
        line = alps(w, h * (0.79 + 0.045 * i), h * (0.05 - 0.008 * i), rng, 3)
        tone = mix((66, 62, 92), (12, 14, 24), i / 2)
        hills = gradient(size, [(0.72, tone), (1, mix(tone, (8, 8, 16), 0.6))])
        canvas.paste(hills, mask=below(size, line))
    meadow = ridge(w, h * 0.93, h * 0.012, rng, 0.5)
    grass = gradient(size, [(0.9, (18, 20, 26)), (1, (8, 9, 14))])
    canvas.paste(grass, mask=below(size, meadow))
    x = w * rng.uniform(0.55, 0.66)
    return finish(tent(canvas, x, meadow[int(x)] + h * 0.012, h * 0.06, rng), rng)


def galaxy(canvas: Image.Image, rng: Random) -> Image.Image:
    """The band of the Milky Way with its warm core, dark lanes and uncounted stars."""
    w, h = size = canvas.size
    tilt = rng.uniform(52, 66)
    dust = noise(size, (h * 0.3, h * 0.09), rng, 7, tilt)
    side = round(math.hypot(w, h))
    bell = [round(255 * math.exp(-(((v - 128) / 27) ** 2))) for v in range(256)]
    bar = Image.linear_gradient("L").resize((side, side)).point(bell)
    bar = bar.rotate(tilt, Image.Resampling.BICUBIC)
    left, top = (side - w) // 2 - round(w * 0.06), (side - h) // 2 + round(h * 0.1)
    band = bar.crop((left, top, left + w, top + h))
    core = ImageChops.multiply(band, glow(size, (w * 0.42, h * 0.52), h * 0.6, 0.8))
    canvas = light(canvas, (120, 130, 190), scaled(band, 0.5))
    warm = ImageChops.multiply(core, curve(dust, 0.3, 0.95))
    canvas = light(canvas, (255, 196, 150), scaled(warm, 0.8))
    violet = ImageChops.multiply(band, curve(ImageOps.invert(dust), 0.45, 1))
    canvas = light(canvas, (190, 110, 170), scaled(violet, 0.35))
    lanes = curve(noise(size, (h * 0.22, h * 0.05), rng, 7, tilt), 0.52, 0.8)
    canvas.paste((14, 14, 34), mask=scaled(ImageChops.multiply(lanes, core), 0.75))
    specks = Image.frombytes("L", size, rng.randbytes(w * h))
    specks = specks.point([0] * 251 + [90, 130, 170, 210, 255])
    specks = specks.filter(ImageFilter.GaussianBlur(0.7))
    specks = ImageChops.multiply(specks, curve(band, 0.05, 0.9, 0.7))
    return light(canvas, (240, 236, 255), scaled(specks, 2.2))


def tent(canvas: Image.Image, x: float, y: float, s: float, rng: Random) -> Image.Image:
    """A tent that glows from the inside, and its light on the grass."""
    size = canvas.size
    body = [(-1.1, 0.0), (-0.75, -0.62), (-0.1, -1.0), (0.6, -0.7), (1.15, 0.0)]
    mask = polygons(size, [[(x + s * dx, y + s * dy) for dx, dy in body]])
    canvas = light(canvas, (255, 160, 60), scaled(glow(size, (x, y), s * 4.5, 2.2), 0.5))
    warm = Image.new("RGB", size, (214, 92, 30))
    lamp = glow(size, (x + s * 0.05, y - s * 0.15), s * 1.1, 1.2)
    canvas.paste(light(warm, (255, 220, 120), lamp), mask=mask)
    peak = (x - s * 0.1, y - s)
    door = polygons(size, [[peak, (x + s * 0.3, y), (x - s * 0.3, y)]])
    canvas.paste((255, 232, 170), mask=scaled(door, 0.6))
    seams: list[Points] = [
        [peak, (x + dx * s, y), (x + dx * s + s * 0.02, y)] for dx in (-0.31, 0.3, -0.8, 0.85)
    ]
    canvas.paste((120, 50, 20), mask=scaled(polygons(size, seams), 0.7))
    blades: list[Points] = []
    for _ in range(240):
        at, foot = x + rng.gauss(0, 1.4) * s, y + s * 0.12
        tip = (at + rng.uniform(-0.06, 0.06) * s, y - s * rng.uniform(0.02, 0.13))
        blades.append([(at, foot), (at + s * 0.03, foot), tip])
    canvas.paste((16, 14, 14), mask=polygons(size, blades))
    return canvas
