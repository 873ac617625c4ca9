"""The segments of a JPEG file from SOI to EOI, those between its scans included.

Unlike `jpeg.header` it goes on behind the first SOS: progressive files have tables there, and
nothing keeps a writer from putting metadata among them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from galleria_action.jpeg import MAX_SEGMENTS, SOI, Segment, UnreadableError, behind_fill

_END, SCAN = 0xD9, 0xDA
# What ends the data of a scan; RSTn and stuffed zeros do not (T.81, B.1.1.5 and F.1.2.3).
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_STANDALONE = {0x01, *range(0xD0, 0xD9)}


class Scans(NamedTuple):
    """The segments of a file; `end` is behind its EOI.

    `fault` says why a file has no EOI: it ends inside a scan, or its structure is broken. Then
    nothing is known of its bytes from `known` on, and `end` is the end of all bytes.
    """

    segments: tuple[Segment, ...]
    known: int
    end: int
    fault: str


def read(data: bytes, at: int = 0) -> Scans:
    """Read the JPEG file whose SOI is at `at`."""
    segments: list[Segment] = []
    known = at = at + len(SOI)
    while True:
        try:
            segment, at = _segment(data, at)
        except UnreadableError as error:
            return Scans(tuple(segments), known, len(data), str(error))
        if segment is None:
            return Scans(tuple(segments), at, at, "")
        segments.append(segment)
        known = at
        if len(segments) == MAX_SEGMENTS:
            return Scans(tuple(segments), known, len(data), "too many segments")
        if segment.marker == SCAN:
            found = _MARKER.search(data, at)
            if not found:
                return Scans(tuple(segments), known, len(data), "it ends inside the image")
            known = at = found.start()


def _segment(data: bytes, at: int) -> tuple[Segment | None, int]:
    """Return the segment at `at`, None for EOI, and what is behind it."""
    marker, at = _marker(data, at)
    if marker == _END:
        return None, at
    end = at + int.from_bytes(data[at : at + 2], "big")
    if marker in _STANDALONE or marker < 0xC0:
        raise UnreadableError(f"marker 0x{marker:02X} between segments")
    if end < at + 2 or end > len(data):
        raise UnreadableError("a segment is longer than the file")
    return Segment(marker, at, at + 2, end), end


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at `at`, behind any fill bytes, and where it ends."""
    if data[at : at + 1] != b"\xff":
        raise UnreadableError("bytes between segments" if at < len(data) else "it ends early")
    at = behind_fill(data, at)
    if at >= len(data):
        raise UnreadableError("it ends early")
    return data[at], at + 1
