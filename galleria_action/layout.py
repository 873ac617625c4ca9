"""Where texts stand in an Exif block, as it was found in another block of the same structure.

The blocks of one camera, or of one program, differ in their values and in nothing that a reader
follows. What was proven of one of them (that these places hold these texts, and nothing else does)
holds for all, and whether a block is one of them takes a comparison of two numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from galleria_action import tiff
from galleria_action.tiff import Tiff

LARGEST = 4096
"""Bytes of a block. Larger ones hold thumbnails, whose lengths differ, and their photos take long
to be hashed anyway."""
_LENGTHS, _EACH = 64, 4
Place = tuple[int, int]


class Layout(NamedTuple):
    """The structure of a block: its bytes as a number, all others zero, and a mask of ones there.

    ``places`` has tag to extent of texts that may be overwritten: nothing else is in there.
    """

    mask: int
    structure: int
    places: Mapping[int, Place]

    def fits(self, block: bytes) -> bool:
        """Whether a block of the same length reads as the one that this layout was learned from."""
        return int.from_bytes(block, "little") & self.mask == self.structure


_known: dict[int, tuple[Layout, ...]] = {}
"""Length of a block to the layouts met last."""


def find(block: bytes) -> Layout | None:
    """The layout of a block, if one like it was met before."""
    return next((each for each in _known.get(len(block), ()) if each.fits(block)), None)


def learn(block: Tiff, tags: Iterable[int]) -> None:
    """Remember the layout of a block in which the texts of ``tags`` have just been overwritten.

    Not of one with faults: to what a reader could not follow it has looked as well.
    """
    length = len(block.block)
    if length > LARGEST or block.faults:
        return
    if len(_known) >= _LENGTHS and length not in _known:
        _known.clear()
    _known[length] = (_of(block, tags), *_known.get(length, ())[: _EACH - 1])


def _of(block: Tiff, tags: Iterable[int]) -> Layout:
    mask = bytearray(len(block.block))
    for start, end in tiff.followed(block):
        mask[start:end] = b"\xff" * len(mask[start:end])
    number = int.from_bytes(mask, "little")
    exif = block.directories[tiff.EXIF_PATH]
    entries = {tag: exif.all(tag)[0] for tag in tags}
    places = {tag: (entry.start, entry.start + entry.size) for tag, entry in entries.items()}
    return Layout(number, int.from_bytes(block.block, "little") & number, places)
