"""Photos built byte by byte: TIFF blocks of any layout, JPEG segments, whole files."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Mapping
from typing import NamedTuple

from hypothesis import strategies as st
from PIL import Image

EXIF_IFD = 0x8769
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


class Row(NamedTuple):
    """An entry of a directory to build: the raw bytes of its value, or the place of it."""

    tag: int
    kind: int
    value: bytes
    at: int | None = None
    number: int | None = None
    to: str | None = None


def ascii_row(tag: int, value: bytes) -> Row:
    """Return an ASCII entry."""
    return Row(tag, 2, value)


def table(order: str, rows: list[Row], places: list[int], link: int = 0) -> bytes:
    """Return a directory whose long values stand at the given places."""
    out = struct.pack(order + "H", len(rows))
    for row, place in zip(rows, places, strict=True):
        count = len(row.value) // SIZES.get(row.kind, 1) if row.number is None else row.number
        out += struct.pack(order + "HHI", row.tag, row.kind, count)
        inline = len(row.value) <= 4 and row.at is None
        out += row.value.ljust(4, b"\0") if inline else struct.pack(order + "I", place)
    return out + struct.pack(order + "I", link)


class Layout(NamedTuple):
    """A block as laid out: the place of each directory, of its values, and of data, by name."""

    block: bytes
    places: Mapping[tuple[str, int], int]
    sizes: Mapping[tuple[str, int], int]


def _placed(
    sizes: Mapping[tuple[str, int], int], shuffle: random.Random | None
) -> tuple[dict[tuple[str, int], int], int]:
    """Return a place for each part, in their order or shuffled with gaps, and where they end."""
    chunks, places, at = list(sizes), {}, 8
    if shuffle:
        shuffle.shuffle(chunks)
    for chunk in chunks:
        at += 2 * shuffle.randrange(4) if shuffle else 0
        places[chunk] = at
        at += sizes[chunk] + sizes[chunk] % 2
    return places, at


def lay_out(
    order: str,
    directories: Mapping[str, list[Row]],
    *,
    links: Mapping[str, str] | None = None,
    data: Mapping[str, bytes] | None = None,
    shuffle: random.Random | None = None,
) -> Layout:
    """Build a TIFF block of any directories, the first of them IFD0.

    A row whose `to` names a directory or data leads there; `links` are the next directories. Parts
    are keyed by name and -1, values by the name of their directory and their index.
    """
    links, data = links or {}, data or {}
    sizes: dict[tuple[str, int], int] = {}
    for name, rows in directories.items():
        sizes[name, -1] = 2 + 12 * len(rows) + 4
        values = ((index, row) for index, row in enumerate(rows) if row.at is None)
        sizes |= {(name, index): len(row.value) for index, row in values if len(row.value) > 4}
    sizes |= {(name, -1): len(value) for name, value in data.items()}
    places, at = _placed(sizes, shuffle)
    block = bytearray(at)
    first = places[next(iter(directories)), -1]
    block[:8] = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", first)

    def put(place: int, value: bytes) -> None:
        block[place : place + len(value)] = value

    for name, rows in directories.items():
        led = [
            row._replace(value=struct.pack(order + "I", places[row.to, -1])) if row.to else row
            for row in rows
        ]
        where = [row.at or places.get((name, index), 0) for index, row in enumerate(rows)]
        link = places[links[name], -1] if name in links else 0
        put(places[name, -1], table(order, led, where, link))
        for index, row in enumerate(rows):
            if (name, index) in places:
                put(where[index], row.value)
    for name, value in data.items():
        put(places[name, -1], value)
    return Layout(bytes(block), places, sizes)


def tiff(
    order: str = ">",
    ifd0: list[Row] | None = None,
    exif_ifd: list[Row] | None = None,
    *,
    thumbnail: bytes = b"",
    pointer: bool = True,
    shuffle: random.Random | None = None,
    tail: bytes = b"",
) -> bytes:
    """Build a TIFF block: header, IFD0, values, Exif IFD, values, IFD1, thumbnail; or shuffled."""
    ifd0 = list(ifd0 or [])
    if pointer:
        ifd0 = sorted([*ifd0, Row(EXIF_IFD, 4, bytes(4), to="exif")], key=lambda row: row.tag)
    directories = {"ifd0": ifd0, "exif": list(exif_ifd or [])}
    links, data = {}, {}
    if thumbnail:
        size = Row(0x0202, 4, struct.pack(order + "I", len(thumbnail)))
        directories["ifd1"] = [Row(0x0201, 4, bytes(4), to="thumbnail"), size]
        links, data = {"ifd0": "ifd1"}, {"thumbnail": thumbnail}
    return lay_out(order, directories, links=links, data=data, shuffle=shuffle).block + tail


def segment(marker: int, payload: bytes) -> bytes:
    """Return a marker segment."""
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def app1(block: bytes) -> bytes:
    """Return an Exif segment."""
    return segment(0xE1, b"Exif\0\0" + block)


def pixels(**options: object) -> bytes:
    """Return a small JPEG file by Pillow, JFIF and all."""
    out = io.BytesIO()
    Image.radial_gradient("L").resize((48, 40)).save(out, "JPEG", **options)
    return out.getvalue()


JFIF_END = 20
PHOTO = pixels()
JFIF, BODY = PHOTO[2:JFIF_END], PHOTO[JFIF_END:]


def photo(*segments: bytes, trailer: bytes = b"", body: bytes = BODY) -> bytes:
    """Return a whole JPEG file with the given segments behind SOI."""
    return b"\xff\xd8" + b"".join(segments) + body + trailer


def mpf(order: str, entries: list[tuple[int, int]]) -> bytes:
    """Return an MPF segment of (size, offset) entries."""
    rows = b"".join(struct.pack(order + "IIIHH", 0, *entry, 0, 0) for entry in entries)
    block = tiff(order, [Row(0xB002, 7, rows)], pointer=False)
    return segment(0xE2, b"MPF\0" + block[: block.rindex(rows) + len(rows)])


values = st.tuples(st.sampled_from(sorted(SIZES)), st.integers(0, 40)).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.binary(min_size=SIZES[pair[0]] * pair[1], max_size=SIZES[pair[0]] * pair[1]),
    )
)
