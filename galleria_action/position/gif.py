"""GIF files without their positions: XMP is the one structured block that they hold."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.position import Undecidable, pieces, signs, trailing
from galleria_action.position.pieces import Blocks, Piece

HEADS = (b"GIF87a", b"GIF89a")
# Each frame has two.
_MAX_BLOCKS = 100_000
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_XMP = b"\x21\xff\x0bXMP DataXMP"
# XMP is not cut into blocks; behind it come bytes that lead any reader of blocks to their end:
# 1, 255, 254, … 0, and 0 once more (Adobe's XMP specification, part 3, 1.1.2).
_MAGIC = bytes([1, *range(0xFF, -1, -1), 0])


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a whole file; raises Undecidable."""
    found: list[Piece] = []
    at = 13 + _colours(data, 10)
    for _ in range(_MAX_BLOCKS):
        if at >= len(data) or data[at] == _END:
            break
        if data.startswith(_XMP, at):
            start = at + len(_XMP)
            end = data.find(_MAGIC, start)
            if end < 0:
                raise Undecidable("broken XMP in a GIF file")
            found += pieces.block(data, start, end, blocks.xmp)
            at = end + len(_MAGIC)
        elif data[at] == _EXTENSION:
            extents = list(_sub_blocks(data, at + 2))
            signs.refuse(b"".join(data[start:end] for start, end in extents), "a GIF extension")
            at = _behind(extents, at + 2)
        elif data[at] == _IMAGE:
            start = at + 10 + _colours(data, at + 9) + 1
            at = _behind(list(_sub_blocks(data, start)), start)
        else:
            break
    else:
        raise Undecidable("too many blocks")
    return [*found, *trailing.edit(data, at, blocks)]


def _colours(data: bytes, at: int) -> int:
    """Return the length of the table of colours that the flags at `at` announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _sub_blocks(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield the extents of the blocks from `at` on, to an empty one or the end of the file."""
    while at < len(data) and (size := data[at]):
        yield at + 1, min(at + 1 + size, len(data))
        at += 1 + size


def _behind(extents: list[tuple[int, int]], at: int) -> int:
    """Return what follows the empty block that ends the list."""
    return (extents[-1][1] if extents else at) + 1
