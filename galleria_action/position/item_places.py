"""Where the items of a HEIF file are: its `iloc` box (ISO/IEC 14496-12, 8.11.3)."""

from __future__ import annotations

from galleria_action.position import Undecidable
from galleria_action.position.boxes import Box

_IN_FILE, _IN_STORE = 0, 1
_MAX_EXTENTS = 100_000


class _Reader:
    """Numbers of a box, one after the other."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data = data
        self._at = box.start
        self._end = box.end

    def number(self, size: int) -> int:
        """Return the next number, of `size` bytes; 0 of none."""
        at, self._at = self._at, self._at + size
        if self._at > self._end:
            raise Undecidable("broken iloc box")
        return int.from_bytes(self._data[at : self._at], "big")


def read(data: bytes, box: Box, store: Box | None) -> dict[int, list[tuple[int, int]]]:
    """Return for each item its extents in the file; `store` is the file's `idat` box.

    Raises Undecidable if an item is elsewhere, outside the file, or built from other items.
    """
    reader = _Reader(data, box)
    version = reader.number(1)
    reader.number(3)
    sizes, more = reader.number(1), reader.number(1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version in {1, 2} else 0
    items: dict[int, list[tuple[int, int]]] = {}
    total = 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version in {1, 2} else _IN_FILE
        elsewhere = reader.number(2)
        base = reader.number(base_size)
        count = reader.number(2)
        total += count
        if version > 2 or elsewhere or total > _MAX_EXTENTS or number in items:
            raise Undecidable("an image with items in an unknown place")
        items[number] = []
        for _ in range(count):
            reader.number(index_size)
            start = base + reader.number(offset_size)
            length = reader.number(length_size)
            items[number].append(_extent(data, method, start, length, store))
    return items


def _extent(
    data: bytes, method: int, start: int, length: int, store: Box | None
) -> tuple[int, int]:
    """Return an extent of the file; a length of 0 means all that follows."""
    if method == _IN_FILE:
        begin, limit = 0, len(data)
    elif method == _IN_STORE and store is not None:
        begin, limit = store.start, store.end
    else:
        raise Undecidable("an image with items in an unknown place")
    end = begin + start + length if length else limit
    if end > limit or begin + start > end:
        raise Undecidable("an image with items outside the file")
    return begin + start, end
