"""The position in the APP1 segments of thermal cameras by FLIR.

Owns their record directory, of which nothing but the GPS record is touched. Its layout is known
from exiftool (lib/Image/ExifTool/FLIR.pm).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from galleria_action import jpeg
from galleria_action.jpeg import Segment
from galleria_action.position import Undecidable, pieces, signs
from galleria_action.position.pieces import Piece

_HEAD = b"FLIR\0"
# Behind the head: a version, the number of the chunk, the number of the last one.
_PREFIX = 8
_FILES = (b"FFF\0", b"AFF\0")
_ROW = 32
_GPS = 0x2B
_MAX_RECORDS = 1000
_MAX_GPS = 10
_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")


def found_in(data: bytes, segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments that hold chunks of FLIR's records, in the order of the chunks."""
    found = [
        s
        for s in segments
        if s.marker == jpeg.APP1
        and data.startswith(_HEAD, s.start, s.end)
        and s.end - s.start >= _PREFIX
    ]
    return sorted(found, key=lambda s: data[s.start + 6])


def edit(data: bytes, segments: Sequence[Segment]) -> list[Piece]:
    """Return the pieces that make the GPS records zeros; raises Undecidable."""
    extents = [(s.start + _PREFIX, s.end) for s in found_in(data, segments)]
    return pieces.scattered(data, extents, _clean)


def _clean(records: bytes) -> bytes:
    signs.refuse(records, "FLIR segment")
    found: list[Piece] = []
    for kind, start, size in _directory(records):
        if kind != _GPS:
            continue
        if len(found) == _MAX_GPS:
            raise Undecidable("broken FLIR records")
        value = records[start : start + size]
        if value.strip(b"\0"):
            found.append((start, start + len(value), bytes(len(value))))
    return pieces.applied(records, found)


def _directory(records: bytes) -> list[tuple[int, int, int]]:
    """Return type, place and size of each record; none if the chunks are no FLIR file."""
    if not records.startswith(_FILES) or len(records) < 64:
        return []
    for order in _ORDERS:
        numbers = [int.from_bytes(records[at : at + 4], order) for at in (0x14, 0x18, 0x1C)]
        version, at, count = numbers
        if 100 <= version < 200:
            break
    else:
        raise Undecidable("FLIR records of an unknown version")
    if count > _MAX_RECORDS or at + count * _ROW > len(records):
        raise Undecidable("broken FLIR records")
    rows = [records[place : place + _ROW] for place in range(at, at + count * _ROW, _ROW)]
    return [
        (
            int.from_bytes(row[:2], order),
            int.from_bytes(row[12:16], order),
            int.from_bytes(row[16:20], order),
        )
        for row in rows
    ]
