"""A published photo without the position it was taken at, and with everything else as it was.

Owns the promise: a file comes back without its position, or as it is because it is proven to hold
none, or not at all. Pure: bytes in, bytes out, the same on every machine. What stands where is the
business of `position`.
"""

from __future__ import annotations

from collections.abc import Sequence

from galleria_action.position import Undecidable, formats, pieces
from galleria_action.position.pieces import Piece

__all__ = ["REMOVER", "Undecidable", "remove"]

# The version of the removal, which ledgers record: to be raised whenever the same input gives other
# bytes.
REMOVER = "gps/1"


def remove(data: bytes) -> bytes:
    """Return the file without its position, or `data` itself if it is proven to hold none.

    The kind of the file is recognised by its content. The result is read again and compared before
    it is returned. Raises Undecidable, and nothing else, for a file whose position can neither be
    removed nor ruled out.
    """
    try:
        found = formats.edit(data)
        edited = pieces.applied(data, found)
        if found:
            _check(data, edited, found)
    except Undecidable:
        raise
    except Exception as error:
        # A defect of ours must cost one file, and never publish it.
        raise Undecidable(f"internal error: {type(error).__name__}: {error}") from error
    return edited


def _check(data: bytes, edited: bytes, found: Sequence[Piece]) -> None:
    """Raise Undecidable unless the edited file holds no position and is the old one elsewhere."""
    if formats.edit(edited):
        raise Undecidable("the removal does not read back")
    done = shift = 0
    for start, end, new in [*sorted(found), (len(data), len(data), b"")]:
        if data[done:start] != edited[done + shift : start + shift]:
            raise Undecidable("the removal does not read back: other parts of the file changed")
        done, shift = end, shift + len(new) - (end - start)
    if len(edited) != len(data) + shift:
        raise Undecidable("the removal does not read back: the length is wrong")
