"""Addresses of objects: every spelling that visitors may use, and the folder of an index page."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import urls

HOST = "https://photos.example.org"
NFC = "Müller.jpg"
NFD = unicodedata.normalize("NFD", NFC)

ONE_SPELLING = {
    "photos/full/a-b_c.1.jpg": "photos/full/a-b_c.1.jpg",
    "with space.jpg": "with%20space.jpg",
    "100%.jpg": "100%25.jpg",
    "100%20.jpg": "100%2520.jpg",
    "what?.jpg": "what%3F.jpg",
    "no#1.jpg": "no%231.jpg",
    'a"b.jpg': "a%22b.jpg",
    "a<b>.jpg": "a%3Cb%3E.jpg",
    "a`b{c}.jpg": "a%60b%7Bc%7D.jpg",
    NFC: "M%C3%BCller.jpg",
    NFD: "Mu%CC%88ller.jpg",
    "日本 🎈.jpg": "%E6%97%A5%E6%9C%AC%20%F0%9F%8E%88.jpg",
    "a~b.jpg": "a~b.jpg",
}
TWO_SPELLINGS = {
    "a+b.jpg": "a%2Bb.jpg",
    "it's.jpg": "it%27s.jpg",
    "IMG (1).jpg": "IMG%20%281%29.jpg",
    "a&b=c@d,e;f:g$h!.jpg": "a%26b%3Dc%40d%2Ce%3Bf%3Ag%24h%21.jpg",
    "a*b.jpg": "a%2Ab.jpg",
    "a[1]|b.jpg": "a%5B1%5D%7Cb.jpg",
}


@pytest.mark.parametrize(("key", "path"), ONE_SPELLING.items())
def test_one_spelling(key, path):
    """Browsers and programs encode these letters alike."""
    assert urls.addresses(HOST, key) == [f"{HOST}/{path}"]


@pytest.mark.parametrize(("key", "encoded"), TWO_SPELLINGS.items())
def test_two_spellings(key, encoded):
    """These letters stay as they are in a link that somebody typed, and are encoded by programs."""
    assert urls.addresses(HOST, key) == [f"{HOST}/{encoded}", f"{HOST}/{key.replace(' ', '%20')}"]


@pytest.mark.parametrize(
    ("key", "paths"),
    [
        ("index.html", ["index.html", ""]),
        ("albums/a/index.html", ["albums/a/index.html", "albums/a/"]),
        ("ü/index.html", ["%C3%BC/index.html", "%C3%BC/"]),
        ("albums/index.htm", ["albums/index.htm"]),
        ("my-index.html", ["my-index.html"]),
    ],
)
def test_index_pages(key, paths):
    """An index is what a web server shows at the address of its folder."""
    assert urls.addresses(HOST, key) == [f"{HOST}/{path}" for path in paths]


def test_a_bucket_below_a_path():
    """``public-url`` may end in a folder."""
    assert urls.addresses(f"{HOST}/g", "index.html") == [f"{HOST}/g/index.html", f"{HOST}/g/"]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_every_address_names_the_object(key):
    """Whatever is in a key, its addresses are ASCII and lead back to it."""
    for address in urls.addresses(HOST, f"photos/{key}.jpg"):
        assert address.isascii()
        assert not set(' "<>`{}') & set(address)
        parts = urlsplit(address)
        assert (parts.query, parts.fragment) == ("", "")
        assert unquote(parts.path) == f"/photos/{key}.jpg"
