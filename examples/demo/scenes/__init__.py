"""Pictures for the sample gallery, drawn by Pillow from a seed instead of shipped as files."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from .balloons import balloons
from .city import city
from .flower import dahlia
from .mountains import alpine_lake, dunes
from .nights import aurora, milky_way
from .plants import forest, lavender
from .seaside import beach, lighthouse
from .winter import cabin

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from .brushes import Size

SCENES: dict[str, Callable[[Size, Random], Image.Image]] = {
    "alpine_lake": alpine_lake,
    "aurora": aurora,
    "balloons": balloons,
    "beach": beach,
    "cabin": cabin,
    "city": city,
    "dahlia": dahlia,
    "dunes": dunes,
    "forest": forest,
    "lavender": lavender,
    "lighthouse": lighthouse,
    "milky_way": milky_way,
}


def draw(scene: str, size: Size, seed: int) -> Image.Image:
    """Draw a scene by its name; the same seed and size give the same pixels."""
    return SCENES[scene](size, Random(f"{scene} {seed}"))
