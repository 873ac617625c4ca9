"""Headers of JPEG files: what is remembered of earlier ones spares work and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.photos import app1, photo, pixels, segment, tiff

from galleria_action import jpeg

BLOCK = tiff()
FILES = {
    "Exif": photo(app1(BLOCK)),
    "JFIF and Exif": photo(segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0"), app1(BLOCK)),
    "XMP before Exif": photo(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0"), app1(BLOCK)),
    "nearly Exif": photo(segment(0xE1, b"abcdExif\1"), app1(BLOCK)),
    "short APP1": photo(segment(0xE1, b"Ex"), app1(BLOCK)),
    "no Exif": pixels(),
    "fill bytes": photo(b"\xff\xff" + app1(BLOCK)),
}


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch) -> Iterator[None]:
    """As in a new process."""
    monkeypatch.setattr(jpeg, "_seen", [])
    yield
    assert len(jpeg._seen) <= jpeg._MOST_SEEN


@pytest.fixture
def parsed(monkeypatch) -> list[int]:
    """Grows by one whenever a header is parsed."""
    counted: list[int] = []
    parse: Callable[[bytes], tuple[jpeg.Segment, ...]] = jpeg.segments
    monkeypatch.setattr(jpeg, "segments", lambda data: (counted.append(len(data)), parse(data))[1])
    return counted


def outcome(data: bytes) -> jpeg.Header | str:
    try:
        return jpeg.header(data)
    except jpeg.UnreadableError as error:
        return str(error)


def afresh(data: bytes) -> jpeg.Header | str:
    """What it is if no file was seen before."""
    seen = [*jpeg._seen]
    jpeg._seen.clear()
    found = outcome(data)
    jpeg._seen[:] = seen
    return found


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_the_segments_and_the_one_with_exif(data):
    """Also of a file whose like was seen before."""
    first = jpeg.header(data)
    assert first.segments == jpeg.segments(data)
    assert first.exif == jpeg.exif_segment(data, first.segments)
    assert jpeg.header(bytes(bytearray(data))) == first


def test_a_file_with_segments_of_the_same_lengths_is_not_parsed(parsed):
    """Another picture, another time: the header is where it was."""
    time = BLOCK.replace(b"2001", b"2024")
    first = jpeg.header(photo(app1(BLOCK)))
    assert jpeg.header(photo(app1(time), trailer=b"more")) is first
    assert len(parsed) == 1


def test_files_of_several_programs_in_turn_are_remembered(parsed):
    """A gallery is seldom one camera's."""
    cameras = [photo(segment(0xFE, b"x" * size), app1(BLOCK)) for size in range(4)]
    for data in cameras * 3:
        jpeg.header(data)
    assert len(parsed) == len(cameras)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_any_other_byte_gives_what_parsing_gives(data):
    """Whatever differs from a file that was seen, anywhere in the header or behind it."""
    jpeg.header(data)
    for at in range(jpeg.header_end(jpeg.segments(data)) + 2):
        for value in (0, 0xFF, 0xE1, 0xDA, data[at] ^ 1, data[at] ^ 0x20):
            other = data[:at] + bytes([value]) + data[at + 1 :]
            assert outcome(other) == afresh(other), (at, value)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_any_shorter_file_gives_what_parsing_gives(data):
    """A header that was seen is of no use where the file ends before it does."""
    jpeg.header(data)
    for size in range(jpeg.header_end(jpeg.segments(data)) + 1):
        assert outcome(data[:size]) == afresh(data[:size]), size


def test_a_file_that_ends_without_an_image_is_not_remembered(parsed):
    """What it ends with was looked at, too."""
    data = photo(app1(BLOCK), body=jpeg.EOI)
    for _ in range(2):
        assert jpeg.header(data).exif
    assert len(parsed) == 2
    assert outcome(data[:-1]) == afresh(data[:-1])
