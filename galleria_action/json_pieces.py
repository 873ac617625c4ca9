"""Reads a JSON document whose last member, ``objects``, has many rows: some at a time.

It has to be written without spaces, as `ledger` does; others are read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

PIECE = 1 << 20
"""Bytes of the document that are read at a time."""
_MOST_TRIES = 8
_OBJECTS = b'"objects":{'
_ROW_ENDS = b'],"'


def parsed(text: bytes, decode: Callable[[bytes], T]) -> tuple[bytes, Iterator[T]]:
    """The document, and what ``decode`` makes of those of its ``objects`` that come in pieces.

    ``decode`` raises :class:`ValueError` for what is no JSON. All the rows of 300,000 objects would
    take 220 MB as long as they are not what they are needed for.
    """
    start = text.find(_OBJECTS) + len(_OBJECTS)
    if start < len(_OBJECTS) or not text.endswith(b"]}}"):
        return text, iter(())
    return text[:start] + b"}}", _pieces(text, start, len(text) - len(b"}}"), decode)


def _pieces(text: bytes, start: int, end: int, decode: Callable[[bytes], T]) -> Iterator[T]:
    """The objects of a document that stand between these places, some at a time."""
    tries = 0
    while start < end:
        stop = text.find(_ROW_ENDS, start + PIECE * (tries + 1), end)
        # Within a text or a row this is no end; then what it ends is no JSON.
        piece = text[start : stop + 1] if stop >= 0 and tries < _MOST_TRIES else text[start:end]
        try:
            yield decode(b"{%b}" % piece)
        except ValueError:
            if start + len(piece) == end:
                raise
            tries += 1
        else:
            start += len(piece) + len(b",")
            tries = 0
