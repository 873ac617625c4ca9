"""One page of a bucket's listing: the XML of ListObjectsV2, read for keys, sizes and ETags.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

from galleria_action.remote import AS_LISTED, Listed

ROOT = "ListBucketResult"
_LONGEST_NUMBER = 20

# Most objects are written like this, and a pattern reads them in a third of an XML parser's time if
# it never goes back: what is read once is not tried in another way ("++").
_QUOTE = '(?:&quot;|&#34;|")?'
_USUAL = re.compile(
    r"<Contents>\s*+<Key>([^<>&\0-\x1f\ufffe\uffff]++)</Key>\s*+"
    r"<LastModified>[0-9TZ:.+-]++</LastModified>\s*+"
    rf"<ETag>{_QUOTE}([0-9A-Za-z-]++){_QUOTE}</ETag>\s*+"
    r"(?:<Checksum(Algorithm|Type)>[A-Z0-9_]*+</Checksum\3>\s*+)*+"
    r"<Size>([0-9]{1,19}+)</Size>\s*+"
    r"(?:<StorageClass>[A-Z_]*+</StorageClass>\s*+)?+(?:<Type>Normal</Type>\s*+)?+</Contents>"
)
_UTF_8 = re.compile(
    r"\s*(?:<\?xml version=([\"'])1\.0\1(?: encoding=([\"'])UTF-8\2)?\s*\?>\s*)?<[A-Z]",
    re.IGNORECASE,
)


class Odd(Exception):
    """The answer is not what a store usually says."""


class Page(NamedTuple):
    """Some objects of a listing; ``token`` asks for those that follow, '' if these are the last."""

    objects: list[tuple[str, Listed]]
    token: str


def read(data: bytes) -> Page:
    """The page in ``data``; raises :class:`Odd`."""
    if b"<!DOCTYPE" in data or b"\0" in data:
        raise Odd("entities of its own, or another encoding that may hide them")
    usual, rest = _usual(data)
    try:
        root = ET.fromstring(rest)  # noqa: S314  expat expands nothing without a DOCTYPE
    except (ET.ParseError, ValueError, LookupError):  # an encoding nobody knows
        raise Odd("no XML") from None
    name = root.tag.removesuffix(ROOT)  # its namespace
    if root.tag != name + ROOT:
        raise Odd("no listing")
    key, etag, size = f"{name}Key", f"{name}ETag", f"{name}Size"
    objects = usual or [
        (_text(each.findtext(key)), _listed(each.findtext(size), each.findtext(etag)))
        for each in root.iterfind(f"{name}Contents")
    ]
    count = root.findtext(f"{name}KeyCount")
    folders = len(root.findall(f"{name}CommonPrefixes"))
    if count and count != str(len(objects) + folders):
        raise Odd("not as many objects as the store says")
    match root.findtext(f"{name}IsTruncated"):
        case "false":
            return Page(objects, "")
        case "true":
            return Page(objects, _text(root.findtext(f"{name}NextContinuationToken")))
    raise Odd("no end")


def _usual(data: bytes) -> tuple[list[tuple[str, Listed]], bytes]:
    """The objects of a page if all are written as usual, and the XML without them; else none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return [], data
    # What is in a comment is no object. There is hardly a "!", and looking for that is quicker.
    if ("!" in text and "<!" in text) or not _UTF_8.match(text):
        return [], data
    parts = _USUAL.split(text)
    between, keys, etags, _, sizes = [parts[group::5] for group in range(5)]
    rest = "".join(between)
    if "<Contents" in rest:  # some of each kind would lose their order
        return [], data
    listed = map(AS_LISTED, zip(map(int, sizes), etags, strict=True))
    return list(zip(keys, listed, strict=True)), rest.encode()


def _listed(size: str | None, etag: str | None) -> Listed:
    if not (size and size.isascii() and size.isdigit() and len(size) < _LONGEST_NUMBER):
        raise Odd("no size")
    return Listed(int(size), _text(etag).removeprefix("W/").strip('"'))


def _text(found: str | None) -> str:
    if not found:
        raise Odd("something is missing")
    return found
