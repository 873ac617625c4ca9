"""Reads a JSON document whose last member, ``objects``, has many rows: some at a time.

It has to be written without spaces, as `ledger` does; others are read as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

PIECE = 1 << 20
"""Characters of the document that are read at a time."""
_MOST_TRIES = 8
_OBJECTS = '"objects":{'
_ROW_ENDS = '],"'


def parsed(text: str) -> tuple[Any, Iterator[Any]]:
    """The document, and those of its ``objects`` that come in pieces. Raises ValueError.

    All the rows of 300,000 objects would take 220 MB as long as they are lists.
    """
    start = text.find(_OBJECTS) + len(_OBJECTS)
    if start < len(_OBJECTS) or not text.endswith("]}}"):
        return json.loads(text), iter(())
    try:
        document = json.loads(text[:start] + "}}")
    except ValueError:
        return json.loads(text), iter(())
    return document, _pieces(text, start, len(text) - len("}}"))


def _pieces(text: str, start: int, end: int) -> Iterator[Any]:
    """The objects of a document that stand between these places, some at a time."""
    tries = 0
    while start < end:
        stop = text.find(_ROW_ENDS, start + PIECE * (tries + 1), end)
        # Within a text or a row this is no end; then what it ends is no JSON.
        piece = text[start : stop + 1] if stop >= 0 and tries < _MOST_TRIES else text[start:end]
        try:
            yield json.loads(f"{{{piece}}}")
        except ValueError:
            if start + len(piece) == end:
                raise
            tries += 1
        else:
            start += len(piece) + len(",")
            tries = 0
