"""The ledger: a round trip, and whatever else may lie at its key."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import md5, sha256

from galleria_action import json_pieces, ledger
from galleria_action.ledger import BrokenLedger, Entry, Intent, Ledger, NewerLedger, Owner

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ENTRIES = st.builds(
    Entry,
    owner=st.sampled_from(Owner),
    source=TEXT,
    edit=TEXT,
    headers=TEXT,
    size=st.integers(0, 1 << 50),
    etag=TEXT,
    deployment_hash=TEXT,
    listed=st.booleans(),
    position=st.none() | st.booleans(),
)
LEDGERS = st.builds(
    Ledger,
    st.dictionaries(TEXT, ENTRIES, max_size=5),
    st.none() | TEXT,
    st.none() | TEXT,
    st.frozensets(TEXT, max_size=3),
    st.dictionaries(
        TEXT,
        st.builds(Intent, st.integers(0), st.frozensets(TEXT, max_size=3), st.none() | TEXT),
        max_size=2,
    ),
)
ROW = ["photo", "s", "e", "h", 5, "t", "d", 1]


def document(**changes: object) -> bytes:
    made = {"version": 1, "photos_prefix": "photos", "site_prefix": "", "objects": {"k": ROW}}
    return json.dumps({**made, **changes}).encode()


@given(LEDGERS)
def test_round_trip(made):
    """What is encoded is decoded again, and the same ledger gives the same bytes."""
    data = ledger.encode(made)
    assert ledger.decode(data) == made
    assert ledger.encode(ledger.decode(data)) == data


@given(st.dictionaries(st.text('],":\\{}ab'), ENTRIES, max_size=8), st.integers(1, 200))
def test_pieces(entries, size):
    """A large ledger is read in pieces, whatever its keys look like."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_pieces, "PIECE", size)
        assert ledger.decode(ledger.encode(Ledger(entries))).entries == entries


def test_a_wrong_value_in_a_large_ledger(monkeypatch):
    """It is the end of reading: no piece is read once more in the hope that it says else."""
    rows = {str(number): ROW for number in range(100)} | {"50": [*ROW[:4], "5", *ROW[5:]]}
    made = {"version": 1, "photos_prefix": "", "site_prefix": "", "objects": rows}
    data = json.dumps(made, separators=(",", ":")).encode()
    read: list[int] = []
    decode = ledger._rows
    monkeypatch.setattr(json_pieces, "PIECE", 1000)
    monkeypatch.setattr(ledger, "_rows", lambda text: read.append(len(bytes(text))) or decode(text))
    with pytest.raises(BrokenLedger, match="Expected `int`"):
        ledger.decode(data)
    assert sum(read) < len(data) + 2 * len(read)


@pytest.mark.parametrize(
    "end", ["", '"k":', '"k":["photo"', '"k":[],', '"k":{}],"', '},"objects":{']
)
def test_a_large_ledger_that_is_broken(end):
    """Its end is as wrong as that of a small one."""
    rows = ",".join(f'"{number}":{json.dumps(ROW)}' for number in range(50_000))
    text = f'{{"version":1,"photos_prefix":"","site_prefix":"","objects":{{{rows},{end}]}}}}'
    with pytest.raises(BrokenLedger):
        ledger.decode(text.encode())


def test_order_does_not_matter():
    """The bytes depend on the facts alone, not on the order in which they were found."""
    first, second = Entry(Owner.PHOTO, "a"), Entry(Owner.SITE, "b")
    assert ledger.encode(Ledger({"a": first, "b": second})) == ledger.encode(
        Ledger({"b": second, "a": first})
    )


def test_plain_json_is_read():
    """A proxy may have unpacked the object."""
    assert ledger.decode(document()) == Ledger(
        {"k": Entry(Owner.PHOTO, "s", "e", "h", 5, "t", "d", listed=True)}, "photos", ""
    )


def test_a_ledger_of_before_there_were_purges():
    """One without them has none to do; one with none to do is written as it was then."""
    assert ledger.decode(document()).to_purge == frozenset()
    assert b"to_purge" not in gzip.decompress(ledger.encode(Ledger()))


def test_keys_to_purge():
    """They stand beside the rows; a reader of before passes over them."""
    data = gzip.decompress(ledger.encode(Ledger(to_purge=frozenset({"b", "a"}))))
    assert json.loads(data)["to_purge"] == ["a", "b"]
    assert ledger.decode(document(to_purge=["a", "b"])).to_purge == {"a", "b"}


def test_what_runs_are_about_to_do():
    """It stands beside the rows, in a member that is left out when there is nothing."""
    made = Ledger(runs={"run": Intent(5, frozenset({"b", "a"}), "live"), "one": Intent(6)})
    written = json.loads(gzip.decompress(ledger.encode(made)))
    assert written["runs"] == {"run": [5, ["a", "b"], "live"], "one": [6, [], None]}
    assert "runs" not in json.loads(gzip.decompress(ledger.encode(Ledger())))


def test_an_entry_that_is_about_to_be_deleted():
    """It keeps what is known of it, names the run, and is not settled."""
    entry = Entry(Owner.PHOTO, "s", etag="e")
    gone = entry.going("run").going("another")
    assert (gone.is_going, gone.is_settled, gone.last_etag, gone.source) == (True, False, "e", "s")
    assert gone.is_going_by("another")
    assert not gone.is_going_by("run")
    assert (entry.is_going, entry.is_settled, entry.last_etag) == (False, True, "e")
    assert not Entry(Owner.PHOTO).is_settled


def test_a_mark():
    """Of two ledgers that say the same the bytes differ, if they were marked so."""
    made = Ledger({"a": Entry(Owner.PHOTO)})
    first, second = ledger.encode(made, b"abcd"), ledger.encode(made, b"efgh")
    assert first != second
    assert ledger.decode(first) == ledger.decode(second) == made


def test_rows_and_members_of_later_versions():
    """A minor addition, behind the known columns or beside the known members, is no harm."""
    assert ledger.decode(document(objects={"k": [*ROW, 0, "more"]}, more=1)).entries["k"].size == 5


@pytest.mark.parametrize("version", [2, 10, 10**30])
def test_newer(version):
    """A newer version is refused, never misread."""
    with pytest.raises(NewerLedger):
        ledger.decode(document(version=version, objects="unknown"))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x1f\x8b", b"\x1f\x8bnonsense", gzip.compress(b"[]"), gzip.compress(b"{")[:-5],
        b"null", b"[]", b"{}", b'{"version": "1"}', b'{"version": 1}', b"\xff\xfe", b"[" * 100_000,
        gzip.compress(b"{}") + b"trailing",
    ],
)  # fmt: skip
def test_broken(data):
    """Nothing else is taken for a ledger."""
    with pytest.raises(BrokenLedger):
        ledger.decode(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"objects": []},
        {"objects": {"k": ROW[:7]}},
        {"objects": {"k": ["somebody", *ROW[1:]]}},
        {"objects": {"k": [["photo"], *ROW[1:]]}},
        {"objects": {"k": "abcdefgh"}},
        {"objects": {"k": None}},
        {"objects": {"k": [*ROW[:1], 5, *ROW[2:]]}},
        {"objects": {"k": [*ROW[:3], None, *ROW[4:]]}},
        {"objects": {"k": [*ROW[:4], "5", *ROW[5:]]}},
        {"objects": {"k": [*ROW[:5], None, *ROW[6:]]}},
        {"photos_prefix": 5},
        {"site_prefix": ["site"]},
        {"to_purge": "k"},
        {"to_purge": [1]},
        {"to_purge": None},
        {"runs": []},
        {"runs": {"run": None}},
        {"runs": {"run": []}},
        {"runs": {"run": ["1", ["k"], "etag"]}},
        {"runs": {"run": [1.5, ["k"], "etag"]}},
        {"runs": {"run": [1, "k", "etag"]}},
        {"runs": {"run": [1, [2], "etag"]}},
        {"runs": {"run": [1, ["k"], 5]}},
    ],
)
def test_values_of_other_kinds(changes):
    """A ledger whose values have other types is broken: it must not fail later, half-way."""
    with pytest.raises(BrokenLedger):
        ledger.decode(document(**changes))


@given(st.binary())
def test_any_bytes(data):
    """Bytes are a ledger, a newer one or a broken one."""
    for each in (data, gzip.compress(data), b"\x1f\x8b" + data):
        with suppress(BrokenLedger, NewerLedger):
            ledger.decode(each)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(Owner),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["version", "photos_prefix", "site_prefix", "objects", "to_purge", "runs"]),
        JSON,
    )
)
def test_any_members(changes):
    """Documents with odd members are read or refused; what is read can be written again."""
    try:
        found = ledger.decode(document(**changes))
    except (BrokenLedger, NewerLedger):
        return
    assert ledger.decode(ledger.encode(found)) == found


def test_changed():
    """Facts replace facts, None forgets a key, and the ledger before stays as it was."""
    before = Ledger({"a": Entry(Owner.PHOTO), "b": Entry(Owner.SITE)}, "photos", "")
    after = before.changed({"a": None, "c": Entry(Owner.FILE), "x": None})
    assert after == Ledger({"b": Entry(Owner.SITE), "c": Entry(Owner.FILE)}, "photos", "")
    assert set(before.entries) == {"a", "b"}


def test_owned():
    """Keys by owner."""
    made = Ledger({each.value: Entry(each) for each in Owner})
    assert set(made.owned(Owner.PHOTO)) == {"photo"}
    assert set(made.owned(Owner.SITE, Owner.FILE)) == {"site", "file"}


def test_size():
    """300,000 objects stay below 28 MB: 92 bytes an object at most."""
    entries = {}
    for number in range(3000):
        name = f"wedding-20240615T{number:06}-r5a-0"
        for variant, ending in (("full", "jpg"), ("web", "jpg"), ("thumb", "webp")):
            edited = variant != "thumb"
            entries[f"photos/{variant}/{name}.{ending}"] = Entry(
                owner=Owner.PHOTO,
                source=sha256(f"{variant}{number}"),
                edit=f"exif/1 2024-06-15T{number % 24:02}:30:{number % 60:02} +02:00"
                if edited
                else "",
                headers=sha256(ending)[:16],
                size=4_000_000 + number * 977,
                etag=md5(f"{variant}{number}"),
                deployment_hash=sha256(f"to {number}") if variant == "full" else "",
            )
    assert len(ledger.encode(Ledger(entries, "photos", ""))) / len(entries) < 92
