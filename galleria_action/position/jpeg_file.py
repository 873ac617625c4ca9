"""JPEG files without their positions: every segment, every scan, and what stands behind the image.

Owns which segment holds which block. A segment that nobody knows is searched for signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from galleria_action import jpeg
from galleria_action.jpeg import Segment
from galleria_action.position import (
    extended_xmp,
    flir,
    jpeg_scans,
    photoshop,
    pieces,
    signs,
    trailing,
)
from galleria_action.position.pieces import Blocks, Piece

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# Exif as lenient readers know it: garbage before it, another case, one zero.
_EXIF = re.compile(rb".{0,4}Exif\0.", re.IGNORECASE | re.DOTALL)
_TIFF = (b"II*\0", b"MM\0*")
_APP13 = 0xED
# Tables and frames: SOFn, DHT, DAC, SOS, DQT, DNL, DRI, DHP, EXP.
_TABLES = frozenset(range(0xC0, 0xD0)) | frozenset(range(0xDA, 0xE0))

Extents = list[tuple[int, int]]


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a JPEG file that begins at the start of `data`; raises Undecidable."""
    scans = jpeg_scans.read(data)
    signs.refuse(data[scans.known : scans.end], f"broken JPEG file: {scans.fault}")
    metadata = [s for s in scans.segments if s.marker not in _TABLES]
    return [*_segments(data, metadata, blocks), *trailing.edit(data, scans.end, blocks)]


def _segments(data: bytes, segments: Sequence[Segment], blocks: Blocks) -> Iterator[Piece]:
    extended, guids = extended_xmp.edit(data, segments, blocks)
    yield from extended
    yield from flir.edit(data, segments)
    known = [*extended_xmp.found_in(data, segments), *flir.found_in(data, segments)]
    done = {segment.end for segment in known}
    for extents in _exif_blocks(data, segments):
        done |= {end for _, end in extents}
        yield from pieces.scattered(data, extents, blocks.exif)
    for extents in _photoshop_blocks(data, segments):
        done |= {end for _, end in extents}
        yield from pieces.scattered(data, extents, blocks.photoshop)
    for segment in segments:
        if segment.end in done:
            continue
        if segment.marker == jpeg.APP1 and data.startswith(_XMP, segment.start, segment.end):
            start = segment.start + len(_XMP)
            old = data[start : segment.end]
            new = _renamed(blocks.xmp(old), guids)
            if new is not old:
                yield start, segment.end, new
        else:
            where = f"segment 0x{segment.marker:02X}"
            signs.refuse(data[segment.start : segment.end], where)


def _exif_blocks(data: bytes, segments: Sequence[Segment]) -> Iterator[Extents]:
    """Yield the extents of each Exif block; one that is too long goes on in the next segments."""
    extents: Extents = []
    for segment in [*segments, Segment(0, 0, 0, 0)]:
        found = _EXIF.match(data, segment.start, segment.end)
        start = found.end() if found and segment.marker == jpeg.APP1 else 0
        if extents and start == segment.start + len(jpeg.EXIF) and not _is_tiff(data, start):
            extents.append((start, segment.end))
            continue
        if extents:
            yield extents
        extents = [(start, segment.end)] if start and _is_tiff(data, start) else []


def _is_tiff(data: bytes, at: int) -> bool:
    return data[at : at + 4] in _TIFF


def _photoshop_blocks(data: bytes, segments: Sequence[Segment]) -> Iterator[Extents]:
    """Yield the extents of Photoshop's resources, those of segments in a row together."""
    extents: Extents = []
    for segment in [*segments, Segment(0, 0, 0, 0)]:
        if segment.marker == _APP13 and data.startswith(photoshop.HEAD, segment.start, segment.end):
            extents.append((segment.start + len(photoshop.HEAD), segment.end))
        elif extents:
            yield extents
            extents = []


def _renamed(packet: bytes, guids: Mapping[bytes, bytes]) -> bytes:
    """Return the packet with the GUIDs of extended packets that changed; or `packet` itself."""
    for old, new in guids.items():
        if old in packet:
            packet = packet.replace(old, new)
    return packet
