"""A published photo without the position it was taken at, and with everything else as it was.

Owns the promise: a file comes back without its position, or as it is because it is proven to hold
none, or not at all. Pure: bytes in, bytes out, the same on every machine. What stands where is the
business of `position`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from galleria_action import jpeg
from galleria_action.position import Undecidable, pieces
from galleria_action.position.pieces import Piece

__all__ = ["REMOVER", "Undecidable", "found", "remove"]

# The version of the removal, which ledgers record: to be raised whenever the same input gives other
# bytes.
REMOVER = "gps/1"

_HEADER = 2**18
"""Bytes in which cameras and editors keep what they say of a photo."""
_BLOCK = 2**16
"""Bytes of an Exif block, at most."""
_SIGN = _HEADER + _BLOCK
# EOI, behind which there may be anything, and the segments of programs and of comments (T.81, B.1).
# Other bytes of a picture that are like a marker are followed by 0.
_BEHIND = re.compile(rb"\xff[\xd9\xe0-\xef\xfe]")
_EXIF = (b"Exif", b"EXIF", b"eXIf", b"II*\0", b"MM\0*")
# Tag 0x8825 of a directory in either byte order, a type that TIFF or Exif know, a count below
# 2**24: two bytes alone stand by chance in every large picture.
_GPS_POINTER = (
    re.compile(rb"\x88\x25\x00[\x01-\x12\x81]\x00"),
    re.compile(rb"\x25\x88[\x01-\x12\x81]\x00[\x00-\xff]{3}\x00"),
)


def remove(data: bytes) -> bytes:
    """Return the file without its position, or `data` itself if it is proven to hold none.

    The kind of the file is recognised by its content. The result is read again and compared before
    it is returned. Raises Undecidable, and nothing else, for a file whose position can neither be
    removed nor ruled out.
    """
    with _guarded():
        changes = _edits(data)
        edited = pieces.applied(data, changes)
        if changes:
            _check(data, edited, changes)
    return edited


def found(data: bytes, header_end: int = 0) -> bool | None:
    """Tell whether the file holds a position; None if that is Undecidable, or takes long to prove.

    A file that shows no sign of one where it begins is not looked at any further. `header_end` is
    that of a JPEG file, if it is known already.
    """
    if not _shows_sign(_telling(data, header_end or _header_end(data))):
        return None
    try:
        with _guarded():
            return bool(_edits(data))
    except Undecidable:
        return None


def _header_end(data: bytes) -> int:
    """Return where the picture of a JPEG file begins, the end of any other file."""
    if not data.startswith(jpeg.SOI):
        return len(data)
    try:
        return jpeg.header_end(jpeg.header(data).segments)
    except jpeg.UnreadableError:
        return len(data)


def _telling(data: bytes, end: int) -> bytes:
    """Return what of a file may say where it was taken: all but the picture that begins at `end`.

    What stands behind that is left out, too, if it stands far behind.
    """
    behind = _BEHIND.search(data, end, max(end, _HEADER))
    return data[:end] + data[behind.start() : _SIGN] if behind else data[:end]


def _shows_sign(data: bytes) -> bool:
    """Tell whether a file may hold a position, by how it begins."""
    if data.find(b"GPS", 0, _HEADER) >= 0:  # of XMP
        return True
    # Most photos have no such bytes anywhere, which is quicker to see than where Exif begins.
    if not any(tag.search(data, 0, _SIGN) for tag in _GPS_POINTER):
        return False
    exif = max(data.find(name, 0, _HEADER) for name in _EXIF)
    return exif >= 0 and any(tag.search(data, exif, exif + _BLOCK) for tag in _GPS_POINTER)


def _edits(data: bytes) -> Sequence[Piece]:
    from galleria_action.position import formats  # many modules, for those who ask about positions

    return formats.edit(data)


@contextmanager
def _guarded() -> Iterator[None]:
    """A defect of ours must cost one file, and never publish it."""
    try:
        yield
    except Undecidable:
        raise
    except Exception as error:
        raise Undecidable(f"internal error: {type(error).__name__}: {error}") from error


def _check(data: bytes, edited: bytes, changes: Sequence[Piece]) -> None:
    """Raise Undecidable unless the edited file holds no position and is the old one elsewhere."""
    if _edits(edited):
        raise Undecidable("the removal does not read back")
    done = shift = 0
    for start, end, new in [*sorted(changes), (len(data), len(data), b"")]:
        if data[done:start] != edited[done + shift : start + shift]:
            raise Undecidable("the removal does not read back: other parts of the file changed")
        done, shift = end, shift + len(new) - (end - start)
    if len(edited) != len(data) + shift:
        raise Undecidable("the removal does not read back: the length is wrong")
