"""Positions to put into photos that are built byte by byte."""

from __future__ import annotations

import struct

from support.photos import Layout, Row, ascii_row, lay_out

GPS_IFD = 0x8825
EXIF_NS = b"http://ns.adobe.com/exif/1.0/"


def rationals(order: str, *numbers: tuple[int, int]) -> bytes:
    """Return RATIONAL values."""
    return b"".join(struct.pack(order + "II", *number) for number in numbers)


def gps_rows(order: str) -> list[Row]:
    """Return the entries of a GPS directory as a phone writes it."""
    return [
        Row(0x00, 1, b"\2\3\0\0"),
        ascii_row(0x01, b"N\0"),
        Row(0x02, 5, rationals(order, (51, 1), (30, 1), (251, 100))),
        ascii_row(0x03, b"W\0"),
        Row(0x04, 5, rationals(order, (0, 1), (7, 1), (3456, 100))),
        ascii_row(0x12, b"WGS-84\0"),
        ascii_row(0x1D, b"2024:06:15\0"),
    ]


def pointer(tag: int, name: str) -> Row:
    """Return the entry that leads to the directory called `name`."""
    return Row(tag, 4, bytes(4), to=name)


def layout(order: str = ">", **more: object) -> Layout:
    """Return a block with two tags and a GPS directory."""
    rows = [ascii_row(0x010F, b"Maker\0"), pointer(GPS_IFD, "gps"), ascii_row(0x9000, b"last\0")]
    return lay_out(order, {"ifd0": rows, "gps": gps_rows(order)}, **more)  # type: ignore[arg-type]


def block(order: str = ">") -> bytes:
    """Return a TIFF block with a position."""
    return layout(order).block


def packet(properties: bytes = b"", attributes: bytes = b"") -> bytes:
    """Return an XMP packet with some properties, as elements and as attributes."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        b' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        b'  <rdf:Description rdf:about="" xmlns:exif="%s" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        b" xmlns:Iptc4xmpCore='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/'"
        b" xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' exif:ISO=\"100\"%s>\n"
        b"   %s<dc:title>A caf\xc3\xa9</dc:title>\n"
        b"  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n%s<?xpacket end='w'?>"
    ) % (EXIF_NS, attributes, properties, b" " * 40)


LATITUDE = b"<exif:GPSLatitude>51,30.04N</exif:GPSLatitude>"
XMP = packet(LATITUDE, b" exif:GPSLongitude='0,7.57W'")
XMP_BLANK = packet(b" " * len(LATITUDE), b" " * len(b" exif:GPSLongitude='0,7.57W'"))


def box(kind: bytes, content: bytes = b"") -> bytes:
    """Return a box of an ISO base media file."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def movie(*boxes: bytes) -> bytes:
    """Return an MP4 file with some boxes in `moov`, and media behind."""
    return (
        box(b"ftyp", b"isom\0\0\2\0mp42")
        + box(b"moov", box(b"mvhd", bytes(100)) + b"".join(boxes))
        + box(b"mdat", b"GPS latitude: 51.501 is no metadata here")
    )


PLACE = box(b"\xa9xyz", b"\0\x11\x15\xc7+51.5007-000.1246/")
"""User data as Android writes it."""
