"""Two runs that meet: one deletes what the other is about to publish.

The one stands still in a thread; when the other waits, it goes on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from support import galleries, program
from support.galleries import Gallery
from support.memory import MemoryStore, Operation, RecordingStore
from support.program import Ran

from galleria_action import keys, ledger, standby
from galleria_action.delivery import Delivery
from galleria_action.errors import FailureReason, StoreError

KEY, OTHER = "gallery-metadata.json", "other.json"
OF_B = {"photos/full/b.jpg", "photos/web/b.jpg", "photos/thumb/b.webp"}
OF_D = {"photos/full/d.jpg", "photos/web/d.jpg", "photos/thumb/d.webp"}


class Standing:
    """A run that stands still before an operation, until it is told to go on."""

    def __init__(self, gallery: Gallery, bucket: MemoryStore, at: Callable, **inputs: str) -> None:
        self.ran: Ran | None = None
        self.reached, self._goes_on = threading.Event(), threading.Event()
        store = RecordingStore(bucket)

        def before(operation: Operation) -> None:
            if not self.reached.is_set() and at(store, operation):
                self.reached.set()
                assert self._goes_on.wait(60)

        store.before = before

        def run() -> None:
            self.ran = program.run(gallery.root, store, **inputs)

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert self.reached.wait(60)

    def go_on(self, _seconds: float = 0) -> None:
        """Let it end."""
        self._goes_on.set()
        self._thread.join(60)
        assert self.ran is not None


def deleting(_store: RecordingStore, operation: Operation) -> bool:
    return operation.name == "delete"


def looking(store: RecordingStore, operation: Operation) -> bool:
    """The last look, behind the commit."""
    return operation == ("list", keys.RECORDS) and Operation("put", KEY) in store.operations


def committing(_store: RecordingStore, operation: Operation) -> bool:
    return operation == ("put", KEY)


@pytest.fixture
def bucket():
    return MemoryStore()


@pytest.fixture
def make(tmp_path):
    """Makes a gallery of the photos named."""

    def made(names: str) -> Gallery:
        gallery = Gallery(tmp_path / f"{names}-{len([*tmp_path.iterdir()])}")
        for name in names:
            gallery.add(name, seed=name)
        gallery.write()
        gallery.write_site(galleries.SITE)
        return gallery

    return made


def run(gallery: Gallery, bucket, rest: Callable[[float], None] = lambda _: None, **inputs) -> Ran:
    return program.run(gallery.root, bucket, delivery=Delivery(rest=rest), **inputs)


def is_whole(bucket: MemoryStore, key: str = KEY) -> bool:
    photos = json.loads(bucket.objects[key].data)["photos"]
    return {f"photos/{path}" for photo in photos for path in photo["files"].values()} <= set(
        bucket.objects
    )


def entries(bucket: MemoryStore) -> dict[str, ledger.Entry]:
    return ledger.decode(bucket.objects[keys.ledger(KEY)].data).entries


def test_another_gallery_that_is_just_deleting(bucket, make):
    """It is waited for; what it has deleted is missed before anything lists it, and both say so."""
    program.deployed(make("ab").root, bucket)
    program.deployed(make("c").root, bucket, metadata_key=OTHER)
    other = Standing(make("a"), bucket, deleting)
    gallery = make("bc")
    ran = run(gallery, bucket, other.go_on, metadata_key=OTHER)
    assert (ran.reason, other.ran.reason) == ("remote-changed", "remote-changed")
    assert {str(each) for each in ran.error.problems} == OF_B
    assert is_whole(bucket, OTHER)
    assert run(gallery, bucket, metadata_key=OTHER).reason == ""
    assert is_whole(bucket, OTHER)


def test_another_gallery_that_will_look_once_more(bucket, make):
    """It sees the claim, leaves the files, and both succeed."""
    program.deployed(make("ab").root, bucket)
    program.deployed(make("c").root, bucket, metadata_key=OTHER)
    other = Standing(make("a"), bucket, looking)
    ran = run(make("bc"), bucket, other.go_on, metadata_key=OTHER)
    assert (ran.reason, other.ran.reason) == ("", "")
    assert other.ran.outputs["deleted-files"] == "0"
    assert is_whole(bucket, OTHER)
    assert not OF_B & entries(bucket).keys()


def test_another_run_of_this_gallery_that_is_just_deleting(bucket, make):
    """What one run deletes and the next one publishes again: that one waits and misses it."""
    back = make("ab")
    program.deployed(back.root, bucket)
    other = Standing(make("a"), bucket, deleting)
    ran = run(back, bucket, other.go_on)
    assert (ran.reason, other.ran.reason) == ("remote-changed", "")
    assert is_whole(bucket)
    assert run(back, bucket).reason == ""
    assert is_whole(bucket)


def test_another_run_of_this_gallery_that_will_look_once_more(bucket, make):
    """It sees the claim, and the commit if there is one; what is published again stays."""
    back = make("ab")
    program.deployed(back.root, bucket)
    other = Standing(make("a"), bucket, looking)
    ran = run(back, bucket, other.go_on)
    assert (ran.reason, other.ran.reason) == ("", "")
    assert is_whole(bucket)
    assert {entry.is_settled for entry in entries(bucket).values()} == {True}


def test_a_run_that_was_killed_while_it_deleted(bucket, make):
    """Nobody says when it ends: it is waited for as long as a look may be old, and told of."""
    back = make("ab")
    program.deployed(back.root, bucket)
    store = RecordingStore(bucket)

    def before(operation: Operation) -> None:
        if killed or operation.name == "delete":
            killed.append(operation)
            raise SystemExit

    killed = []
    store.before = before
    with pytest.raises(SystemExit):
        program.run(make("a").root, store)
    rests = []
    ran = run(back, bucket, rests.append)
    assert ran.reason == ""
    assert rests == [*standby.PAUSES]
    assert (
        "Another deployment was about to delete files that this one publishes: waiting" in ran.log
    )
    assert is_whole(bucket)
    assert {entry.is_settled for entry in entries(bucket).values()} == {True}


def test_nobody_waits_for_deletions_of_other_files(bucket, make):
    """A run that was killed while it deleted what nobody wants any more holds nobody up."""
    program.deployed(make("ab").root, bucket)
    other = Standing(make("a"), bucket, deleting)

    def never(_seconds: float) -> None:
        raise AssertionError

    assert run(make("ac"), bucket, never).reason == ""
    other.go_on()
    assert is_whole(bucket)


def test_leftovers_that_another_run_is_about_to_list(bucket, make):
    """Who deletes and commits nothing waits for the one that commits, and leaves it all to it."""
    old, new = make("ab"), make("abd")
    program.deployed(old.root, bucket)
    program.deployed(new.root, bucket, shard="1/1")
    other = Standing(new, bucket, committing)
    ran = run(old, bucket, other.go_on)
    assert (ran.reason, other.ran.reason) == ("remote-changed", "")
    assert "another deployment was committed before the deletes" in ran.error.text()
    assert is_whole(bucket)
    assert set(bucket.objects) >= OF_D


def test_leftovers_of_a_run_that_was_killed_before_its_commit(bucket, make):
    """Nobody says that it will not commit: it is waited for, and then they are deleted."""
    old, new = make("ab"), make("abd")
    program.deployed(old.root, bucket)
    store = RecordingStore(bucket)

    def before(operation: Operation) -> None:
        if killed or operation == ("put", KEY):
            killed.append(operation)
            raise SystemExit

    killed = []
    store.before = before
    with pytest.raises(SystemExit):
        program.run(new.root, store)
    rests = []
    ran = run(old, bucket, rests.append)
    assert (ran.reason, ran.outputs["deleted-files"]) == ("", "3")
    assert rests == [*standby.PAUSES]
    assert not OF_D & set(bucket.objects)
    rests.clear()
    assert run(old, bucket, rests.append).outputs["changes"] == "false"
    assert rests == []


def failing(store: RecordingStore, operation: Operation) -> None:
    if committing(store, operation):
        raise StoreError(FailureReason.NETWORK, "Error: Could not write it")


@pytest.mark.parametrize(
    ("before", "inputs", "reason"),
    [(failing, {}, "network"), (lambda *_: None, {"shard": "1/1"}, "")],
    ids=["failed to commit", "only sent"],
)
def test_leftovers_that_nobody_is_about_to_list(bucket, make, before, inputs, reason):
    """A run that failed has taken back what it was about to do: they are deleted at once."""
    old, new = make("ab"), make("abd")
    program.deployed(old.root, bucket)
    store = RecordingStore(bucket)
    store.before = lambda operation: before(store, operation)
    assert program.run(new.root, store, **inputs).reason == reason
    rests = []
    ran = run(old, bucket, rests.append)
    assert (ran.reason, ran.outputs["deleted-files"], rests) == ("", "3", [])


def test_stale_site_files_beside_a_commit(bucket, make):
    """No manifest lists them: who deletes them waits for nobody that commits."""
    gallery, more = make("a"), make("ab")
    program.deployed(gallery.root, bucket)
    other = Standing(more, bucket, committing, photos_only="true")
    (gallery.site / "style.css").unlink()
    rests = []
    ran = run(gallery, bucket, rests.append, site_only="true", delete_stale_site="true")
    assert (ran.reason, ran.outputs["deleted-files"], rests) == ("", "1", [])
    other.go_on()
    assert other.ran.reason == ""
    assert is_whole(bucket)


def test_a_neighbour_that_cannot_be_read_holds_nobody_up(bucket, make):
    """Nobody deletes while it cannot be read, so there is nobody to wait for."""
    program.deployed(make("ab").root, bucket)
    gallery = make("b")
    bucket.objects[keys.ledger("third.json")] = bucket.objects[KEY]._replace(data=b"no ledger")
    rests = []
    assert run(gallery, bucket, rests.append, metadata_key=OTHER).reason == ""
    assert rests == []


@pytest.mark.parametrize(("slow", "looks"), [(1, 2), (9, 3)])
def test_a_look_that_takes_long_is_made_again(bucket, make, slow, looks):
    """Large ledgers of neighbours are read, and then looked at once more before a delete."""
    gallery = make("ab")
    program.deployed(gallery.root, bucket)
    less, store, seconds = make("a"), RecordingStore(bucket), [0.0]
    took = []

    def after(operation: Operation) -> None:
        if looking(store, operation) and len(took) < slow:
            took.append(operation)
            seconds[0] += standby.FRESH_SECONDS + 1

    store.after = after
    ran = program.run(less.root, store, clock=lambda: seconds[0])
    assert (ran.reason, ran.outputs["deleted-files"]) == ("", "3")
    names = [each.name for each in store.operations]
    between = store.operations[store.operations.index(("put", KEY)) : names.index("delete")]
    assert between.count(("list", keys.RECORDS)) == looks


def test_what_another_run_puts_again_meanwhile_is_not_forgotten(bucket, make):
    """A key that was missing when the plan was made, in the ledger's words of before."""
    gallery, less = make("ab"), make("a")
    program.deployed(gallery.root, bucket)
    for key in OF_B:
        del bucket.objects[key]
    store = RecordingStore(bucket)

    def before(operation: Operation) -> None:
        if operation.writes:
            store.before = lambda _: None
            program.deployed(gallery.root, bucket)

    store.before = before
    program.run(less.root, store)
    assert is_whole(bucket)
    assert {key for key in OF_B if key in bucket.objects} <= entries(bucket).keys()


@pytest.mark.parametrize(("at", "reason"), [(deleting, "remote-changed"), (looking, "")])
def test_a_site_that_another_gallery_is_just_deleting(bucket, make, at, reason):
    """A run that commits nothing tells the others, too, and waits for them."""
    one, two = make("a"), make("b")
    program.deployed(one.root, bucket)
    (two.site / "style.css").unlink()
    program.deployed(two.root, bucket, metadata_key=OTHER)
    one.add("c", seed="c")  # so that there is a commit behind which it looks
    one.write()
    (one.site / "style.css").unlink()
    other = Standing(one, bucket, at, delete_stale_site="true")
    two.write_site(galleries.SITE | {"more.css": b"p {}"})
    ran = run(two, bucket, other.go_on, metadata_key=OTHER, site_only="true")
    assert ran.reason == reason
    assert ("style.css" in bucket.objects) is (reason == "")
