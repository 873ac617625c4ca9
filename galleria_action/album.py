"""Which files show a photo: its variants that a browser can show, the smallest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from galleria_action import removal
from galleria_action.ledger import Owner
from galleria_action.wanted import Wanted

SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Content types that every browser shows, and that thumbnails are made of."""


def photo(wanted: Wanted) -> str:
    """What the variants of a photo have in common: its id, or their name where none has one."""
    return wanted.photo if wanted.owner is Owner.PHOTO else removal.photo_of(wanted.key)


def variants(
    objects: Iterable[Wanted], chosen: Iterable[Wanted], size_of: Callable[[str], int]
) -> dict[str, tuple[Wanted, ...]]:
    """:func:`photo` of each of ``chosen`` to those of ``objects`` that show it.

    ``size_of`` tells how many bytes a file has, by its real path; if it cannot, that is the last.
    """
    found: dict[str, list[Wanted]] = {photo(each): [] for each in chosen}
    for each in objects if found else ():
        if each.owner is Owner.SITE or each.headers.content_type not in SHOWN:
            continue
        if (name := photo(each)) in found:
            found[name].append(each)
    return {
        name: tuple(sorted(some, key=lambda each: (_size(each, size_of), each.key)))
        for name, some in found.items()
    }


def _size(wanted: Wanted, size_of: Callable[[str], int]) -> float:
    try:
        return size_of(wanted.file.path)
    except OSError:
        return math.inf
