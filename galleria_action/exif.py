"""Set the time a photo was taken in a JPEG file, and change nothing else.

Owns the edit and its checks: which bytes of the file become which. Pure: bytes in, bytes out, the
same on every machine. Every file that cannot be edited without harm is refused, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from galleria_action import jpeg, layout, tags, tiff, trailer
from galleria_action.edits import Uneditable
from galleria_action.jpeg import Segment
from galleria_action.layout import Layout, Place, Recipe
from galleria_action.tiff import Tiff

_DATE_TIME_ORIGINAL = 0x9003
_OFFSET_TIME_ORIGINAL = 0x9011
_TIME = re.compile(r"[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")
_BYTE_KINDS = (1, tiff.ASCII, 7, 129)


def edit(data: bytes, time: str, offset: str | None) -> bytes:
    """Return the JPEG file with DateTimeOriginal, and OffsetTimeOriginal if an offset is given.

    `time` is `YYYY:MM:DD HH:MM:SS`, `offset` is `+HH:MM` or `-HH:MM`; with None OffsetTimeOriginal
    stays as it is (CIPA DC-008). The result is parsed and compared before it is returned.
    Raises Uneditable, and nothing else, when that cannot be done without harm.
    """
    return read(data).edited(time, offset)


def original_time(data: bytes) -> str | None:
    """Return the DateTimeOriginal of a JPEG file as it stands there, without padding.

    None if there is none, if it is blank, or if the file is no readable JPEG file with Exif.
    """
    try:
        return read(data).original_time
    except Uneditable:
        return None


def read(data: bytes) -> Photo:
    """Return the JPEG file, its header parsed; raises Uneditable if that cannot be done."""
    with _GUARD:
        segments, segment = jpeg.header(data)
        if segment is None:
            return Photo(data, segments)
        block = _block(data, segment)
        if known := layout.find(block):
            return Photo(data, segments, segment, layout=known)
        return Photo(data, segments, segment, tiff.read(block))


class Photo(NamedTuple):
    """A JPEG file; `segment` is that of its Exif block, if it has one.

    Of the block either the structure is read, or its layout is known: that of an earlier one.
    """

    data: bytes
    segments: tuple[Segment, ...]
    segment: Segment | None = None
    exif: Tiff | None = None
    layout: Layout | None = None

    @property
    def original_time(self) -> str | None:
        """See `original_time`."""
        if self.time is None or self.segment is None:
            return None
        start, end = self.time
        text, _, _ = _block(self.data, self.segment)[start:end].partition(b"\0")
        return text.decode("latin-1").strip() or None

    @property
    def time(self) -> Place | None:
        """Where DateTimeOriginal stands in the block."""
        if self.layout:
            return self.layout.time
        directory = self.exif.directories.get(tiff.EXIF_PATH) if self.exif else None
        entries = directory.all(_DATE_TIME_ORIGINAL) if directory else []
        if not entries or entries[0].kind not in _BYTE_KINDS:
            return None
        return entries[0].start, entries[0].start + entries[0].size

    def edited(self, time: str, offset: str | None) -> bytes:
        """See `edit`."""
        return b"".join(self.edited_pieces(time, offset))

    def edited_pieces(self, time: str, offset: str | None) -> tuple[bytes, memoryview]:
        """The edited header, and what follows it: the file's own memory."""
        return self._head(time, offset), memoryview(self.data)[self.header_end :]

    def keeps_length(self, time: str, offset: str | None) -> bool:
        """Tell whether `edited` is known to raise nothing and to change no length.

        False where only editing can tell: what was proven of one block holds for all of its layout.
        """
        if self.layout is None:
            return False
        try:
            recipe = self.layout.recipes.get(frozenset(_texts(time, offset)))
        except Uneditable:
            return False
        return recipe is not None and recipe.structure.length == self.layout.structure.length

    @property
    def header_end(self) -> int:
        """Where what `edited_pieces` leaves as it is begins."""
        return jpeg.header_end(self.segments)

    def _head(self, time: str, offset: str | None) -> bytes:
        """Return the edited header, checked; what follows it stays as it is."""
        texts = _texts(time, offset)
        with _GUARD:
            return _edited(self, texts)


class _Guard:
    """Raises Uneditable for what cannot be read; a generator would take three times as long."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, jpeg.UnreadableError):
            raise Uneditable(str(error)) from error
        if isinstance(error, tiff.UnreadableError):
            raise Uneditable(f"broken Exif block: {error}") from error


_GUARD = _Guard()


def _texts(time: str, offset: str | None) -> dict[int, str]:
    if not _TIME.fullmatch(time):
        raise Uneditable(f"not a time of the form YYYY:MM:DD HH:MM:SS: {time!r}")
    if offset is None:
        return {_DATE_TIME_ORIGINAL: time}
    if not _OFFSET.fullmatch(offset):
        raise Uneditable(f"not an offset of the form +HH:MM: {offset!r}")
    return {_DATE_TIME_ORIGINAL: time, _OFFSET_TIME_ORIGINAL: offset}


def _block(data: bytes, segment: Segment) -> bytes:
    return data[segment.start + len(jpeg.EXIF) : segment.end]


def _edited(photo: Photo, texts: Mapping[int, str]) -> bytes:
    """Return the edited header of a photo, and remember how if that is not known yet."""
    segment, recipe = photo.segment, None
    if segment is None:
        block, pieces = b"", _added(photo, texts)
    else:
        recipe = photo.layout.recipes.get(frozenset(texts)) if photo.layout else None
        if recipe:
            block = recipe.made(_block(photo.data, segment), texts)
        else:
            exif = photo.exif or tiff.read(_block(photo.data, segment))
            photo = photo._replace(exif=exif, layout=None)
            block = tags.set_texts(exif, texts)
        pieces = _pieces(photo, segment, block)
    head = jpeg.replace(photo.data[: jpeg.header_end(photo.segments)], pieces)
    _check(photo, head, pieces, texts, recipe)
    if photo.exif:
        layout.learn(photo.exif, photo.time, block, texts)
    return head


def _pieces(photo: Photo, segment: Segment, block: bytes) -> list[tuple[int, int, bytes]]:
    """Return what to change: sorted pieces of the file with the bytes to put in their place."""
    start = segment.start + len(jpeg.EXIF)
    grown = len(block) - (segment.end - start)
    if not grown:
        return [(start, segment.end, block)]
    size = len(jpeg.EXIF) + len(block)
    if size > jpeg.MAX_PAYLOAD:
        raise Uneditable("no room: the Exif block would be too large for its segment")
    notes = [
        (start + entry.start, start + entry.start + entry.size)
        for directory in (photo.exif.directories.values() if photo.exif else ())
        for entry in directory.all(tiff.MAKER_NOTE)
    ]
    where = trailer.Exif(start, notes)
    pieces = trailer.growth(photo.data, photo.segments, segment.end, grown, where)
    length = (segment.at, segment.start, (2 + size).to_bytes(2, "big"))
    return sorted([*pieces, length, (start, segment.end, block)])


def _added(photo: Photo, texts: Mapping[int, str]) -> list[tuple[int, int, bytes]]:
    """Return the pieces of a file without Exif: a new APP1 segment, and what has to follow it."""
    new = jpeg.exif_bytes(tags.set_texts(_empty_block(), texts))
    at = jpeg.place_for_exif(photo.segments)
    return sorted([(at, at, new), *trailer.growth(photo.data, photo.segments, at, len(new), None)])


@cache
def _empty_block() -> Tiff:
    """Return the empty block that piexif makes.

    It is filled here, because piexif leaves out the link at the end of an Exif IFD, and its first
    value then reads as one.
    """
    # Loaded when it is due, which is seldom: few published photos have no Exif at all.
    import piexif

    return tiff.read(piexif.dump({})[len(jpeg.EXIF) :])


def _check(
    photo: Photo,
    head: bytes,
    pieces: Sequence[tuple[int, int, bytes]],
    texts: Mapping[int, str],
    recipe: Recipe | None,
) -> None:
    """Raise Uneditable unless the edited header reads back and is the old one in all other things.

    Compares memory with memory; nothing is looked at byte by byte.
    """
    if photo.segment and _is_in_place(photo, photo.segment, head, pieces):
        _check_block(photo, _block(head, photo.segment), texts, recipe)
        return
    # In a file without an image the header ends with EOI, which `head` leaves to what follows.
    after = jpeg.segments(head + jpeg.EOI)
    after_exif = jpeg.exif_segment(head, after)
    if after_exif is None:
        raise Uneditable("the edit does not read back: no Exif")
    _check_block(photo, _block(head, after_exif), texts, recipe)
    kept = [_expected(photo.data, s, pieces) for s in photo.segments if s is not photo.segment]
    found = [(s.marker, head[s.start : s.end]) for s in after if s is not after_exif]
    if kept != found or jpeg.header_end(after) != len(head):
        raise Uneditable("the edit does not read back: other parts of the file changed")


def _is_in_place(
    photo: Photo, segment: Segment, head: bytes, pieces: Sequence[tuple[int, int, bytes]]
) -> bool:
    """Tell whether the edited header is the old one but for what is inside the Exif block.

    Then its segments are the old ones, because all their markers, lengths and identifiers are.
    """
    start, end = segment.start + len(jpeg.EXIF), jpeg.header_end(photo.segments)
    return (
        len(pieces) == 1
        and len(head) == end
        and head[:start] == photo.data[:start]
        and head[segment.end :] == photo.data[segment.end : end]
    )


def _check_block(
    photo: Photo, block: bytes, texts: Mapping[int, str], recipe: Recipe | None
) -> None:
    if recipe:
        wrong = "" if recipe.reads_back(block, texts) else "the structure is another"
    else:
        # A new block holds nothing else: it is compared with itself, and the tags read back.
        wrong = tags.differences(photo.exif or tiff.read(block), block, texts)
    if wrong:
        raise Uneditable(f"the edit does not read back: {wrong}")


def _expected(
    data: bytes, segment: Segment, pieces: Sequence[tuple[int, int, bytes]]
) -> tuple[int, bytes]:
    """Return marker and payload of a segment, the pieces that lie inside it put in."""
    inside = [
        (start - segment.start, end - segment.start, new)
        for start, end, new in pieces
        if segment.start <= start < end <= segment.end
    ]
    payload = data[segment.start : segment.end]
    return segment.marker, jpeg.replace(payload, inside) if inside else payload
