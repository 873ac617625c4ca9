"""Pieces of a file to replace, and the kinds of blocks that formats have inside them.

A piece is `(start, end, new)`: the bytes from `start` to `end` become `new`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from galleria_action import jpeg
from galleria_action.position import Undecidable

Piece = tuple[int, int, bytes]


class Blocks(Protocol):
    """What every format may hold, and how it loses its position.

    Each method returns its argument itself if it is proven to hold no position, and otherwise bytes
    of the same length without one. Each raises Undecidable.
    """

    def spend(self, size: int) -> None:
        """Count bytes that are about to be looked at, which a crafted file may have at many times.

        Each other method does so by itself.
        """

    def exif(self, block: bytes) -> bytes:
        """Clean a TIFF block from its byte-order mark on."""

    def xmp(self, packet: bytes) -> bytes:
        """Clean an XMP packet."""

    def photoshop(self, resources: bytes) -> bytes:
        """Clean a sequence of Photoshop's image resources."""

    def picture(self, data: bytes) -> bytes:
        """Clean a whole JPEG file."""

    def movie(self, data: bytes) -> bytes:
        """Clean an MP4 or QuickTime file."""

    def check(self, data: bytes) -> None:
        """Raise Undecidable unless a file of any format, or bytes of none, hold no position."""


def applied(data: bytes, pieces: Sequence[Piece]) -> bytes:
    """Return `data` with all pieces put in, in any order; `data` itself if there are none."""
    if not pieces:
        return data
    done, ordered = 0, sorted(pieces)
    for start, end, _ in ordered:
        if not done <= start <= end <= len(data):
            raise Undecidable("parts of the file overlap")
        done = end
    return jpeg.replace(data, ordered)


def block(data: bytes, start: int, end: int, clean: Callable[[bytes], bytes]) -> list[Piece]:
    """Return the piece, if any, that a block from `start` to `end` needs."""
    old = data[start:end]
    new = clean(old)
    return [] if new is old else [(start, end, new)]


def scattered(
    data: bytes, extents: Sequence[tuple[int, int]], clean: Callable[[bytes], bytes]
) -> list[Piece]:
    """Return the pieces of a block that lies in several extents, joined in the given order."""
    old = b"".join(data[start:end] for start, end in extents)
    new = clean(old)
    if new is old:
        return []
    pieces, at = [], 0
    for start, end in extents:
        pieces.append((start, end, new[at : at + end - start]))
        at += end - start
    return pieces
