"""Addresses of objects as visitors ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

INDEX = "index.html"
"""What a web server shows at the address of a folder."""

AS_TYPED = "/!$&'()*+,;=:@~[]|"
"""Letters that a browser leaves as they are in the path of a link (WHATWG URL Standard, "path
percent-encode set"); programs that make links may encode them, and both name the same object."""


def places(key: str) -> Iterator[str]:
    """Where visitors find the object: its key, and its folder (with a slash) if it is an index."""
    yield key
    folder, slash, name = key.rpartition("/")
    if name == INDEX:
        yield folder + slash


def addresses(url: str, key: str) -> list[str]:
    """Every address of the object at ``key``; ``url`` is that of the bucket's root.

    A cache knows addresses and no objects, so one with letters that may be encoded or not is
    there twice.
    """
    return [
        f"{url}/{spelling}"
        for place in places(key)
        for spelling in dict.fromkeys((quote(place), quote(place, safe=AS_TYPED)))
    ]
