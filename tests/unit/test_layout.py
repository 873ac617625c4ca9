"""What is remembered of a block changes no outcome: it only spares reading the next one anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from support.photos import EXIF_IFD, Row, app1, ascii_row, lay_out, photo, tiff

from galleria_action import exif, layout
from galleria_action import tiff as blocks
from galleria_action.edits import Uneditable

TIME, OFFSET = "2024:06:15 14:30:45", "+02:00"
DTO, OTO, GPS, MAKER_NOTE, SUB_IFDS, STRIPS = 0x9003, 0x9011, 0x8825, 0x927C, 0x014A, 0x0111
OLD = b"2001:02:03 04:05:06\0"
FIRST = [ascii_row(0x010F, b"Maker\0"), Row(0x0112, 3, b"\0\1")]


def block(*rows: Row, order: str = ">", time: bytes = OLD, **more: object) -> bytes:
    """A block with both tags, a value in its entry, and ``rows`` in IFD0."""
    first = [*FIRST, *rows]
    texts = [
        ascii_row(DTO, time),
        ascii_row(OTO, b"-07:00\0"),
        Row(MAKER_NOTE, 7, b"a secret note"),
    ]
    return tiff(order, sorted(first), texts, **more)  # type: ignore[arg-type]


def with_directories(*offset: Row) -> bytes:
    """A block with a position, two more images below IFD0, and strips in each of them."""
    strips = [Row(STRIPS, 4, b"\0\0\0\x08\0\0\0\x0a"), Row(0x0117, 3, b"\0\1\0\2")]
    leading = [Row(EXIF_IFD, 4, bytes(4), to="exif"), Row(GPS, 4, bytes(4), to="gps")]
    directories = {
        "ifd0": [FIRST[0], Row(SUB_IFDS, 4, bytes(4), to="sub"), *leading],
        "exif": [ascii_row(DTO, OLD), *offset],
        "gps": [ascii_row(1, b"N\0"), Row(2, 5, bytes(range(24)))],
        "sub": strips,
    }
    return lay_out(">", directories).block


BLOCKS = {
    "position": with_directories(ascii_row(OTO, b"-07:00\0")),
    "position, no offset": with_directories(),
    "big-endian": block(),
    "little-endian": block(order="<"),
    "thumbnail": block(thumbnail=b"\xff\xd8thumbnail\xff\xd9"),
    "strips": block(Row(STRIPS, 4, bytes([0, 0, 0, 20, 0, 0, 0, 24]))),
    "sub-IFDs": block(Row(SUB_IFDS, 4, bytes([0, 0, 0, 8, 0, 0, 0, 10]))),
    "GPS": block(Row(GPS, 4, bytes([0, 0, 0, 8]))),
    "no offset": tiff(">", FIRST, [ascii_row(DTO, OLD), Row(0x9201, 3, b"\0\7")]),
    "no time": tiff("<", FIRST, [ascii_row(OTO, b"-07:00\0"), Row(0x9201, 3, b"\7\0")]),
    "neither": tiff(">", FIRST, [Row(0x9201, 3, b"\0\7")], thumbnail=b"\xff\xd8small\xff\xd9"),
    "odd length": tiff(">", FIRST, [ascii_row(DTO, OLD)], tail=b"\0"),
    "no Exif IFD": tiff(">", [*FIRST, ascii_row(0x0131, b"program\0")], pointer=False),
    "no room": tiff("<", FIRST, [ascii_row(DTO, OLD), ascii_row(OTO, b"+2\0")]),
    "little room": tiff("<", FIRST, [ascii_row(DTO, b"2001:02\0"), ascii_row(OTO, b"-07:00\0")]),
    "twice": tiff(">", FIRST, [Row(0x9201, 3, b"\0\7"), Row(0x9201, 3, b"\0\7")]),
    "a note": tiff(">", FIRST, [ascii_row(DTO, OLD), Row(MAKER_NOTE, 7, b"a secret note")]),
}
LEARNED = [
    each
    for each in BLOCKS
    if each not in ("sub-IFDs", "GPS", "no room", "little room", "twice", "a note")
]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch) -> Iterator[None]:
    """As in a new process."""
    monkeypatch.setattr(layout, "_known", {})
    yield
    assert len(layout._known) <= layout._LENGTHS
    assert all(len(each) <= layout._EACH for each in layout._known.values())


def outcome(data: bytes, offset: str | None = OFFSET) -> tuple[object, ...]:
    """The edited file or why there is none, and the time that stood there."""
    try:
        return exif.edit(data, TIME, offset), exif.original_time(data)
    except Uneditable as reason:
        return str(reason), exif.original_time(data)


def afresh(data: bytes, offset: str | None = OFFSET) -> tuple[object, ...]:
    known = dict(layout._known)
    layout._known.clear()
    found = outcome(data, offset)
    layout._known.clear()
    layout._known.update(known)
    return found


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """Grows by one whenever a block is read."""
    counted: list[int] = []
    read: Callable[[bytes], blocks.Tiff] = blocks.read
    monkeypatch.setattr(blocks, "read", lambda data: (counted.append(len(data)), read(data))[1])
    return counted


def test_a_block_of_the_same_structure_is_not_read(reads):
    """Another time, another value in an entry, another text elsewhere, another picture."""
    first = photo(app1(block()))
    other = (
        block(time=b"1999:12:31 23:59:59\0").replace(b"Maker", b"Other").replace(b"note", b"song")
    )
    outcome(first)
    reads.clear()
    edited, stated = outcome(photo(app1(other)) + b"more")
    assert not reads
    assert stated == "1999:12:31 23:59:59"
    want = photo(app1(other)).replace(b"1999:12:31 23:59:59", TIME.encode())
    assert edited == want.replace(b"-07:00", OFFSET.encode()) + b"more"


@pytest.mark.parametrize("name", LEARNED)
def test_a_layout_is_learned(name, reads):
    """Of blocks of all kinds; the second file needs nothing but what is known."""
    data = photo(app1(BLOCKS[name]))
    first = outcome(data)
    reads.clear()
    assert outcome(data) == first
    assert not reads


# The fixtures are the same for every example, and what is known from one is of use in the next.
steady = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None
)


@steady
@given(
    some.sampled_from(sorted(BLOCKS)),
    some.lists(some.tuples(some.integers(0, 400), some.integers(0, 255)), max_size=4),
    some.sampled_from([OFFSET, None]),
    some.sampled_from([OFFSET, None]),
)
def test_damage(name, damages, learned_with, offset):
    """Whatever bytes of a block are others, the outcome is that of a process that knows nothing."""
    whole = BLOCKS[name]
    outcome(photo(app1(whole)), learned_with)
    damaged = bytearray(whole)
    for place, value in damages:
        damaged[place % len(damaged)] = value
    data = photo(app1(bytes(damaged)))
    assert outcome(data, offset) == afresh(data, offset)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_byte(name):
    """Three bits of each byte of a block: the outcome is that of a process that knows nothing."""
    whole = BLOCKS[name]
    outcome(photo(app1(whole)))
    for place in range(len(whole)):
        for bit in (0, 3, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            data = photo(app1(bytes(damaged)))
            assert outcome(data) == afresh(data), place
    assert layout._known


def test_a_tag_that_nobody_asked_for(reads):
    """Known of one tag, the block is read when both are to be set, and both are known then."""
    data = photo(app1(block()))
    outcome(data, None)
    reads.clear()
    first = outcome(data)
    assert len(block()) in reads
    assert outcome(data) == first == afresh(data)
    reads.clear()
    outcome(data, None)
    assert not reads


def test_a_block_that_grows(reads):
    """What is appended to it holds the values of the new file, and the texts."""
    rows = [ascii_row(DTO, OLD), Row(0x9201, 3, b"\0\7"), ascii_row(0x9286, b"comment\0")]
    first = tiff(">", FIRST, rows)
    time, value, comment = b"1999:12:31 23:59:59\0", Row(0x9201, 3, b"\3\2"), b"another\0"
    other = tiff(">", FIRST, [ascii_row(DTO, time), value, ascii_row(0x9286, comment)])
    outcome(photo(app1(first)))
    reads.clear()
    edited, _ = outcome(photo(app1(other)))
    assert not reads
    assert edited == afresh(photo(app1(other)))[0]
    assert isinstance(edited, bytes)
    assert edited.count(b"\x92\x01\0\3\0\0\0\1\3\2\0\0") == 2  # in the old directory, too


@pytest.mark.parametrize("behind", [b"", b"AXS!" + bytes(20), b"\xff\xd8more\xff\xd9", bytes(9)])
def test_what_stands_behind_the_image(behind):
    """It is looked at in each file, however well the block is known."""
    known = photo(app1(BLOCKS["no offset"]))
    outcome(known)
    assert outcome(known + behind) == afresh(known + behind)
    assert isinstance(outcome(known + behind)[0], str) is behind.startswith(b"AXS!")


@pytest.mark.parametrize("name", ["no room", "little room", "a note", "GPS"])
def test_not_remembered(name):
    """What another block of the same structure might have to be treated otherwise for."""
    data = photo(app1(BLOCKS[name]))
    assert outcome(data) == outcome(data) == afresh(data)
    assert not any(each.recipes for known in layout._known.values() for each in known)


def test_large_blocks_are_not_remembered():
    """Whatever is in them: the memory has an end."""
    small = photo(app1(block(Row(0x9286, 7, bytes(layout.LARGEST // 2)))))
    large = photo(app1(block(Row(0x9286, 7, bytes(layout.LARGEST)))))
    assert outcome(large) == outcome(large) == afresh(large)
    assert not layout._known
    outcome(small)
    assert layout._known


def test_many_layouts():
    """Of many lengths, and of many structures of one length: the last are known."""
    for length in range(2, 2 * layout._LENGTHS):
        outcome(photo(app1(block(Row(0x9286, 7, bytes(length))))))
    for tag in range(0x9286, 0x9286 + 2 * layout._EACH):
        data = photo(app1(block(Row(tag, 7, bytes(50)))))
        assert outcome(data) == outcome(data) == afresh(data)
