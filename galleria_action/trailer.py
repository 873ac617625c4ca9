"""What becomes stale in a JPEG file when its header grows, and how to keep it right.

Owns the data behind the image (previews, gain maps, videos, makers' own) and the index of it in the
MPF segment. Offsets that are relative to the end of the file, or inside the trailer itself, stay
right by themselves; offsets from the start or from the Exif block do not.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from galleria_action import jpeg, tiff
from galleria_action.jpeg import Segment, UnreadableError

_MPF = b"MPF\0"
_MP_ENTRIES = 0xB002
_UNDEFINED = 7
# XMP of Google's containers and motion photos: items are found by their lengths from the end.
_GOOGLE = b"ns.google.com/photos/"
_BLANK = b"\0 \xff"
# AFCP records count from the start of the file.
_AFCP = re.compile(rb"AXS[!*]")
# Makers count preview offsets from the file, the TIFF header, or the start of their maker note plus
# a header of a few bytes (Nikon 10, Olympus 8 or 12).
_MAKER_HEADER = range(33)
# Panoramas of 3-D cameras list some ten; each costs a search.
_MAX_IMAGES = 64
_MAX_LONG = 2**32 - 1


class _Image(NamedTuple):
    """An image that an MPF segment lists; `row` is the file position of its MP entry."""

    row: int
    size: int
    offset: int
    order: str
    base: int

    @property
    def start(self) -> int:
        """The file position of the image."""
        return self.base + self.offset if self.offset else 0


class Exif(NamedTuple):
    """Where the Exif block begins in the file, and its maker notes as extents of the file."""

    start: int
    maker_notes: Sequence[tuple[int, int]]


def growth(
    data: bytes, segments: Sequence[Segment], at: int, delta: int, exif: Exif | None
) -> list[tuple[int, int, bytes]]:
    """Return the pieces (start, end, bytes) to change when `delta` bytes come in at position `at`.

    They keep the MPF index (CIPA DC-007, 5.2.3) right: the length of the first image, the file's
    own, and offsets across the place that grows. Raises UnreadableError if something behind the
    image would be lost: maker notes seem to point to it, or nobody knows what it is.
    """
    images = _images(data, segments)
    eoi = data.find(jpeg.EOI, jpeg.header_end(segments))
    behind = len(data) if eoi < 0 else eoi + len(jpeg.EOI)
    parts = _parts(data, behind, images)
    if behind < len(data) and exif and exif.maker_notes:
        _refuse_pointers(data, exif, {*parts, *(image.start for image in images if image.offset)})
    google = any(
        s.marker == jpeg.APP1 and data.find(_GOOGLE, s.start, s.end) >= 0 for s in segments
    )
    for part in parts.values():
        if not (google or _by_itself(part)) and ((exif and exif.maker_notes) or _AFCP.search(part)):
            raise UnreadableError("unknown data behind the image")
    return [piece for image in images for piece in _moved(image, at, delta)]


def _moved(image: _Image, at: int, delta: int) -> Iterable[tuple[int, int, bytes]]:
    """Yield the new length of the first image, or the new offset of another."""
    if not image.offset:
        if image.size:
            yield _piece(image.row + 4, image.order, image.size + delta)
    elif image.base <= at <= image.start:
        yield _piece(image.row + 8, image.order, image.offset + delta)


def _piece(at: int, order: str, number: int) -> tuple[int, int, bytes]:
    if number > _MAX_LONG:
        raise UnreadableError("no room: the MPF index cannot hold the new size")
    return at, at + 4, struct.pack(order + "I", number)


def _images(data: bytes, segments: Sequence[Segment]) -> list[_Image]:
    """Return the images of the MPF index, none if there is no index."""
    found = [s for s in segments if s.marker == jpeg.APP2 and data.startswith(_MPF, s.start, s.end)]
    if not found:
        return []
    if len(found) > 1:
        raise UnreadableError("more than one MPF segment")
    base = found[0].start + len(_MPF)
    try:
        index = tiff.read(data[base : found[0].end])
    except tiff.UnreadableError as error:
        raise UnreadableError(f"broken MPF segment: {error}") from error
    rows = index.directories["IFD0"].all(_MP_ENTRIES)
    if len(rows) != 1 or rows[0].kind != _UNDEFINED or not tiff.inside(rows[0], index.block):
        raise UnreadableError("broken MPF segment: no list of images")
    if tiff.shared(index, rows[0].start, rows[0].size, tiff.owner("IFD0", _MP_ENTRIES)):
        raise UnreadableError("broken MPF segment: its list of images overlaps other data")
    images = []
    for place in range(rows[0].start, rows[0].start + rows[0].size - 15, 16):
        size, offset = struct.unpack_from(index.order + "4xII", index.block, place)
        images.append(_Image(base + place, size, offset, index.order, base))
    if not 1 <= len(images) <= _MAX_IMAGES or images[0].offset:
        raise UnreadableError("broken MPF segment: the first image is not this one")
    return images[:1] + [image for image in images[1:] if image.offset]


def _refuse_pointers(data: bytes, exif: Exif, starts: Iterable[int]) -> None:
    """Raise if the maker note seems to hold the place of something behind the image.

    Canon, Minolta, Sony and others find previews there that way. The place would be wrong
    afterwards, and maker notes are not ours to change. Standard tags never get that far: one that
    leads out of its block is a fault.
    """
    if len(exif.maker_notes) > 1:
        raise UnreadableError("broken Exif block: more than one maker note")
    start, end = exif.maker_notes[0]
    note = data[start:end]
    bases = {0, exif.start, *(start + header for header in _MAKER_HEADER)}
    for number in {place - base for place in starts for base in bases}:
        if not 0 < number <= _MAX_LONG:
            continue
        if number.to_bytes(4, "little") in note or number.to_bytes(4, "big") in note:
            raise UnreadableError("maker notes point to data behind the image")


def _parts(data: bytes, behind: int, images: Sequence[_Image]) -> dict[int, bytes]:
    """Return what stands behind the image and is neither padding nor in the MPF index, by place."""
    parts, end = {}, behind
    for image in sorted(images[1:], key=lambda image: image.start):
        if image.start > end:
            parts[end] = data[end : image.start]
        end = max(end, min(image.start + image.size, len(data)))
    parts[end] = data[end:]
    return {start: part for start, part in parts.items() if part.strip(_BLANK)}


def _by_itself(part: bytes) -> bool:
    """Tell whether data is of a kind whose offsets are its own or count from the file's end."""
    # An MP4 of a motion photo, behind padding perhaps; Samsung, Photo Mechanic; Canon's editor.
    return (
        b"ftyp" in part.lstrip(_BLANK)[:8]
        or part.endswith((b"SEFT", b"cbipcbbl"))
        or part.startswith(b"CANON OPTIONAL DATA\0")
    )
