"""One suite for every store: the one in memory and the real servers, through the protocol."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import servers
from support.memory import MemoryStore
from support.servers import Server

from galleria_action.errors import ConditionFailed
from galleria_action.headers import Headers
from galleria_action.store import Condition, Store

HEADERS = Headers("text/plain; charset=utf-8", "public, max-age=60")
CEPH = pytest.param("ceph", marks=pytest.mark.ceph)
ODD_KEYS = [
    "a b/c  d.jpg",
    "plus+plus/a+b.jpg",
    "percent/100%.jpg",
    "percent/%20.jpg",
    "percent/%C3%BC.jpg",
    f"nfc/{unicodedata.normalize('NFC', 'Müller Ångström')}.jpg",
    f"nfd/{unicodedata.normalize('NFD', 'Müller Ångström')}.jpg",
    "same/\u00fc.jpg",
    "same/u\u0308.jpg",
    "日本/写真 🎈.jpg",
    'quotes/it\'s "quoted".jpg',
    "what?/why?.jpg",
    "a#b/c#d.jpg",
    "you&me/a&amp;b<c>.jpg",
    "case/A.jpg",
    "case/a.jpg",
    ".hidden/..name..jpg",
    "brackets/[1] (2) {3}.jpg",
    "equals/a=b;c,d:e@f!$*~.jpg",
    "encoded/a%2Fb%2e%2e.jpg",
    "back\\slash/a|b`c^d.jpg",
    "spaces/no\u00a0break\u200bzero\u2028line.jpg",
    "three/...",
    f"long/{'é' * 100}.jpg",
]
# What file systems and tools for folders take for something else; rclone's server refuses them.
HARD_KEYS = [
    "/a",
    "//a",
    "a",
    "a/",
    "a//",
    "a//b",
    "a/./b",
    "a/../b",
    "a/.",
    "./a",
    "../a",
    "a/b\tc",
    "a/b\x7fc",
    " ",
    " a/ b ",
]

# `boto3`: that way alone, which otherwise answers what the engine declines
BOTO3 = pytest.param("ceph boto3", marks=pytest.mark.ceph)


@pytest.fixture(params=["memory", "rclone", "moto", CEPH, "moto boto3", BOTO3])
def store(request) -> Store:
    """Every store in turn, on a new bucket."""
    return _store(request)


@pytest.fixture(params=["memory", "moto", CEPH, "moto boto3", BOTO3])
def conditional(request) -> Store:
    """Every store that honours the conditions of a put."""
    return _store(request)


@pytest.fixture(params=["memory", "moto", CEPH, "moto boto3", BOTO3])
def literal(request) -> Store:
    """Every store to which a key is a text and nothing else."""
    return _store(request)


def _store(request) -> Store:
    name, _, way = request.param.partition(" ")
    if name == "memory":
        return MemoryStore()
    server: Server = request.getfixturevalue(name)
    made = servers.store(server, servers.make_bucket(server))
    return made.careful if way else made


def _keys(store: Store, prefix: str = "") -> list[str]:
    return [key for key, _ in store.list(prefix)]


def test_a_put_is_found_by_get_head_and_list(store):
    """The ETag that the put returned is the one that everything else shows, without quotes."""
    etag = store.put("full/a.jpg", b"picture", HEADERS)

    assert etag
    assert '"' not in etag
    found = store.get("full/a.jpg")
    assert found is not None
    assert (found.data, found.etag) == (b"picture", etag)
    assert store.head("full/a.jpg") == etag
    assert [(key, *listed) for key, listed in store.list("")] == [("full/a.jpg", 7, etag)]


def test_a_put_replaces_what_was_there(store):
    """The second put wins, under a new ETag, and there still is one object."""
    first = store.put("a", b"one", HEADERS)
    second = store.put("a", b"two!", HEADERS)

    assert first != second == store.head("a")
    assert store.get("a").data == b"two!"
    assert [(key, listed.size) for key, listed in store.list("")] == [("a", 4)]


def test_what_is_absent_is_none(store):
    """A key without an object is no error, and neither is an empty listing."""
    store.put("a/b", b"x", HEADERS)

    assert store.get("a/absent") is None
    assert store.head("a/absent") is None
    assert _keys(store, "absent/") == []


def test_an_empty_object_is_an_object(store):
    """Nothing at all can be stored, found and listed."""
    etag = store.put("empty.txt", b"", HEADERS)

    assert store.get("empty.txt").data == b""
    assert store.head("empty.txt") == etag
    assert [(key, listed.size) for key, listed in store.list("")] == [("empty.txt", 0)]


def test_equal_bytes_have_equal_etags_that_are_their_md5(store):
    """A single put's ETag proves the bytes: adoption of another tool's objects depends on it."""
    etags = {store.put(key, b"same", HEADERS) for key in ("a", "b")}

    assert etags == {hashlib.md5(b"same").hexdigest()}


def test_odd_keys_stay_what_they_are(store):
    """Letters that mean something to URLs, XML or file systems; composed and decomposed ones."""
    for key in ODD_KEYS:
        store.put(key, key.encode(), HEADERS)

    assert sorted(_keys(store)) == sorted(ODD_KEYS)
    for key in ODD_KEYS:
        assert store.get(key).data == key.encode()
        assert store.head(key) == hashlib.md5(key.encode()).hexdigest()
        assert key in _keys(store, key)
    assert store.delete(ODD_KEYS) == {}
    assert _keys(store) == []


# Where it is alone and not empty, "a/" is listed as "a": see `Engine.pages`.
ALONE = [[key] for key in HARD_KEYS if key != "a/"]


@pytest.mark.parametrize("shown", [HARD_KEYS, *ALONE], ids=repr)
def test_hard_keys_stay_what_they_are(literal, shown):
    """Slashes, dots and control characters, together and each alone: none becomes another key."""
    for key in shown:
        literal.put(key, key.encode(), HEADERS)

    assert sorted(_keys(literal)) == sorted(shown)
    assert sorted(_keys(literal, "a/")) == sorted(key for key in shown if key.startswith("a/"))
    for key in HARD_KEYS:
        found = literal.get(key)
        assert (found and found.data) == (key.encode() if key in shown else None)
        assert bool(literal.head(key)) == (key in shown)


@pytest.mark.parametrize(
    "keys",
    [
        ["photos/"],
        ["photos/", "photos/full/", "photos/full/a.jpg"],
        ["photos-old/a", "photos.html", "photos/", "photos/a"],
        ["photos", "photos/", "photos/a"],
        ["/", "/photos", "photos"],
        ["/photos/a"],
        [".nojekyll", "photos/", "photos/.nojekyll"],
    ],
    ids=repr,
)
def test_folders_that_are_objects(literal, keys):
    """Consoles make empty objects of folders; empty files are there as well."""
    for key in keys:
        literal.put(key, b"" if key.endswith(("/", "photos", ".nojekyll")) else b"x", HEADERS)

    for prefix in ("", "photos/", "photos/full/"):
        assert _keys(literal, prefix) == [key for key in keys if key.startswith(prefix)]


def test_a_prefix_is_a_text(store):
    """`site/` holds neither `site2/` nor `site`; `site` would hold both."""
    for key in ("site/a", "site/b/c", "site2/a", "sit", "other/site/a"):
        store.put(key, b"x", HEADERS)

    assert _keys(store, "site/") == ["site/a", "site/b/c"]
    assert _keys(store, "site") == ["site/a", "site/b/c", "site2/a"]


def test_the_files_of_a_folder(store):
    """Neither what is in its folders nor what only begins like it; '' is the bucket's root."""
    for key in ("a", "site/a", "site/b c.txt", "site/c/d", "site/c/e", "site.html", "site2/a"):
        store.put(key, b"x", HEADERS)

    assert sorted(key for key, _ in store.files("")) == ["a", "site.html"]
    assert sorted(key for key, _ in store.files("site/")) == ["site/a", "site/b c.txt"]
    assert [(key, *listed) for key, listed in store.files("site2/")] == [
        ("site2/a", 1, store.head("site2/a"))
    ]
    assert list(store.files("absent/")) == []


def test_hard_keys_are_files_of_their_folders(literal):
    """Slashes, dots and control characters do not move a file to another folder."""
    for key in HARD_KEYS:
        literal.put(key, key.encode(), HEADERS)

    assert sorted(key for key, _ in literal.files("")) == [" ", "a"]
    assert sorted(key for key, _ in literal.files("/")) == ["/a"]
    below = ["a/", "a/.", "a/b\tc", "a/b\x7fc"]
    assert sorted(key for key, _ in literal.files("a/")) == below


@pytest.mark.parametrize("keys", [["a/"], ["a/", "a/b"], ["a", "a/", "a/b/"]], ids=repr)
def test_a_folder_that_is_an_object_is_its_own_file(literal, keys):
    """Consoles make such objects; their key ends with the folder's slash."""
    for key in keys:
        literal.put(key, b"", HEADERS)

    assert sorted(key for key, _ in literal.files("a/")) == [
        key for key in ("a/", "a/b") if key in keys
    ]
    assert [key for key, _ in literal.files("")] == [key for key in keys if key == "a"]


def test_a_listing_after_a_key(store):
    """Whatever the key looks like, and whether or not there is an object."""
    for key in ODD_KEYS:
        store.put(key, b"x", HEADERS)

    ordered = sorted(ODD_KEYS)
    for number, key in enumerate(ordered):
        assert [each for each, _ in store.list("", key)] == ordered[number + 1 :]
        folder = f"{key.partition('/')[0]}/"
        behind = [each for each in ordered[number + 1 :] if each.startswith(folder)]
        assert [each for each, _ in store.list(folder, key)] == behind
    assert [each for each, _ in store.list("case/", "case/B")] == ["case/a.jpg"]


def test_a_listing_of_what_a_key_starts_with(store):
    """A prefix may end anywhere, also within a word."""
    for key in ODD_KEYS:
        store.put(key, b"x", HEADERS)

    ordered = sorted(ODD_KEYS)
    for start in {key[:end] for key in ODD_KEYS for end in (1, len(key) // 2, len(key) - 1)}:
        assert _keys(store, start) == [each for each in ordered if each.startswith(start)]


def test_hard_keys_are_listed_after_a_key(literal):
    """The same with slashes, dots and control characters."""
    for key in HARD_KEYS:
        literal.put(key, key.encode(), HEADERS)

    ordered = sorted(HARD_KEYS)
    for number, key in enumerate(ordered):
        assert [each for each, _ in literal.list("", key)] == ordered[number + 1 :]


def test_deleting_twice_is_no_error(store):
    """Present keys are deleted, absent ones count as deleted, others stay."""
    for key in ("a", "b", "c"):
        store.put(key, b"x", HEADERS)

    assert store.delete(["a", "c", "absent", "absent/too"]) == {}
    assert store.delete(["a"]) == {}
    assert store.delete([]) == {}
    assert _keys(store) == ["b"]


@pytest.mark.parametrize(
    ("store", "many"),
    [
        ("memory", 2100),
        ("rclone", 1100),
        ("moto", 1100),
        pytest.param("ceph", 2100, marks=pytest.mark.ceph),
    ],
    indirect=["store"],
)
def test_thousands_of_objects(store, many):
    """Listings come in pages and deletes in batches of 1,000; neither shows outside."""
    # Ceph's pages are shorter than the 1,000 that are asked for.
    names = [f"many/{number:04}.jpg" for number in range(many)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: store.put(name, name.encode(), HEADERS), names))

    listed = dict(store.list("many/"))
    assert list(listed) == names
    assert listed[names[1050]].etag == hashlib.md5(names[1050].encode()).hexdigest()
    assert [key for key, _ in store.list("many/", names[40])] == names[41:]
    assert sorted(key for key, _ in store.files("many/")) == names
    assert store.delete(names[:1001]) == {}
    assert _keys(store) == names[1001:]


def _parts() -> Iterator[bytes]:
    yield b"a" * (5 << 20)
    yield b"b" * (5 << 20)
    yield b"the rest"


def test_a_large_object_is_put_in_parts(store):
    """It reads back whole, and get, head and list agree on the ETag that was returned."""
    etag = store.put_parts("film.mp4", _parts(), HEADERS)

    found = store.get("film.mp4")
    assert found.data == b"".join(_parts())
    assert found.etag == etag == store.head("film.mp4")
    assert [(key, *listed) for key, listed in store.list("")] == [
        ("film.mp4", (10 << 20) + 8, etag)
    ]


def test_parts_that_break_off_leave_nothing(store):
    """What was there stays, what was not there does not appear, and the cause is passed on."""
    before = store.put("old.mp4", b"old film", HEADERS)

    def broken() -> Iterator[bytes]:
        yield b"a" * (5 << 20)
        raise RuntimeError("the file changed")

    for key in ("new.mp4", "old.mp4"):
        with pytest.raises(RuntimeError, match="the file changed"):
            store.put_parts(key, broken(), HEADERS)

    assert [(key, listed.etag) for key, listed in store.list("")] == [("old.mp4", before)]


def test_no_parts_are_left_to_be_paid_for(server, bucket):
    """An upload that broke off is aborted, not only forgotten."""
    test_parts_that_break_off_leave_nothing(servers.store(server, bucket))

    uploads = servers.client(server).list_multipart_uploads(Bucket=bucket)
    assert uploads.get("Uploads", []) == []


@pytest.mark.parametrize("put", [lambda store, *rest: store.put("a", b"x", *rest),
                                 lambda store, *rest: store.put_parts("a", _parts(), *rest)],
                         ids=["put", "put_parts"])  # fmt: skip
def test_headers_are_stored(server, bucket, put: Callable[[Store, Headers], str]):
    """Content-Type and Cache-Control are what a browser will get, and nothing is added."""
    put(servers.store(server, bucket), HEADERS)

    head = servers.client(server).head_object(Bucket=bucket, Key="a")
    assert head["ContentType"] == HEADERS.content_type
    assert head["CacheControl"] == HEADERS.cache_control
    assert "ContentEncoding" not in head


def test_only_where_nothing_is(conditional):
    """If-None-Match: the first put wins, the second is refused and changes nothing."""
    etag = conditional.put("a", b"one", HEADERS, Condition(None))

    with pytest.raises(ConditionFailed):
        conditional.put("a", b"two", HEADERS, Condition(None))
    assert conditional.get("a").data == b"one"
    assert conditional.head("a") == etag


def test_only_where_the_known_object_is(conditional):
    """If-Match: right for the ETag that is there, whether or not the store wants quotes."""
    first = conditional.put("a", b"one", HEADERS)
    second = conditional.put("a", b"two", HEADERS, Condition(first))

    assert conditional.head("a") == second
    with pytest.raises(ConditionFailed):
        conditional.put("a", b"three", HEADERS, Condition(first))
    assert conditional.get("a").data == b"two"


def test_only_where_an_object_still_is(conditional):
    """If-Match on a key that is gone is refused and makes no object."""
    etag = conditional.put("a", b"one", HEADERS)
    conditional.delete(["a"])

    with pytest.raises(ConditionFailed):
        conditional.put("a", b"two", HEADERS, Condition(etag))
    assert conditional.get("a") is None


@pytest.mark.parametrize("present", [False, True], ids=["absent", "present"])
def test_of_eight_at_once_one_wins(conditional, present):
    """However many try to commit on the same state, one does, and its bytes are there."""
    for round_ in range(3):
        key = f"race {round_}"
        seen = Condition(conditional.put(key, b"before", HEADERS) if present else None)

        def attempt(number: int, key: str = key, seen: Condition = seen) -> bytes | None:
            data = f"attempt {number}".encode()
            try:
                conditional.put(key, data, HEADERS, seen)
            except ConditionFailed:
                return None
            return data

        with ThreadPoolExecutor(8) as pool:
            winners = [data for data in pool.map(attempt, range(8)) if data]
        assert winners == [conditional.get(key).data]


def test_a_store_that_ignores_conditions_overwrites(rclone):
    """Why the manifest's ETag is looked at before each commit: rclone takes every put."""
    store = servers.store(rclone, servers.make_bucket(rclone))
    etag = store.put("a", b"one", HEADERS)

    store.put("a", b"two", HEADERS, Condition(None))
    assert store.get("a").data == b"two"
    store.put("a", b"three", HEADERS, Condition(etag))
    assert store.get("a").data == b"three"
    store.put("gone", b"four", HEADERS, Condition(etag))
    assert store.get("gone").data == b"four"
