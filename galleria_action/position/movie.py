"""MP4 and QuickTime files without their positions.

Owns where such files keep one: user data (`©xyz`, `loci`), the metadata list of Apple's keys, XMP.
Tracks of timed metadata may hold one for each moment and are refused, as are the boxes of dash
cameras. Sound and pictures are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.position import Undecidable, boxes, pieces, signs
from galleria_action.position.boxes import Box
from galleria_action.position.pieces import Blocks, Piece

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"moof", b"traf"}
_POSITIONS = {b"\xa9xyz", b"loci"}
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
# Positions of dash cameras and others, and headers that are compressed.
_REFUSED = {
    b"gps ": "positions of a camera",
    b"GPS ": "positions of a camera",
    b"gps0": "positions of a camera",
    b"udat": "positions of a camera",
    b"GPMF": "GPMF metadata",
    b"PENT": "metadata of a Pentax camera",
    b"cmov": "compressed metadata",
    bytes.fromhex("7f2e21008b464918afb1de709a74f6f5"): "positions of a FLIR camera",
    bytes.fromhex("9b630f8d637440ec8204bc5ff5091728"): "positions of a Garmin camera",
}
_MEDIA = {b"mdat", b"imda"}
_DASH_CAMERA = b"freeGPS "
# Kinds of media whose samples are no metadata (`hdlr`): pictures, sound, time codes, hints.
_TRACKS = {b"vide", b"soun", b"auxv", b"pict", b"tmcd", b"hint", b"clcp"}
# Google's and Samsung's own track, about which frame is the photo.
_MOTION_PHOTO = b"application/motionphoto-image-meta\0"
_MAX_DEPTH = 10


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a whole file; raises Undecidable."""
    top, end = boxes.read(data, 0, len(data))
    signs.refuse(data[end:], "data behind a movie")
    return [piece for box in top for piece in _box(data, box, blocks, 0)]


def edit_box(data: bytes, box: Box, blocks: Blocks) -> list[Piece]:
    """Return the pieces of one box of a file of another kind, `moov` say; raises Undecidable."""
    return list(_box(data, box, blocks, 0))


def _box(data: bytes, box: Box, blocks: Blocks, depth: int) -> Iterator[Piece]:
    if depth > _MAX_DEPTH:
        raise Undecidable("a movie with boxes too deep")
    if box.kind in _REFUSED:
        raise Undecidable(f"a movie with {_REFUSED[box.kind]}")
    if box.kind in _MEDIA:
        if data.find(_DASH_CAMERA, box.start, box.end) >= 0:
            raise Undecidable("a movie with positions of a camera")
    elif box.kind in _POSITIONS:
        yield boxes.freed(data, box)
    elif box.kind == b"meta":
        yield from _meta(data, box, blocks, depth)
    elif box.kind in _CONTAINERS:
        yield from _container(data, box, blocks, depth)
    elif box.kind in {_XMP, b"XMP_"}:
        yield from pieces.block(data, box.start, box.end, blocks.xmp)
    else:
        signs.refuse(data[box.start : box.end], "a box of a movie")


def _container(data: bytes, box: Box, blocks: Blocks, depth: int) -> Iterator[Piece]:
    if box.kind == b"trak":
        _check_track(data, box)
    for child in boxes.whole(data, box.start, box.end, f"{box.kind.decode('latin-1')} box"):
        yield from _box(data, child, blocks, depth + 1)


def _meta(data: bytes, box: Box, blocks: Blocks, depth: int) -> Iterator[Piece]:
    """Yield the pieces of a `meta` box: ISO's has a version first, QuickTime's has none."""
    start = box.start if data[box.start + 4 : box.start + 8] == b"hdlr" else box.start + 4
    inner = boxes.whole(data, start, max(start, box.end), "meta box")
    if boxes.first(inner, b"iloc"):
        raise Undecidable("a movie with items")
    keys = boxes.first(inner, b"keys")
    positions = _position_keys(data, keys) if keys else set()
    for child in inner:
        if child.kind == b"ilst":
            items = boxes.whole(data, child.start, child.end, "ilst box")
            for item in items:
                if int.from_bytes(item.kind, "big") in positions:
                    yield boxes.freed(data, item)
                else:
                    yield from _box(data, item, blocks, depth + 1)
        elif child.kind != b"keys":
            yield from _box(data, child, blocks, depth + 1)


def _position_keys(data: bytes, keys: Box) -> set[int]:
    """Return the numbers, from 1, of the keys that name a position (QuickTime's mdta)."""
    entries = boxes.whole(data, keys.start + 8, max(keys.start + 8, keys.end), "keys box")
    return {
        number
        for number, entry in enumerate(entries, 1)
        if _names_position(data[entry.start : entry.end])
    }


def _names_position(name: bytes) -> bool:
    return any(word in name.lower() for word in (b"location", b"gps", b"latitude", b"longitude"))


def _check_track(data: bytes, track: Box) -> None:
    """Raise Undecidable if the samples of a track may hold positions."""
    media = _inside(data, track, b"mdia")
    handler = _inside(data, media, b"hdlr") if media else None
    kind = data[handler.start + 8 : handler.start + 12] if handler else b""
    if media is None or kind in _TRACKS:
        return
    table: Box | None = media
    for name in (b"minf", b"stbl", b"stsd"):
        table = _inside(data, table, name) if table else None
    samples = boxes.read(data, table.start + 8, table.end)[0] if table else []
    for sample in samples:
        content = data[sample.start : sample.end]
        known = sample.kind == b"mett" and _MOTION_PHOTO in content
        if sample.kind == b"mebx":
            known = not _names_position(content)
        if not known:
            label = sample.kind.decode("latin-1").strip()
            raise Undecidable(f"a movie with a track of timed metadata ({label})")
    if not samples:
        raise Undecidable("a movie with a track of timed metadata")


def _inside(data: bytes, box: Box, kind: bytes) -> Box | None:
    return boxes.first(boxes.read(data, box.start, box.end)[0], kind)
