"""The ledger of a run: written every few seconds, merged with what others wrote."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.memory import MemoryStore, Operation, RecordingStore

from galleria_action import journal as journals
from galleria_action import ledger
from galleria_action.errors import DeployError, FailureReason, StoreError
from galleria_action.journal import Journal
from galleria_action.ledger import Entry, Ledger, Owner

KEY = ".galleria/gallery-metadata.json.ledger.json.gz"
A, B, C = (Entry(Owner.PHOTO, source, etag=source) for source in "abc")


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return RecordingStore(MemoryStore())


def stored(store) -> Ledger:
    return ledger.decode(store.inner.get(KEY).data)


def journal(store, clock, start: Ledger | None = None) -> Journal:
    """A journal; with ``start`` the bucket holds that ledger."""
    etag = None
    if start is not None:
        etag = store.inner.put(KEY, ledger.encode(start), journals.HEADERS)
    return Journal(store, KEY, start or Ledger(), etag, clock)


def test_a_first_ledger(store, clock):
    """What was noted is written, on the condition that there is none yet."""
    made = journal(store, clock)
    made.note({"a": A, "b": B})
    made.note({"b": None, "x": None})
    made.flush()
    assert stored(store) == Ledger({"a": A})
    assert store.writes == [Operation("put", KEY)]
    assert store.inner.objects[KEY].headers == journals.HEADERS


def test_nothing_new_is_not_written(store, clock):
    """The same deployment twice: the second writes nothing, no ledger either."""
    made = journal(store, clock, Ledger({"a": A}, "photos", ""))
    made.note({"x": None})
    made.suppose({"a": A, "y": None})
    made.forget(["z"])
    made.note_prefixes(photos="photos", site="")
    made.flush()
    assert store.operations == []


def test_nothing_at_all_is_not_written(store, clock):
    """No ledger and nothing to remember: none is made."""
    journal(store, clock).flush()
    assert store.operations == []


def test_purges(store, clock):
    """What is to be purged is kept until it is; what others left is kept, too."""
    made = journal(store, clock, Ledger({}, to_purge=frozenset({"theirs"})))
    made.note_to_purge(["a", "b"])
    made.flush()
    assert stored(store).to_purge == {"theirs", "a", "b"}
    made.note_purged(["theirs", "a"])
    made.flush()
    assert stored(store).to_purge == {"b"}


def test_purges_that_are_nothing_new(store, clock):
    """What is there already, and what is purged without having been there, is not written."""
    made = journal(store, clock, Ledger({}, to_purge=frozenset({"a"})))
    made.note_to_purge(["a", "b"])
    made.note_purged(["b", "c"])
    made.flush()
    assert store.operations == []


def test_purges_in_a_conflict(store, clock):
    """Somebody else purged and left something: only this run's own account is changed."""
    made = journal(store, clock, Ledger({}, to_purge=frozenset({"a", "b"})))
    theirs = Ledger({}, to_purge=frozenset({"b", "c"}))
    store.inner.put(KEY, ledger.encode(theirs), journals.HEADERS)
    made.note_to_purge(["d"])
    made.note_purged(["b"])
    made.flush()
    assert stored(store).to_purge == {"c", "d"}


def test_a_purge_that_another_run_has_done_too_early(store, clock):
    """It was owed already when this run wanted it; the other purged before this one replaced it."""
    made = journal(store, clock, Ledger({}, to_purge=frozenset({"a"})))
    made.note_to_purge(["a"])
    made.flush()
    store.inner.put(KEY, ledger.encode(Ledger({})), journals.HEADERS)
    made.note({"a": A})
    made.flush()
    assert stored(store) == Ledger({"a": A}, to_purge=frozenset({"a"}))
    made.note_purged(["a"])
    made.flush()
    made.flush()
    assert stored(store) == Ledger({"a": A})


@pytest.mark.parametrize(
    ("photos", "site", "expected"),
    [
        ("p", "s", ("p", "s")),
        (None, "s", ("old", "s")),
        ("p", None, ("p", "old")),
        ("", "", ("", "")),
    ],
)
def test_prefixes(store, clock, photos, site, expected):
    """The prefixes of a finished run are remembered, those of a half out of scope stay."""
    made = journal(store, clock, Ledger({}, "old", "old"))
    made.note_prefixes(photos=photos, site=site)
    made.flush()
    found = stored(store)
    assert (found.photos_prefix, found.site_prefix) == expected


def test_entry(store, clock):
    """What is known now: the notes before the ledger."""
    made = journal(store, clock, Ledger({"a": A, "b": B}))
    made.note({"a": C, "b": None})
    assert (made.entry("a"), made.entry("b"), made.entry("x")) == (C, None, None)


def test_flushes_are_seconds_apart(store, clock):
    """Not every note is a request."""
    made = journal(store, clock)
    for second in range(12):
        clock.now = float(second)
        made.note({str(second): A})
        made.flush_if_due()
    assert len(store.writes) == 2
    assert len(stored(store).entries) == 11


def test_a_slow_flush_comes_less_often(store, clock):
    """Writing a large ledger may take a tenth of the time."""
    made = journal(store, clock)

    def slow(_: Operation) -> None:
        clock.now += 3

    store.after = slow
    for second in range(5, 100, 5):
        clock.now = max(clock.now, float(second))
        made.note({str(second): A})
        made.flush_if_due()
    assert 3 <= len(store.writes) <= 4


def test_a_flush_in_between_may_fail(store, clock):
    """It is tried again later; the flush before the commit reports the failure."""
    made = journal(store, clock)
    made.note({"a": A})

    def broken(_: Operation) -> None:
        raise StoreError(FailureReason.NETWORK, "Error: no connection")

    store.before = broken
    clock.now = 10
    made.flush_if_due()
    made.flush_if_due()
    assert len(store.operations) == 1
    with pytest.raises(StoreError):
        made.flush()
    store.before = lambda _: None
    made.flush()
    assert stored(store).entries == {"a": A}


def test_conflict(store, clock):
    """Somebody else wrote the ledger: it is read again and our own puts and deletes are applied."""
    made = journal(store, clock, Ledger({"a": A, "b": B}, "photos", ""))
    store.inner.put(
        KEY, ledger.encode(Ledger({"a": C, "b": B, "c": C}, "photos", "")), journals.HEADERS
    )
    made.note({"a": A, "b": None})
    made.flush()
    assert stored(store) == Ledger({"a": A, "c": C}, "photos", "")
    assert [operation.name for operation in store.operations] == ["put", "get", "put"]


def test_conflict_with_a_first_ledger(store, clock):
    """Two first deployments at once: both ledgers are merged."""
    made = journal(store, clock)
    store.inner.put(KEY, ledger.encode(Ledger({"b": B})), journals.HEADERS)
    made.note({"a": A})
    made.flush()
    assert stored(store).entries == {"a": A, "b": B}


def test_the_other_run_recorded_its_prefixes(store, clock):
    """What this run did not deploy stays as the other wrote it."""
    made = journal(store, clock, Ledger({}, "photos", "site"))
    store.inner.put(KEY, ledger.encode(Ledger({}, "elsewhere", "site")), journals.HEADERS)
    made.note({"a": A})
    made.flush()
    assert stored(store) == Ledger({"a": A}, "elsewhere", "site")


def test_the_answer_was_lost(store, clock):
    """A conflict with our own earlier attempt ends without another write, or with the same."""
    made = journal(store, clock)
    made.suppose({"a": A})
    store.inner.put(KEY, ledger.encode(Ledger({"a": A})), journals.HEADERS)
    made.flush()
    assert [operation.name for operation in store.operations] == ["put", "get"]
    made.note({"b": B})
    made.flush()
    assert stored(store).entries == {"a": A, "b": B}


def test_the_ledger_vanished(store, clock):
    """Deleted by somebody: it is made again from what is known."""
    made = journal(store, clock, Ledger({"a": A}))
    store.inner.delete([KEY])
    made.note({"b": B})
    made.flush()
    assert stored(store).entries["b"] == B


def test_endless_conflicts(store, clock):
    """Somebody writes all the time: the run gives up and says why."""
    made = journal(store, clock)
    counter = iter(range(1000))

    def meddle(operation: Operation) -> None:
        if operation.name == "put":
            data = ledger.encode(Ledger({str(next(counter)): B}))
            store.inner.put(KEY, data, journals.HEADERS)

    store.before = meddle
    made.note({"a": A})
    with pytest.raises(DeployError) as caught:
        made.flush()
    assert caught.value.reason is FailureReason.REMOTE_CHANGED
    assert "concurrency" in caught.value.advice


def test_a_newer_ledger_appears(store, clock):
    """A newer version took over meanwhile: its ledger is not overwritten."""
    made = journal(store, clock)
    store.inner.put(KEY, b'{"version": 2}', journals.HEADERS)
    made.note({"a": A})
    with pytest.raises(DeployError, match="newer version"):
        made.flush()
    assert store.inner.get(KEY).data == b'{"version": 2}'


def test_a_store_without_conditions(clock):
    """Where conditions are unknown the ledger is written without."""
    store = RecordingStore(MemoryStore(knows_conditions=False))
    made = journal(store, clock)
    made.note({"a": A})
    made.flush()
    assert stored(store).entries == {"a": A}
    assert [operation.name for operation in store.operations] == ["put", "head", "put"]


def test_a_conflict_without_conditions(clock):
    """There the ledger is looked at right before it is written."""
    store = RecordingStore(MemoryStore(knows_conditions=False))
    made = journal(store, clock)
    store.inner.put(KEY, ledger.encode(Ledger({"b": B})), journals.HEADERS)
    made.note({"a": A})
    made.flush()
    assert stored(store).entries == {"a": A, "b": B}


def test_a_conflict_in_between_can_wait(store, clock):
    """Uploads do not wait for the turn of a record; it is tried less often, then written whole."""
    made = journal(store, clock)
    counter = iter(range(1000))

    def meddle(operation: Operation) -> None:
        if operation.name == "put":
            other = ledger.encode(Ledger({f"other {next(counter)}": B}))
            store.inner.put(KEY, other, journals.HEADERS)

    store.before = meddle
    made.note({"a": A})
    for second in range(1000):
        clock.now = float(second)
        made.flush_if_due()
    assert 2 <= len(store.writes) < 50
    store.before = lambda _: None
    made.flush()
    assert stored(store).entries.keys() > {"a"}


def test_conflicts_are_waited_out_for_longer_and_longer(store, clock):
    """Up to 256 times as long as an attempt takes, at random, so that many find turns."""
    rests = []
    made = Journal(store, KEY, Ledger(), None, clock, rest=rests.append)
    counter = iter(range(1000))

    def meddle(operation: Operation) -> None:
        clock.now += 1
        if operation.name == "put":
            data = ledger.encode(Ledger({str(next(counter)): B}))
            store.inner.put(KEY, data, journals.HEADERS)

    store.before = meddle
    made.note({"a": A})
    with pytest.raises(DeployError):
        made.flush()
    assert len(rests) == journals.MOST_CONFLICTS
    assert all(
        0 <= rest <= 2 * 2 ** min(number, journals.MOST_DOUBLINGS)
        for number, rest in enumerate(rests)
    )
    assert max(rests) > 16


def test_many_jobs_at_once():
    """Twenty jobs record their objects at the same moment, again and again: nothing is lost."""
    jobs, store = 20, SlowStore()
    together = threading.Barrier(jobs)

    def record(number: int) -> None:
        made = Journal(store, KEY, Ledger(), None, time.monotonic)
        together.wait()
        for flush in range(2):
            made.note({f"{number}/{flush}/{each}": A for each in range(5)})
            made.flush()

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(record, number) for number in range(jobs)]:
            done.result()
    assert len(ledger.decode(store.get(KEY).data).entries) == jobs * 2 * 5


class SlowStore(MemoryStore):
    """A put takes a moment, in which others read and write."""

    def put(self, *arguments, **named):
        time.sleep(0.01)
        return super().put(*arguments, **named)


def foreign(store, changes) -> None:
    """Another run writes the ledger: changes to what is stored."""
    current = stored(store) if store.inner.get(KEY) else Ledger()
    store.inner.put(KEY, ledger.encode(current.changed(changes)), journals.HEADERS)


@pytest.mark.parametrize("supposed", [B, None], ids=["kept", "deleted"])
def test_a_supposition_does_not_overwrite_what_another_run_has_told(store, clock, supposed):
    """What follows from an old ledger gives way to newer facts; what was done does not."""
    made = journal(store, clock, Ledger({"a": A, "b": B}))
    made.suppose({"a": supposed})
    made.note({"b": C})
    foreign(store, {"a": C, "b": A})
    made.flush()
    assert stored(store).entries == {"a": C, "b": C}
    assert made.entry("a") == C


@pytest.mark.parametrize("supposed", [B, None], ids=["kept", "deleted"])
def test_a_supposition_is_written_if_nobody_else_told(store, clock, supposed):
    """A conflict about other keys leaves it as it is."""
    made = journal(store, clock, Ledger({"a": A}))
    made.suppose({"a": supposed})
    foreign(store, {"c": C})
    made.flush()
    assert stored(store) == Ledger({"a": A, "c": C}).changed({"a": supposed})


def test_an_announced_key_that_another_run_has_put(store, clock):
    """An upload that is only about to happen is no fact against one that has arrived."""
    made = journal(store, clock, Ledger())
    made.suppose({"a": Entry(Owner.PHOTO, listed=False)})
    foreign(store, {"a": A})
    made.flush()
    assert stored(store).entries == {"a": A}


def test_what_was_done_stays_done_when_it_is_told_again(store, clock):
    """A put that is refined later is still this run's own fact."""
    made = journal(store, clock, Ledger())
    made.suppose({"a": B})
    made.note({"a": A})
    made.suppose({"a": C})
    foreign(store, {"a": B})
    made.flush()
    assert stored(store).entries == {"a": C}


def test_what_was_put_again_is_written_though_it_is_nothing_new(store, clock):
    """Another run that found it missing before would take the ledger for one that nobody wrote."""
    theirs = journal(store, clock, Ledger({"a": A}))
    ours = Journal(store, KEY, Ledger({"a": A}), store.head(KEY), clock)
    theirs.forget(["a"])
    ours.note({"a": A})
    ours.flush()
    theirs.note({"b": B})
    theirs.flush()
    assert stored(store).entries == {"a": A, "b": B}


def test_what_is_missing_is_forgotten(store, clock):
    """If nobody else has written the ledger since it was read."""
    made = journal(store, clock, Ledger({"a": A, "b": B}))
    made.forget(["a"])
    made.flush()
    assert stored(store).entries == {"b": B}


def test_a_change_that_another_one_undid_is_seen(store, clock):
    """Each ledger that is written has an ETag of its own, also one that says the same."""
    made = journal(store, clock, Ledger({"a": A}))
    made.forget(["a"])
    others = Journal(store, KEY, Ledger({"a": A}), store.head(KEY), clock)
    for each in (None, A):
        others.note({"a": each})
        others.flush()
    made.flush()
    assert stored(store).entries == {"a": A}


def test_refresh(store, clock):
    """It is read again only if it is another one."""
    made = journal(store, clock, Ledger({"a": A}))
    made.refresh(store.inner.head(KEY))
    assert store.operations == []
    foreign(store, {"a": B})
    made.refresh(store.inner.head(KEY))
    assert made.entry("a") == B


def test_a_deletion_is_told_until_it_ends(store, clock):
    """Others see which keys are being deleted; its own run, and those who ask for others, do not."""
    made = journal(store, clock, Ledger({"a": A, "b": B}))
    made.intend(["a"], None)
    made.flush()
    other = Journal(store, KEY, stored(store), store.head(KEY), clock)
    assert other.others_delete(frozenset("ab"))
    assert not other.others_delete(frozenset("b"))
    assert not made.others_delete(frozenset("a"))
    other.note({"c": C})
    other.flush()
    assert other.others_delete(frozenset("a"))
    made.withdraw()
    made.flush()
    other.refresh(store.head(KEY))
    assert not other.others_delete(frozenset("a"))
    assert stored(store) == Ledger({"a": A, "b": B, "c": C})


def test_an_intent_of_long_ago(store, clock):
    """Its run must have been killed: nobody waits for it, and it is forgotten."""
    then = journal(store, clock, Ledger({"a": A}))
    then.intend(["a"], None)
    then.flush()
    later = Journal(
        store,
        KEY,
        stored(store),
        store.head(KEY),
        clock,
        now=lambda: time.time() + journals.INTENT_SECONDS + 1,
    )
    assert not later.others_delete(frozenset("a"))
    later.note({"b": B})
    later.flush()
    assert stored(store) == Ledger({"a": A, "b": B})


@pytest.mark.parametrize("etag", ["live", None])
def test_a_commit_is_told_until_it_is_made(store, clock, etag):
    """Others see which manifest is about to be replaced."""
    made = journal(store, clock, Ledger({"a": A}))
    made.intend([], etag or "")
    made.flush()
    other = Journal(store, KEY, stored(store), store.head(KEY), clock)
    assert other.others_replace(etag)
    assert not other.others_replace("another")
    other.note({"b": B})
    other.flush()
    assert other.others_replace(etag)
    made.withdraw()
    made.flush()
    assert stored(store) == Ledger({"a": A, "b": B})
