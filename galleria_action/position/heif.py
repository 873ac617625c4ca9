"""HEIF files (HEIC, AVIF) without their positions.

Owns their items: where the bytes of each are (`iloc`) and what they are (`iinf`), by ISO/IEC
14496-12, section 8.11. Exif and XMP are items; so is every picture, which is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action import jpeg
from galleria_action.position import Undecidable, boxes, item_places, movie, pieces, signs
from galleria_action.position.boxes import Box
from galleria_action.position.pieces import Blocks, Piece

# Items that are coded or derived pictures, and shapes to draw on them.
_PICTURES = frozenset(
    b"hvc1 hev1 av01 vvc1 avc1 j2k1 unci grid iden iovl tmap mski sato rgan".split()
)
_JPEG = b"jpeg"
_EXIF, _MIME = b"Exif", b"mime"
_XMP_TYPE = b"application/rdf+xml"
# Samsung's and Google's motion photos.
_VIDEO = b"mpvd"
_MEDIA = {b"mdat", b"imda"}


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a whole file; raises Undecidable."""
    top, end = boxes.read(data, 0, len(data))
    signs.refuse(data[end:], "data behind the image")
    return [piece for box in top for piece in _box(data, box, blocks)]


def _box(data: bytes, box: Box, blocks: Blocks) -> Iterator[Piece]:
    if box.kind == b"meta":
        yield from _meta(data, box, blocks)
    elif box.kind == _VIDEO:
        yield from pieces.block(data, box.start, box.end, blocks.movie)
    elif box.kind not in _MEDIA:
        yield from movie.edit_box(data, box, blocks)


def _meta(data: bytes, box: Box, blocks: Blocks) -> Iterator[Piece]:
    inner = boxes.whole(data, box.start + 4, max(box.start + 4, box.end), "meta box")
    info, places = boxes.first(inner, b"iinf"), boxes.first(inner, b"iloc")
    for child in inner:
        if child.kind not in {b"iloc", b"idat"}:
            signs.refuse(data[child.start : child.end], "a box of the image")
    if info is None or places is None:
        return
    extents = item_places.read(data, places, boxes.first(inner, b"idat"))
    for number, kind, content_type in _items(data, info):
        if kind not in _PICTURES and number in extents:
            yield from _item(data, extents[number], kind, content_type, blocks)


def _item(
    data: bytes,
    extents: list[tuple[int, int]],
    kind: bytes,
    content_type: bytes,
    blocks: Blocks,
) -> list[Piece]:
    """Return the pieces of an item that is no picture of HEIF's own."""
    blocks.spend(sum(end - start for start, end in extents))
    if kind == _EXIF:
        return pieces.scattered(data, extents, lambda item: exif_item(item, blocks))
    if kind == _MIME and content_type.startswith(_XMP_TYPE + b"\0"):
        if content_type[len(_XMP_TYPE) + 1 :].strip(b"\0"):
            raise Undecidable("compressed XMP")
        return pieces.scattered(data, extents, blocks.xmp)
    if kind == _JPEG:
        return pieces.scattered(data, extents, blocks.picture)
    signs.refuse(b"".join(data[start:end] for start, end in extents), "an item of the image")
    return []


def exif_item(item: bytes, blocks: Blocks) -> bytes:
    """Clean an Exif item: a 4-byte offset, and the TIFF block so many bytes behind that."""
    start = 4 + int.from_bytes(item[:4], "big")
    # Some writers count the identifier of JPEG, some do not.
    if item.startswith(jpeg.EXIF, start):
        start += len(jpeg.EXIF)
    signs.refuse(item[:start], "broken Exif item")
    if item[start : start + 4] not in {b"II*\0", b"MM\0*"}:
        signs.refuse(item, "broken Exif item")
        return item
    return pieces.applied(item, pieces.block(item, start, len(item), blocks.exif))


def _items(data: bytes, info: Box) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, kind and, for a `mime` item, content type and encoding of each item."""
    start = info.start + 4 + (4 if any(data[info.start : info.start + 1]) else 2)
    for entry in boxes.whole(data, start, max(start, info.end), "iinf box"):
        if entry.kind != b"infe" or entry.end - entry.start < 12 or data[entry.start] not in {2, 3}:
            raise Undecidable("an image with items of an unknown kind")
        wide = data[entry.start] == 3
        at = entry.start + 4
        number = int.from_bytes(data[at : at + (4 if wide else 2)], "big")
        at += 6 if wide else 4
        kind = data[at : at + 4]
        _, _, rest = data[at + 4 : entry.end].partition(b"\0")
        yield number, kind, rest + b"\0"
