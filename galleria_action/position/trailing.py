"""What stands behind an image: secondary images, videos, makers' own data.

Owns how those are found: by their first bytes, not by any index. So all of them are found, and the
bytes between them are what is searched for signs.
"""

from __future__ import annotations

from galleria_action.position import Undecidable, boxes, jpeg_scans, pieces, signs
from galleria_action.position.pieces import Blocks, Piece

_JPEG = b"\xff\xd8\xff"
_MP4 = b"ftyp"
# Real files have up to ten; random data has one begin every 16 MB.
_MAX_STARTS = 200


def edit(data: bytes, at: int, blocks: Blocks) -> list[Piece]:
    """Return the pieces of all that follows `at` in a file; raises Undecidable."""
    found: list[Piece] = []
    searched = at
    for _ in range(_MAX_STARTS):
        start = _next_start(data, at)
        if start is None:
            break
        end, looked_at = _end(data, start)
        blocks.spend(looked_at)
        if end is None:
            at = start + 1
            continue
        signs.refuse(data[searched:start], "data behind the image")
        clean = blocks.picture if data.startswith(_JPEG, start) else blocks.movie
        found += pieces.block(data, start, end, clean)
        searched = at = end
    else:
        raise Undecidable("too many images behind the image")
    signs.refuse(data[searched:], "data behind the image")
    return found


def _next_start(data: bytes, at: int) -> int | None:
    """Return where the next JPEG or MP4 file seems to begin."""
    picture = data.find(_JPEG, at)
    movie = data.find(_MP4, at + 4, picture + 8 if picture >= 0 else len(data))
    starts = [picture] if picture >= 0 else []
    starts += [movie - 4] if movie >= 0 else []
    return min(starts, default=None)


def _end(data: bytes, start: int) -> tuple[int | None, int]:
    """Return where the file that seems to begin at `start` ends, and how many bytes tell that.

    None if it is no file.
    """
    if not data.startswith(_JPEG, start):
        end = boxes.end(data, start)
        return (end if end > start else None), end - start
    scans = jpeg_scans.read(data, start)
    if not scans.fault:
        return scans.end, scans.end - start
    in_a_scan = bool(scans.segments) and scans.segments[-1].marker == jpeg_scans.SCAN
    return None, (scans.end if in_a_scan else scans.known) - start
