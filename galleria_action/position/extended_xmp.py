"""XMP of a JPEG file that is too long for one segment.

Owns the segments of Adobe's XMP specification, part 3, section 1.1.3.1: the whole packet has a GUID
(the MD5 of its bytes), a length, and each segment its offset in it. The standard packet of the file
names the GUID, so it changes there, too.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from galleria_action import jpeg
from galleria_action.jpeg import Segment
from galleria_action.position import Undecidable, pieces, xmp
from galleria_action.position.pieces import Blocks, Piece

HEAD = b"http://ns.adobe.com/xmp/extension/\0"
_GUID = 32
# Each is looked for in all the others' places; real files have one.
_MAX_PACKETS = 100
# The head, the GUID, length and offset.
_PREFIX = len(HEAD) + _GUID + 8


def found_in(data: bytes, segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments that hold extended XMP."""
    return [s for s in segments if s.marker == jpeg.APP1 and data.startswith(HEAD, s.start, s.end)]


def edit(
    data: bytes, segments: Sequence[Segment], blocks: Blocks
) -> tuple[list[Piece], dict[bytes, bytes]]:
    """Return the pieces of all extended packets, and the new GUID of each that changes.

    Raises Undecidable, also if parts are missing and the others show a sign of a position.
    """
    packets: dict[tuple[bytes, int], dict[int, Segment]] = defaultdict(dict)
    for segment in found_in(data, segments):
        at = segment.start + len(HEAD)
        guid, length = data[at : at + _GUID], int.from_bytes(data[at + 32 : at + 36], "big")
        offset = int.from_bytes(data[at + 36 : at + 40], "big")
        if segment.end - segment.start < _PREFIX or offset in packets[guid, length]:
            raise Undecidable("broken extended XMP")
        packets[guid, length][offset] = segment
    if len(packets) > _MAX_PACKETS:
        raise Undecidable("too many packets of extended XMP")
    found: list[Piece] = []
    guids = {}
    for (guid, length), parts in packets.items():
        new = _edited(
            data, length, [parts[offset] for offset in sorted(parts)], sorted(parts), blocks
        )
        if new:
            found += new
            guids[guid] = new[0][2][:_GUID]
    return found, guids


def _edited(
    data: bytes, length: int, parts: Sequence[Segment], offsets: Sequence[int], blocks: Blocks
) -> list[Piece]:
    """Return the pieces of one packet, the new GUID first in each; none if nothing changes."""
    extents = [(part.start + _PREFIX, part.end) for part in parts]
    whole = 0
    for (start, end), offset in zip(extents, offsets, strict=True):
        if offset != whole:
            whole = -1
            break
        whole += end - start
    if whole != length:
        if xmp.shows_sign(b"".join(data[start:end] for start, end in extents)):
            raise Undecidable("broken extended XMP")
        return []
    found = pieces.scattered(data, extents, blocks.xmp)
    if not found:
        return []
    digest = hashlib.md5(b"".join(new for _, _, new in found), usedforsecurity=False).hexdigest()
    guid = digest.upper().encode("ascii")
    return [(start - 40, end, guid + data[start - 8 : start] + new) for start, end, new in found]
