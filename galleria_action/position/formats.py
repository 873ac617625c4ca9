"""What a file is, by its content, and which module removes its position.

Owns the recognition, and the depth to which files inside files are followed.
"""

from __future__ import annotations

from collections.abc import Callable

from galleria_action.position import (
    Undecidable,
    boxes,
    gif,
    gps_ifd,
    heif,
    jpeg_file,
    jxl,
    movie,
    photoshop,
    pieces,
    plain_text,
    png,
    signs,
    webp,
    xmp,
)
from galleria_action.position.pieces import Blocks, Piece

# A photo in a video of a photo has a depth of 2, its thumbnail 3.
_MAX_DEPTH = 5
# A block lies at as many depths at most, and is looked at a few times at each.
_MAX_REPEATED = 16
_MAX_INFLATED = 1 << 25
_TIFF = (b"II*\0", b"MM\0*")
# Brands of HEIF (ISO/IEC 23008-12) and AVIF.
_HEIF = frozenset(
    b"mif1 mif2 mif3 msf1 miaf heic heix heim heis hevc hevx hevm hevs".split()
    + b"avif avis avci avcs vvic".split()
)
_MOVIES = frozenset(b"ftyp moov mdat wide free skip pnot".split())
# Raw files of Canon and JPEG 2000 are built of boxes as well.
_OTHER_BRANDS = {b"crx ": "Canon raw", b"jp2 ": "JPEG 2000", b"jpx ": "JPEG 2000"}
# Names for those that are known by their first bytes and not supported.
_UNSUPPORTED = {
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"RIFF": "RIFF",
    b"PK\3\4": "ZIP",
    b"\x1f\x8b": "gzip",
    b"FUJIFILM": "Fujifilm raw",
    b"IIU\0": "Panasonic raw",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"\0\0\1\0": "icon",
}


class _Room:
    """Bytes that may still be looked at, of a file and of all that is inside it."""

    def __init__(self, size: int) -> None:
        self.left = _MAX_REPEATED * size + _MAX_INFLATED


class Inside:
    """The blocks inside a file, at a depth: see `Blocks`."""

    def __init__(self, room: _Room, depth: int = 0) -> None:
        self._room = room
        self._depth = depth

    def spend(self, size: int) -> None:
        """Count bytes that are about to be looked at."""
        self._room.left -= size
        if self._room.left < 0:
            raise Undecidable("the same bytes in too many places")

    def exif(self, block: bytes) -> bytes:
        """Clean a TIFF block."""
        self.spend(len(block))
        return gps_ifd.clean(block, self)

    def xmp(self, packet: bytes) -> bytes:
        """Clean an XMP packet."""
        self.spend(len(packet))
        return xmp.clean(packet, self)

    def photoshop(self, resources: bytes) -> bytes:
        """Clean Photoshop's resources."""
        self.spend(len(resources))
        return photoshop.clean(resources, self)

    def picture(self, data: bytes) -> bytes:
        """Clean a JPEG file."""
        self.spend(len(data))
        return pieces.applied(data, jpeg_file.edit(data, self._deeper()))

    def movie(self, data: bytes) -> bytes:
        """Clean a file of boxes."""
        self.spend(len(data))
        return pieces.applied(data, _boxes(data, self._deeper()))

    def check(self, data: bytes) -> None:
        """Raise Undecidable unless a file, or bytes of no known format, hold no position."""
        self.spend(len(data))
        found = _reader(data)
        if found is None:
            signs.refuse(data, "a file inside")
        elif found(data, self._deeper()):
            raise Undecidable("a file inside with a position")

    def _deeper(self) -> Inside:
        if self._depth == _MAX_DEPTH:
            raise Undecidable("files inside files inside files")
        return Inside(self._room, self._depth + 1)


def edit(data: bytes) -> list[Piece]:
    """Return the pieces to replace in a file so that it holds no position; raises Undecidable."""
    reader = _reader(data)
    if reader is None:
        raise Undecidable(f"a format whose position cannot be found{_name(data)}")
    return reader(data, Inside(_Room(len(data))))


def _reader(data: bytes) -> Callable[[bytes, Blocks], list[Piece]] | None:
    """Return what reads a file of this kind; None if nothing does."""
    for known, read in (
        (data.startswith(b"\xff\xd8"), jpeg_file.edit),
        (data.startswith(png.SIGNATURE), png.edit),
        (webp.is_webp(data), webp.edit),
        (data.startswith(_TIFF), _tiff),
        (data.startswith(jxl.SIGNATURE), jxl.edit),
        (boxes.first_kind(data) in _MOVIES, _boxes),
        (data.startswith(gif.HEADS), gif.edit),
        (data.startswith((jxl.CODESTREAM, b"BM")), _pixels),
    ):
        if known:
            return read
    return None if plain_text.read(data) is None else _text


def _name(data: bytes) -> str:
    name = next((name for head, name in _UNSUPPORTED.items() if data.startswith(head)), "")
    return f": {name}" if name else ""


def _tiff(data: bytes, blocks: Blocks) -> list[Piece]:
    return pieces.block(data, 0, len(data), blocks.exif)


def _boxes(data: bytes, blocks: Blocks) -> list[Piece]:
    brands = boxes.brands(data)
    for brand in brands & _OTHER_BRANDS.keys():
        raise Undecidable(f"a format whose position cannot be found: {_OTHER_BRANDS[brand]}")
    return heif.edit(data, blocks) if brands & _HEIF else movie.edit(data, blocks)


def _pixels(data: bytes, _: Blocks) -> list[Piece]:
    """Read a file without a place for metadata: a bare JPEG XL codestream, BMP."""
    signs.refuse(data, "a file of bare pixels")
    return []


def _text(data: bytes, blocks: Blocks) -> list[Piece]:
    text = plain_text.read(data)
    if text is not None:
        plain_text.check(text, blocks)
    return []
