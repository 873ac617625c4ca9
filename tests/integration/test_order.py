"""The seven points of "Order of writes, and what always holds", on the in-memory store."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from support import galleries, program
from support.memory import MemoryStore, RecordingStore

from galleria_action import ledger, listing, report
from galleria_action.errors import FailureReason, StoreError

MANIFEST = "gallery-metadata.json"
LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"


def published(store) -> set[str]:
    """Keys that the live manifest lists."""
    found = store.inner.objects.get(MANIFEST)
    if found is None:
        return set()
    photos = json.loads(found.data)["photos"]
    return {f"photos/{path}" for photo in photos for path in photo["files"].values()}


def assert_whole(store) -> None:
    missing = published(store) - set(store.inner.objects)
    assert not missing, f"the live manifest lists {missing}"


def ledger_of(store):
    return ledger.decode(store.inner.objects[LEDGER].data)


def group_of(key: str) -> int:
    """The place of a put in the order of writes."""
    if key.startswith("photos/"):
        return 0
    if key == LEDGER:
        return 3
    if key == MANIFEST:
        return 4
    return 2 if key.endswith(".html") else 1


def test_writes_go_photos_site_pages_ledger_manifest_ledger(store, gallery):
    """Every reference is written after what it refers to; the manifest is the commit."""
    program.deployed(gallery.root, store)
    assert store.writes[0].key == LEDGER  # what is about to be put
    groups = [group_of(each.key) for each in store.writes[1:]]
    assert groups[:-1] == sorted(groups[:-1])
    assert [each.key for each in store.writes[-3:]] == [LEDGER, MANIFEST, LEDGER]


def test_deletes_come_after_the_commit(store, gallery):
    """A removed photo disappears only once no live manifest lists it."""
    program.deployed(gallery.root, store)
    gallery.remove("b")
    gallery.write()
    store.operations.clear()
    ran = program.deployed(gallery.root, store)
    assert [each.name for each in store.writes] == ["put", "put", "delete", "put"]
    assert [each.key for each in store.writes if each.name == "put"] == [LEDGER, MANIFEST, LEDGER]
    assert store.writes[2].key == "photos/full/b.jpg,photos/thumb/b.webp,photos/web/b.jpg"
    assert ran.outputs["deleted-files"] == "3"
    assert ran.outputs["photos-to-delete"] == "1"
    assert set(ledger_of(store).entries) == {*gallery.keys(), *galleries.SITE, MANIFEST}


def test_a_dry_run_writes_nothing(store, gallery):
    """Point 1: neither objects nor our own records."""
    ran = program.deployed(gallery.root, store, dry_run="true")
    assert store.writes == []
    assert ran.outputs["changes"] == "true"
    assert ran.outputs["photos-to-upload"] == "3"


def test_a_dry_run_prints_the_documented_lines(store, gallery):
    """The log of a dry run is a contract: these lines, nothing between them."""
    ran = program.deployed(gallery.root, store, dry_run="true")
    assert ran.log.startswith(
        "[DRY RUN] Using metadata-driven deployment...\n"
        "Bucket: gallery\n"
        "\n"
        "Deployment Plan:\n"
        "  Photos to upload: 3\n"
        "  Photos to delete: 0\n"
        "  Photos unchanged: 0\n"
        "\n"
        "Dry run completed - no files were uploaded\n"
    )


def test_the_live_gallery_is_whole_after_every_single_operation(store, gallery):
    """Point 2, on a deployment that adds, changes and removes at once."""
    store.after = lambda _: assert_whole(store)
    program.deployed(gallery.root, store)
    gallery.add("d")
    gallery.add("a", seed="other picture")
    gallery.remove("b")
    gallery.write()
    program.deployed(gallery.root, store)
    assert published(store) == gallery.keys()
    assert set(store.inner.objects) == {*gallery.keys(), *galleries.SITE, MANIFEST, LEDGER}


def test_the_last_look_shares_large_objects_among_listings(store, gallery, monkeypatch):
    """Stores without ETags of their own read what is new to list it; only this time, so only here.

    The first listing and that of a run which sends nothing are as few as ever.
    """
    monkeypatch.setattr(listing, "HEAVY", 1)
    few = {"", "data/", "js/", "photos/"}
    program.deployed(gallery.root, store)
    listed = [each.key for each in store.operations if each.name == "list"]
    store.operations.clear()
    program.deployed(gallery.root, store)

    assert set(listed[: len(few)]) == few
    assert {"photos/full/a", "photos/full/b", "photos/full/c"} <= set(listed[len(few) :])
    assert {each.key for each in store.operations if each.name == "list"} == few


def crash_at(store, number: int):
    """Let the program die before its write ``number`` and every write after it."""

    def before(operation):
        if operation.writes and len(store.writes) > number:
            raise SystemExit(f"killed before write {number}: {operation}")

    store.before = before


def number_of_writes(tmp_path) -> int:
    """Writes of the deployment that `test_killed_anywhere` interrupts."""
    return len(update(tmp_path, RecordingStore(MemoryStore()), lambda store: None))


def update(tmp_path, store, interrupt):
    """Deploy a gallery, change it, deploy again with ``interrupt`` in force; the writes."""
    gallery = galleries.make(tmp_path)
    program.deployed(gallery.root, store)
    gallery.add("d")
    gallery.add("a", seed="other picture")
    gallery.remove("b")
    gallery.write()
    gallery.write_site({"index.html": b"<title>New</title>"})
    store.operations.clear()
    interrupt(store)
    with suppress(SystemExit):
        program.deployed(gallery.root, store)
    return store.writes


def test_killed_anywhere_the_gallery_is_whole_and_a_rerun_converges(tmp_path):
    """Points 2 and 7: killed before each of its writes in turn, the next run finishes the work."""
    total = number_of_writes(tmp_path / "count")
    assert total > 10
    for number in range(total):
        store = RecordingStore(MemoryStore())
        root = tmp_path / str(number)
        update(root, store, lambda store, number=number: crash_at(store, number))
        assert_whole(store)
        store.before = lambda _: None
        gallery = galleries.make(root)
        gallery.add("d")
        gallery.add("a", seed="other picture")
        gallery.remove("b")
        gallery.write()
        gallery.write_site({"index.html": b"<title>New</title>"})
        program.deployed(gallery.root, store)
        assert published(store) == gallery.keys()
        assert set(store.inner.objects) == {*gallery.keys(), *galleries.SITE, MANIFEST, LEDGER}
        store.operations.clear()
        ran = program.deployed(gallery.root, store)
        assert store.writes == []
        assert ran.outputs["changes"] == "false"


@pytest.mark.parametrize(
    ("failing", "message", "written"),
    [
        ("photos/full/b.jpg", "Photo deployment failed: ", {0}),
        ("style.css", "Static site deployment failed: ", {0, 1}),
        ("index.html", "Static site deployment failed: ", {0, 1, 2}),
    ],
)
def test_an_error_stops_the_next_group(store, gallery, failing, message, written):
    """Point 3: no later group, no manifest and no delete after a failed upload."""

    def fail(operation):
        if operation.name == "put" and operation.key == failing:
            raise StoreError(FailureReason.UPLOAD, "Error: Could not write it: no room")

    store.before = fail
    ran = program.run(gallery.root, store)
    assert ran.reason == "upload"
    assert ran.error.headline.startswith(message)
    arrived = {group_of(key) for key in store.inner.objects if key != LEDGER}
    assert arrived <= written
    assert MANIFEST not in store.inner.objects
    assert ran.outputs["failure-reason"] == "upload"


def test_what_arrived_before_an_error_is_not_sent_again(store, gallery):
    """Point 7: the ledger is written after a failure as well."""

    def fail(operation):
        if operation.name == "put" and operation.key == "index.html":
            raise StoreError(FailureReason.UPLOAD, "Error: no room")

    store.before = fail
    program.run(gallery.root, store)
    store.before = lambda _: None
    store.operations.clear()
    ran = program.deployed(gallery.root, store)
    assert [each.key for each in store.writes] == ["index.html", LEDGER, MANIFEST, LEDGER]
    assert ran.outputs["uploaded-files"] == "2"


def foreign_commit(store, at):
    """Let somebody else commit another manifest before the operation ``at`` is made, once."""

    def before(operation):
        if (operation.name, operation.key) == at and not done:
            done.append(operation)
            inner = store.inner
            stored = inner.objects.get(MANIFEST)
            headers = stored.headers if stored else None
            inner.put(MANIFEST, b'{"somebody": "else"}', headers)

    done: list = []
    store.before = before
    return done


@pytest.mark.parametrize(
    "at",
    [
        ("put", "photos/full/a.jpg"),
        ("put", "style.css"),
        ("put", "index.html"),
        ("put", LEDGER),
        ("put", MANIFEST),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_commit_in_between_is_never_overwritten(store, gallery, at, first):
    """Point 4: whenever somebody else commits, the run ends in remote-changed."""
    if not first:
        program.deployed(gallery.root, store)
        gallery.add("a", seed="other picture")
        gallery.write()
        gallery.write_site({name: data + b" " for name, data in galleries.SITE.items()})
    done = foreign_commit(store, at)
    ran = program.run(gallery.root, store)
    assert done, "nobody interfered"
    assert ran.reason == "remote-changed"
    assert store.inner.objects[MANIFEST].data == b'{"somebody": "else"}'


def test_an_object_that_vanishes_before_the_commit_is_noticed(store, gallery):
    """The last listing must show exactly what was planned or returned."""

    def before(operation):
        if operation.name == "put" and operation.key == LEDGER:
            store.inner.delete(["photos/web/a.jpg"])

    store.before = before
    ran = program.run(gallery.root, store)
    assert ran.reason == "remote-changed"
    assert MANIFEST not in store.inner.objects
    assert "photos/web/a.jpg" in ran.error.text()


@pytest.mark.parametrize("error", ["412", "lost"])
def test_a_lost_answer_to_the_commit_counts_as_success(store, gallery, error):
    """Point 4: the put happened, its answer got lost, and the retry is refused or fails, too."""
    from galleria_action.errors import ConditionFailed

    def after(operation):
        if (operation.name, operation.key) == ("put", MANIFEST):
            if error == "412":
                raise ConditionFailed(MANIFEST)
            raise StoreError(FailureReason.NETWORK, "Error: the connection was lost")

    store.after = after
    ran = program.deployed(gallery.root, store)
    assert ran.outputs["failure-reason"] == ""
    assert published(store) == gallery.keys()


def test_a_store_without_conditions_commits_by_the_gate_alone(gallery):
    """Point 4: a store that does not know the condition still gets the check."""
    store = RecordingStore(MemoryStore(knows_conditions=False))
    program.deployed(gallery.root, store)
    gallery.add("a", seed="other picture")
    gallery.write()
    done = foreign_commit(store, ("head", MANIFEST))
    ran = program.run(gallery.root, store)
    assert done
    assert ran.reason == "remote-changed"
    assert store.inner.objects[MANIFEST].data == b'{"somebody": "else"}'


@pytest.mark.parametrize("mode", ["metadata", "directory"])
def test_the_same_deployment_twice_writes_nothing(store, gallery, mode):
    """Point 5: not even our own records."""
    if mode == "directory":
        gallery.manifest.unlink()
    program.deployed(gallery.root, store)
    store.operations.clear()
    ran = program.deployed(gallery.root, store)
    assert store.writes == []
    assert ran.outputs["mode"] == mode
    assert ran.outputs["changes"] == "false"
    assert ran.outputs["uploaded-files"] == "0"
    assert ran.outputs["photos-unchanged"] == ("3" if mode == "metadata" else "9")


def test_objects_of_others_survive_and_replaced_ones_are_counted(store, gallery):
    """Point 6: only what the manifest or the ledger says is ours is ever deleted."""
    inner = store.inner
    others = ["other.jpg", "photos/full/zzz.jpg", "photos2/full/a.jpg", "site/index.html", "z/y"]
    for key in [*others, "photos/full/a.jpg", "index.html"]:
        inner.put(key, b"somebody else's", None)
    ran = program.deployed(gallery.root, store, delete_stale_site="true", max_deletes="1000")
    assert "2 objects at this gallery's keys will be replaced" in ran.log
    gallery.remove("a")
    gallery.write()
    (gallery.site / "style.css").unlink()
    ran = program.deployed(gallery.root, store, delete_stale_site="true")
    assert ran.outputs["site-to-delete"] == "1"
    assert {key: inner.objects[key].data for key in others} == dict.fromkeys(
        others, b"somebody else's"
    )


def test_a_run_that_lost_does_not_overwrite_the_others_facts(store, gallery):
    """After a conflict a run adds its own facts to the ledger, not its old view of the rest."""
    program.deployed(gallery.root, store)
    gallery.add("d")
    gallery.write()
    newer = {}

    def before(operation):
        if operation == ("put", "photos/full/d.jpg") and not newer:
            current = ledger_of(store)
            entry = current.entries["photos/full/a.jpg"]._replace(etag="newer")
            newer["photos/full/a.jpg"] = entry
            headers = store.inner.objects[LEDGER].headers
            store.inner.put(LEDGER, ledger.encode(current.changed(newer)), headers)
            store.inner.put(MANIFEST, b"{}", headers)

    store.before = before
    assert program.run(gallery.root, store).reason == "remote-changed"
    entries = ledger_of(store).entries
    assert entries["photos/full/a.jpg"].etag == "newer"
    assert "photos/full/d.jpg" in entries


def test_a_failure_after_the_commit_does_not_call_the_gallery_undeployed(store, gallery):
    """The outcome knows that the new gallery is live, and the summary of the failure says so."""
    program.deployed(gallery.root, store)
    gallery.remove("b")
    gallery.write()

    def fail(operation):
        if operation.name == "delete":
            raise StoreError(FailureReason.NETWORK, "Error: the connection was lost")

    store.before = fail
    ran = program.run(gallery.root, store)
    assert ran.reason == "network"
    assert ran.outcome.committed
    said = report.failure(ran.error, ran.outcome)
    assert said.startswith("## Deployed, but not finished: network")
    assert "live and complete" in said
    assert_whole(store)
