"""Galleries that publish the same keys of a bucket: who may delete them, and when."""

from __future__ import annotations

import json

import pytest
from support import galleries, program
from support.memory import Operation

from galleria_action import keys, ledger
from galleria_action.errors import FailureReason, StoreError

ONE, TWO = "one.json", "folder/two.json"
OF_B = {"photos/full/b.jpg", "photos/web/b.jpg", "photos/thumb/b.webp"}


@pytest.fixture
def one(tmp_path):
    return galleries.make(tmp_path / "one")


@pytest.fixture
def two(tmp_path):
    return galleries.make(tmp_path / "two")


def deploy(gallery, store, key, **inputs):
    return program.deployed(gallery.root, store, metadata_key=key, **inputs)


def without_b(gallery):
    gallery.remove("b")
    gallery.write()
    return gallery


def entries(store, key):
    return ledger.decode(store.inner.objects[keys.ledger(key)].data).entries


def listed(store, key) -> set[str]:
    photos = json.loads(store.inner.objects[key].data)["photos"]
    return {f"photos/{path}" for photo in photos for path in photo["files"].values()}


def test_what_another_gallery_publishes_is_left_to_it(store, one, two):
    """The first to let a photo go leaves it, says so, and owns it no more; the last deletes it."""
    deploy(one, store, ONE)
    deploy(two, store, TWO)
    ran = deploy(without_b(one), store, ONE)
    assert "3 files of this gallery will not be deleted, because another gallery" in ran.log
    assert (ran.outputs["photos-to-delete"], ran.outputs["deleted-files"]) == ("0", "0")
    assert set(store.inner.objects) >= OF_B
    assert not OF_B & entries(store, ONE).keys()
    store.operations.clear()
    assert deploy(one, store, ONE).outputs["changes"] == "false"
    assert store.writes == []

    ran = deploy(without_b(two), store, TWO)
    assert (ran.outputs["photos-to-delete"], ran.outputs["deleted-files"]) == ("1", "3")
    assert not OF_B & set(store.inner.objects)


def test_site_files_of_another_gallery(store, one, two):
    """Stale site files, too, are deleted only by the last gallery that has them."""
    deploy(one, store, ONE)
    deploy(two, store, TWO)
    for gallery, key, gone in ((one, ONE, False), (two, TWO, True)):
        (gallery.site / "style.css").unlink()
        deploy(gallery, store, key, delete_stale_site="true")
        assert ("style.css" not in store.inner.objects) is gone


def test_galleries_of_their_own_delete_as_ever(store, one, two):
    """Another gallery in other folders makes no difference."""
    deploy(one, store, ONE, photos_prefix="p1", site_prefix="s1")
    deploy(two, store, TWO, photos_prefix="p2", site_prefix="s2")
    ran = deploy(without_b(one), store, ONE, photos_prefix="p1", site_prefix="s1")
    assert ran.outputs["deleted-files"] == "3"
    assert "another gallery" not in ran.log


def test_nobody_is_asked_if_nothing_is_to_be_deleted(store, one):
    """A deployment without deletes makes no request more."""
    deploy(one, store, ONE)
    one.add("d")
    one.write()
    store.operations.clear()
    deploy(one, store, ONE)
    assert Operation("list", keys.RECORDS) not in store.operations


def test_a_gallery_that_comes_in_between(store, one, two):
    """Claimed after the plan and before the delete: it stays, and the live manifests are whole."""
    deploy(one, store, ONE)
    without_b(one)

    def before(operation: Operation) -> None:
        if operation == ("put", ONE):
            store.before = lambda _: None
            deploy(two, store.inner, TWO)

    store.before = before
    ran = deploy(one, store, ONE)
    assert ran.outputs["photos-to-delete"] == "1"
    assert ran.outputs["deleted-files"] == "0"
    assert listed(store, TWO) <= set(store.inner.objects)
    assert not OF_B & entries(store, ONE).keys()


def test_a_run_that_fails_gives_nothing_away(store, one, two):
    """Until a gallery has committed without a file, the file is still its own."""
    deploy(one, store, ONE)
    deploy(two, store, TWO)
    without_b(one)
    one.add("d")
    one.write()

    def before(operation: Operation) -> None:
        if operation == ("put", ONE):
            raise StoreError(FailureReason.NETWORK, "Error: Could not write it")

    store.before = before
    assert program.run(one.root, store, metadata_key=ONE).reason == "network"
    store.before = lambda _: None
    deploy(without_b(two), store, TWO)
    assert listed(store, ONE) >= OF_B
    assert listed(store, ONE) <= set(store.inner.objects)


def test_both_let_it_go_at_once(store, one, two):
    """Each sees the other's claim when it plans; in the end nobody publishes it, and it is gone."""
    deploy(one, store, ONE)
    deploy(two, store, TWO)
    without_b(one)
    without_b(two)

    def before(operation: Operation) -> None:
        if operation == ("put", ONE):
            store.before = lambda _: None
            deploy(two, store.inner, TWO)

    store.before = before
    deploy(one, store, ONE)
    assert not OF_B & set(store.inner.objects)


def test_another_run_of_this_gallery_has_put_it_again(store, one, two):
    """What the ledger says of a key since the plan was made is believed: it is not deleted."""
    deploy(one, store, ONE)
    without_b(one)

    def before(operation: Operation) -> None:
        if operation == ("put", keys.ledger(ONE)):
            store.before = lambda _: None
            current = ledger.decode(store.inner.objects[keys.ledger(ONE)].data)
            key = "photos/web/b.jpg"
            newer = {key: ledger.Entry(ledger.Owner.PHOTO, "s", etag="newer")}
            headers = store.inner.objects[keys.ledger(ONE)].headers
            store.inner.put(keys.ledger(ONE), ledger.encode(current.changed(newer)), headers)

    one.add("d")
    one.write()
    store.before = before
    deploy(one, store, ONE)
    assert OF_B & set(store.inner.objects) == {"photos/web/b.jpg"}
    assert entries(store, ONE)["photos/web/b.jpg"].etag == "newer"


def test_the_same_bytes_again_are_not_forgotten(store, one):
    """A file that another run puts again while it is deleted stays known, though nothing of it is new."""
    deploy(one, store, ONE)
    key = "photos/web/b.jpg"
    object_, entry = store.inner.objects[key], entries(store, ONE)[key]
    without_b(one)

    def after(operation: Operation) -> None:
        if operation.name == "delete":
            store.inner.objects[key] = object_
            stored = store.inner.objects[keys.ledger(ONE)]
            newer = ledger.decode(stored.data).changed({key: entry})
            store.inner.put(keys.ledger(ONE), ledger.encode(newer), stored.headers)

    store.after = after
    deploy(one, store, ONE)
    assert entries(store, ONE)[key] == entry
    assert OF_B & entries(store, ONE).keys() == {key}


def test_killed_before_it_deletes(store, one):
    """What was announced and not deleted is deleted by the next run."""
    deploy(one, store, ONE)
    without_b(one)
    killed = False

    def before(operation: Operation) -> None:
        nonlocal killed
        killed = killed or operation.name == "delete"
        if killed:  # whatever it would still do
            raise SystemExit

    store.before = before
    with pytest.raises(SystemExit):
        deploy(one, store, ONE)
    assert all(entries(store, ONE)[key].is_going for key in OF_B)
    store.before = lambda _: None
    assert deploy(one, store, ONE).outputs["deleted-files"] == "3"
    assert not OF_B & (set(store.inner.objects) | entries(store, ONE).keys())


def test_a_commit_while_objects_are_deleted_is_told(store, one):
    """The moment between the last look and the delete is not closed, but it is not hidden."""
    deploy(one, store, ONE)
    without_b(one)

    def before(operation: Operation) -> None:
        if operation.name == "delete":
            store.inner.put(ONE, b"{}", None)

    store.before = before
    ran = program.run(one.root, store, metadata_key=ONE)
    assert ran.reason == "remote-changed"
    assert "while objects were being deleted: run that one again" in ran.error.text()


def test_a_gallery_that_comes_while_objects_are_deleted(store, one, two):
    """The same moment with another gallery: it is told which files that one lacks now."""
    deploy(one, store, ONE)
    without_b(one)

    def before(operation: Operation) -> None:
        if operation.name == "delete":
            store.before = lambda _: None
            deploy(two, store.inner, TWO)

    store.before = before
    ran = program.run(one.root, store, metadata_key=ONE)
    assert ran.reason == "remote-changed"
    assert "another gallery has published what was just being deleted" in ran.error.text()
    assert {str(each) for each in ran.error.problems} == OF_B
    assert ran.outcome.committed
    assert deploy(two, store, TWO).outputs["failure-reason"] == ""
    assert listed(store, TWO) <= set(store.inner.objects)


@pytest.mark.parametrize("broken", [b"no ledger", b'{"version": 99}'])
def test_a_neighbour_that_cannot_be_read(store, one, two, broken):
    """Then nobody knows what is that one's: nothing is deleted, with a warning, until it can."""
    deploy(one, store, ONE)
    deploy(two, store, TWO, photos_prefix="p2", site_prefix="s2")
    good = store.inner.objects[keys.ledger(TWO)]
    store.inner.put(keys.ledger(TWO), broken, good.headers)
    ran = deploy(without_b(one), store, ONE)
    assert f"The ledger {keys.ledger(TWO)} of another gallery cannot be read" in ran.log
    assert ran.outputs["deleted-files"] == "0"
    assert set(store.inner.objects) >= OF_B

    store.inner.put(keys.ledger(TWO), good.data, good.headers)
    assert deploy(one, store, ONE).outputs["deleted-files"] == "3"


def test_a_key_that_may_not_read_the_neighbour(store, one, two):
    """A right that is missing is no failure: nothing is deleted; one of the network is."""
    deploy(one, store, ONE)
    deploy(two, store, TWO)
    without_b(one)
    reasons = [FailureReason.NETWORK, FailureReason.CREDENTIALS]

    def before(operation: Operation) -> None:
        if operation == ("get", keys.ledger(TWO)):
            raise StoreError(reasons[0], "Error: Could not read it")

    store.before = before
    assert program.run(one.root, store, metadata_key=ONE).reason == "network"
    del reasons[0]
    assert "cannot be read" in deploy(one, store, ONE).log
