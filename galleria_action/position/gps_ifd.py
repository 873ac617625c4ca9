"""The GPS directory of a TIFF block, and everything else in the block that may hold a position.

Owns the removal: the entry that leads to the directory goes, the entries behind it move up, the
directory and its values become zeros. All other bytes stay where and what they are, maker notes
included. A TIFF file is such a block as a whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

from galleria_action import tiff
from galleria_action.position import Undecidable, maker_notes, pieces, signs
from galleria_action.position.extents import Extents
from galleria_action.position.pieces import Blocks, Piece
from galleria_action.tiff import Directory, Entry, Tiff

_GPS, _INTEROP, _SUB_IFDS = 0x8825, 0xA005, 0x014A
_LONG, _SIGNED, _IFD = 4, 9, 13
_XMP, _PHOTOSHOP, _ICC = 0x02BC, 0x8649, 0x8773
# Latitude, longitude and their references; the same of the destination; method and area.
_COORDINATES = {1, 2, 3, 4, 0x13, 0x14, 0x15, 0x16, 0x1B, 0x1C}
_REFUSED = {
    0x8482: "GeoTIFF coordinates",
    0x85D8: "GeoTIFF coordinates",
    0xC68C: "an original raw file inside",
}
# UserComment, IPTC, and Windows' title to subject in UTF-16; others are of a type for texts.
_TEXTS = {0x9286, 0x83BB, *range(0x9C9B, 0x9CA0)}
_TEXT_KINDS = {tiff.ASCII, 129}
_BYTE_KINDS = {1, 6, 7}
# TIFF wants at least one entry in a directory. Padding (Windows' own) says nothing.
_PADDING = (0xEA1C, 7, 4)
_JPEG = b"\xff\xd8\xff"


def clean(block: bytes, blocks: Blocks) -> bytes:
    """Return the block without its position, of the same length; `block` itself if it has none.

    Raises Undecidable.
    """
    try:
        old = tiff.read(block)
    except tiff.OverloadedError as error:
        raise Undecidable(f"broken Exif block: {error}") from error
    except tiff.UnreadableError as error:
        signs.refuse(block, f"broken Exif block: {error}")
        return block
    found = [*_inner(old, blocks), *_gps(old)]
    new = pieces.applied(block, found)
    _check(old, tiff.read(new))
    return new


def _inner(old: Tiff, blocks: Blocks) -> Iterator[Piece]:
    """Yield the pieces of blocks inside: XMP, Photoshop's resources, thumbnails and previews."""
    room = 4 * len(old.block)
    for start, end, clean_inner in dict.fromkeys(_inner_blocks(old, blocks)):
        room -= end - start
        if room < 0:
            raise Undecidable("broken Exif block: its parts overlap")
        yield from pieces.block(old.block, start, end, clean_inner)


def _inner_blocks(old: Tiff, blocks: Blocks) -> Iterator[tuple[int, int, Callable[[bytes], bytes]]]:
    known = {_XMP: blocks.xmp, _PHOTOSHOP: blocks.photoshop}
    for directory in old.directories.values():
        for entry in directory.entries:
            if entry.tag in known and tiff.inside(entry, old.block):
                yield entry.start, entry.start + entry.size, known[entry.tag]
        for start, end, _ in tiff.data(old, directory):
            if old.block.startswith(_JPEG, start, end):
                yield start, min(end, len(old.block)), blocks.picture


def _gps(old: Tiff) -> Iterator[Piece]:
    """Yield the pieces that remove every GPS directory and the entries that lead there."""
    leading = [d for d in old.directories.values() if d.all(_GPS)]
    places = {_place(old, entry) for d in leading for entry in d.all(_GPS)}
    gone = [d for d in old.directories.values() if d.at in places]
    _refuse_second_use(old, gone)
    own = {d.name for d in gone} | {tiff.owner(d.name, e.tag) for d in gone for e in d.entries}
    others = Extents((start, end) for start, end, name in tiff.extents(old) if name not in own)
    for directory in leading:
        yield _without_gps(old, directory)
    # The same bytes may be part of two values.
    erased = Extents(extent for directory in gone for extent in _erased(old, directory, others))
    for start, end in erased.merged:
        yield start, end, bytes(end - start)


def _place(old: Tiff, entry: Entry) -> int:
    """Return where the GPS directory of an entry is; 0 if the block ends before it."""
    at = tiff.entry_offset(old, entry)
    if entry.kind not in {_LONG, _SIGNED, _IFD} or entry.number != 1:
        raise Undecidable("broken Exif block: the GPS entry is no offset")
    if at < tiff.HEADER or at + 2 > len(old.block):
        return 0
    directory = next((d for d in old.directories.values() if d.at == at), None)
    if directory is None or not directory.name.endswith("/GPS"):
        raise Undecidable("broken Exif block: the GPS directory cannot be read")
    return at


def _refuse_second_use(old: Tiff, gone: Sequence[Directory]) -> None:
    """Raise Undecidable if a GPS directory leads on, or if anything else leads to it."""
    places, names = {directory.at for directory in gone}, {directory.name for directory in gone}
    for directory in old.directories.values():
        if directory.name.rpartition("/")[0] in names:
            raise Undecidable("broken Exif block: the GPS directory leads to another")
        links = {*struct.unpack(old.order + "I", tiff.link(old, directory))}
        for entry in directory.entries:
            if entry.tag in {tiff.EXIF_IFD, _INTEROP, _SUB_IFDS}:
                links |= {tiff.entry_offset(old, entry), *old.numbers(entry)}
        if places & links:
            raise Undecidable("broken Exif block: the GPS directory is another one as well")


def _without_gps(old: Tiff, directory: Directory) -> Piece:
    """Return the piece of a directory that loses its GPS entries: the same room, the rest zeros."""
    others = Extents(
        (start, end) for start, end, name in tiff.extents(old) if name != directory.name
    )
    if others.overlap(directory.at, directory.end):
        raise Undecidable(f"broken Exif block: {directory.name} overlaps other data")
    end, link = directory.end + 4, tiff.link(old, directory)
    if end > len(old.block) or others.overlap(directory.end, end):
        # Some writers leave out the link that ends a directory.
        end, link = directory.end, b""
    kept = [entry for entry in directory.entries if entry.tag != _GPS]
    if kept and kept[0].size < 0:
        # exiftool passes over a broken entry, but gives up a directory that begins with one.
        raise Undecidable(f"broken Exif block: an entry of {directory.name} is of no known type")
    rows = [old.block[entry.at : entry.at + 12] for entry in kept]
    rows = rows or [struct.pack(f"{old.order}HHI4x", *_PADDING)]
    new = struct.pack(f"{old.order}H", len(rows)) + b"".join(rows) + link
    return directory.at, end, new.ljust(end - directory.at, b"\0")


def _erased(old: Tiff, gps: Directory, others: Extents) -> Iterator[tuple[int, int]]:
    """Yield the extents of a GPS directory and its values that are nobody else's."""
    if others.overlap(gps.at, gps.end):
        raise Undecidable("broken Exif block: the GPS directory overlaps other data")
    yield gps.at, gps.end
    for entry in gps.entries:
        start, end = entry.start, min(entry.start + entry.size, len(old.block))
        if entry.size <= tiff.INLINE:
            continue
        if not others.overlap(start, end):
            yield start, end
        elif entry.tag in _COORDINATES:
            raise Undecidable("broken Exif block: the coordinates overlap other data")


def _check(old: Tiff, new: Tiff) -> None:
    """Raise Undecidable unless the new block holds no position and all else is as it was."""
    if signs.entries(new.block):
        raise Undecidable("broken Exif block: a GPS directory out of the ordinary")
    for directory in new.directories.values():
        for entry in directory.entries:
            if entry.tag in _REFUSED:
                raise Undecidable(_REFUSED[entry.tag])
            if entry.tag == tiff.MAKER_NOTE and (place := maker_notes.place(new, entry)):
                raise Undecidable(f"the maker note names the place ({place})")
    _refuse_values(new)
    if new.block is not old.block and _contents(new) != _contents(old):
        raise Undecidable("the removal does not read back: other tags read differently")


def _refuse_values(new: Tiff) -> None:
    """Raise Undecidable if a value shows a sign of a position; in texts, coordinates alone do."""
    texts, opaque = [], []
    for directory in new.directories.values():
        for entry in directory.entries:
            extent = (entry.start, min(entry.start + entry.size, len(new.block)))
            if entry.tag in _TEXTS or entry.kind in _TEXT_KINDS:
                texts.append(extent)
            elif entry.kind in _BYTE_KINDS and entry.tag not in {_XMP, _PHOTOSHOP, _ICC}:
                opaque.append(extent)
    for start, end in Extents(texts).merged:
        if found := signs.written(new.block[start:end]):
            raise Undecidable(f"Exif: {found}")
    for start, end in Extents(opaque).merged:
        signs.refuse(new.block[start:end], "Exif")


def _contents(block: Tiff) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in a block but GPS directories and the entries that lead there."""
    padding: list[tuple[object, ...]] = [(*_PADDING, bytes(4))]
    return {
        name: [
            (e.tag, e.kind, e.number, e.start if e.size > tiff.INLINE else block.value(e))
            for e in directory.entries
            if e.tag != _GPS
        ]
        or padding
        for name, directory in block.directories.items()
        if not name.endswith("/GPS")
    }
