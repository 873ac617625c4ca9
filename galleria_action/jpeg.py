"""The segments of a JPEG file up to its image data, and the file put together again.

Owns the marker syntax of ITU-T T.81, annex B, and nothing of what the segments mean, Exif's place
among them apart. Scan data is never looked at: a photo of 8 MB costs a few reads of its header.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
APP0 = 0xE0
APP1 = 0xE1
APP2 = 0xE2
EXIF = b"Exif\0\0"
# The length field counts itself: 65,535 - 2 (T.81, B.1.1.4).
MAX_PAYLOAD = 65_533

# Real files have some hundred at most.
MAX_SEGMENTS = 5_000

_MARKER_AND_LENGTH = struct.Struct(">HH").unpack_from
_FIRST, _LAST = 0xFF00, 0xFFFE  # a second 0xFF is a fill byte
_FILLS = re.compile(rb"\xff*")
_END = 0xD9
_SCAN = 0xDA
# TEM, RSTn and SOI stand alone, 0x02 to 0xBF are reserved: none belongs between SOI and SOS.
_SEGMENTS = frozenset(range(0xC0, 0xFF)) - frozenset(range(0xD0, 0xD9))
# What readers, exiftool among them, may still take for Exif although it is not quite.
_LIKE_EXIF = re.compile(rb".{0,4}Exif\0", re.IGNORECASE | re.DOTALL)
_LONGEST_LIKE_EXIF = 9


class UnreadableError(Exception):
    """The bytes are no JPEG file, or one whose structure is broken; str() says which."""


class Segment(NamedTuple):
    """A marker segment; `at` is where its length field stands, `start:end` its payload."""

    marker: int
    at: int
    start: int
    end: int


class Header(NamedTuple):
    """The segments as `segments` returns them, and the one of them that holds Exif, if one does."""

    segments: tuple[Segment, ...]
    exif: Segment | None


class _Seen(NamedTuple):
    """The header of an earlier file: `looked_at` is what was seen of it, `places` get the same."""

    header: Header
    places: itemgetter[Any]
    looked_at: Any


_MOST_SEEN = 4
_seen: list[_Seen] = []  # the last first; threads share it, and do no harm if one is missed


def header(data: bytes) -> Header:
    """Return the header of a file; raises UnreadableError as `segments` and `exif_segment` do.

    The files of one program often have segments of the same lengths, which is seen at once.
    """
    for known, places, looked_at in _seen:
        if places(data) == looked_at and header_end(known.segments) <= len(data):
            return known
    found = segments(data)
    parsed = Header(found, exif_segment(data, found))
    if found and found[-1].marker == _SCAN:  # else it is its end that was looked at last
        places = itemgetter(*_looked_at(found))
        _seen.insert(0, _Seen(parsed, places, places(data)))
        del _seen[_MOST_SEEN:]
    return parsed


def _looked_at(found: Sequence[Segment]) -> Iterator[slice]:
    """Yield where the bytes stand that decide what the segments are, and whether they hold Exif."""
    done = 0
    for marker, _, start, end in found:
        yield slice(done, start + (_LONGEST_LIKE_EXIF if marker == APP1 else 0))
        done = end


def segments(data: bytes) -> tuple[Segment, ...]:
    """Return the segments from SOI to the first SOS, that one included, in the order of the file.

    A file may end with EOI instead (tables or metadata alone); then the last segment is the one
    before it. Raises UnreadableError for everything else.
    """
    if not data.startswith(SOI):
        raise UnreadableError("not a JPEG file")
    found: list[Segment] = []
    segment = tuple.__new__  # half the time of Segment(...)
    at, size = len(SOI), len(data)
    while True:
        marker, length = _MARKER_AND_LENGTH(data, at) if at + 4 <= size else (0, 0)
        if _FIRST <= marker <= _LAST:
            marker, at = marker & 0xFF, at + 2  # nearly always
        else:
            marker, at = _marker(data, at)
            length = int.from_bytes(data[at : at + 2], "big")
        if marker == _END:
            return tuple(found)
        if marker not in _SEGMENTS:
            raise UnreadableError(f"broken JPEG file: marker 0x{marker:02X} before the image")
        end = at + length
        if length < 2 or end > size:
            raise UnreadableError("broken JPEG file: a segment is longer than the file")
        if len(found) == MAX_SEGMENTS:
            raise UnreadableError("broken JPEG file: too many segments")
        found.append(segment(Segment, (marker, at, at + 2, end)))
        if marker == _SCAN:
            return tuple(found)
        at = end


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at `at`, behind any fill bytes (T.81, B.1.1.2), and where it ends."""
    if data[at : at + 1] != b"\xff":
        what = "it ends before the image" if at >= len(data) else "bytes between segments"
        raise UnreadableError(f"broken JPEG file: {what}")
    at = behind_fill(data, at)
    if at + 2 > len(data) and data[at:] != EOI[1:]:
        raise UnreadableError("broken JPEG file: it ends before the image")
    return data[at], at + 1


def behind_fill(data: bytes, at: int) -> int:
    """Return where the fill bytes at `at`, of which there may be any number, end."""
    found = _FILLS.match(data, at)
    return found.end() if found else at


def exif_segment(data: bytes, segments: Sequence[Segment]) -> Segment | None:
    r"""Return the one segment that holds Exif, or None if no segment does.

    Raises UnreadableError if there are several (exiftool joins them, others take the first or the
    last), or one whose identifier only resembles `Exif\0\0`, which some readers accept.
    """
    found = [s for s in segments if s.marker == APP1 and _LIKE_EXIF.match(data, s.start, s.end)]
    if len(found) > 1:
        raise UnreadableError("more than one Exif block")
    if found and not data.startswith(EXIF, found[0].start, found[0].end):
        raise UnreadableError("broken Exif block: unknown identifier")
    return found[0] if found else None


def header_end(segments: Sequence[Segment]) -> int:
    """Return where the scan data begins, or EOI in a file without an image."""
    return segments[-1].end if segments else len(SOI)


def place_for_exif(segments: Sequence[Segment]) -> int:
    """Return where a new Exif segment goes: after SOI and any APP0 (JFIF, JFXX) that follows it.

    Exif wants APP1 right after SOI and JFIF wants APP0 there; exiftool's order satisfies the
    readers of both.
    """
    at = len(SOI)
    for segment in segments:
        if segment.marker != APP0:
            break
        at = segment.end
    return at


def exif_bytes(block: bytes) -> bytes:
    """Return the APP1 segment that holds `block`, from its marker on; `block` has to fit."""
    return b"\xff\xe1" + (2 + len(EXIF) + len(block)).to_bytes(2, "big") + EXIF + block


def replace(data: bytes, pieces: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return `data` with each `(start, end, new)` of the sorted, disjoint `pieces` put in.

    One copy, whatever the number of pieces.
    """
    view = memoryview(data)
    parts: list[bytes | memoryview] = []
    done = 0
    for start, end, new in pieces:
        parts += (view[done:start], new)
        done = end
    parts.append(view[done:])
    return b"".join(parts)
