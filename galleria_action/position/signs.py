"""Signs of a position in bytes whose structure is not known.

Owns what tells that there may be a position: the entry of a directory that leads to GPS tags, names
of coordinates, and coordinates written out. Bytes without a sign are taken to hold none. The signs
are long enough that compressed data does not show them by chance.
"""

from __future__ import annotations

import base64
import binascii
import re

from galleria_action.position import Undecidable
from galleria_action.position.pieces import Blocks

# The entry 0x8825 of a TIFF directory, in either byte order: its tag, a type that TIFF or Exif
# know, and a count below 2**24. Nothing else leads readers to a GPS directory.
_ENTRIES = (
    re.compile(rb"\x88\x25(?=\x00[\x01-\x12\x81]\x00)"),
    re.compile(rb"\x25\x88(?=[\x01-\x12\x81]\x00[\x00-\xff]{3}\x00)"),
)
_NAMES = (
    b"latitude",
    b"longitude",
    b"wgs84_pos",
    b"locationcreated",
    b"locationshown",
    b"iptc4xmpcore:location",
    b"location.iso6709",
    b"freegps ",
    # The end of Insta360's trailer, whose records hold positions.
    b"8db42d694ccc418790edff439fe026bf",
    b"$gpgga,",
    b"$gprmc,",
    b"$gngga,",
    b"$gnrmc,",
)
_GPS = re.compile(
    rb"gps(?:[ _:-]?(?:lat|lon|pos|inf|coo|loc|alt|dat|tim|sta|img|map|ver|dest|area)"
    rb"|[\"']?\s?[:=]\s?[\"'{\[+0-9-])"
)
# Keys of GoPro's GPMF and the type of their values.
_GPMF = re.compile(rb"GPS[59AFPU][BbcdFfJjLlSsUu?]")
# The user data of movies.
_USER_DATA = re.compile(rb"\0\0[\0-\xff]{2}(?:\xa9xyz|loci\0)")
# `lat: 51.50`, `GPS N 51.50`, `lng="-0.12"`; ISO 6709 as in `+51.50-000.12/`.
_BETWEEN = rb"[\s!-/:-@\[-`{-~]"
_DEGREES = (
    _BETWEEN
    + rb"{0,12}(?:[nsew]"
    + _BETWEEN
    + rb"{0,3})?[0-9]{1,3}(?:[.,][0-9]{2}| ?(?:\xc2?\xb0|deg))"
)
_WRITTEN = (
    re.compile(rb"gps" + _DEGREES),
    re.compile(rb"l(?:atitude|ongitude|at|on|ng)" + _DEGREES),
)
# Its slash tells it from the paths of SVG.
_ISO6709 = re.compile(
    rb"[+-][0-9]{2}\.[0-9]{2,12}[+-][0-9]{3}\.[0-9]{2,12}(?:[+-][0-9.]{1,12})?(?:crs\w{1,12})?/"
)
# A JPEG file in base64, long enough for a position; its line breaks may be references.
_BASE64 = re.compile(rb"/9j/[A-Za-z0-9+/=\s&#;]{100,}")


def entries(data: bytes) -> set[int]:
    """Return the places of all that may be an entry leading to a GPS directory."""
    return {found.start() for entry in _ENTRIES for found in entry.finditer(data)}


def sign(data: bytes) -> str:
    """Return what looks like a position in opaque bytes, in words; empty if nothing does."""
    if any(entry.search(data) for entry in _ENTRIES):
        return "what may be a GPS directory"
    if _GPMF.search(data):
        return "what may be GPMF with a position"
    if _USER_DATA.search(data):
        return "what may be a movie with a position"
    text = plain(data)
    name = next((name for name in _NAMES if name in text), b"")
    if not name and (gps := _GPS.search(text)):
        name = gps.group()
    return f"the name {name.decode('latin-1').strip()!r}" if name else written(data)


def written(data: bytes) -> str:
    """Return what looks like coordinates that somebody wrote out; empty if nothing does."""
    text = plain(data)
    for pattern in _WRITTEN:
        for found in pattern.finditer(text):
            # `flat 12.50` is not meant.
            if not text[max(found.start() - 1, 0) : found.start()].isalpha():
                return f"coordinates in a text: {found.group().decode('latin-1')!r}"
    iso = _ISO6709.search(text)
    return f"coordinates in a text: {iso.group().decode('latin-1')!r}" if iso else ""


def plain(data: bytes) -> bytes:
    """Return text in small letters that may be in UTF-8, UTF-16 or UTF-32, as far as it is ASCII.

    Without its zero bytes ASCII reads the same in all of them.
    """
    return data.replace(b"\0", b"").lower()


def refuse(data: bytes, where: str) -> None:
    """Raise Undecidable if opaque bytes show a sign of a position."""
    if found := sign(data):
        raise Undecidable(f"{where}: {found}")


def check_base64(text: bytes, blocks: Blocks) -> None:
    """Raise Undecidable if a picture in base64, inside a text, holds a position."""
    for found in _BASE64.finditer(text):
        digits = re.sub(rb"&#x[aAdD];|[^A-Za-z0-9+/]", b"", found.group())
        try:
            picture = base64.b64decode(digits[: len(digits) // 4 * 4])
        except binascii.Error as error:
            raise Undecidable("a broken picture inside a text") from error
        blocks.check(picture)
