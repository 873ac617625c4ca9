"""Content types and cache headers."""

from __future__ import annotations

import pytest

from galleria_action import headers

PHOTO = "public, max-age=86400"
PAGE = "public, max-age=0, must-revalidate"
ASSET = "public, max-age=3600"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.heic", "image/heic"),
        ("a.jxl", "image/jxl"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.json", "application/json"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.html", "text/html; charset=utf-8"),
        ("A.JPG", "image/jpeg"),
        ("a.jpeg", "image/jpeg"),
        ("x/y.z/a.png", "image/png"),
        ("a.mp3", "audio/mpeg"),
        ("a.unknown", "application/octet-stream"),
        ("README", "application/octet-stream"),
        ("v1.2/json", "application/octet-stream"),
        ("v1.2/html", "application/octet-stream"),
        ("a.", "application/octet-stream"),
    ],
)
def test_content_type(name, content_type):
    """The own table first, then Python's; a name without an ending has no known type."""
    assert headers.content_type(name) == content_type


@pytest.mark.parametrize(
    "name", ["sitemap.xml.gz", "data.json.gz", "a.tar.gz", "a.tar.bz2", "a.css.br"]
)
def test_compressed_files_are_not_what_they_hold(name):
    """A packed file is sent without Content-Encoding, so it must not claim to be its content."""
    held = {"application/json", "application/xml", "text/xml", "application/x-tar"}
    assert headers.content_type(name).partition(";")[0] not in {*held, "text/css"}


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.JPG", "jpg"), ("a.tar.gz", "gz"), ("a", ""), ("x.y/a", ""), ("x.y/a.b", "b"), ("a.", "")],
)
def test_extension(name, extension):
    """The ending of the file's name, never of a folder's."""
    assert headers.extension(name) == extension


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("index.html", True),
        ("a/B.HTM", True),
        ("a.json", False),
        ("html", False),
        ("v1.0/html", False),
    ],
)
def test_pages(name, page):
    """HTML files are pages; they go up after everything that they refer to."""
    assert headers.is_page(name) is page


@pytest.mark.parametrize(
    ("name", "photo", "cache"),
    [
        ("full/a.jpg", True, PHOTO),
        ("full/a.json", True, PHOTO),
        ("index.html", False, PAGE),
        ("a/page.htm", False, PAGE),
        ("data/photos.json", False, PAGE),
        ("gallery-metadata.json", False, PAGE),
        ("style.css", False, ASSET),
        ("photo.jpg", False, ASSET),
        ("site.webmanifest", False, ASSET),
    ],
)
def test_default_cache(name, photo, cache):
    """A day for photos, revalidation for HTML and JSON, an hour for other site files."""
    assert headers.headers(name, name, (), photo=photo).cache_control == cache


@pytest.mark.parametrize(
    ("rules", "cache"),
    [
        ((("*.jpg", "one"), ("*", "two")), "one"),
        ((("*.png", "one"), ("*", "two")), "two"),
        ((("photos/full/*", "by key"),), "by key"),
        ((("full/*", "by name"),), "by name"),
        ((("web/*", "no"),), PHOTO),
        ((("a.jpg", "by file name"),), "by file name"),
    ],
)
def test_rules(rules, cache):
    """The first rule whose glob matches the key or the file's name decides."""
    made = headers.headers("photos/full/a.jpg", "full/a.jpg", rules, photo=True)
    assert made == headers.Headers("image/jpeg", cache)


def test_digest():
    """16 digits that differ whenever a header does."""
    first, second, third = (
        headers.Headers(kind, cache).digest
        for kind, cache in (("a", "b"), ("a", "c"), ("a\nb", ""))
    )
    assert len(first) == 16
    assert len({first, second, third}) == 3
    assert headers.Headers("a", "b").digest == first
