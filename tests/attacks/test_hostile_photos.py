"""Photos that are made to keep a parser busy: what they claim to hold is far more than they have.

No test looks at a clock. A crafted file is refused by name, and in no more memory than it deserves.
"""

from __future__ import annotations

import base64
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from support import galleries, photos, positions

from galleria_action import exif, geotag, jpeg, tiff
from galleria_action.edits import Uneditable
from galleria_action.position import signs

TIME = "2024:06:15 14:30:45"
ROOM = 64 << 20
SIZE = 65_000


def wrapped(block: bytes) -> bytes:
    return jpeg.SOI + jpeg.exif_bytes(block) + jpeg.EOI


def repeated(tag: int, kind: int, count: int, size: int = SIZE) -> bytes:
    """A directory full of entries whose values are all nearly the whole block."""
    rows = (size - 14) // 12
    row = struct.pack("<HHII", tag, kind, count, 8)
    return (b"II*\0" + struct.pack("<IH", 8, rows) + row * rows).ljust(size, b"\0")


def overlapping(size: int = 400_000) -> bytes:
    """Forty directories that overlap, each with tens of thousands of entries."""
    head = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x014A, 4, 40, 26, 0)
    starts = range(26 + 160, 26 + 160 + 80, 2)
    places = b"".join(struct.pack("<I", start) for start in starts)
    # 0x6F6F entries of tag 0x6F6F: every place reads the same.
    return (head + places).ljust(size, b"\x6f")


BLOCKS = {
    "texts": repeated(0x9000, 2, SIZE - 10),
    "strips": repeated(0x0111, 4, SIZE // 4 - 4),
    "their lengths": repeated(0x0117, 4, SIZE // 4 - 4),
    "directories": repeated(0x014A, 4, SIZE // 4 - 4),
    "XMP": repeated(0x02BC, 1, SIZE - 10),
    "maker notes": repeated(0x927C, 7, SIZE - 10),
    "comments": repeated(0x9286, 7, SIZE - 10),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_blocks_that_repeat_themselves(block):
    """65 kB that would take gigabytes to read: neither edited nor taken to have no position."""
    tracemalloc.start()
    with pytest.raises(tiff.OverloadedError):
        tiff.read(block)
    with pytest.raises(Uneditable, match="more than there is"):
        exif.edit(wrapped(block), TIME, "+02:00")
    with pytest.raises(geotag.Undecidable, match="more than there is"):
        geotag.remove(wrapped(block))
    assert tracemalloc.get_traced_memory()[1] < ROOM
    tracemalloc.stop()


def test_directories_that_overlap():
    """They are given up as soon as they are too many together."""
    with pytest.raises(tiff.OverloadedError):
        tiff.read(overlapping())
    with pytest.raises(geotag.Undecidable):
        geotag.remove(overlapping())


def test_blocks_of_real_size():
    """Panoramas have ten thousand tiles, and raw files hundreds of entries."""
    tiles = 20_000
    rows = struct.pack("<HHIIHHII", 0x0144, 4, tiles, 38, 0x0145, 4, tiles, 38 + 4 * tiles)
    block = b"II*\0" + struct.pack("<IH", 8, 2) + rows + bytes(4)
    assert tiff.read(block + bytes(8 * tiles)).directories["IFD0"].sound


def chunk(kind: bytes, content: bytes) -> bytes:
    sum_ = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + sum_


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


BOMB = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20 << 20), 9))


@pytest.fixture
def inflated(monkeypatch) -> list[int]:
    """Sizes of the texts that were searched for signs."""
    sizes: list[int] = []
    sign = signs.sign

    def counted(data: bytes) -> str:
        sizes.append(len(data))
        return "" if len(data) > 1 << 20 else sign(data)

    monkeypatch.setattr(signs, "sign", counted)
    return sizes


def test_compressed_texts(inflated):
    """A hundred texts of 20 kB that unpack to 20 MB each are not all unpacked."""
    with pytest.raises(geotag.Undecidable, match="too many places"):
        geotag.remove(png(*[BOMB] * 100))
    assert sum(inflated) < 100 << 20


def test_compressed_texts_inside_of_files(inflated):
    """The same in pictures that stand in a text."""
    picture = base64.b64encode(png(BOMB)).decode()
    text = "".join(f"<image href='data:image/png;base64,{picture}'/>" for _ in range(50))
    with pytest.raises(geotag.Undecidable, match="too many places"):
        geotag.remove(f"<svg>{text}</svg>".encode())
    assert sum(inflated) < 100 << 20


def heif(extents: int) -> bytes:
    """An image whose Exif lies in many extents, each of them the whole file."""
    infe = positions.box(b"infe", b"\2\0\0\0\0\1\0\0Exif\0")
    iinf = positions.box(b"iinf", b"\0\0\0\0\0\1" + infe)
    places = b"".join(struct.pack(">II", 0, 0) for _ in range(extents))
    iloc = positions.box(
        b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">HHHH", 1, 1, 0, extents) + places
    )
    meta = positions.box(b"meta", bytes(4) + iinf + iloc)
    return positions.box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta


def test_extents_of_items():
    """60,000 times the same half megabyte is no metadata of an image."""
    tracemalloc.start()
    with pytest.raises(geotag.Undecidable, match="too many places"):
        geotag.remove(heif(60_000))
    assert tracemalloc.get_traced_memory()[1] < ROOM
    tracemalloc.stop()


MANY: dict[str, tuple[Callable[[], bytes], str]] = {
    "resources": (
        lambda: photos.photo(photos.segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\1\0\0\0\0\0\0" * 5000) * 3),
        "too many Photoshop resources",
    ),
    "packets": (
        lambda: photos.photo(
            *[
                photos.segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"%032d" % n + bytes(8))
                for n in range(200)
            ]
        ),
        "too many packets",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "why"), MANY.values(), ids=MANY)
def test_too_many(made, why):
    """Each of them costs a look, and no camera writes so many."""
    with pytest.raises(geotag.Undecidable, match=why):
        geotag.remove(made())


def test_too_many_segments_are_not_edited():
    """They would take a thousand times their size in memory."""
    many = jpeg.SOI + b"\xff\xe0\0\2" * 100_000 + jpeg.EOI
    with pytest.raises(Uneditable, match="too many segments"):
        exif.edit(many, TIME, None)
    assert geotag.remove(many) is many


def test_images_behind_the_image():
    """Two hundred beginnings of images that never end are not each read to the end of the file."""
    start = b"\xff\xd8" + photos.segment(0xDA, bytes(10))
    with pytest.raises(geotag.Undecidable):
        geotag.remove(galleries.jpeg("x") + start * 150 + bytes(3 << 20))


@pytest.mark.parametrize("count", [1, 7, 100_000])
def test_fill_bytes(count):
    """Any number of them may stand before a marker (T.81, B.1.1.2)."""
    data = galleries.jpeg("x")
    filled = data[:2] + b"\xff" * count + data[2:]
    assert exif.original_time(filled) == "2024:06:15 18:30:45"
