"""Photoshop's image resources, which JPEG, TIFF and PNG files carry, without their positions.

Owns the sequence of resources (Adobe's file format specification): signature, number, name, length,
bytes. They may hold an Exif block, XMP and a thumbnail of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from galleria_action.position import Undecidable, pieces, signs
from galleria_action.position.pieces import Blocks, Piece

HEAD = b"Photoshop 3.0\0"
_SIGNATURES = {b"8BIM", b"PHUT", b"AgHg", b"DCSR", b"MeSa"}
_IPTC, _ICC = 0x0404, 0x040F
_THUMBNAILS = {0x0409, 0x040C}
# Photoshop itself writes some twenty, and a hundred for paths.
_MAX_RESOURCES = 10_000
# Before the JPEG file of a thumbnail: format, size and the like.
_THUMBNAIL_HEAD = 28


def clean(resources: bytes, blocks: Blocks) -> bytes:
    """Return the resources without their positions, of the same length; or `resources` itself.

    Raises Undecidable.
    """
    readers: dict[int, Callable[[bytes], bytes]] = {
        0x0422: blocks.exif,
        0x0423: blocks.exif,
        0x0424: blocks.xmp,
        **dict.fromkeys(_THUMBNAILS, partial(_thumbnail, blocks=blocks)),
        _IPTC: _texts,
        _ICC: bytes,
    }
    found: list[Piece] = []
    at = count = 0
    while resources[at : at + 4] in _SIGNATURES:
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        # The name and its length byte, and the value, fill an even number of bytes.
        name = at + 6
        size = name + (resources[name] + 2 & ~1 if name < len(resources) else 0)
        start = size + 4
        end = start + int.from_bytes(resources[size:start], "big")
        if start > len(resources) or end > len(resources):
            break
        count += 1
        if count > _MAX_RESOURCES:
            raise Undecidable("too many Photoshop resources")
        found += pieces.block(resources, start, end, readers.get(number, _opaque))
        at = end + (end & 1)
    signs.refuse(resources[at:], "broken Photoshop resources")
    return pieces.applied(resources, found)


def _thumbnail(value: bytes, blocks: Blocks) -> bytes:
    return pieces.applied(value, pieces.block(value, _THUMBNAIL_HEAD, len(value), blocks.picture))


def _texts(value: bytes) -> bytes:
    if found := signs.written(value):
        raise Undecidable(f"IPTC: {found}")
    return value


def _opaque(value: bytes) -> bytes:
    signs.refuse(value, "Photoshop resources")
    return value
