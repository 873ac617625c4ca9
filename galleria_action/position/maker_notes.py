"""The places that some cameras name in their maker notes.

Maker notes are never changed: their offsets are the makers' secret. Known are the names of places
that cameras with a receiver and a map write: Panasonic and Leica, and Nikon's Coolpix.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from galleria_action import tiff
from galleria_action.tiff import Entry, Tiff

# The IFD of such a note stands behind these; its offsets count from the TIFF header.
_PANASONIC = {b"Panasonic\0\0\0": 12, b"LEICA\0\0\0": 8}
# Location, country, state, city, landmark, and city once more.
_PANASONIC_PLACES = {0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x80}
_NIKON = b"Nikon\0\2"
_NIKON_LOCATION = 0x39
# What stands there without a place.
_BLANK = b"\0 -\xff"


def place(block: Tiff, note: Entry) -> str:
    """Return the maker whose note, an entry of `block`, names a place; empty if none does."""
    data = block.value(note)
    for head, length in _PANASONIC.items():
        if data.startswith(head) and any(_panasonic(block, note.start + length)):
            return "Panasonic"
    return "Nikon" if data.startswith(_NIKON) and _nikon(data[10:]) else ""


def _panasonic(block: Tiff, at: int) -> Iterator[bytes]:
    """Yield the names of the directory at `at` that are not blank."""
    count = int.from_bytes(block.block[at : at + 2], "little" if block.order == "<" else "big")
    rows = block.block[at + 2 : at + 2 + 12 * count]
    for tag, _, size, offset in struct.iter_unpack(
        block.order + "HHII", rows[: len(rows) // 12 * 12]
    ):
        if tag in _PANASONIC_PLACES and size > tiff.INLINE:
            yield _text(block.block[offset : offset + min(size, 256)])


def _nikon(data: bytes) -> bool:
    """Tell whether LocationInfo has a country (3 bytes at 5) or a name (70 bytes at 9)."""
    try:
        note = tiff.read(data)
    except tiff.OverloadedError:
        return True  # nobody can tell
    except tiff.UnreadableError:
        return False
    values = [note.value(entry) for entry in note.directories["IFD0"].all(_NIKON_LOCATION)]
    return any(_text(value[5:8]) or value[9:79].strip(_BLANK) for value in values)


def _text(value: bytes) -> bytes:
    return value.partition(b"\0")[0].strip(_BLANK)
