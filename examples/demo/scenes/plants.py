"""Sample photos of a foggy forest and a lavender field.

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
    polygons,
    relief,
    ridge,
    scaled,
)

if TYPE_CHECKING:
    from random import Random


def forest(size: Size, rng: Random) -> Image.Image:
    """Tall trunks in fog with the sun breaking through."""
    w, h = size
    canvas = gradient(
        size,
        [(0, (206, 222, 206)), (0.3, (255, 232, 176)), (0.8, (150, 184, 164)), (1, (50, 78, 66))],
    )
    sun = (w * rng.uniform(0.52, 0.68), h * 0.2)
    canvas = light(canvas, (255, 240, 190), glow(size, sun, h * 0.55, 1.5))
    fog: Color = (214, 228, 208)
    for i in range(6):
        near = i / 5
        tone = mix((176, 200, 184), (12, 30, 32), near**0.75)
        floor = h * (0.74 + 0.05 * i)
        trunks = [
            part for _ in range(round(26 - 20 * near)) for part in trunk(size, floor, near, rng)
        ]
        ground = below(size, ridge(w, floor, h * 0.02, rng, 0.75))
        mask = ImageChops.lighter(polygons(size, trunks), ground)
        leaves = curve(noise(size, (w * 0.22, h * 0.09), rng, 8), 0.6, 0.68)
        leaves = ImageChops.multiply(leaves, fade(size, [(0, 255), (0.1, 170), (0.24, 0)]))
        mask = ImageChops.lighter(mask, scaled(leaves, 0.9))
        top, moss = mix(tone, fog, 0.25 * (1 - near)), mix(tone, (58, 70, 30), 0.4)
        canvas.paste(gradient(size, [(0.1, top), (0.7, tone), (1, moss)]), mask=mask)
        if near > 0.5:
            bark = noise(size, (w * 0.012, h * 0.12), rng, 5)
            emboss(canvas, relief(bark, (2, 1), 0.7), mask)
        if i < 5:
            veil = scaled(noise(size, (w * 0.9, h * 0.22), rng, 4), 0.42 - 0.05 * i)
            canvas.paste(fog, mask=veil)
            canvas = light(canvas, (255, 196, 96), scaled(glow(size, sun, h * 0.5, 1.6), 0.42))
    return finish(light(canvas, (255, 214, 130), sunbeams(size, sun, rng)), rng)


def trunk(size: Size, floor: float, near: float, rng: Random) -> list[Points]:
    """One trunk and its bare branches."""
    w, h = size
    x, half = rng.random() * w, w * (0.004 + 0.026 * near**1.6) * rng.uniform(0.6, 1.25)
    lean = rng.uniform(-0.02, 0.02) * w
    foot = floor + h * 0.02 + rng.random() * h * 0.05
    crown = x + lean
    parts: list[Points] = [
        [
            (crown - half * 0.6, -9), (crown + half * 0.6, -9), (x + half, foot - half * 4),
            (x + half * 1.7, foot), (x - half * 1.7, foot), (x - half, foot - half * 4),
        ]
    ]  # fmt: skip
    for _ in range(rng.randrange(7, 13)):
        y = rng.random() ** 1.3 * floor * 0.75
        way, reach = rng.choice((-1, 1)), half * rng.uniform(3, 9)
        at = x + lean * (1 - y / foot)
        tip = (at + way * reach, y - reach * rng.uniform(-0.1, 0.5))
        parts.append([(at, y), tip, (at, y + half * 0.32)])
    return parts


def sunbeams(size: Size, sun: tuple[float, float], rng: Random) -> Image.Image:
    """Shafts of light that fan out from the sun and fade on their way down."""
    w, h = size
    beams: list[Points] = []
    for _ in range(17):
        angle, spread = rng.uniform(0.25, 2.9), rng.uniform(0.008, 0.035)
        ends = [
            (sun[0] / 4 + h / 2 * math.cos(a), sun[1] / 4 + h / 2 * math.sin(a))
            for a in (angle - spread, angle + spread)
        ]
        beams.append([(sun[0] / 4, sun[1] / 4), *ends])
    mask = polygons((w // 4, h // 4), beams).filter(ImageFilter.GaussianBlur(w * 0.002))
    mask = mask.resize(size, Image.Resampling.BICUBIC)
    return scaled(ImageChops.multiply(mask, glow(size, sun, h * 0.75, 1.1)), 0.55)


def lavender(size: Size, rng: Random) -> Image.Image:
    """Rows of lavender that run to a tree on the horizon at sunset."""
    w, h = size
    horizon = h * 0.4
    sun = (w * rng.uniform(0.3, 0.42), h * 0.37)
    canvas = gradient(
        size,
        [
            (0, (84, 92, 160)),
            (0.18, (190, 128, 170)),
            (0.33, (252, 170, 128)),
            (0.42, (255, 226, 160)),
        ],
    )
    canvas = light(canvas, (255, 200, 120), scaled(glow(size, sun, w * 0.5, 1.7), 0.9))
    clouds = curve(noise(size, (w * 0.5, h * 0.07), rng, 6), 0.48, 0.9)
    clouds = ImageChops.multiply(clouds, fade(size, [(0, 200), (0.3, 160), (0.4, 0)]))
    tints = gradient(size, [(0, (150, 96, 150)), (0.2, (255, 150, 140)), (0.4, (255, 226, 160))])
    canvas.paste(tints, mask=clouds)
    canvas = light(canvas, (255, 246, 214), glow(size, sun, w * 0.035, 0.7))
    for i in range(2):
        hills = below(size, ridge(w, horizon - h * (0.035 - 0.02 * i), h * 0.03, rng, 0.5))
        canvas.paste(mix((176, 112, 140), (92, 66, 104), i), mask=hills)
    vanish = w * 0.6
    canvas = lavender_rows(canvas, horizon, vanish, rng)
    glare = fade(size, [(0.39, 0), (0.41, 255), (0.75, 0)])
    glare = ImageChops.multiply(glare, glow(size, (sun[0], horizon), w * 0.62, 1.2))
    canvas = light(canvas, (255, 186, 110), scaled(glare, 0.75))
    lone_tree(canvas, vanish + w * 0.06, horizon + h * 0.012, h * 0.075, rng)
    return finish(canvas, rng)


def lavender_rows(canvas: Image.Image, horizon: float, vanish: float, rng: Random) -> Image.Image:
    """The field: rows in perspective with ragged edges and pale florets."""
    w, h = size = canvas.size
    field = below(size, [horizon] * (w + 1))
    soil = gradient(size, [(0.4, (196, 146, 120)), (0.5, (96, 84, 56)), (1, (44, 46, 28))])
    canvas.paste(soil, mask=field)
    wide = w * 0.056
    strips: list[Points] = []
    for k in range(-46, 47):
        x = vanish + k * w * 0.155
        strips.append(
            [(vanish + k * w * 0.0042, horizon), (x + wide, h * 1.02), (x - wide, h * 1.02)]
        )
    rows = polygons(size, strips)
    ragged = noise(size, (w * 0.02, h * 0.012), rng, 5)
    soft = rows.filter(ImageFilter.GaussianBlur(h * 0.007))
    edge = curve(Image.blend(soft, ragged, 0.42), 0.4, 0.52)
    edge = ImageChops.multiply(edge, fade(size, [(0.42, 0), (0.5, 255)]))
    far = ImageChops.multiply(rows, fade(size, [(0.42, 255), (0.55, 0)]))
    bloom = ImageChops.multiply(ImageChops.lighter(edge, far), field)
    violet = gradient(
        size,
        [(0.4, (230, 160, 170)), (0.5, (160, 98, 176)), (0.72, (108, 66, 158)), (1, (66, 38, 118))],
    )
    canvas.paste(violet, mask=bloom)
    florets = noise(size, (w * 0.008, h * 0.016), rng, 3)
    small = noise(size, (w * 0.0035, h * 0.005), rng, 2)
    florets.paste(small, mask=fade(size, [(0.5, 255), (0.8, 0)]))
    pale = ImageChops.multiply(curve(florets, 0.56, 0.9), bloom)
    canvas = light(canvas, (212, 150, 236), scaled(pale, 0.75))
    emboss(canvas, relief(florets, (2, 3), 0.8), bloom)
    return canvas


def lone_tree(canvas: Image.Image, x: float, y: float, r: float, rng: Random) -> None:
    """The silhouette of a broad-leaved tree that stands at (x, y)."""
    crown = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(crown)
    for _ in range(240):
        a, d, s = rng.uniform(0, 6.3), rng.random() ** 0.5, r * rng.uniform(0.05, 0.17)
        cx, cy = x + math.cos(a) * d * r * 1.25, y - r * 1.75 + math.sin(a) * d * r
        draw.ellipse((cx - s, cy - s, cx + s, cy + s), fill=255)
    stem = [(-0.09, -1.0), (0.09, -1.0), (0.13, 0.0), (-0.13, 0.0)]
    draw.polygon([(x + dx * r, y + dy * r) for dx, dy in stem], fill=255)
    ragged = noise(canvas.size, (r * 0.27, r * 0.27), rng, 4)
    crown = Image.blend(crown.filter(ImageFilter.GaussianBlur(r * 0.04)), ragged, 0.42)
    canvas.paste((46, 30, 48), mask=curve(crown, 0.45, 0.52))
