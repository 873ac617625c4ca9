"""How a limit is shared out fairly: the small get all they want, the large what is left."""

from __future__ import annotations

from collections.abc import Sequence


def shares(wishes: Sequence[int], most: int) -> list[int]:
    """A share for each wish, together at most ``most``: nobody gets less than another who wants
    no more.

    So ten changed photos are shown beside a hundred thousand new ones.
    """
    granted = [0] * len(wishes)
    left = most
    waiting = sorted(range(len(wishes)), key=lambda index: (wishes[index], index))
    for place, index in enumerate(waiting):
        granted[index] = min(wishes[index], left // (len(waiting) - place))
        left -= granted[index]
    return granted
