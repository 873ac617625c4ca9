"""What a CDN is asked for: everything that changed, in few requests, within documented limits.

CloudFront: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html
and .../invalidation-specifying-objects.html. Cloudflare:
https://developers.cloudflare.com/cache/how-to/purge-cache/. Bunny:
https://docs.bunny.net/docs/cdn-api-purge-rate-limits.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.test_urls import NFC, NFD

from galleria_action import invalidation, urls
from galleria_action.invalidation import Call, Provider

URL = "https://photos.example.org"


def paths(*keys, url=URL):
    (call,) = invalidation.calls(Provider.CLOUDFRONT, keys, url)
    assert call.keys == tuple(sorted(set(keys)))
    return list(call.addresses)


@pytest.mark.parametrize("provider", Provider)
def test_nothing_changed(provider):
    """No objects, no requests."""
    assert invalidation.calls(provider, [], URL) == ()


class TestCloudFront:
    """At most 8 paths, or one that ends with *."""

    def test_few(self):
        """Each object by its path, an index also by its folder."""
        assert paths("photos/full/a.jpg", "index.html", "b/index.html") == [
            "/",
            "/b/",
            "/b/index.html",
            "/index.html",
            "/photos/full/a.jpg",
        ]

    def test_eight_and_nine(self):
        """The ninth makes it one path, of the innermost folder that holds all."""
        eight = [f"photos/full/a{number}.jpg" for number in range(8)]
        assert paths(*eight) == [f"/{each}" for each in eight]
        assert paths(*eight, "photos/full/b.jpg") == ["/photos/full/*"]
        assert paths(*eight, "photos/thumb/b.jpg") == ["/photos/*"]
        assert paths(*eight, "gallery-metadata.json") == ["/*"]

    def test_a_folder_and_not_the_beginning_of_a_name(self):
        """`photos` and `photos2` have no folder in common but the root."""
        keys = [f"photos/{number}.jpg" for number in range(9)]
        assert paths(*keys, "photos2/a.jpg") == ["/*"]

    def test_below_a_path(self):
        """Paths start at the distribution's root, as public-url says."""
        assert paths("a.jpg", url=f"{URL}/g") == ["/g/a.jpg"]
        assert paths(*map(str, range(9)), url=f"{URL}/g") == ["/g/*"]

    @pytest.mark.parametrize(
        ("key", "path"),
        [
            ("a b.jpg", "/a%20b.jpg"),
            ("100%.jpg", "/100%25.jpg"),
            ("a?b.jpg", "/a%3Fb.jpg"),
            ("a#b.jpg", "/a%23b.jpg"),
            ('a"b.jpg', "/a%22b.jpg"),
            (NFC, "/M%C3%BCller.jpg"),
            (NFD, "/Mu%CC%88ller.jpg"),
        ],
    )
    def test_letters_with_one_spelling(self, key, path):
        """Those that every visitor's program encodes are encoded."""
        assert paths(key) == [path]

    @pytest.mark.parametrize(
        ("key", "path"),
        [
            ("photos/a~b.jpg", "/photos/a*"),
            ("photos/IMG (1).jpg", "/photos/IMG%20*"),
            ("photos/a+b.jpg", "/photos/a*"),
            ("photos/it's.jpg", "/photos/it*"),
            ("photos/a*b.jpg", "/photos/a*"),
            ("photos/a*", "/photos/a*"),
            ("photos/+/a.jpg", "/photos/*"),
            ("~/a.jpg", "/*"),
        ],
    )
    def test_letters_with_two_spellings(self, key, path):
        """CloudFront forgets the spelling it is told and no other, so the path ends before."""
        assert paths(key) == [path]

    def test_what_a_star_covers_is_not_named_again(self):
        """A path costs money; what another names already is left out."""
        assert paths("a+b.jpg", "abc.jpg", "a/index.html", "b.jpg", "ab~.jpg") == ["/a*", "/b.jpg"]

    def test_an_address_with_such_letters(self):
        """They may be in public-url, too."""
        assert paths("a.jpg", url=f"{URL}/~me") == ["/*"]

    @given(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1)
    )
    def test_every_spelling_is_covered(self, names):
        """Whatever the names, each address of each object matches a path; limits are kept."""
        keys = [f"photos/{name}" for name in names]
        made = paths(*keys)
        assert len(made) <= invalidation.MOST_PATHS
        assert all(each.startswith("/") and "*" not in each[:-1] for each in made)
        assert all(each.isascii() and not set(' "<>~^[]|') & set(each) for each in made)
        for key in keys:
            for address in urls.addresses("", key):
                assert any(matches(address, each) for each in made), (address, made)


def matches(address: str, path: str) -> bool:
    return address.startswith(path[:-1]) if path.endswith("*") else address == path


class TestCloudflare:
    """By address, 30 at a time; a whole folder if they are thousands."""

    def calls(self, *keys, url=URL):
        return invalidation.calls(Provider.CLOUDFLARE, keys, url)

    def test_few(self):
        """All addresses in one request."""
        assert self.calls("index.html", "a+b.jpg") == (
            Call(
                ("a+b.jpg", "index.html"),
                (f"{URL}/a%2Bb.jpg", f"{URL}/a+b.jpg", f"{URL}/index.html", f"{URL}/"),
            ),
        )

    def test_batches(self):
        """31 objects are two requests, and no key is torn apart."""
        made = self.calls(*(f"{number:02}.jpg" for number in range(31)))
        assert [len(each.addresses) for each in made] == [30, 1]
        made = self.calls(*(f"{number:02}+.jpg" for number in range(29)), "00.jpg", "01.jpg")
        assert [len(each.addresses) for each in made] == [30, 30]
        for call in made:
            addresses = {one for key in call.keys for one in urls.addresses(URL, key)}
            assert addresses == set(call.addresses)

    def test_thousands(self):
        """More than a hundred requests are one for the folder: host and path, no slash."""
        keys = [f"photos/ü/{number}.jpg" for number in range(3001)]
        assert len(self.calls(*keys[:3000])) == 100
        (call,) = self.calls(*keys)
        assert call.addresses == ("photos.example.org/photos/%C3%BC",)
        assert call.collapsed
        assert set(call.keys) == set(keys)
        (call,) = self.calls(*keys, "index.html", url=f"{URL}/g")
        assert call.addresses == ("photos.example.org/g",)


class TestBunny:
    """By address, or the zone if they are more than may be purged at once."""

    def calls(self, *keys):
        return invalidation.calls(Provider.BUNNY, keys, URL)

    def test_few(self):
        """One object at a time."""
        assert self.calls("index.html", "a.jpg") == (
            Call(("a.jpg",), (f"{URL}/a.jpg",)),
            Call(("index.html",), (f"{URL}/index.html", f"{URL}/")),
        )

    def test_many(self):
        """121 files, or 21 folders, are the zone in one request."""
        files = [f"{number}.jpg" for number in range(121)]
        assert len(self.calls(*files[:120])) == 120
        assert self.calls(*files) == (Call(tuple(sorted(files)), (f"{URL}/*",), collapsed=True),)
        folders = [f"{number}/index.html" for number in range(21)]
        assert len(self.calls(*folders[:20])) == 20
        assert self.calls(*folders)[0].collapsed


@pytest.mark.parametrize("provider", Provider)
def test_a_whole_gallery(provider):
    """300,000 objects are one request, and all of them are done with it."""
    keys = [f"photos/full/{number:06} (1).jpg" for number in range(300_000)]
    (call,) = invalidation.calls(provider, keys, URL)
    assert call.collapsed
    assert call.addresses == (
        {
            Provider.BUNNY: f"{URL}/*",
            Provider.CLOUDFRONT: "/photos/full/*",
            Provider.CLOUDFLARE: "photos.example.org/photos/full",
        }[provider],
    )
    assert len(call.keys) == len(keys)


def test_many_that_few_paths_name():
    """A hundred odd names may have one beginning; a folder's odd name ends the path before it."""
    assert paths(*(f"photos/IMG ({number}).jpg" for number in range(100))) == ["/photos/IMG%20*"]
    assert paths(*(f"photos/a~b/{number}.jpg" for number in range(2000))) == ["/photos/a*"]
    assert paths(*(f"photos/{number}/+.jpg" for number in range(20))) == ["/photos/*"]
