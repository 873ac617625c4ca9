"""One small picture of a photo: what is in it, what is not, and what has none."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from support import galleries

from galleria_action import thumbnail
from galleria_action.thumbnail import Thumbnail

ORIENTATION = 0x0112


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def drawn(width: int = 600, height: int = 400) -> Image.Image:
    """Red on the left, blue on the right, and a white line at the top."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    image.paste("white", (0, 0, width, height // 10))
    return image


def opened(made: Thumbnail | None) -> Image.Image:
    assert made is not None
    image = Image.open(io.BytesIO(made.data), formats=("JPEG", "WEBP"))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((600, 400), (192, 128)),
        ((400, 600), (85, 128)),
        ((64, 48), (64, 48)),  # never larger than it is
        ((4000, 400), (384, 128)),  # a panorama: its middle
        ((100, 2000), (64, 128)),
        ((1, 1), (1, 1)),
    ],
)
def test_size(kind, size, expected):
    """As high as asked for, or as the picture is; its shape is kept unless no row has room for it."""
    made = thumbnail.make(saved(drawn(*size), kind), 128)
    assert made is not None
    assert (made.width, made.height) == expected == opened(made).size


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_modes(mode):
    """Greys, palettes, transparent ones and those for printers."""
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert opened(thumbnail.make(saved(Image.new(mode, (60, 40)), kind), 20)).size == (30, 20)


def test_transparent_stays_transparent():
    """And does not become black."""
    image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
    made = thumbnail.make(saved(image, "PNG"), 20)
    assert opened(made).convert("RGBA").getpixel((5, 5))[3] == 0
    assert made is not None
    assert made.content_type == "image/webp"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_content_type(kind):
    """The type that the page says is the file's own: JPEG where nothing is transparent."""
    made = thumbnail.make(saved(drawn(), kind), 128)
    assert made is not None
    assert made.content_type == "image/jpeg"
    assert opened(made).format == "JPEG"


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation(turn):
    """The picture stands as its Exif says: whatever the turn, the same picture comes out."""
    upright = drawn()
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(back[turn])) if turn in back else upright
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    made = opened(thumbnail.make(saved(stored, "JPEG", exif=exif), 128)).convert("RGB")
    assert made.size == (192, 128)
    colours = [made.getpixel(place) for place in ((40, 70), (150, 70), (96, 3))]
    assert [max(range(3), key=colour.__getitem__) for colour in colours[:2]] == [0, 2]
    assert min(colours[2]) > 200


def test_it_says_nothing_of_the_place():
    """A photo with its position, in Exif, XMP and a comment, has a thumbnail without metadata."""
    place = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a exif:GPSLatitude="52,31N"/></x:xmpmeta>'
    located = galleries.located(galleries.jpeg("a"))
    exif = Image.open(io.BytesIO(located)).getexif()
    assert exif.get_ifd(0x8825)
    for kind in ("JPEG", "WEBP"):
        for mode in ("RGB", "RGBA") if kind == "WEBP" else ("RGB",):
            image = drawn().convert(mode)
            photo = saved(image, kind, exif=exif, xmp=place, comment="GPS 52.31")
            made = thumbnail.make(photo, 128)
            assert made is not None
            assert not opened(made).getexif()
            for sign in (b"EXIF", b"Exif", b"XMP", b"GPS", b"xmpmeta"):
                assert sign not in made.data


def test_colours_of_a_wide_gamut_keep_their_profile():
    """Without it they would look pale; sRGB is what everybody assumes and is left out."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = srgb.replace(b"s\0R\0G\0B", b"w\0i\0d\0e").replace(b"sRGB", b"wide")
    assert wide != srgb
    made = {
        name: opened(thumbnail.make(saved(drawn(), "JPEG", icc_profile=profile), 128))
        for name, profile in {"srgb": srgb, "wide": wide}.items()
    }
    assert made["srgb"].info.get("icc_profile") is None
    assert made["wide"].info["icc_profile"] == wide


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG file of a few kilobytes that claims so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000, 9))
        + chunk(b"IEND", b"")
    )


BROKEN = {
    "nothing": b"",
    "text": b"not a picture",
    "page": b"<!doctype html><script>alert(1)</script>",
    "a bomb": bomb(60_000, 60_000),
    "a long bomb": bomb(2**31 - 1, 1),
    "cut JPEG": saved(drawn(), "JPEG")[:2000],
    "cut WebP": saved(drawn(), "WEBP")[:100],
    "GIF": saved(drawn(), "GIF"),
    "TIFF": saved(drawn(), "TIFF"),
    "BMP": saved(drawn(), "BMP"),
    "vector graphics": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_no_picture(data):
    """What is broken, too large, or of another format has none: no error, no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert thumbnail.make(data, 128) is None


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12),
)
def test_damaged_files(kind, damages):
    """Whatever bytes are damaged, there is a picture of the right size, or none."""
    data = bytearray(saved(drawn(90, 60), kind))
    for place, value in damages:
        data[place % len(data)] = value
    made = thumbnail.make(bytes(data), 30)
    if made:
        assert opened(made).size == (made.width, made.height)
        assert made.height <= 30
