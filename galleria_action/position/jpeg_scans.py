"""The segments of a JPEG file from SOI to EOI, those between its scans included.

Unlike `jpeg.header` it goes on behind the first SOS: progressive files have tables there, and
nothing keeps a writer from putting metadata among them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from galleria_action.jpeg import SOI, Segment, UnreadableError

_END, _SCAN = 0xD9, 0xDA
# What ends the data of a scan; RSTn and stuffed zeros do not (T.81, B.1.1.5 and F.1.2.3).
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
# Real files have a few hundred at most.
_MAX_SEGMENTS = 5_000


class Scans(NamedTuple):
    """The segments of a file; `end` is behind its EOI.

    In a file that is cut off inside a scan, `cut` is where that scan's data begins; else None.
    """

    segments: tuple[Segment, ...]
    end: int
    cut: int | None


def read(data: bytes, at: int = 0) -> Scans:
    """Read the JPEG file that begins at `at`; raises UnreadableError if its structure is broken."""
    if not data.startswith(SOI, at):
        raise UnreadableError("not a JPEG file")
    segments: list[Segment] = []
    at += 2
    while True:
        marker, at = _marker(data, at)
        if marker == _END:
            return Scans(tuple(segments), at, None)
        end = at + int.from_bytes(data[at : at + 2], "big")
        if marker in _STANDALONE or marker < 0xC0:
            raise UnreadableError(f"broken JPEG file: marker 0x{marker:02X} between segments")
        if end < at + 2 or end > len(data):
            raise UnreadableError("broken JPEG file: a segment is longer than the file")
        if len(segments) == _MAX_SEGMENTS:
            raise UnreadableError("broken JPEG file: too many segments")
        segments.append(Segment(marker, at, at + 2, end))
        at = end
        if marker == _SCAN:
            found = _MARKER.search(data, at)
            if not found:
                return Scans(tuple(segments), len(data), at)
            at = found.start()


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at `at`, behind any fill bytes, and where it ends."""
    if data[at : at + 1] != b"\xff":
        raise UnreadableError("broken JPEG file: bytes between segments")
    while data[at : at + 1] == b"\xff":
        at += 1
    if at >= len(data):
        raise UnreadableError("broken JPEG file: it ends before the image")
    return data[at], at + 1
