"""Sets of extents, `(start, end)` of bytes, in which overlaps are found quickly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Extents:
    """The union of some extents; `merged` is the same set, sorted and disjoint."""

    def __init__(self, extents: Iterable[tuple[int, int]]) -> None:
        self.merged: list[tuple[int, int]] = []
        for start, end in sorted(extents):
            if start >= end:
                continue
            if self.merged and start <= self.merged[-1][1]:
                last, reached = self.merged[-1]
                self.merged[-1] = (last, max(reached, end))
            else:
                self.merged.append((start, end))

    def overlap(self, start: int, end: int) -> bool:
        """Tell whether the set has a byte from `start` to `end`."""
        index = bisect_right(self.merged, (start, float("inf")))
        before = index > 0 and self.merged[index - 1][1] > start
        return start < end and (
            before or (index < len(self.merged) and self.merged[index][0] < end)
        )
