"""What does a picture of `report.html` take, and what would it take in another format?

    python -m benchmarks.pictures

A thumbnail of 400 pixels and a photo of four megapixels, drawn soft as photos are, each made into
a picture as the report does it; then the encoders alone, on the picture of 128 pixels. Medians.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

from PIL import Image

from galleria_action import thumbnail

ROUNDS = 41


def main() -> None:
    """Print a table."""
    for name, size, kind in (("thumbnail", (400, 267), "WEBP"), ("photo", (2448, 1632), "JPEG")):
        data = saved(drawn(*size), kind, 85)
        row(f"a picture from a {name} ({len(data) / 1000:.0f} kB)", lambda d=data: made(d))
    picture = drawn(192, 128)
    for kind in ("JPEG", "WEBP"):
        row(
            f"{kind} alone, 192 x 128 pixels",
            lambda kind=kind: saved(picture, kind, thumbnail.QUALITY),
        )


def drawn(width: int, height: int) -> Image.Image:
    """Soft shapes with a little noise, as a camera sees them."""
    bands = []
    for _ in range(3):
        shapes = Image.effect_noise((width // 24 + 2, height // 24 + 2), 120)
        soft = shapes.resize((width, height), Image.Resampling.BICUBIC)
        bands.append(Image.blend(soft, Image.effect_noise((width, height), 40), 0.1))
    return Image.merge("RGB", bands)


def saved(image: Image.Image, kind: str, quality: int) -> bytes:
    file = io.BytesIO()
    method = {"method": thumbnail.METHOD} if kind == "WEBP" else {}
    image.save(file, kind, quality=quality, **method)
    return file.getvalue()


def made(data: bytes) -> bytes:
    found = thumbnail.make(data, 128)
    assert found
    return found.data


def row(what: str, work: Callable[[], bytes]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        data = work()
        times.append(time.perf_counter() - began)
    print(f"  {what:<40} {statistics.median(times) * 1000:7.2f} ms  {len(data):6,} bytes")


if __name__ == "__main__":
    main()
