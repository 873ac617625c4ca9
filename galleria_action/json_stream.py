"""The members of a JSON object one after the other, a long list item by item.

The document of a manifest of 100,000 photos takes 200 MB at once, and next to nothing so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_scan = json.JSONDecoder().raw_decode


def members(text: str, long: str) -> Iterator[tuple[str, Any]]:
    """Name and value of each member of the object in ``text``, which is known to be valid JSON.

    Of the member called ``long``, a list, every item comes by itself with the name.
    """
    at = _next(text, _next(text, 0) + 1)
    while text[at] != "}":
        name, at = _scan(text, at)
        at = _next(text, _next(text, at) + 1)
        if name == long:
            at = yield from _items(text, at, name)
        else:
            value, at = _scan(text, at)
            yield name, value
        at = _after_comma(text, at)


def _items(text: str, at: int, name: str) -> Generator[tuple[str, Any], None, int]:
    """The items of the list that begins at ``at``; returns where it has ended."""
    at = _next(text, at + 1)
    while text[at] != "]":
        item, at = _scan(text, at)
        yield name, item
        at = _after_comma(text, at)
    return at + 1


def _after_comma(text: str, at: int) -> int:
    at = _next(text, at)
    return _next(text, at + 1) if text[at] == "," else at


def _next(text: str, at: int) -> int:
    """The place of what follows white space."""
    found = _SPACE.match(text, at)
    assert found
    return found.end()
