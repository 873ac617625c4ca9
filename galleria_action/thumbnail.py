"""One small picture of a photo, made anew so that nothing but the picture is in it.

The only module that knows Pillow. Its decoders are given other people's files: only three formats,
no more pixels than a camera has, and whatever goes wrong means that there is no picture.
"""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 70_000_000
NARROWEST, WIDEST = 0.5, 3.0
"""Width to height: what is beyond that is cut at both ends, so that a row has room for others."""
QUALITY, METHOD = 72, 2  # the method is WebP's: beyond this one only the time grows

_LARGEST_PROFILE = 4096
_ORIENTATION = 0x0112
_TURNED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif 2.3, table 4: to Image.Transpose


class Thumbnail(NamedTuple):
    """A JPEG or WebP file without metadata, and its size in pixels."""

    width: int
    height: int
    data: bytes

    @property
    def content_type(self) -> str:
        return "image/jpeg" if self.data.startswith(b"\xff\xd8") else "image/webp"


def make(data: bytes, height: int) -> Thumbnail | None:
    """The picture of an image file, ``height`` pixels high or less; None if it has none to show."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file: nobody can help it here
            return _made(data, height)
    except Exception:  # noqa: BLE001 - decoders raise what they like, and no run fails for a picture
        return None


def _made(data: bytes, height: int) -> Thumbnail | None:
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    Image.MAX_IMAGE_PIXELS = None  # it warns first; MOST_PIXELS is held to below
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
        if image.width * image.height > MOST_PIXELS:
            return None
        turn = _TURNED.get(image.getexif().get(_ORIENTATION, 1))
        profile = _profile(image)
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        scale = height / min(image.size)
        # JPEG decodes to an eighth at once, which is far quicker than all of it.
        image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        picture = image.convert("RGBA" if has_alpha else "RGB")
    if turn is not None:
        picture = picture.transpose(Image.Transpose(turn))
    picture = _cut(picture)
    high = min(height, picture.height)
    wide = max(1, round(picture.width * high / picture.height))
    picture = picture.resize((wide, high), Image.Resampling.LANCZOS, reducing_gap=2)
    return Thumbnail(wide, high, _encoded(picture, profile))


def _encoded(picture: Image.Image, profile: bytes) -> bytes:
    """JPEG takes a tenth of the time of WebP, and more bytes, but knows no alpha."""
    file = io.BytesIO()
    nothing = {"exif": b"", "xmp": b"", "comment": b""}
    if picture.mode == "RGBA":
        picture.save(file, "WEBP", quality=QUALITY, method=METHOD, icc_profile=profile, **nothing)
    else:
        picture.save(file, "JPEG", quality=QUALITY, icc_profile=profile, **nothing)
    return file.getvalue()


def _profile(image: Image.Image) -> bytes:
    """The colours' profile if they would look wrong without it: sRGB is what browsers assume."""
    profile: bytes = image.info.get("icc_profile") or b""
    is_srgb = b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile
    fits = image.mode == "RGB" and profile[16:20] == b"RGB " and len(profile) <= _LARGEST_PROFILE
    return profile if fits and not is_srgb else b""


def _cut(picture: Image.Image) -> Image.Image:
    """The middle of a picture that is very wide or very high."""
    width, height = picture.size
    wide = min(width, round(height * WIDEST))
    high = min(height, round(width / NARROWEST))
    left, top = (width - wide) // 2, (height - high) // 2
    return picture.crop((left, top, left + wide, top + high))
