"""The removal of positions from XMP packets that are written here, in JPEG files; no doubles."""

from __future__ import annotations

import base64
import hashlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import positions
from support.photos import app1, photo, segment
from support.positions import LATITUDE, XMP, XMP_BLANK, packet

from galleria_action.geotag import Undecidable, remove

HEAD = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"


def xmp(text: bytes) -> bytes:
    """Return a JPEG file with a packet."""
    return photo(segment(0xE1, HEAD + text))


ELEMENTS = [
    LATITUDE,
    b"<exif:GPSAltitude/>",
    b'<exif:GPSStatus a="x>y" />',
    b"<exif:GPSTimeStamp\n>2024-06-15T12:30:45Z</exif:GPSTimeStamp >",
    b"<Iptc4xmpCore:Location>the caf\xc3\xa9</Iptc4xmpCore:Location>",
    b"<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li/></rdf:Bag></Iptc4xmpExt:LocationCreated>",
    b"<Iptc4xmpExt:LocationShown><exif:GPSLatitude>1</exif:GPSLatitude></Iptc4xmpExt:LocationShown>",
    b"<d:GpsLatitude xmlns:d='http://www.dji.com/drone-dji/1.0/'>+51.5</d:GpsLatitude>",
    b"<d:GpsLongtitude xmlns:d='http://www.dji.com/drone-dji/1.0/'>1</d:GpsLongtitude>",
    b"<g:lat xmlns:g='http://www.w3.org/2003/01/geo/wgs84_pos#'>51.5</g:lat>",
    b"<g:alt xmlns:g='http://www.w3.org/2003/01/geo/wgs84_pos#'>11</g:alt>",
    b"<s:point xmlns:s='http://www.georss.org/georss'>51.5 -0.1</s:point>",
    b"<c:cellid xmlns:c='http://developer.sonyericsson.com/cell/1.0/'>4711</c:cellid>",
    b"<Iptc4xmpCore:Location xmlns:Iptc4xmpCore='urn:odd'>the caf\xc3\xa9</Iptc4xmpCore:Location>",
    b"<lat xmlns='urn:any'>51.5007</lat>",
    b"<any:lng xmlns:any='urn:any'>-0.1246</any:lng>",
    b"<e:GPSLongitude xmlns:e='http://ns.adobe.com/exif/1.0/'>1</e:GPSLongitude>",
    b"<exif:GPSLatitude><!-- a comment with </exif:GPSLatitude> -->1</exif:GPSLatitude>",
    b"<exif:GPSLatitude><![CDATA[</exif:GPSLatitude>]]></exif:GPSLatitude>",
]


@pytest.mark.parametrize("element", ELEMENTS)
def test_elements_become_spaces(element: bytes) -> None:
    """Every form of an element, any prefix and quotes: spaces of the same length, nothing else."""
    data = xmp(packet(b"<dc:rights>me</dc:rights>" + element + b"\n   "))
    result = remove(data)
    assert result == data.replace(element, b" " * len(element))
    assert remove(result) is result


ATTRIBUTES = [
    b' exif:GPSLatitude="51,30.04N"',
    b"\n\texif:GPSLatitude\n=\n'51,30.04N'",
    b" exif:GPSMapDatum='a > b'",
    b" Iptc4xmpCore:Location='the caf\xc3\xa9'",
    b" exif:GPSAltitude=''",
]


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attributes_become_spaces(attribute: bytes) -> None:
    """Every form of an attribute, between others."""
    data = xmp(packet(b"", b" exif:Flash='a'" + attribute + b' exif:Gain="b"'))
    result = remove(data)
    assert result == data.replace(attribute, b" " * len(attribute))
    assert remove(result) is result


def test_inside_structures() -> None:
    """A coordinate in a structure of something else goes, the structure stays."""
    inner = b"<rdf:li rdf:parseType='Resource'>%s<dc:title>x</dc:title></rdf:li>"
    field = b"<exif:GPSLatitude>51.5</exif:GPSLatitude>"
    old = b"<dc:relation><rdf:Bag>" + inner % field + b"</rdf:Bag></dc:relation>"
    new = b"<dc:relation><rdf:Bag>" + inner % (b" " * len(field)) + b"</rdf:Bag></dc:relation>"
    assert remove(xmp(packet(old))) == xmp(packet(new))


KEPT = [
    b"<dc:description>GPS was off at this latitude</dc:description>",
    b"<dc:subject><rdf:Bag><rdf:li>GPS</rdf:li></rdf:Bag></dc:subject>",
    b"<p:City xmlns:p='http://ns.adobe.com/photoshop/1.0/'>Paris</p:City>",
    b"<e:ISOSpeedLatitudeyyy xmlns:e='http://cipa.jp/exif/1.0/'>100</e:ISOSpeedLatitudeyyy>",
    b"<m:Location xmlns:m='http://ns.iview-multimedia.com/mediapro/1.0/'>drawer 4</m:Location>",
    b"<d:RelativeAltitude xmlns:d='http://www.dji.com/drone-dji/1.0/'>+10</d:RelativeAltitude>",
    b"<dc:source>/9j/ is how JPEG begins in base64</dc:source>",
]


@pytest.mark.parametrize("element", KEPT)
def test_what_is_no_position_stays(element: bytes) -> None:
    """Captions, names of towns and other properties: the same object comes back."""
    data = xmp(packet(element))
    assert remove(data) is data


@pytest.mark.parametrize("text", [b"", b"<x", b"no XML", packet(b"<a>")])
def test_what_is_no_xmp_and_has_no_sign_is_free(text: bytes) -> None:
    """A broken packet without any of the names cannot hold one."""
    data = xmp(text)
    assert remove(data) is data


def wide(text: bytes, encoding: str) -> bytes:
    """Return a packet in another encoding."""
    return text.decode("utf-8").encode(encoding)


def picture(data: bytes) -> bytes:
    """Return a property with a JPEG file in base64."""
    digits = base64.b64encode(data)
    lines = b"&#xA;".join(digits[at : at + 76] for at in range(0, len(digits), 76))
    return b"<i:image xmlns:i='http://ns.adobe.com/xap/1.0/g/img/'>" + lines + b"</i:image>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (packet(b"<exif:GPSLatitude>1"), "broken XMP"),
        (packet(b"<unbound:GPSLatitude/>"), "broken XMP"),
        (packet(b"&gps; &latitude;"), "broken XMP"),
        (XMP + XMP, "broken XMP"),
        (b"<exif:GPSLatitude xmlns:exif='x'>1</exif:GPSLatitude>", "broken XMP"),
        (b"<!DOCTYPE r [<!ENTITY e 'GPS'>]><r>&e;</r>", "document type"),
        (wide(XMP, "utf-16-le"), "UTF-8"),
        (wide(XMP, "utf-32-be"), "UTF-8"),
        (b"<?xml version='1.0' encoding='UTF-7'?>" + XMP[XMP.index(b"<x:") :], "broken XMP"),
        (b"<?xml version='1.0' encoding='nonsense'?>" + XMP[XMP.index(b"<x:") :], "broken XMP"),
        (
            packet(b"<dc:location rdf:nodeID='a'/>").replace(b"dc:loc", b"Iptc4xmpCore:Loc"),
            "elsewhere",
        ),
        (packet(b"text around " + LATITUDE), "does not read back"),
        (packet(b"<dc:title>lat: 51.501, lon: -0.124</dc:title>"), "coordinates in a text"),
        (packet(LATITUDE + b"<dc:rights>+51.5007-000.1246/</dc:rights>"), "coordinates in a text"),
        (packet(b"", b" exif:Name='exif:GPSLatitude' exif:Value='51'"), "as a value"),
        (packet(b"<dc:k>GPSLatitude</dc:k><dc:v>51</dc:v>"), "'GPSLatitude' as a value"),
        (packet(picture(photo(app1(positions.block())))), "a file inside with a position"),
    ],
)
def test_what_cannot_be_decided_is_refused(text: bytes, reason: str) -> None:
    """Broken packets with a sign, encodings and features of XML that hide what they say."""
    with pytest.raises(Undecidable, match=reason):
        remove(xmp(text))


def test_a_picture_without_a_position_inside_a_packet_stays() -> None:
    """Thumbnails and depth maps are written in base64."""
    data = xmp(packet(picture(photo())))
    assert remove(data) is data


def extended(
    text: bytes, size: int, *, guid: bytes = b"", skip: int = -1
) -> tuple[bytes, list[bytes]]:
    """Return the GUID of an extended packet and its segments of `size` bytes."""
    guid = guid or hashlib.md5(text).hexdigest().upper().encode()
    parts = [
        segment(
            0xE1,
            EXTENSION
            + guid
            + len(text).to_bytes(4, "big")
            + at.to_bytes(4, "big")
            + text[at : at + size],
        )
        for at in range(0, len(text), size)
        if at != skip
    ]
    return guid, parts


def main(guid: bytes) -> bytes:
    """Return the segment of the standard packet that names an extended one."""
    note = b" n:HasExtendedXMP='%s' xmlns:n='http://ns.adobe.com/xmp/note/'" % guid
    return segment(0xE1, HEAD + packet(b"", note))


@pytest.mark.parametrize("size", [7, 100, 60_000])
@pytest.mark.parametrize("reverse", [False, True])
def test_extended_xmp_keeps_its_segments(size: int, *, reverse: bool) -> None:
    """The packet is put together, cleaned, and cut as it was; its GUID changes wherever it stands."""
    guid, parts = extended(XMP, size)
    new_guid, new_parts = extended(XMP_BLANK, size)
    if reverse:
        parts, new_parts = parts[::-1], new_parts[::-1]
    data = photo(main(guid), *parts)
    result = remove(data)
    assert result == photo(main(new_guid), *new_parts)
    assert remove(result) is result


def test_extended_xmp_without_a_position_stays() -> None:
    """Also if its GUID is not the MD5, or if no packet names it."""
    guid, parts = extended(XMP_BLANK, 100, guid=b"F" * 32)
    data = photo(main(guid), *parts)
    assert remove(data) is data


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(extended(XMP, 100, skip=0)[1], id="a part is missing"),
        pytest.param(extended(XMP, 400)[1][:1] * 2, id="a part stands there twice"),
        pytest.param([segment(0xE1, EXTENSION + b"F" * 32 + b"gpslatitude"[:4])], id="too short"),
    ],
)
def test_broken_extended_xmp_is_refused(parts: list[bytes]) -> None:
    """A reader may still make something of the parts."""
    with pytest.raises(Undecidable, match="broken extended XMP"):
        remove(photo(*parts))


def test_broken_extended_xmp_without_a_sign_is_free() -> None:
    """The parts that are there show nothing."""
    data = photo(*extended(packet(), 300, skip=300)[1])
    assert remove(data) is data


NAMES = st.sampled_from(
    ["exif:GPSLatitude", "exif:GPSDOP", "exif:ISO", "dc:title", "Iptc4xmpCore:Location", "dc:gps"]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)


def escaped(text: str) -> str:
    """Return text as it stands between tags and in attributes."""
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(letter, f"&{name};")
    return text


@st.composite
def elements(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw an element with attributes, text or elements inside."""
    name = draw(NAMES)
    attributes = draw(st.dictionaries(NAMES, TEXTS, max_size=3))
    opening = "".join(f' {key}="{escaped(value)}"' for key, value in attributes.items())
    if depth and draw(st.booleans()):
        inner = "".join(draw(st.lists(elements(depth - 1), max_size=3)))
    else:
        inner = escaped(draw(TEXTS))
    return f"<{name}{opening}/>" if not inner else f"<{name}{opening}>{inner}</{name}>"


def tree(text: bytes, *, without_positions: bool) -> object:
    """Return a packet as nested lists by another parser's reading, positions left out or not."""

    def is_position(name: str) -> bool:
        lower = name.lower()
        return "gps" in lower or lower.endswith("core/1.0/xmlns/}location")

    def read(node: ET.Element) -> list[object]:
        inner = [
            read(child) for child in node if not (without_positions and is_position(child.tag))
        ]
        kept = {
            key: value
            for key, value in node.attrib.items()
            if not (without_positions and is_position(key))
        }
        # Spaces where an element was are no text.
        return [node.tag, kept, (node.text or "").strip(), inner]

    return read(ET.fromstring(text))


@settings(max_examples=300, deadline=None)
@given(properties=st.lists(elements(), max_size=4))
def test_every_packet_reads_as_before_but_for_positions(properties: list[str]) -> None:
    """Another parser finds everything that is no position, and no position any more."""
    text = packet("".join(properties).encode())
    body = slice(text.index(b"<x:"), text.index(b"<?xpacket end"))
    start = xmp(b"").index(HEAD) + len(HEAD)
    result = remove(xmp(text))[start : start + len(text)]
    assert len(result) == len(text)
    assert tree(result[body], without_positions=False) == tree(text[body], without_positions=True)
