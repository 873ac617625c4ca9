"""The boxes of ISO base media files: MP4 and QuickTime, HEIF and AVIF, JPEG XL.

Owns their syntax (ISO/IEC 14496-12, section 4.2), and nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from galleria_action.position import Undecidable
from galleria_action.position.pieces import Piece

# Long movies have some ten thousand fragments.
_MAX_BOXES = 100_000
_UUID = b"uuid"


class Box(NamedTuple):
    """A box: its header begins at `at`, its content is `start:end`.

    The kind of a `uuid` box is its UUID, 16 bytes.
    """

    kind: bytes
    at: int
    start: int
    end: int


def read(data: bytes, start: int, end: int) -> tuple[list[Box], int]:
    """Return the boxes from `start` on, and where they end: at `end` unless something is broken."""
    boxes: list[Box] = []
    at = start
    while (box := _box(data, at, end)) is not None:
        if len(boxes) == _MAX_BOXES:
            raise Undecidable("too many boxes")
        boxes.append(box)
        at = box.end
    return boxes, at


def _box(data: bytes, at: int, limit: int) -> Box | None:
    if at + 8 > limit:
        return None
    size, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
    if size == 1:
        size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
    elif size == 0:
        # The last box of a file may leave its size open.
        size = limit - at
    if kind == _UUID:
        kind, start = data[start : start + 16], start + 16
    end = at + size
    return Box(kind, at, start, end) if start <= end <= limit else None


def end(data: bytes, start: int) -> int:
    """Return where the boxes from `start` on end, judged by their kinds being names."""
    boxes, _ = read(data, start, len(data))
    behind = start
    for box in boxes:
        if not all(
            0x20 <= letter < 0x7F or letter == 0xA9 for letter in data[box.at + 4 : box.at + 8]
        ):
            break
        behind = box.end
    return behind


def whole(data: bytes, start: int, end: int, where: str) -> list[Box]:
    """Return the boxes that fill `start:end`, zeros at the end apart; raises Undecidable."""
    boxes, at = read(data, start, end)
    # QuickTime ends some lists with four zeros.
    if data[at:end].strip(b"\0"):
        raise Undecidable(f"broken {where}")
    return boxes


def freed(data: bytes, box: Box) -> Piece:
    """Return the piece that turns a box into free space, its content into zeros."""
    kind = box.at + 4
    return kind, box.end, b"free" + data[kind + 4 : box.start] + bytes(box.end - box.start)


def first(boxes: Sequence[Box], kind: bytes) -> Box | None:
    """Return the first box of a kind."""
    return next((box for box in boxes if box.kind == kind), None)


def first_kind(data: bytes) -> bytes:
    """Return the kind of the box that a file begins with, nothing if it begins with none."""
    box = _box(data, 0, len(data))
    return box.kind if box else b""


def brands(data: bytes) -> frozenset[bytes]:
    """Return the brands of a file whose first box is `ftyp`, none of another."""
    head = _box(data, 0, len(data))
    if head is None or head.kind != b"ftyp":
        return frozenset()
    places = [head.start, *range(head.start + 8, head.end, 4)]
    return frozenset(data[at : at + 4] for at in places)
