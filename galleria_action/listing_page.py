"""One page of a bucket's listing: the XML of ListObjectsV2, read for keys, sizes and ETags.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree as ET

from galleria_action.remote import Listed

ROOT = "ListBucketResult"
_LONGEST_NUMBER = 20


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
    try:
        root = ET.fromstring(data)  # noqa: S314  expat expands nothing without a DOCTYPE
    except (ET.ParseError, ValueError, LookupError):  # an encoding nobody knows
        raise Odd("no XML") from None
    name = root.tag.removesuffix(ROOT)  # its namespace
    if root.tag != name + ROOT:
        raise Odd("no listing")
    key, etag, size = f"{name}Key", f"{name}ETag", f"{name}Size"
    objects = [
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


def _listed(size: str | None, etag: str | None) -> Listed:
    if not (size and size.isascii() and size.isdigit() and len(size) < _LONGEST_NUMBER):
        raise Odd("no size")
    return Listed(int(size), _text(etag).removeprefix("W/").strip('"'))


def _text(found: str | None) -> str:
    if not found:
        raise Odd("something is missing")
    return found
