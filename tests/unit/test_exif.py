"""The EXIF edit on files that are built here, byte by byte or with Pillow; no doubles."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.photos import (
    BODY,
    EXIF_IFD,
    JFIF,
    JFIF_END,
    PHOTO,
    SIZES,
    Row,
    app1,
    ascii_row,
    mpf,
    photo,
    pixels,
    segment,
    table,
    tiff,
    values,
)

from galleria_action import tags
from galleria_action import tiff as blocks
from galleria_action.edits import EDITOR, Uneditable
from galleria_action.exif import edit, original_time

TIME = "2024:06:15 14:30:45"
OFFSET = "+02:00"
DTO, OTO, GPS_IFD, MAKER_NOTE = 0x9003, 0x9011, 0x8825, 0x927C
OLD = b"2001:02:03 04:05:06\0"
ORDERS = [pytest.param("<", id="II"), pytest.param(">", id="MM")]


def block_of(data: bytes) -> bytes:
    """Return the TIFF block of the first Exif segment."""
    at = data.index(b"Exif\0\0")
    return data[at + 6 : at - 2 + int.from_bytes(data[at - 2 : at], "big")]


def read(data: bytes) -> dict[int, object]:
    """Return the tags of the Exif IFD as Pillow reads them."""
    return dict(Image.open(io.BytesIO(data)).getexif().get_ifd(EXIF_IFD))


def both(order: str = ">", **more: object) -> bytes:
    """Return a block with both tags."""
    rows = [ascii_row(DTO, OLD), ascii_row(OTO, b"-07:00\0")]
    return tiff(order, [ascii_row(0x010F, b"Maker\0")], rows, **more)  # type: ignore[arg-type]


def only_time(order: str = ">", **more: object) -> bytes:
    """Return a block with DateTimeOriginal and a maker note, but no offset."""
    rows = [ascii_row(DTO, OLD), Row(MAKER_NOTE, 7, b"a secret of the maker's")]
    return tiff(order, [ascii_row(0x010F, b"Maker\0")], rows, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ORDERS)
def test_overwrites_in_place_when_both_tags_are_there(order: str) -> None:
    """Present tags get new characters; no other byte of the file changes."""
    data = photo(app1(both(order)))
    want = data.replace(OLD[:-1], TIME.encode()).replace(b"-07:00", OFFSET.encode())
    assert edit(data, TIME, OFFSET) == want


@pytest.mark.parametrize("order", ORDERS)
def test_adds_the_offset_and_moves_nothing_but_the_exif_ifd(order: str) -> None:
    """Every old byte of the block stays at its offset, but for the time and the one pointer."""
    old = only_time(order, thumbnail=b"\xff\xd8thumbnail\xff\xd9")
    data = photo(app1(old))
    edited = edit(data, TIME, OFFSET)
    new = block_of(edited)
    changed = [at for at in range(len(old)) if old[at] != new[at]]
    pointer = old.index(struct.pack(order + "HHI", EXIF_IFD, 4, 1)) + 8
    time = old.index(OLD)
    assert set(changed) <= {*range(pointer, pointer + 4), *range(time, time + 19)}
    assert read(edited)[DTO] == TIME
    assert read(edited)[OTO] == OFFSET
    assert edited.endswith(BODY)


@pytest.mark.parametrize("order", ORDERS)
def test_keeps_the_entries_of_the_exif_ifd_sorted(order: str) -> None:
    """TIFF wants ascending tags; the new entries go where they belong, the others keep theirs."""
    rows = [Row(0x829A, 5, bytes(8)), Row(0x9000, 7, b"0230"), Row(0xA001, 3, bytes(2))]
    new = block_of(edit(photo(app1(tiff(order, [], rows))), TIME, OFFSET))
    pointer = new.index(struct.pack(order + "HHI", EXIF_IFD, 4, 1)) + 8
    at = struct.unpack_from(order + "I", new, pointer)[0]
    count = struct.unpack_from(order + "H", new, at)[0]
    tags = [struct.unpack_from(order + "H", new, at + 2 + 12 * n)[0] for n in range(count)]
    assert tags == [0x829A, 0x9000, DTO, OTO, 0xA001]


@pytest.mark.parametrize("block", [both(), only_time()])
def test_leaves_the_offset_alone_without_one(block: bytes) -> None:
    """With offset None only the 19 characters of the time change."""
    data = photo(app1(block))
    assert edit(data, TIME, None) == data.replace(OLD[:-1], TIME.encode())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ifd0", [[], [ascii_row(0x010F, b"Maker\0"), Row(0xC4A5, 7, b"print im")]])
def test_adds_an_exif_ifd_to_a_block_without(order: str, ifd0: list[Row]) -> None:
    """IFD0 moves to the end to get its pointer; its values and IFD1 stay."""
    old = tiff(order, ifd0, pointer=False, thumbnail=b"\xff\xd8thumb\xff\xd9")
    new = block_of(edited := edit(photo(app1(old)), TIME, OFFSET))
    assert new[8 : len(old)] == old[8:]
    assert {tag: read(edited)[tag] for tag in (DTO, OTO)} == {DTO: TIME, OTO: OFFSET}
    before = Image.open(io.BytesIO(photo(app1(old)))).getexif()
    after = Image.open(io.BytesIO(edited)).getexif()
    assert {tag: after[tag] for tag in before} == dict(before)
    assert after.get_ifd(1) == before.get_ifd(1)


XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")


@pytest.mark.parametrize(
    ("segments", "place"),
    [
        pytest.param([], 2, id="nothing"),
        pytest.param([JFIF], JFIF_END, id="JFIF"),
        pytest.param([JFIF, segment(0xE0, b"JFXX\0\x10")], JFIF_END + 10, id="JFXX"),
        pytest.param([XMP], 2, id="XMP"),
        pytest.param([JFIF, XMP], JFIF_END, id="JFIF and XMP"),
    ],
)
def test_adds_a_minimal_segment_where_the_standards_want_it(
    segments: list[bytes], place: int
) -> None:
    """A file without Exif gets APP1 right after SOI, but behind JFIF; the rest only moves."""
    data = photo(*segments)
    edited = edit(data, TIME, OFFSET)
    grown = len(edited) - len(data)
    assert edited[:place] + edited[place + grown :] == data
    assert edited[place : place + 10].endswith(b"Exif\0\0")
    assert read(edited) == {DTO: TIME, OTO: OFFSET}
    assert grown < 110


def test_does_not_change_a_value_that_tags_share() -> None:
    """DateTime and DateTimeOriginal at one place: the first keeps its time, the second gets own."""
    shared = 8 + 2 + 24 + 4
    rows = [Row(0x0132, 2, OLD)]
    block = tiff(">", rows, [Row(DTO, 2, OLD, at=shared)])
    edited = edit(photo(app1(block)), TIME, None)
    assert Image.open(io.BytesIO(edited)).getexif()[0x0132] == OLD[:-1].decode()
    assert read(edited)[DTO] == TIME


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(ascii_row(DTO, b""), id="empty"),
        pytest.param(ascii_row(DTO, b"\0"), id="inline"),
        pytest.param(ascii_row(DTO, b"2001:02:03\0"), id="short"),
        pytest.param(Row(DTO, 7, OLD), id="undefined"),
        pytest.param(Row(DTO, 1, OLD), id="byte"),
        pytest.param(Row(DTO, 3, b"\0\1"), id="short number"),
    ],
)
def test_replaces_an_odd_entry_by_a_value_at_the_end(row: Row) -> None:
    """A time of the wrong type or too short gets type, count and place anew; nothing moves."""
    old = tiff(">", [], [row, Row(MAKER_NOTE, 7, b"a secret of the maker's")])
    edited = edit(photo(app1(old)), TIME, None)
    new = block_of(edited)
    assert len(new) == len(old) + 20
    assert new.endswith(TIME.encode() + b"\0")
    assert sum(a != b for a, b in zip(old, new, strict=False)) <= 12
    assert read(edited)[DTO] == TIME


@pytest.mark.parametrize("value", [OLD[:-1], OLD, OLD[:-1] + b" ", OLD[:-1] + b"Z + more\0\0"])
def test_keeps_the_length_of_a_time_with_room(value: bytes) -> None:
    """19 characters without NUL, or more of them than usual: overwritten, the rest NUL."""
    data = photo(app1(tiff(">", [], [ascii_row(DTO, value)])))
    edited = edit(data, TIME, None)
    assert edited == data.replace(value, TIME.encode().ljust(len(value), b"\0"))


def test_keeps_all_other_segments_bytewise() -> None:
    """XMP, extended XMP, ICC, IPTC and comments keep bytes and order, before and after Exif."""
    others = [
        segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(range(200))),
        segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\0"),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"G" * 32 + bytes(8) + b"<x/>"),
        segment(0xFE, b"a comment"),
        b"\xff\xff" + segment(0xE5, b""),
    ]
    data = photo(JFIF, XMP, app1(only_time()), *others)
    edited = edit(data, TIME, OFFSET)
    assert edited.startswith(b"\xff\xd8" + JFIF + XMP)
    assert edited.endswith(b"".join(others) + BODY)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 5}, {"optimize": True}])
def test_keeps_the_pixels(options: dict[str, object]) -> None:
    """Pillow decodes the same pixels, baseline or progressive."""
    data = pixels(**options)
    for offset in (None, OFFSET):
        edited = edit(data, TIME, offset)
        assert Image.open(io.BytesIO(edited)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("make", [both, only_time])
@pytest.mark.parametrize("order", ORDERS)
def test_editing_twice_is_editing_once(make: object, order: str) -> None:
    """The edit of an edited file with the same time gives the same bytes: nothing piles up."""
    data = photo(app1(make(order)))  # type: ignore[operator]
    once = edit(data, TIME, OFFSET)
    assert edit(once, TIME, OFFSET) == once
    assert len(edit(once, "1999:01:01 00:00:00", "-11:30")) == len(once)


def mpf_images(data: bytes, order: str) -> list[bytes]:
    """Return the images that the MPF segment of a file leads to, the first by its length."""
    base = data.index(b"MPF\0") + 4
    count, place = struct.unpack_from(order + "II", data, base + 8 + 2 + 4)
    entries = [
        struct.unpack_from(order + "4xII", data, base + place + at) for at in range(0, count, 16)
    ]
    starts = [base + offset if offset else 0 for _, offset in entries]
    return [data[at : at + size] for at, (size, _) in zip(starts, entries, strict=True)]


GAIN_MAP = pixels(quality=20)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("place", ["behind Exif", "before Exif", "no Exif"])
def test_the_mpf_index_still_leads_to_its_images(order: str, place: str) -> None:
    """Gain maps and previews are found, and the first image ends at its EOI, after a growth."""

    def build(size: int, offset: int) -> tuple[bytes, int]:
        index = mpf(order, [(size, 0), (len(GAIN_MAP), offset), (0, 0)])
        exif_segment = app1(only_time(order))
        segments = {
            "behind Exif": [exif_segment, index],
            "before Exif": [index, exif_segment],
            "no Exif": [JFIF, index],
        }[place]
        whole = photo(*segments)
        return whole + GAIN_MAP, len(whole)

    data, size = build(0, 1)
    data, _ = build(size, size - data.index(b"MPF\0") - 4)
    first, second = mpf_images(data, order)[:2]
    assert (first + second, second) == (data, GAIN_MAP)
    edited = edit(data, TIME, OFFSET)
    assert len(edited) > len(data)
    first, second = mpf_images(edited, order)[:2]
    assert (first + second, second) == (edited, GAIN_MAP)


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(segment(0xE2, b"MPF\0"), id="empty"),
        pytest.param(mpf(">", []), id="no image"),
        pytest.param(mpf(">", [(9, 9)]), id="the first image is elsewhere"),
        pytest.param(mpf(">", [(9, 0)]) * 2, id="two"),
        pytest.param(mpf(">", [(2**32 - 1, 0)]), id="too large"),
        pytest.param(mpf(">", [(9, 0)] + [(1, 1)] * 99), id="too many images"),
    ],
)
def test_refuses_to_grow_a_file_whose_mpf_index_is_odd(index: bytes) -> None:
    """An index that cannot be kept right means no growth; overwriting in place needs none."""
    data = photo(app1(only_time()), index)
    with pytest.raises(Uneditable, match="MPF"):
        edit(data, TIME, OFFSET)
    assert original_time(edit(data, TIME, None)) == TIME


VIDEO = b"\0\0\0\x18ftypmp42" + b"\xff\xd8\xff\xd9" * 9
GOOGLE_XMP = segment(
    0xE1, b"http://ns.adobe.com/xap/1.0/\0 http://ns.google.com/photos/1.0/container/"
)


@pytest.mark.parametrize(
    "trailer",
    [
        pytest.param(VIDEO, id="motion photo"),
        pytest.param(b"\0" * 100 + VIDEO, id="motion photo behind padding"),
        pytest.param(b"\0\0\1\n\x0e\0\0\0Image_UTC_Data1400000000000SEFT", id="Samsung"),
        pytest.param(b"CANON OPTIONAL DATA\0" + bytes(9), id="Canon"),
        pytest.param(b"\0" * 512, id="padding"),
    ],
)
def test_keeps_bytes_after_eoi(trailer: bytes) -> None:
    """Videos, makers' records and padding behind the image stay, also when the file grows."""
    for block in (both(), only_time()):
        edited = edit(photo(app1(block), trailer=trailer), TIME, OFFSET)
        assert edited.endswith(BODY + trailer)


def test_keeps_the_parts_of_a_google_container() -> None:
    """Its XMP finds depth maps by their lengths from the end, so any data may move."""
    data = photo(app1(only_time()), GOOGLE_XMP, trailer=GAIN_MAP + b"whatever")
    assert edit(data, TIME, OFFSET).endswith(BODY + GAIN_MAP + b"whatever")


@pytest.mark.parametrize("trailer", [b"who knows", GAIN_MAP, b"AXS!" + bytes(8)])
def test_refuses_to_move_data_that_maker_notes_may_point_to(trailer: bytes) -> None:
    """Unknown data behind the image and a maker note: no growth, but still the edit in place."""
    data = photo(app1(only_time()), trailer=trailer)
    with pytest.raises(Uneditable, match="unknown data behind the image"):
        edit(data, TIME, OFFSET)
    assert edit(data, TIME, None).endswith(BODY + trailer)


def test_moves_unknown_data_that_nothing_can_point_to() -> None:
    """Without a maker note such data may move, AFCP apart: that counts from the file's start."""
    block = tiff(">", [], [ascii_row(DTO, OLD)])
    assert edit(photo(app1(block), trailer=b"who knows"), TIME, OFFSET).endswith(b"who knows")
    for segments in ([app1(block)], []):
        with pytest.raises(Uneditable, match="unknown data"):
            edit(photo(*segments, trailer=b"x AXS!" + bytes(8)), TIME, OFFSET)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("base", ["file", "TIFF header", "maker note", "Nikon"])
def test_refuses_to_move_a_preview_that_a_maker_note_points_to(order: str, base: str) -> None:
    """A maker note that holds the place of data behind the image would be wrong afterwards."""

    def build(number: int) -> bytes:
        note = b"maker  " + struct.pack(order + "I", number)
        block = tiff(order, [], [ascii_row(DTO, OLD), Row(MAKER_NOTE, 7, note)])
        return photo(app1(block), GOOGLE_XMP)

    plain = build(0)
    note = plain.index(b"maker  ")
    start = {"file": 0, "TIFF header": 12, "maker note": note, "Nikon": note + 10}[base]
    data = build(len(plain) - start) + GAIN_MAP
    with pytest.raises(Uneditable, match="maker notes point"):
        edit(data, TIME, OFFSET)
    assert read(edit(data, TIME, None))[DTO] == TIME
    assert edit(plain + GAIN_MAP, TIME, OFFSET).endswith(GAIN_MAP)


def test_fills_a_segment_to_the_last_byte_and_no_further() -> None:
    """65,533 bytes is what a segment holds; one more and the file is left alone."""
    old = only_time()
    grown = len(block_of(edit(photo(app1(old)), TIME, OFFSET))) - len(old)
    room = 65_533 - 6 - grown - len(old)
    room -= room % 2
    edited = edit(photo(app1(old + bytes(room))), TIME, OFFSET)
    assert read(edited)[OTO] == OFFSET
    with pytest.raises(Uneditable, match="no room"):
        edit(photo(app1(old + bytes(room + 2))), TIME, OFFSET)


WHOLE = photo(app1(both()))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a JPEG file"),
        (b"\xff", "not a JPEG file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a JPEG file"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "not a JPEG file"),
        (b"\0\0\0\x18ftypheic", "not a JPEG file"),
        (both("<"), "not a JPEG file"),
        (both(">"), "not a JPEG file"),
        (b"\xff\xd8", "broken JPEG"),
        (b"\xff\xd8\xff", "broken JPEG"),
        (b"\xff\xd8\xff\xe1", "broken JPEG"),
        (b"\xff\xd8\xff\xe1\0\1", "broken JPEG"),
        (b"\xff\xd8\xff\xe1\0\0", "broken JPEG"),
        (b"\xff\xd8" + app1(both()), "broken JPEG"),
        (WHOLE[:60], "broken JPEG"),
        (b"\xff\xd8" + PHOTO, "broken JPEG"),
        (photo(app1(both()), b"x"), "broken JPEG"),
        (photo(app1(both()), b"\xff\0"), "broken JPEG"),
        (photo(app1(both()), app1(both())), "more than one Exif block"),
        (photo(app1(both()), segment(0xE1, b"Exif\0\0")), "more than one Exif block"),
        (photo(segment(0xE1, b"Exif\0\xff" + both())), "unknown identifier"),
        (photo(segment(0xE1, b"\0\0exif\0\0" + both())), "unknown identifier"),
        (photo(app1(b"")), "broken Exif block"),
        (photo(app1(b"II*\0")), "broken Exif block"),
        (photo(app1(b"II*\0" + bytes(4))), "broken Exif block"),
        (photo(app1(b"II*\0\x08\0\0\0\xff\xff")), "broken Exif block"),
        (photo(app1(both().replace(b"MM\0*", b"MM\0+"))), "broken Exif block"),
        (photo(app1(tiff(">", [], [ascii_row(DTO, OLD)] * 2))), "twice"),
        (photo(app1(tiff(">", [Row(EXIF_IFD, 4, bytes(4))], []))), "two Exif pointers"),
        (photo(app1(tiff(">", [ascii_row(DTO, OLD)], [ascii_row(DTO, OLD)]))), "IFD0 holds"),
        (photo(app1(tiff(">", [Row(EXIF_IFD, 4, b"\0\0\7\7")], pointer=False))), "Exif IFD"),
        (photo(app1(tiff(">", [Row(EXIF_IFD, 3, b"\0\x08")], pointer=False))), "Exif IFD"),
        (photo(app1(tiff(">", [Row(EXIF_IFD, 4, b"\0\0\0\x08")], pointer=False))), "Exif IFD"),
    ],
)
def test_refuses_what_is_no_sound_jpeg_file(data: bytes, reason: str) -> None:
    """Other formats, broken structures and ambiguous Exif are left alone, with the reason."""
    with pytest.raises(Uneditable, match=reason):
        edit(data, TIME, OFFSET)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([Row(0x9286, 14, bytes(8))], id="unknown type"),
        pytest.param([Row(0x9286, 7, b"", at=60_000, number=99)], id="value outside"),
        pytest.param([Row(0xA005, 4, b"\0\0\xff\0")], id="directory outside"),
        pytest.param([Row(0xA005, 7, b"\0\0\0\x08")], id="pointer of no number"),
        pytest.param([Row(0x0201, 7, b"\0\0\0\x08")], id="thumbnail of no number"),
        pytest.param([Row(0x0201, 4, b"")], id="thumbnail without a number"),
        pytest.param([Row(0x0201, 4, b"\0\0\xff\0")], id="thumbnail outside"),
        pytest.param([Row(0x9286, 7, b"", at=30, number=9)], id="value inside the directory"),
    ],
)
def test_refuses_to_grow_a_broken_block_but_edits_it_in_place(rows: list[Row]) -> None:
    """What cannot be followed might read otherwise in a longer block; in place nothing can."""
    data = photo(app1(tiff(">", [], [ascii_row(DTO, OLD), *rows])))
    with pytest.raises(Uneditable, match="broken Exif block"):
        edit(data, TIME, OFFSET)
    assert edit(data, TIME, None) == data.replace(OLD[:-1], TIME.encode())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("header", [b"", b"MAKER\0\0\1"])
@pytest.mark.parametrize(("size", "grows"), [(8, True), (40, False)])
def test_refuses_to_grow_under_a_maker_note_that_leads_out_of_the_block(
    order: str, header: bytes, size: int, *, grows: bool
) -> None:
    """A value of a moved note beyond the end would begin to read as something in a longer block."""
    note = header + table(order, [Row(1, 7, bytes(4)), Row(2, 2, b"", at=1, number=size)], [0, 200])
    block = tiff(order, [], [ascii_row(DTO, OLD), Row(MAKER_NOTE, 7, note)]).ljust(220, b"\0")
    data = photo(app1(block))
    assert read(edit(data, TIME, None))[DTO] == TIME
    if grows:
        assert read(edit(data, TIME, OFFSET))[OTO] == OFFSET
    else:
        with pytest.raises(Uneditable, match="beyond its end"):
            edit(data, TIME, OFFSET)


@pytest.mark.parametrize("missing", [1, 4])
def test_refuses_to_grow_a_block_that_ends_without_a_link(missing: int) -> None:
    """What is appended would read as the offset of a next directory, where there was none."""
    block = b"MM\0*\0\0\0\x08" + table(">", [Row(0x0112, 3, b"\0\1")], [0])
    assert read(edit(photo(app1(block)), TIME, OFFSET))[OTO] == OFFSET
    with pytest.raises(Uneditable, match="without a link"):
        edit(photo(app1(block[:-missing])), TIME, OFFSET)


def test_refuses_to_change_structure_that_is_part_of_two_things() -> None:
    """An Exif pointer inside another tag's value cannot be moved without changing that."""
    rows = [Row(0x010F, 2, b"overlap!", at=10, number=40)]
    with pytest.raises(Uneditable, match="overlaps"):
        edit(photo(app1(tiff(">", rows, [ascii_row(DTO, OLD)]))), TIME, OFFSET)


@pytest.mark.parametrize(
    ("time", "offset"),
    [
        ("2024-06-15T14:30:45", OFFSET),
        ("2024:06:15 14:30:45 ", OFFSET),
        ("٢٠٢٤:06:15 14:30:45", OFFSET),
        ("", OFFSET),
        (TIME, "Z"),
        (TIME, "+0200"),
        (TIME, ""),
        (TIME, "+02:00\n"),
    ],
)
def test_refuses_a_time_of_another_form(time: str, offset: str) -> None:
    """Only the forms that Exif knows are ever written."""
    with pytest.raises(Uneditable, match="not a"):
        edit(WHOLE, time, offset)


@pytest.mark.parametrize(
    ("data", "time"),
    [
        (WHOLE, "2001:02:03 04:05:06"),
        (photo(app1(only_time("<"))), "2001:02:03 04:05:06"),
        (photo(app1(tiff(">", [], [ascii_row(DTO, b"    :  :     :  :  \0")]))), ":  :     :  :"),
        (photo(app1(tiff(">", [], [ascii_row(DTO, b" " * 19 + b"\0")]))), None),
        (photo(app1(tiff(">", [], [ascii_row(DTO, b"20\0")]))), "20"),
        (photo(app1(tiff(">", [], [Row(DTO, 2, b"", at=60_000, number=20)]))), None),
        (photo(app1(tiff(">", [], [Row(DTO, 4, bytes(4))]))), None),
        (photo(app1(tiff(">", [], []))), None),
        (photo(app1(tiff(">", [], pointer=False))), None),
        (photo(app1(b"")), None),
        (photo(), None),
        (b"", None),
        (b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_original_time_is_what_stands_there(data: bytes, time: str | None) -> None:
    """The characters without padding; None where there are none or nothing can be read."""
    assert original_time(data) == time


def test_the_bytes_of_an_edit_never_change_within_a_version() -> None:
    """Manifests hold hashes of edited photos: other bytes here need another EDITOR."""
    bare = b"\xff\xd8\xff\xda\0\x08\1\1\0\0?\0scan\xff\xd9"
    cases = [
        photo(app1(make(order)), body=bare[2:]) for make in (both, only_time) for order in "<>"
    ]
    edits = [edit(data, TIME, offset) for data in [bare, *cases] for offset in (None, OFFSET)]
    digest = hashlib.sha256(b"".join(edits)).hexdigest()
    assert (EDITOR, digest) == (
        "exif/1",
        "ff01ef4dc9e9d3ced57d487a5e24ef92cb3eb8123bce2d3f6c232af02c92d6f2",
    )


# Tags whose values lead elsewhere: random ones make a broken block.
LEADING = {EXIF_IFD, GPS_IFD, 0xA005, 0x014A, 0x0111, 0x0117, 0x0144, 0x0145, 0x0201, 0x0202}
other_tags = st.integers(0, 0xFFFF).filter(lambda tag: tag not in {DTO, OTO, MAKER_NOTE, *LEADING})
directories = st.dictionaries(other_tags, values, max_size=12).map(
    lambda rows: [Row(tag, kind, value) for tag, (kind, value) in rows.items()]
)
present = st.sampled_from(
    [
        [],
        [ascii_row(DTO, OLD)],
        [ascii_row(OTO, b"+01:00\0")],
        [ascii_row(DTO, b"\0")],
        [ascii_row(DTO, OLD), ascii_row(OTO, b"+01:00\0")],
        [Row(DTO, 7, OLD), Row(OTO, 2, b"Z\0")],
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    order=st.sampled_from("<>"),
    ifd0=directories,
    others=directories,
    tags=present,
    pointer=st.booleans(),
    in_order=st.booleans(),
    thumbnail=st.binary(max_size=50),
    seed=st.integers(0, 2**32),
    offset=st.sampled_from([None, OFFSET]),
)
def test_every_sound_block_is_edited_and_keeps_all_else(
    order: str,
    ifd0: list[Row],
    others: list[Row],
    tags: list[Row],
    pointer: bool,
    in_order: bool,
    thumbnail: bytes,
    seed: int,
    offset: str | None,
) -> None:
    """Any order of directories, values and gaps: the tags read back, the rest stays in place."""
    rows = [*others, *tags] if pointer else []
    if in_order:
        rows, ifd0 = (sorted(part, key=lambda row: row.tag) for part in (rows, ifd0))
    old = tiff(order, ifd0, rows, pointer=pointer, thumbnail=thumbnail, shuffle=random.Random(seed))
    data = photo(app1(old))
    edited = edit(data, TIME, offset)
    new = block_of(edited)
    directory = entries_of(new, order, exif_at(new, order))
    assert directory.pop(DTO)[2].rstrip(b"\0") == TIME.encode()
    was = entries_of(old, order, exif_at(old, order)) if pointer else {}
    was.pop(DTO, None)
    if offset:
        assert directory.pop(OTO)[2].rstrip(b"\0") == OFFSET.encode()
        was.pop(OTO, None)
    assert directory == was
    # Not a byte of the old block moved: at most the header, a pointer and the tags differ.
    places = sum(a != b for a, b in zip(old, new, strict=False))
    assert places <= 4 + 4 + 24 + 20 + 7
    assert len(new) - len(old) <= 2 * 12 * (len(rows) + len(ifd0) + 4) + 40
    assert edited.endswith(BODY)
    assert edit(edited, TIME, offset) == edited


def exif_at(block: bytes, order: str) -> int:
    """Return the offset of the Exif IFD, by a reading of this test's own."""
    (at,) = struct.unpack_from(order + "I", block, 4)
    (place,) = struct.unpack(order + "I", entries_of(block, order, at)[EXIF_IFD][2])
    return int(place)


def entries_of(block: bytes, order: str, at: int) -> dict[int, tuple[int, int, bytes]]:
    """Return type, place if not inline, and value of the entries of a directory."""
    (count,) = struct.unpack_from(order + "H", block, at)
    entries = {}
    for row in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number, place = struct.unpack_from(order + "HHII", block, row)
        size = SIZES[kind] * number
        start = row + 8 if size <= 4 else place
        entries[tag] = (kind, 0 if size <= 4 else place, block[start : start + size])
    return entries


@settings(max_examples=300, deadline=None)
@given(
    base=st.sampled_from(
        [WHOLE, photo(app1(only_time("<"))), photo(JFIF, mpf(">", [(9, 0), (4, 4)]), trailer=VIDEO)]
    ),
    changes=st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), min_size=1, max_size=9),
    cut=st.integers(0, 400) | st.none(),
    offset=st.sampled_from([None, OFFSET]),
)
def test_damaged_files_are_edited_or_refused(
    base: bytes, changes: list[tuple[int, int]], cut: int | None, offset: str | None
) -> None:
    """Whatever the bytes, there is an edited file with the image untouched, or Uneditable."""
    data = bytearray(base)
    for at, value in changes:
        data[at] = value
    damaged = bytes(data[:cut])
    original_time(damaged)
    try:
        edited = edit(damaged, TIME, offset)
    except Uneditable as reason:
        assert str(reason)  # noqa: PT017 -- either outcome is right
    else:
        assert original_time(edited) == TIME
        assert edited[-100:] == damaged[-100:] or len(damaged) < 300


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=300), prefix=st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe1"])
)
def test_arbitrary_bytes_are_refused(data: bytes, prefix: bytes) -> None:
    """No input makes the editor raise anything but Uneditable."""
    original_time(prefix + data)
    try:
        edit(prefix + data, TIME, OFFSET)
    except Uneditable as reason:
        assert str(reason)  # noqa: PT017 -- either outcome is right


@pytest.mark.parametrize("order", ORDERS)
def test_the_check_of_an_edit_in_place_notices_every_other_byte_that_changed(order: str) -> None:
    """Wherever a byte of the block differs, but for the two tags, the edit does not pass."""
    old = blocks.read(both(order, thumbnail=b"\xff\xd8thumbnail\xff\xd9"))
    texts = {DTO: TIME, OTO: OFFSET}
    new = tags.set_texts(old, texts)
    assert len(new) == len(old.block)
    assert tags.differences(old, new, texts) == ""
    rows = [e.at for e in old.directories["IFD0/Exif"].entries]
    for at in {*range(len(new))} - {at for row in rows for at in range(row, row + 12)}:
        broken = bytearray(new)
        broken[at] ^= 0x01
        with contextlib.suppress(blocks.UnreadableError):
            assert tags.differences(old, bytes(broken), texts), f"byte {at}"


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_what_is_shared_is_what_extents_overlap(chance: random.Random) -> None:
    """The quick answer is that of the list of all extents, in broken blocks, too."""
    block = bytearray(both(chance.choice("<>"), thumbnail=b"\xff\xd8thumbnail\xff\xd9"))
    for _ in range(chance.choice([0, 1, 5])):
        block[chance.randrange(8, len(block))] = chance.randrange(256)
    try:
        read = blocks.read(bytes(block))
    except blocks.UnreadableError:
        return
    extents = list(blocks.extents(read))
    for _ in range(20):
        at, size = chance.randrange(len(block)), chance.choice([0, 1, 4, 12, 20])
        whose = chance.choice(extents)[2]
        overlap = any(a < at + size and at < b and name != whose for a, b, name in extents)
        assert blocks.shared(read, at, size, whose) == overlap
