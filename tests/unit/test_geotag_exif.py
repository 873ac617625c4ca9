"""The removal of positions from TIFF blocks that are laid out here, in JPEG files; no doubles."""

from __future__ import annotations

import io
import random
import struct

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from support import positions
from support.photos import (
    EXIF_IFD,
    SIZES,
    Layout,
    Row,
    app1,
    ascii_row,
    lay_out,
    photo,
    pixels,
    segment,
    table,
    values,
)
from support.positions import GPS_IFD, gps_rows, pointer

from galleria_action.exif import edit
from galleria_action.geotag import Undecidable, remove
from galleria_action.position import signs

ORDERS = [pytest.param("<", id="II"), pytest.param(">", id="MM")]
MAKER_NOTE, SUB_IFDS, PADDING = 0x927C, 0x014A, 0xEA1C
BASE = 12
ANY = ascii_row(0x010F, b"Maker\0")


def cleaned(block: bytes) -> bytes:
    """Return a block out of a photo without its position; every other byte stays."""
    data = photo(app1(block))
    result = remove(data)
    assert remove(result) is result
    assert result[:BASE] == data[:BASE]
    assert result[BASE + len(block) :] == data[BASE + len(block) :]
    return result[BASE : BASE + len(block)]


def changed(old: bytes, new: bytes) -> set[int]:
    """Return the places of all bytes that differ."""
    assert len(old) == len(new)
    return {at for at in range(len(old)) if old[at] != new[at]}


def extent(layout: Layout, name: str, index: int = -1) -> range:
    """Return the places that a part of a layout takes."""
    start = layout.places[name, index]
    return range(start, start + layout.sizes[name, index])


def gps_extents(layout: Layout) -> set[int]:
    """Return the places of the GPS directory, its link apart, and of its values."""
    directory = extent(layout, "gps")
    values = [extent(layout, *part) for part in layout.places if part[0] == "gps" and part[1] >= 0]
    return {*directory[:-4], *(at for value in values for at in value)}


@pytest.mark.parametrize("order", ORDERS)
def test_the_entry_goes_and_the_directory_becomes_zeros(order: str) -> None:
    """Entries behind move up, the count is one less; nothing else changes, not even a length."""
    layout = positions.layout(order, shuffle=random.Random(1))
    new = cleaned(layout.block)
    kept = [ANY, ascii_row(0x9000, b"last\0")]
    at = layout.places["ifd0", -1]
    places = [layout.places["ifd0", 0], layout.places["ifd0", 2]]
    assert new[at : at + 42] == table(order, kept, places) + bytes(12)
    assert not any(new[at] for at in gps_extents(layout))
    assert changed(layout.block, new) <= {*extent(layout, "ifd0"), *gps_extents(layout)}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "directories",
    [
        pytest.param(["ifd0"], id="IFD0"),
        pytest.param(["ifd1"], id="IFD1"),
        pytest.param(["exif"], id="Exif IFD"),
        pytest.param(["sub"], id="SubIFD"),
        pytest.param(["ifd0", "ifd1", "exif", "sub"], id="one directory, led to from all"),
    ],
)
def test_wherever_the_entry_stands(order: str, directories: list[str]) -> None:
    """IFD0, IFD1, the Exif IFD and SubIFDs lose it, with the link to the next directory kept."""
    rows = {
        "ifd0": [ANY, pointer(SUB_IFDS, "sub"), pointer(EXIF_IFD, "exif")],
        "ifd1": [ANY],
        "exif": [ascii_row(0x9003, b"2024:06:15 14:30:45\0")],
        "sub": [ANY],
    }
    for name in directories:
        rows[name] = sorted([*rows[name], pointer(GPS_IFD, "gps")], key=lambda row: row.tag)
    layout = lay_out(order, {**rows, "gps": gps_rows(order)}, links={"ifd0": "ifd1"})
    new = cleaned(layout.block)
    assert not any(new[at] for at in gps_extents(layout))
    for name in rows:
        read, link = read_directory(new, order, layout.places[name, -1])
        before, link_before = read_directory(layout.block, order, layout.places[name, -1])
        assert link == link_before
        assert read == [entry for entry in before if entry[0] != GPS_IFD]


def test_a_second_position_goes_as_well() -> None:
    """IFD0 and IFD1 with a GPS directory each: both are gone."""
    rows = {
        "ifd0": [ANY, pointer(GPS_IFD, "gps")],
        "ifd1": [ANY, pointer(GPS_IFD, "more")],
        "gps": gps_rows(">"),
        "more": gps_rows(">"),
    }
    layout = lay_out(">", rows, links={"ifd0": "ifd1"})
    new = cleaned(layout.block)
    assert not any(new[at] for at in gps_extents(layout))
    assert b"WGS-84" not in new


def test_several_exif_segments_are_all_cleaned() -> None:
    """Readers take the first, the last, or all."""
    data = photo(app1(positions.block(">")), app1(positions.block("<")))
    result = remove(data)
    assert b"WGS-84" in data
    assert b"WGS-84" not in result
    assert remove(result) is result


@pytest.mark.parametrize("order", ORDERS)
def test_a_block_that_goes_on_in_the_next_segment(order: str) -> None:
    """Exif of more than 64 kB is several segments; a directory may begin in one and end in another."""
    rows = [Row(0x0001, 7, bytes(70_000)), pointer(GPS_IFD, "gps")]
    layout = lay_out(order, {"ifd0": rows, "gps": gps_rows(order)})
    cut = layout.places["gps", -1] + 31
    data = photo(
        app1(layout.block[:60_000]), app1(layout.block[60_000:cut]), app1(layout.block[cut:])
    )
    result = remove(data)
    assert len(result) == len(data)
    assert b"WGS-84" not in result
    assert remove(result) is result


@pytest.mark.parametrize("head", [b"Exif\0\0", b"Exif\0\xff", b"exif\0\0", b"\0\0exif\0\0"])
def test_segments_that_lenient_readers_take_for_exif(head: bytes) -> None:
    """Garbage before the identifier, another case, another last byte."""
    block = positions.block()
    result = remove(photo(segment(0xE1, head + block)))
    assert block not in result
    assert b"WGS-84" not in result


@pytest.mark.parametrize("order", ORDERS)
def test_a_directory_that_only_led_to_the_position_stays_a_directory(order: str) -> None:
    """TIFF wants at least one entry; padding takes the place."""
    rows = {"ifd0": [pointer(GPS_IFD, "gps")], "ifd1": [ANY], "gps": gps_rows(order)}
    layout = lay_out(order, rows, links={"ifd0": "ifd1"})
    new = cleaned(layout.block)
    read, link = read_directory(new, order, 8)
    assert read == [(PADDING, 7, 4, 0, bytes(4))]
    assert link == layout.places["ifd1", -1]


@pytest.mark.parametrize("order", ORDERS)
def test_a_directory_without_a_link_at_the_end(order: str) -> None:
    """Some writers leave the link out; what stands there instead keeps its bytes."""
    layout = lay_out(order, {"gps": gps_rows(order)})
    gps_at = layout.places["gps", -1]
    ifd0 = len(layout.block)
    exif_at = ifd0 + 2 + 24 + 4
    value = exif_at + 2 + 24
    rows = [Row(EXIF_IFD, 4, struct.pack(order + "I", exif_at))]
    rows.append(Row(0xFFFF, 4, bytes(4)))
    gps = Row(GPS_IFD, 4, struct.pack(order + "I", gps_at))
    exif = table(order, [gps, ascii_row(0x9003, b"2024:06:15 14:30:45\0")], [0, value])[:-4]
    block = bytearray(layout.block + table(order, rows, [0, 0]) + exif + b"2024:06:15 14:30:45\0")
    block[4:8] = struct.pack(order + "I", ifd0)
    new = cleaned(bytes(block))
    assert new.endswith(b"2024:06:15 14:30:45\0")
    read, link = read_directory(new, order, exif_at)
    assert read == [(0x9003, 2, 20, value, b"2024:06:15 14:30:45\0")]
    assert link == 0


@pytest.mark.parametrize("value", [0, 4, 60_000])
def test_an_entry_that_leads_nowhere_goes(value: int) -> None:
    """There is no directory before the header's end, nor behind the block's."""
    block = lay_out(">", {"ifd0": [ANY, Row(GPS_IFD, 4, struct.pack(">I", value))]}).block
    read, _ = read_directory(cleaned(block), ">", 8)
    assert [entry[0] for entry in read] == [0x010F]


def shared(tag: int, whose: str) -> bytes:
    """Return a block in which a GPS value and the maker's name share their bytes."""
    gps = [Row(tag, 2, b"", at=200, number=8)]
    rows = [Row(0x010F, 2, b"", at=202 if whose == "IFD0" else 100, number=8)]
    rows.append(pointer(GPS_IFD, "gps"))
    return lay_out(">", {"ifd0": rows, "gps": gps}).block.ljust(220, b"x")


def test_a_shared_value_that_is_no_coordinate_stays() -> None:
    """The map datum at the place of the maker's name is the maker's name."""
    block = shared(0x12, "IFD0")
    assert cleaned(block)[200:] == block[200:]
    assert cleaned(shared(0x12, "nobody"))[200:208] == bytes(8)


THUMBNAIL = photo(app1(positions.block()))


@pytest.mark.parametrize("order", ORDERS)
def test_the_thumbnail_loses_its_own_position(order: str) -> None:
    """A thumbnail is a JPEG file that may have Exif, and so may a preview in a SubIFD."""
    rows = {
        "ifd0": [ANY, pointer(SUB_IFDS, "sub")],
        "ifd1": [
            pointer(0x0201, "thumb"),
            Row(0x0202, 4, struct.pack(order + "I", len(THUMBNAIL))),
        ],
        "sub": [pointer(0x0111, "strip"), Row(0x0117, 4, struct.pack(order + "I", len(THUMBNAIL)))],
    }
    data = {"thumb": THUMBNAIL, "strip": THUMBNAIL}
    layout = lay_out(order, rows, links={"ifd0": "ifd1"}, data=data)
    new = cleaned(layout.block)
    assert changed(layout.block, new) <= {*extent(layout, "thumb"), *extent(layout, "strip")}
    assert [
        new[part.start : part.stop] for part in (extent(layout, "thumb"), extent(layout, "strip"))
    ] == [remove(THUMBNAIL)] * 2


@pytest.mark.parametrize("tag", [0x02BC, 0x8649])
def test_xmp_and_photoshop_resources_inside(tag: int) -> None:
    """Tag 700 is an XMP packet; Photoshop's resources may hold one."""
    value = positions.XMP
    blank = positions.XMP_BLANK
    if tag == 0x8649:
        head = b"8BIM\4\x24\0\0" + len(value).to_bytes(4, "big")
        value, blank = head + value, head + blank
    block = lay_out(">", {"ifd0": [ANY, Row(tag, 1, value)]}).block
    assert cleaned(block) == block.replace(value, blank)


def note(*rows: Row, head: bytes = b"") -> Row:
    """Return a maker note that is a directory behind a head, for a block in which it stands at 26."""
    at = 26 + len(head) + 2 + 12 * len(rows) + 4
    where = []
    for row in rows:
        where.append(at)
        at += len(row.value)
    raw = head + table(">", list(rows), where) + b"".join(row.value for row in rows)
    return Row(MAKER_NOTE, 7, raw)


def panasonic(tag: int, value: bytes) -> bytes:
    """Return a block with a maker note by Panasonic."""
    place = Row(tag, 7, value)
    return lay_out(">", {"ifd0": [note(place, head=b"Panasonic\0\0\0")]}).block


def nikon(value: bytes) -> bytes:
    """Return a block with a maker note by Nikon, which has a TIFF header of its own."""
    inner = lay_out(">", {"ifd0": [Row(0x39, 7, value)]}).block
    return lay_out(">", {"ifd0": [Row(MAKER_NOTE, 7, b"Nikon\0\2\x10\0\0" + inner)]}).block


@pytest.mark.parametrize(
    "block",
    [
        panasonic(0x67, bytes(64)),
        panasonic(0x67, b"---".ljust(64, b"\0")),
        panasonic(0x10, b"Paris".ljust(64, b"\0")),
        nikon(b"0100" + bytes(76)),
        lay_out(">", {"ifd0": [ANY]}).block,
        lay_out(">", {"ifd0": [Row(0x9286, 7, b"ASCII\0\0\0shot with a GPS receiver")]}).block,
        lay_out(">", {"ifd0": [ascii_row(0x010E, b"Latitude, a wine bar, 4.50 a glass\0")]}).block,
        lay_out(">", {"ifd0": [ascii_row(0x0131, b"GPS Camera 3.01\0"[:12] + b"\0")]}).block,
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"not a block",
    ],
)
def test_what_holds_no_position_is_the_same_object(block: bytes) -> None:
    """Proven to be free: the bytes are not even copied, and broken blocks cannot hold one either."""
    data = photo(app1(block))
    assert remove(data) is data


def broken(*, gps: list[Row] | None = None, **changes: object) -> bytes:
    """Return a block with a GPS directory and something wrong."""
    entry = pointer(GPS_IFD, "gps")._replace(**changes)
    return lay_out(">", {"ifd0": [ANY, entry], "gps": gps or gps_rows(">")}).block


def cut(size: int) -> bytes:
    """Return a block that ends inside its GPS directory."""
    layout = positions.layout()
    return layout.block[: layout.places["gps", -1] + size]


WHOLE = positions.block()


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        pytest.param(cut(20), "the GPS directory cannot be read", id="cut"),
        pytest.param(broken(kind=3), "no offset", id="a SHORT"),
        pytest.param(broken(number=2), "no offset", id="two offsets"),
        pytest.param(shared(2, "IFD0"), "coordinates overlap", id="shared latitude"),
        pytest.param(
            lay_out(
                ">",
                {
                    "ifd0": [pointer(GPS_IFD, "gps")],
                    "gps": [*gps_rows(">"), pointer(EXIF_IFD, "exif")],
                    "exif": [ANY],
                },
            ).block,
            "leads to another",
            id="the GPS directory leads on",
        ),
        pytest.param(
            lay_out(
                ">",
                {"ifd0": [pointer(EXIF_IFD, "gps"), pointer(GPS_IFD, "gps")], "gps": gps_rows(">")},
            ).block,
            "another one as well",
            id="the GPS directory is the Exif IFD, too",
        ),
        pytest.param(
            lay_out(
                ">",
                {"ifd0": [pointer(GPS_IFD, "gps")], "gps": gps_rows(">")},
                links={"ifd0": "gps"},
            ).block,
            "cannot be read",
            id="the GPS directory is IFD1, too",
        ),
        pytest.param(
            lay_out(
                ">",
                {
                    "ifd0": [Row(0x010F, 2, b"", at=20, number=9), pointer(GPS_IFD, "gps")],
                    "gps": gps_rows(">"),
                },
            ).block,
            "IFD0 overlaps",
            id="a value inside IFD0",
        ),
        pytest.param(
            lay_out(
                ">",
                {
                    "ifd0": [
                        pointer(0x0111, "jpeg"),
                        Row(0x0117, 4, struct.pack(">I", len(THUMBNAIL))),
                        Row(SUB_IFDS, 4, bytes(4), to="sub"),
                    ],
                    "sub": [
                        Row(0x0111, 4, struct.pack(">100I", *range(2400, 2500))),
                        Row(0x0117, 4, struct.pack(">100I", *range(1000, 1100))),
                    ],
                },
                data={"jpeg": THUMBNAIL, "more": b"\xff\xd8\xff" * 800},
            ).block,
            "parts overlap",
            id="strips that overlap",
        ),
        pytest.param(
            lay_out(
                ">",
                {
                    "ifd0": [pointer(GPS_IFD, "gps"), Row(0x9C9B, 99, bytes(4)), ANY],
                    "gps": gps_rows(">"),
                },
            ).block,
            "no known type",
            id="a broken entry would come first",
        ),
        pytest.param(
            broken(to=None, value=struct.pack(">I", 10)), "cannot be read", id="inside IFD0"
        ),
        pytest.param(WHOLE.replace(b"MM\0*", b"MM\0+"), "GPS directory", id="no TIFF"),
        pytest.param(WHOLE[:8] + b"\xff\xff" + WHOLE[10:], "broken Exif block", id="IFD0 too long"),
        pytest.param(
            lay_out(">", {"ifd0": [Row(MAKER_NOTE, 7, b"head" + WHOLE)]}).block,
            "out of the ordinary",
            id="in a maker note",
        ),
        pytest.param(
            lay_out(">", {"ifd0": [ANY, Row(EXIF_IFD, 3, b"\0\7")]}).block + WHOLE,
            "out of the ordinary",
            id="behind a broken pointer",
        ),
        pytest.param(panasonic(0x6F, b"Eiffel Tower".ljust(64, b"\0")), "Panasonic", id="landmark"),
        pytest.param(nikon(b"0100\1FRA\0Louvre".ljust(80, b"\0")), "Nikon", id="point of interest"),
        pytest.param(
            lay_out(">", {"ifd0": [ascii_row(0x010E, b"at lat: 51.501, lon: -0.124\0")]}).block,
            "coordinates in a text",
            id="caption",
        ),
        pytest.param(
            lay_out(">", {"ifd0": [Row(0x9C9B, 1, "GPS 51.501".encode("utf-16-le"))]}).block,
            "coordinates in a text",
            id="caption in UTF-16",
        ),
        pytest.param(
            lay_out(">", {"ifd0": [Row(0x9999, 7, b'{"latitude": null}')]}).block,
            "the name 'latitude'",
            id="unknown tag",
        ),
        pytest.param(
            lay_out(">", {"ifd0": [Row(0x8482, 12, bytes(48))]}).block, "GeoTIFF", id="GeoTIFF"
        ),
        pytest.param(
            lay_out(">", {"ifd0": [Row(0xC68C, 7, bytes(48))]}).block, "raw file", id="raw file"
        ),
    ],
)
def test_what_cannot_be_decided_is_refused(block: bytes, reason: str) -> None:
    """Broken structures with a position that some reader may find, and places that stay secret."""
    with pytest.raises(Undecidable, match=reason):
        remove(photo(app1(block)))


def test_a_broken_thumbnail_is_searched() -> None:
    """A thumbnail that is cut off may still show a position to some reader."""
    thumbnail = THUMBNAIL[:90]
    rows = [pointer(0x0201, "thumb"), Row(0x0202, 4, struct.pack(">I", len(thumbnail)))]
    block = lay_out(">", {"ifd0": rows}, data={"thumb": thumbnail}).block
    with pytest.raises(Undecidable, match="broken JPEG"):
        remove(photo(app1(block)))


def read_directory(
    block: bytes, order: str, at: int
) -> tuple[list[tuple[int, int, int, int, bytes]], int]:
    """Return tag, type, count, place and value of the entries, and the link; read by the test."""
    (count,) = struct.unpack_from(order + "H", block, at)
    entries = []
    for row in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number, place = struct.unpack_from(order + "HHII", block, row)
        size = SIZES[kind] * number
        start = row + 8 if size <= 4 else place
        value = block[start : start + size]
        entries.append((tag, kind, number, 0 if size <= 4 else place, value))
    end = at + 2 + 12 * count
    return entries, int(struct.unpack_from(order + "I", block[end : end + 4].ljust(4, b"\0"))[0])


# Tags that lead elsewhere, and those whose values are blocks or refused.
NAMES = ["ifd0", "exif", "sub", "ifd1"]
SPECIAL = {EXIF_IFD, GPS_IFD, 0xA005, SUB_IFDS, 0x0111, 0x0117, 0x0144, 0x0145, 0x0201, 0x0202}
SPECIAL |= {MAKER_NOTE, 0x02BC, 0x8649, 0x8482, 0x85D8, 0xC68C}
opaque = values.filter(lambda value: not signs.sign(value[1]))
rows_of_any_tag = st.dictionaries(
    st.integers(0, 0xFFFF).filter(lambda tag: tag not in SPECIAL), opaque, max_size=8
).map(lambda rows: [Row(tag, kind, value) for tag, (kind, value) in rows.items()])
gps_rows_of_any_kind = st.dictionaries(st.integers(0, 0x1F), values, max_size=12).map(
    lambda rows: [Row(tag, kind, value) for tag, (kind, value) in rows.items()]
)


@settings(max_examples=200, deadline=None)
@given(
    order=st.sampled_from("<>"),
    rows=st.fixed_dictionaries(dict.fromkeys(NAMES, rows_of_any_tag)),
    gps=gps_rows_of_any_kind,
    leading=st.sets(st.sampled_from(NAMES), min_size=1),
    note=st.binary(max_size=60).filter(lambda note: not signs.sign(note)),
    in_order=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_every_sound_block_loses_its_position_and_keeps_all_else(
    order: str,
    rows: dict[str, list[Row]],
    gps: list[Row],
    leading: set[str],
    note: bytes,
    in_order: bool,
    seed: int,
) -> None:
    """Any order of directories, values and gaps: the position is zeros, no other byte changes."""
    dice = random.Random(seed)
    rows = {name: list(rows[name]) for name in NAMES}
    rows["ifd0"] += [pointer(EXIF_IFD, "exif"), pointer(SUB_IFDS, "sub")]
    rows["exif"].append(Row(MAKER_NOTE, 7, note))
    for name in leading:
        rows[name].append(pointer(GPS_IFD, "gps"))
    for entries in rows.values():
        entries.sort(key=lambda row: row.tag) if in_order else dice.shuffle(entries)
    layout = lay_out(order, {**rows, "gps": gps}, links={"ifd0": "ifd1"}, shuffle=dice)
    # Two values side by side that read like such an entry are refused, and rightly.
    assume(len(signs.entries(layout.block)) == len(leading))
    new = cleaned(layout.block)
    directories = {at for name in leading for at in extent(layout, name)}
    assert changed(layout.block, new) <= directories | gps_extents(layout)
    assert not any(new[at] for at in gps_extents(layout))
    for name in rows:
        before, link_before = read_directory(layout.block, order, layout.places[name, -1])
        after, link = read_directory(new, order, layout.places[name, -1])
        kept = [entry for entry in before if entry[0] != GPS_IFD]
        assert after == kept or (not kept and after[0][0] == PADDING)
        assert link == link_before


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("offset", [None, "+02:00"])
def test_removal_and_correction_of_the_time_do_not_mind_each_other(
    order: str, offset: str | None
) -> None:
    """In whichever order the two are done, readers see the same tags."""
    rows = {
        "ifd0": [ANY, pointer(EXIF_IFD, "exif"), pointer(GPS_IFD, "gps")],
        "exif": [ascii_row(0x9003, b"2001:02:03 04:05:06\0"), Row(MAKER_NOTE, 7, b"a secret")],
        "gps": gps_rows(order),
    }
    data = photo(app1(lay_out(order, rows).block))
    time = "2024:06:15 14:30:45"
    first, second = edit(remove(data), time, offset), remove(edit(data, time, offset))
    assert tags(first) == tags(second)
    assert tags(first)[1][0x9003] == time
    assert remove(first) is first
    assert edit(second, time, offset) == second


def tags(data: bytes) -> tuple[dict[int, object], dict[int, object], dict[int, object]]:
    """Return IFD0, its pointers apart, the Exif IFD and the GPS directory as Pillow reads them."""
    exif = Image.open(io.BytesIO(data)).getexif()
    plain = {tag: value for tag, value in exif.items() if tag not in {EXIF_IFD, GPS_IFD}}
    return plain, dict(exif.get_ifd(EXIF_IFD)), dict(exif.get_ifd(GPS_IFD))


def test_pillow_sees_no_position_and_the_same_pixels() -> None:
    """Another reader than ours: the GPS tags are gone, the image and the other tags are not."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (51.0, 30.0, 2.51), 3: "W", 4: (0.0, 7.0, 34.56)})
    data = pixels(exif=exif)
    result = remove(data)
    assert tags(data)[2]
    assert tags(result) == (tags(data)[0], {}, {})
    assert Image.open(io.BytesIO(result)).tobytes() == Image.open(io.BytesIO(data)).tobytes()
