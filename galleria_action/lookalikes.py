"""Keys that a bucket tells apart and the file systems of Macs and Windows do not."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def find(keys: Sequence[str]) -> list[tuple[str, str]]:
    """The keys that differ from an earlier one in case or composition alone, with that one."""
    # Nearly always nothing is to be found, and there may be a million.
    if all(map(str.isascii, keys)) and (
        all(map(str.islower, keys)) or len(set(map(str.lower, keys))) == len(keys)
    ):
        return []
    first: dict[str, str] = {}
    found = []
    for key in keys:
        earlier = first.setdefault(_folded(key), key)
        if earlier != key:
            found.append((earlier, key))
    return found


def _folded(key: str) -> str:
    """As HFS+, APFS and NTFS compare names, roughly: the same text for what looks alike."""
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", key).casefold())
