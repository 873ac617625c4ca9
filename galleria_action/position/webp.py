"""WebP files without their positions: the chunks of their RIFF container."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from galleria_action.position import Undecidable, pieces, png, signs, trailing
from galleria_action.position.pieces import Blocks, Piece

_HEADER = 12
_KNOWN = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
# Each frame of an animation is one.
_MAX_CHUNKS = 100_000
_EXIF = b"EXIF"
_XMP = {b"XMP ", b"XMP\0"}


def is_webp(data: bytes) -> bool:
    """Tell whether it is a WebP file by its first bytes."""
    return data.startswith(b"RIFF") and data[8:_HEADER] == b"WEBP"


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a whole file; raises Undecidable."""
    size = 8 + int.from_bytes(data[4:8], "little")
    end = min(size + size % 2, len(data))
    return [*_chunks(data, end, blocks), *trailing.edit(data, end, blocks)]


def _chunks(data: bytes, limit: int, blocks: Blocks) -> Iterator[Piece]:
    at = _HEADER
    for _ in range(_MAX_CHUNKS):
        if at + 8 > limit:
            break
        kind, start = data[at : at + 4], at + 8
        end = start + int.from_bytes(data[at + 4 : start], "little")
        if end > len(data):
            break
        if kind == _EXIF:
            yield from pieces.block(data, start, end, partial(png.exif, blocks=blocks))
        elif kind in _XMP:
            yield from pieces.block(data, start, end, blocks.xmp)
        elif kind not in _KNOWN:
            signs.refuse(data[start:end], f"chunk {kind.decode('latin-1').strip()}")
        at = end + end % 2
    else:
        raise Undecidable("too many chunks")
    signs.refuse(data[at:limit], "a WebP file that is cut off")
