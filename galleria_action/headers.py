"""The HTTP headers an object is stored with: Content-Type and Cache-Control."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from galleria_action import globs
from galleria_action.values import Struct

if TYPE_CHECKING:
    from mimetypes import MimeTypes

# An own table first: what `mimetypes` knows depends on the machine's /etc/mime.types.
CONTENT_TYPES = {
    "avif": "image/avif",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "gz": "application/gzip",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "jxl": "image/jxl",
    "map": "application/json",
    "md": "text/markdown; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "ttf": "font/ttf",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xml": "application/xml",
    "zip": "application/zip",
}

PHOTO_CACHE = "public, max-age=86400"
PAGE_CACHE = "public, max-age=0, must-revalidate"
ASSET_CACHE = "public, max-age=3600"
REVALIDATED = frozenset({"html", "htm", "json"})


class Headers(Struct, frozen=True, dict=True):
    """Headers of one object; objects with the same headers share them."""

    content_type: str
    cache_control: str

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for the headers in ledger and plan."""
        text = f"{self.content_type}\n{self.cache_control}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def extension(name: str) -> str:
    """The ending of a file's name in small letters, without the dot; '' if there is none."""
    stem, dot, ending = name.rpartition("/")[2].lower().rpartition(".")
    return ending if dot else stem[:0]


def content_type(name: str) -> str:
    """The media type for a file called ``name``."""
    if known := CONTENT_TYPES.get(extension(name)):
        return known
    guessed, packed = _pythons_types().guess_type(name, strict=False)
    # a.css.gz is no style sheet: nothing tells browsers to unpack it
    return guessed if guessed and not packed else "application/octet-stream"


@cache
def _pythons_types() -> MimeTypes:
    """Those that no file of the machine adds to."""
    from mimetypes import MimeTypes  # takes a while, and most galleries never ask

    return MimeTypes()


def is_page(name: str) -> bool:
    """Whether ``name`` is a page that refers to other files: it goes up after them."""
    return extension(name) in ("html", "htm")


def default_cache(name: str, *, photo: bool) -> str:
    if photo:
        return PHOTO_CACHE
    return PAGE_CACHE if extension(name) in REVALIDATED else ASSET_CACHE


def headers(
    key: str, name: str, rules: Sequence[tuple[str, str]], *, photo: bool = False
) -> Headers:
    """Headers of the object ``key``, made from the file ``name`` (relative to its folder).

    ``rules`` are pairs of glob and Cache-Control; the first whose glob matches key or name wins.
    """
    for glob, value in rules:
        if globs.matches(glob, key) or globs.matches(glob, name):
            return _shared(content_type(name), value)
    return _shared(content_type(name), default_cache(name, photo=photo))


def of_photos() -> Mapping[str, Headers]:
    """Ending of a file to the headers of such photos, if there are no rules."""
    return {ending: _shared(kind, PHOTO_CACHE) for ending, kind in CONTENT_TYPES.items()}


@cache
def _shared(content_type: str, cache_control: str) -> Headers:
    """One value for all objects with the same headers."""
    return Headers(content_type, cache_control)
