"""What the Exif of a photo tells."""

from __future__ import annotations

import io
from datetime import datetime

import piexif
import pytest
from PIL import Image
from support import galleries

from galleria_action import photo_facts
from galleria_action.exif import edit
from galleria_action.photo_facts import Facts

TIME, OFFSET, SUBSECOND = (
    piexif.ExifIFD.DateTimeOriginal,
    piexif.ExifIFD.OffsetTimeOriginal,
    piexif.ExifIFD.SubSecTimeOriginal,
)
MAKE, MODEL = piexif.ImageIFD.Make, piexif.ImageIFD.Model


def jpeg(main: dict | None = None, exif: dict | None = None) -> bytes:
    """A small JPEG file with these tags."""
    file = io.BytesIO()
    block = piexif.dump({"0th": main or {}, "Exif": exif or {}})
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=block)
    return file.getvalue()


def test_everything():
    """Camera, local time, zone and subsecond are read."""
    data = jpeg(
        {MAKE: b"Canon", MODEL: b"EOS R5"},
        {TIME: b"2024:06:15 18:30:45", OFFSET: b"-03:30", SUBSECOND: b"12"},
    )
    assert photo_facts.read(data) == Facts(
        datetime.fromisoformat("2024-06-15T18:30:45"), "-03:30", "Canon", "EOS R5", 12
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(galleries.webp("a"), id="WebP"),
        pytest.param(jpeg(), id="no tags"),
        pytest.param(jpeg()[:100], id="cut off"),
        pytest.param(jpeg().replace(b"Exif\0\0MM\0*", b"Exif\0\0XX\0*"), id="broken Exif"),
        pytest.param(
            jpeg({MAKE: b" \0", MODEL: b"\0x"}, {TIME: b"    :  :     :  :  ", OFFSET: b"   :  "}),
            id="blank",
        ),
        pytest.param(
            jpeg({}, {TIME: b"0000:00:00 00:00:00", OFFSET: b"Z", SUBSECOND: b"a1"}),
            id="no values",
        ),
        pytest.param(jpeg({}, {TIME: b"2024:02:30 10:00:00"}), id="no such day"),
        pytest.param(jpeg({}, {TIME: b"2024:02:28"}), id="no time of day"),
        pytest.param(jpeg({}, {SUBSECOND: b"1" * 10}), id="far too precise"),
    ],
)
def test_nothing(data):
    """What is not there, blank, or no such value is None; no file is an error."""
    assert photo_facts.read(data) == Facts()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"2024:06:15 18:30:45", "2024-06-15T18:30:45"),
        (b"2024:06:15 18:30:45.123", "2024-06-15T18:30:45"),
        (b"2024-06-15T18:30:45", "2024-06-15T18:30:45"),
        (b"2024/06/15 18:30:45", "2024-06-15T18:30:45"),
        (b"2024:06:15 18:30:45+02:00", "2024-06-15T18:30:45"),
    ],
)
def test_times_of_other_writers(written, read):
    """Other separators, a fraction or a zone behind the time do not hide it."""
    found = photo_facts.read(jpeg({}, {TIME: written}))
    assert found.original == datetime.fromisoformat(read)


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"05", 5), (b"500", 500), (b"000", 0), (b"12 ", 12), (b"12\0\0", 12)],
)
def test_subsecond_is_a_number(written, read):
    """Its digits as a number, as manifests have it."""
    assert photo_facts.read(jpeg({}, {SUBSECOND: written})).subsecond == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("Müller".encode(), "Müller"), (b"M\xfcller", "Müller")],
)
def test_letters_that_are_not_ascii(written, read):
    """Exif wants ASCII; UTF-8 is understood, and everything else has a letter for each byte."""
    assert photo_facts.read(jpeg({MAKE: written})).make == read


def test_facts_of_an_edited_photo_are_those_that_were_written():
    """The index reads what the deployment's edit writes."""
    facts = photo_facts.read(edit(galleries.jpeg("a"), "2024:06:15 14:30:45", "+02:00"))
    assert facts == Facts(
        datetime.fromisoformat("2024-06-15T14:30:45"), "+02:00", "Canon", "EOS R5", None
    )
