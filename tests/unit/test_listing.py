"""A bucket listed in parts: nothing is lost, and there are few requests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from support.memory import MemoryStore
from support.program import Serial

from galleria_action import deployed, listing
from galleria_action.headers import Headers
from galleria_action.ledger import Entry, Owner
from galleria_action.listing import Part
from galleria_action.remote import Listed

HEADERS = Headers("text/plain", "no-cache")
ODD = ["", ".", "..", "a", "b", "photos", "é", "\U0010ffff", "\t", "0", " ", "-"]
KEYS = some.lists(some.sampled_from(ODD), min_size=1, max_size=4).map("/".join).filter(bool)
SIZES = some.dictionaries(KEYS, some.integers(0, 5))


@dataclass
class Paged(MemoryStore):
    """Counts the requests that S3 would answer; ``page`` keys or folders in each."""

    page: int = listing.PAGE
    requests: list[str] = field(default_factory=list)

    def list(self, prefix, after="") -> Iterator:
        yield from self._paged(prefix, [*super().list(prefix, after)])

    def files(self, folder) -> Iterator:
        shown = {}
        for key, listed in super().list(folder):
            name, slash, _ = key[len(folder) :].partition("/")
            shown[folder + name + slash] = None if slash else listed
        for key, listed in self._paged(folder, [*shown.items()]):
            if listed:
                yield key, listed

    def _paged(self, prefix, found) -> Iterator:
        for number, each in enumerate(found):
            if number % self.page == 0:
                self.requests.append(prefix)
            yield each
        if not found:
            self.requests.append(prefix)

    def fill(self, keys) -> None:
        one = MemoryStore()
        one.put("x", b"x", HEADERS)
        self.objects |= dict.fromkeys(keys, one.objects["x"])


def _listed(store: MemoryStore, keys, new=()) -> set[str]:
    found = deployed.list_keys(store, keys, Serial(), new=dict(new))
    assert all(found[key] == (1, store.objects[key].etag) for key in found)
    return set(found)


@pytest.fixture
def small_pages(monkeypatch) -> None:
    """So that a handful of keys is many pages."""
    monkeypatch.setattr(listing, "PAGE", 2)
    monkeypatch.setattr(listing, "MOST", 3)
    monkeypatch.setattr(listing, "MOST_OF_HEAVY", 6)
    monkeypatch.setattr(listing, "HEAVY", 3)


# The fixture is the same for every example.
steady = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.usefixtures("small_pages")
@steady
@given(interesting=some.sets(KEYS), present=some.sets(KEYS), new=SIZES)
def test_all_that_is_interesting_and_there_is_found(interesting, present, new):
    """Whatever the folders, however odd the keys and large the objects; and nothing else is."""
    store = Paged(page=2)
    store.fill(present)

    assert _listed(store, interesting, new) == interesting & present


@pytest.mark.usefixtures("small_pages")
@steady
@given(interesting=some.sets(KEYS), present=some.sets(KEYS))
def test_requests_are_bounded(interesting, present):
    """By those of one listing and one for each part; folders beside files count as keys."""
    store = Paged(page=2)
    store.fill(present)
    _listed(store, interesting)

    pages = -(-len(present) // 2)
    (folder_pages,) = [
        sum(prefix == part.folder for prefix in store.requests)
        for part in listing.parts(sorted(interesting))
        if not part.deep
    ][:1] or [0]
    assert len(store.requests) <= pages + 3 + folder_pages


@pytest.mark.usefixtures("small_pages")
@steady
@given(interesting=some.sets(KEYS), new=SIZES)
def test_listings_are_few(interesting, new):
    """And no two of them show the same range of a folder."""
    parts = listing.parts(sorted(interesting), new)

    assert len(parts) <= (6 if new else 3)
    assert len({(part.folder, part.deep, part.after) for part in parts}) == len(parts)


class Unordered(MemoryStore):
    """Lists in an order of its own, and does not know where to go on."""

    def list(self, prefix, after="") -> Iterator:
        found = [*super().list(prefix)]
        random.Random(0).shuffle(found)
        yield from found


class Doubling(MemoryStore):
    """Lists one object twice."""

    def list(self, prefix, after="") -> Iterator:
        for number, each in enumerate(super().list(prefix, after)):
            yield from (each, each) if number == 5 else (each,)


@pytest.mark.parametrize("kind", [Unordered, Doubling])
def test_an_order_that_is_none(kind):
    """A store that shuffles its keys, or repeats one, which S3 does not: still all are found."""
    keys = {f"photos/{number:04}.jpg" for number in range(5000)}
    store = kind()
    for key in keys:
        store.put(key, b"x", HEADERS)

    assert _listed(store, keys) == keys


@pytest.mark.parametrize("changed", [0, 1, 1500])
def test_what_is_listed_as_recorded_takes_no_memory_of_its_own(changed):
    """The text of an ETag is the ledger's; of objects that have changed it is the listing's."""
    keys = [f"photos/{number:04}.jpg" for number in range(1500)]
    store = MemoryStore()
    for key in keys:
        store.put(key, key.encode(), HEADERS)
    listed = dict(store.list(""))
    entries = {
        key: Entry(Owner.PHOTO, size=found.size, etag="".join(found.etag))
        for key, found in listed.items()
    }
    for key in keys[:changed]:
        entries[key] = entries[key]._replace(etag="0" * 32)
    found = deployed.list_keys(store, [*keys, "absent"], Serial(), entries)

    assert found == listed
    assert all(isinstance(each, Listed) for each in found.values())
    assert [found[key].etag is entries[key].etag for key in keys].count(False) == changed


def _gallery(photos: int, *site: str) -> list[str]:
    """Keys of a gallery with `photos` photos, and of its site."""
    names = [f"{kind}/{number:06}.jpg" for kind in ("full", "web") for number in range(photos)]
    return [*(f"photos/{name}" for name in names), *site]


SITE = ("index.html", "css/a.css", "js/a.js", "js/b/c.js")
PER_PHOTO = tuple(f"photo-{number:05}/index.html" for number in range(10_000))
OTHERS = tuple(f"backup/{number:06}" for number in range(20_000))


@pytest.mark.parametrize(
    ("keys", "others", "requests"),
    [
        ([], (), 0),
        (["index.html"], OTHERS, 1),
        (_gallery(0, *SITE), OTHERS, 3),  # files of the root; css/, js/
        (_gallery(10, *SITE), OTHERS, 4),
        (_gallery(10), OTHERS, 1),
        (_gallery(1000, *SITE), OTHERS, 5),
        (_gallery(1001, *SITE), OTHERS, 7),
        (_gallery(20_000, *SITE), OTHERS, 43),
        (_gallery(20_000, *SITE, *PER_PHOTO), (), 51),
        (_gallery(20_000, *SITE, *PER_PHOTO), OTHERS, 71),
        ([f"{number:06}.jpg" for number in range(20_000)], (), 20),
        (PER_PHOTO, (), 10),
    ],
)
def test_requests_of_galleries(keys, others, requests):
    """A request for every 1,000 keys and for every folder; folders of others are passed over.

    Those at the root are not if there are many folders of ours.
    """
    store = Paged()
    store.fill([*keys, *others])

    assert _listed(store, keys) == set(keys)
    assert len(store.requests) == requests


def test_a_large_folder_is_listed_in_ranges_of_whole_pages():
    """So many that all are read at once, and each ends with a page."""
    keys = [f"full/{number:06}" for number in range(40_500)]

    parts = listing.parts(keys)

    assert len(parts) == 14
    assert parts[0] == Part("full/", until="full/002999")
    assert parts[1] == Part("full/", after="full/002999", until="full/005999")
    assert parts[-1] == Part("full/", after="full/038999", until="full/040499")


MB = 1_000_000
CAMERA = [f"photos/full/IMG_{number:04}.jpg" for number in range(100)]
HASHES = [f"photos/full/{number * 0x1234567 % 0xFFFFFFFF:08x}.jpg" for number in range(1000)]
WEBS = [f"photos/web/IMG_{number:04}.jpg" for number in range(100)]


@pytest.mark.parametrize("fulls", [CAMERA, HASHES], ids=["numbers", "hashes"])
def test_many_bytes_that_are_new_are_listed_in_even_shares(fulls):
    """For stores that read what they list: so that all of their cores have as much to do.

    By what the keys start with, never in ranges: such a store reads a whole folder for a range.
    """
    keys = sorted([*fulls, *WEBS, *SITE])
    new = dict.fromkeys(fulls, 8 * MB) | dict.fromkeys(WEBS, MB // 10)

    parts = listing.parts(keys, new)

    bytes_of = [
        sum(size for key, size in new.items() if key.startswith(part.folder))
        for part in parts
        if part.deep
    ]
    assert max(bytes_of) <= sum(new.values()) / 6
    assert sum(bytes_of) == sum(new.values()), "none is listed twice"
    assert not any(part.after for part in parts)
    assert len(parts) <= 32


@pytest.mark.parametrize(
    "new",
    [
        dict.fromkeys(CAMERA, MB // 10),
        {CAMERA[0]: 800 * MB},
        {"elsewhere.jpg": 800 * MB},
        {"index.html": 800 * MB},
    ],
    ids=["small", "one", "not asked for", "between folders"],
)
def test_no_listing_is_divided_for_nothing(new):
    """A request more is worth it only for large objects, and only if there are several."""
    keys = sorted([*CAMERA, *WEBS, *SITE])

    assert listing.parts(keys, new) == listing.parts(keys)
