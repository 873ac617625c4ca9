"""JPEG XL files without their positions: the boxes of the container."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.position import Undecidable, boxes, heif, pieces, signs
from galleria_action.position.boxes import Box
from galleria_action.position.pieces import Blocks, Piece

SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
CODESTREAM = b"\xff\x0a"
_PICTURES = {b"jxlc", b"jxlp", b"jxli"}
_EXIF, _XMP = b"Exif", b"xml "
_REFUSED = {
    b"brob": "compressed metadata (brob) in JPEG XL",
    # The segments of the JPEG file it was made of, those of cameras among them.
    b"jbrd": "a JPEG file (jbrd) inside JPEG XL",
}


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a file with boxes; raises Undecidable."""
    top, end = boxes.read(data, 0, len(data))
    signs.refuse(data[end:], "data behind the image")
    return [piece for box in top for piece in _box(data, box, blocks)]


def _box(data: bytes, box: Box, blocks: Blocks) -> Iterator[Piece]:
    if box.kind in _REFUSED:
        raise Undecidable(_REFUSED[box.kind])
    if box.kind == _EXIF:
        yield from pieces.block(data, box.start, box.end, lambda item: heif.exif_item(item, blocks))
    elif box.kind == _XMP:
        yield from pieces.block(data, box.start, box.end, blocks.xmp)
    elif box.kind not in _PICTURES:
        signs.refuse(data[box.start : box.end], "a box of JPEG XL")
