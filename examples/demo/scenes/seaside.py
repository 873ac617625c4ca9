"""Sample photos of a beach from above and of a lighthouse.

Each scene is a function that draws one picture of the given size from a random source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .brushes import (
    Color,
    Points,
    Size,
    below,
    curve,
    disc,
    emboss,
    fade,
    finish,
    glow,
    gradient,
    light,
    noise,
    polygons,
    ramp,
    relief,
    ridge,
    scaled,
)

if TYPE_CHECKING:
    from random import Random


def beach(size: Size, rng: Random) -> Image.Image:
    """A beach seen from above: sand, foam, shallow and deep water."""
    w, h = size
    turn = rng.choice((70, 110, 64))
    tilt = Image.linear_gradient("L").rotate(turn, Image.Resampling.BICUBIC, expand=True)
    far = tilt.width
    inner = (far // 5, far // 5, far - far // 5, far - far // 5)
    tilt = tilt.crop(inner).resize(size, Image.Resampling.BICUBIC)
    shape = noise(size, (w * 0.6, h * 0.35), rng, 3)
    detail = noise(size, (w * 0.16, h * 0.12), rng, 7)
    coast = ImageOps.autocontrast(Image.blend(Image.blend(tilt, shape, 0.2), detail, 0.07))
    tones: list[tuple[float, Color]] = [
        (0.0, (236, 212, 172)), (0.26, (240, 218, 180)), (0.34, (206, 176, 134)),
        (0.4, (196, 172, 138)), (0.42, (150, 206, 196)), (0.5, (84, 196, 194)),
        (0.64, (24, 148, 170)), (0.82, (8, 98, 138)), (1, (6, 62, 104)),
    ]  # fmt: skip
    table = [ramp(tones, v / 255) for v in range(256)]
    canvas = Image.merge("RGB", [coast.point([c[k] for c in table]) for k in range(3)])
    sand = curve(ImageOps.invert(coast), 0.58, 0.64)
    ripples = noise(size, (w * 0.05, h * 0.03), rng, 6)
    emboss(canvas, relief(ripples, (2, 2), 0.8), sand)
    waves = noise(size, (w * 0.09, h * 0.016), rng, 5, rng.uniform(8, 20))
    emboss(canvas, relief(waves, (2, 3), 1.1), ImageOps.invert(sand))
    lace = curve(noise(size, (w * 0.035, h * 0.025), rng, 5), 0.3, 0.62)
    for at, wide, strength in ((0.415, 0.022, 1.0), (0.49, 0.026, 0.8), (0.585, 0.02, 0.55)):
        surf(canvas, Image.blend(coast, detail, 0.05), lace, (at, wide, strength))
    parasols(canvas, coast, rng)
    return finish(canvas, rng, 0.2)


def surf(
    canvas: Image.Image, depth: Image.Image, lace: Image.Image, line: tuple[float, float, float]
) -> None:
    """One line of foam: where it lies between sand and deep water, how wide and how strong."""
    at, wide, strength = line
    band = depth.point([round(255 * math.exp(-(((v / 255 - at) / wide) ** 2))) for v in range(256)])
    front = depth.point([255 if v / 255 < at + wide * 0.6 else 0 for v in range(256)])
    foam = ImageChops.multiply(band, ImageChops.lighter(lace, scaled(band, 0.62)))
    foam = ImageChops.multiply(foam, front.filter(ImageFilter.GaussianBlur(1.2)))
    canvas.paste((255, 255, 252), mask=scaled(foam, strength * 1.15))


def parasols(canvas: Image.Image, coast: Image.Image, rng: Random) -> None:
    """Sunshades, towels and their shadows, on dry sand only."""
    unit = max(canvas.size) / 2400
    placed: list[tuple[float, float]] = []
    for _ in range(600):
        x, y = rng.uniform(0.03, 0.97) * canvas.width, rng.uniform(0.03, 0.97) * canvas.height
        tone = coast.getpixel((int(x), int(y)))
        dry = isinstance(tone, int) and tone / 255 < 0.25
        crowded = any(math.hypot(x - a, y - b) < 130 * unit for a, b in placed)
        if dry and not crowded and len(placed) < 16:
            placed.append((x, y))
    big = Image.new("RGBA", (canvas.width * 2, canvas.height * 2))
    draw = ImageDraw.Draw(big)
    paint: list[Color] = [
        (232, 86, 74), (250, 196, 72), (60, 150, 168), (84, 120, 190), (238, 130, 120)
    ]  # fmt: skip
    for x, y in placed:
        r, (cx, cy) = 34 * unit * 2, (x * 2, y * 2)
        shadow = (cx - r * 0.5, cy - r * 0.4, cx + r * 1.5, cy + r * 1.6)
        draw.ellipse(shadow, fill=(90, 60, 40, 90))
        towel = (cx + r * 1.15, cy - r * 0.7, cx + r * 1.75, cy + r * 0.7)
        draw.rectangle(towel, fill=(*rng.choice(paint), 255))
        cloth = rng.choice(paint)
        for k in range(10):
            wedge = cloth if k % 2 else (252, 250, 244)
            box = (cx - r, cy - r, cx + r, cy + r)
            draw.pieslice(box, k * 36, k * 36 + 36, fill=(*wedge, 255))
        knob = r * 0.1
        draw.ellipse((cx - knob, cy - knob, cx + knob, cy + knob), fill=(255, 255, 255, 255))
    layer = big.reduce(2)
    canvas.paste(layer, mask=layer.getchannel("A"))


def lighthouse(size: Size, rng: Random) -> Image.Image:
    """A lighthouse on a rock at sunset, the sun's path on the sea."""
    w, h = size
    sun = (w * rng.uniform(0.28, 0.36), h * 0.5)
    canvas = sea_at_sunset(size, sun, rng)
    rough = ridge(w, 0, h * 0.014, rng, 0.75)
    edge = []
    for x, bump in enumerate(rough):
        slope = 0.63 - 0.17 / (1 + math.exp(-(x / w - 0.66) * 34)) + 1.2 * max(0.0, 0.61 - x / w)
        edge.append(h * slope + bump)
    foot = [h * 0.72 + 0.6 * bump + (w * 0.62 - x) * 0.02 for x, bump in enumerate(rough)]
    rock = ImageChops.multiply(below(size, edge), ImageOps.invert(below(size, foot)))
    canvas.paste(gradient(size, [(0.42, (86, 52, 62)), (0.72, (24, 18, 36))]), mask=rock)
    emboss(canvas, relief(noise(size, (w * 0.03, h * 0.09), rng, 6), (-3, 2), 2.0), rock)
    foam = curve(noise(size, (w * 0.06, h * 0.01), rng, 5), 0.5, 0.8)
    foam = ImageChops.multiply(foam, fade(size, [(0.69, 0), (0.72, 200), (0.745, 0)]))
    right = polygons(size, [[(w * 0.56, 0), (w, 0), (w, h), (w * 0.56, h)]])
    foam = ImageChops.multiply(foam, right.filter(ImageFilter.GaussianBlur(w * 0.02)))
    canvas.paste((255, 214, 190), mask=foam)
    x = w * 0.8
    canvas = beacon(canvas, x, edge[int(x)] + h * 0.006, h * 0.3)
    gulls = [
        gull(
            w * rng.uniform(0.08, 0.66),
            h * rng.uniform(0.1, 0.4),
            h * rng.uniform(0.008, 0.016),
            rng,
        )
        for _ in range(9)
    ]
    canvas.paste((54, 34, 60), mask=polygons(size, gulls))
    return finish(canvas, rng)


def sea_at_sunset(size: Size, sun: tuple[float, float], rng: Random) -> Image.Image:
    """Clouds, a low sun and the glitter below it."""
    w, h = size
    canvas = gradient(
        size,
        [
            (0, (56, 66, 130)),
            (0.22, (168, 96, 140)),
            (0.44, (250, 138, 96)),
            (0.6, (255, 214, 130)),
        ],
    )
    canvas = light(canvas, (255, 190, 100), scaled(glow(size, sun, w * 0.5, 1.8), 0.9))
    clouds = curve(noise(size, (w * 0.5, h * 0.08), rng, 7), 0.46, 0.85)
    clouds = ImageChops.multiply(clouds, fade(size, [(0, 220), (0.4, 170), (0.56, 0)]))
    tints = gradient(size, [(0, (84, 64, 118)), (0.25, (216, 96, 116)), (0.5, (255, 190, 120))])
    canvas.paste(tints, mask=clouds)
    canvas.paste((255, 248, 220), mask=disc(size, sun, h * 0.062))
    canvas = light(canvas, (255, 226, 150), glow(size, sun, h * 0.24, 1.7))
    sea = below(size, [round(h * 0.6)] * (w + 1))
    canvas.paste(
        gradient(size, [(0.6, (246, 164, 116)), (0.7, (160, 92, 116)), (1, (40, 40, 86))]), mask=sea
    )
    swell = noise(size, (w * 0.1, h * 0.018), rng, 5)
    far = noise(size, (w * 0.03, h * 0.006), rng, 4)
    swell.paste(far, mask=fade(size, [(0.6, 255), (0.75, 0)]))
    emboss(canvas, relief(swell, (2, round(h * 0.004)), 0.9), sea)
    reach = [math.exp(-(((x / 300 - sun[0] / w) / 0.09) ** 2)) for x in range(300)]
    path = Image.frombytes("L", (300, 1), bytes(round(255 * v) for v in reach))
    path = path.resize(size, Image.Resampling.BICUBIC)
    glints = ImageChops.multiply(curve(swell, 0.5, 0.66), path)
    glints = ImageChops.multiply(glints, fade(size, [(0.59, 0), (0.6, 255), (1, 150)]))
    return light(canvas, (255, 222, 140), glints)


def gull(x: float, y: float, s: float, rng: Random) -> Points:
    """A distant bird: two bent wings."""
    lift = rng.uniform(0.2, 0.7) * s
    upper = [(-2 * s, -lift * 0.4), (-s, -lift), (0.0, 0.0), (s, -lift), (2 * s, -lift * 0.4)]
    lower = [(s, -lift * 0.72), (0.0, s * 0.28), (-s, -lift * 0.72)]
    return [(x + dx, y + dy) for dx, dy in upper + lower]


def beacon(canvas: Image.Image, x: float, y: float, s: float) -> Image.Image:
    """A striped lighthouse of height `s`, lit from the left, with its beam."""
    size = canvas.size

    def slab(low: float, high: float) -> Points:
        """The tower between two heights."""
        a, b = s * (0.12 - 0.05 * low), s * (0.12 - 0.05 * high)
        return [
            (x - a, y - s * low),
            (x + a, y - s * low),
            (x + b, y - s * high),
            (x - b, y - s * high),
        ]

    for k in range(6):
        stripe = slab(k / 6 * 0.8, (k + 1) / 6 * 0.8)
        canvas.paste((250, 232, 214) if k % 2 else (206, 52, 46), mask=polygons(size, [stripe]))
    span = round(s * 0.12)
    dark = Image.new("L", size)
    side = Image.linear_gradient("L").rotate(90).resize((2 * span, size[1]))
    dark.paste(side, (round(x) - span, 0))
    dark = ImageChops.multiply(dark, polygons(size, [slab(0, 0.8)]))
    canvas.paste((60, 24, 50), mask=scaled(dark, 0.72))
    draw = ImageDraw.Draw(canvas)
    iron = (60, 34, 48)
    draw.rectangle((x - s * 0.11, y - s * 0.825, x + s * 0.11, y - s * 0.795), fill=iron)
    draw.rectangle(
        (x - s * 0.055, y - s * 0.92, x + s * 0.055, y - s * 0.825), fill=(255, 226, 150)
    )
    for dx in (-0.055 * s, 0, 0.055 * s):
        bar = (x + dx, y - s * 0.92, x + dx, y - s * 0.825)
        draw.line(bar, fill=iron, width=max(2, round(s * 0.012)))
    roof: Points = [(x - s * 0.08, y - s * 0.92), (x, y - s), (x + s * 0.08, y - s * 0.92)]
    canvas.paste((150, 40, 44), mask=polygons(size, [roof]))
    lamp = (x, y - s * 0.87)
    beams: list[Points] = [
        [lamp, (x - 4 * s, lamp[1] - s * 0.62), (x - 4 * s, lamp[1] - s * 0.14)],
        [lamp, (x + 4 * s, lamp[1] + s * 0.1), (x + 4 * s, lamp[1] + s * 0.5)],
    ]
    shaft = polygons(size, beams).filter(ImageFilter.GaussianBlur(s * 0.012))
    shaft = ImageChops.multiply(shaft, glow(size, lamp, s * 2.6, 1.2))
    canvas = light(canvas, (255, 236, 180), scaled(shaft, 0.55))
    return light(canvas, (255, 226, 150), scaled(glow(size, lamp, s * 0.3, 1.8), 0.9))
