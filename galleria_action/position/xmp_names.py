"""Which properties of XMP hold a position, or name the place it is.

Cities, states and countries in captions (photoshop:City and the like) are none: a person wrote them
for the viewers.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"gps|latitude|longitude")
_EXACT = {"lat", "lon", "lng", "locationcreated", "locationshown", "dctermslocation"}
# W3C's and OGC's vocabularies of places; cell towers as Sony Ericsson wrote them.
_NAMESPACES = re.compile(r"wgs84_pos|georss|sonyericsson\.com/cell")
_DARWIN_CORE = "rs.tdwg.org/dwc"
_DARWIN_NAMES = re.compile(r"verbatimcoordinates|footprintwkt")
_IPTC_CORE = "iptc4xmpcore"
# The sensitivity of film and sensors has a latitude, too (Exif 2.3).
_SENSITIVITY = "isospeedlatitude"
_VALUE = re.compile(r"\s*[\w:.-]{0,60}(?:latitude|longitude)\s*", re.IGNORECASE)


def is_position(namespace: str, name: str) -> bool:
    """Tell whether a property, by the URI of its namespace and its local name, is to be removed."""
    lower, where = name.lower(), namespace.lower()
    if lower.startswith(_SENSITIVITY):
        return False
    return bool(
        _WORDS.search(lower)
        or lower in _EXACT
        or _NAMESPACES.search(where)
        or (lower == "location" and _IPTC_CORE in where)
        or (_DARWIN_CORE in where and _DARWIN_NAMES.search(lower))
    )


def names_position(value: str) -> bool:
    """Tell whether a value is nothing but the name of a coordinate: the next one may hold it."""
    return bool(_VALUE.fullmatch(value)) and _SENSITIVITY not in value.lower()
