"""Several jobs upload the photos of one gallery, then a normal run commits it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from support import galleries, program
from support.memory import MemoryStore, RecordingStore

from galleria_action import ledger

MANIFEST = "gallery-metadata.json"
LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"
NAMES = "abcdefghij"
SHARDS = ("1/3", "2/3", "3/3")


@pytest.fixture
def bucket():
    return MemoryStore()


@pytest.fixture
def gallery(tmp_path):
    return galleries.make(tmp_path, NAMES)


def run(root, bucket, **inputs):
    """A successful run, and the keys that it put, our own record not among them."""
    store = RecordingStore(bucket)
    ran = program.deployed(root, store, **inputs)
    assert all(each.name == "put" for each in store.writes)
    return ran, [each.key for each in store.writes if each.key != LEDGER]


def commit(gallery, bucket) -> None:
    """The normal run sends site and manifest alone; one more has nothing to do."""
    ran, keys = run(gallery.root, bucket)
    assert set(keys) == {*galleries.SITE, MANIFEST}
    assert ran.outputs["photos-unchanged"] == str(len(gallery.photos))
    assert bucket.objects.keys() == {*gallery.keys(), *galleries.SITE, MANIFEST, LEDGER}
    entries = ledger.decode(bucket.objects[LEDGER].data).entries
    assert all(entry.listed and entry.headers for entry in entries.values())
    ran, keys = run(gallery.root, bucket)
    assert (ran.outputs["changes"], keys) == ("false", [])


def test_in_turn(gallery, bucket):
    """Each sends photos that no other sends; a second run of one sends nothing."""
    sent = []
    for shard in SHARDS:
        ran, keys = run(gallery.root, bucket, shard=shard)
        assert keys
        assert ran.outputs["uploaded-files"] == str(len(keys))
        assert ran.outputs["changes"] == "true"
        sent += keys
        ran, keys = run(gallery.root, bucket, shard=shard)
        assert (keys, ran.outputs["uploaded-files"]) == ([], "0")
    assert sorted(sent) == sorted(gallery.keys())
    assert MANIFEST not in bucket.objects
    commit(gallery, bucket)


def at_once(tmp_path, bucket):
    """Run all parts; none of them writes before all have planned."""
    planned = threading.Barrier(len(SHARDS))

    def job(number: int):
        root = galleries.make(tmp_path / str(number), NAMES).root
        store = RecordingStore(bucket)

        def meet(operation) -> None:
            if operation.writes:
                store.before = lambda _: None
                planned.wait(30)

        store.before = meet
        return program.deployed(root, store, shard=SHARDS[number])

    with ThreadPoolExecutor(len(SHARDS)) as pool:
        return list(pool.map(job, range(len(SHARDS))))


def test_at_once(tmp_path, gallery, bucket):
    """All make the same plan, and no record is lost."""
    runs = at_once(tmp_path, bucket)
    whole = program.deployed(gallery.root, MemoryStore(), dry_run="true")
    assert {ran.outputs["plan-hash"] for ran in runs} == {whole.outputs["plan-hash"]}
    assert sum(int(ran.outputs["uploaded-files"]) for ran in runs) == len(gallery.keys())
    entries = ledger.decode(bucket.objects[LEDGER].data).entries
    assert entries.keys() == gallery.keys()
    assert all(entry.source for entry in entries.values())
    commit(gallery, bucket)


def test_conditions_are_ignored(tmp_path, gallery):
    """On such a store one job's record replaces another's: no photo is sent again all the same,
    because its ETag says what it is."""
    bucket = MemoryStore(conditions=False)
    at_once(tmp_path, bucket)
    entries = ledger.decode(bucket.objects[LEDGER].data).entries
    assert entries.keys() < gallery.keys()
    _, keys = run(gallery.root, bucket)
    assert set(keys) == {*galleries.SITE, MANIFEST}
    assert run(gallery.root, bucket)[1] == []


def test_what_is_live_stays(gallery, bucket):
    """A part changes neither the manifest nor the site, and deletes nothing."""
    program.deployed(gallery.root, bucket)
    before = dict(bucket.objects)
    gallery.add("new")
    gallery.remove("a")
    gallery.write()
    gallery.write_site({"index.html": b"<title>New</title>"})
    for shard in SHARDS:
        ran, _ = run(gallery.root, bucket, shard=shard)
        assert ran.outputs["photos-to-delete"] == "1"
    now = dict(bucket.objects)
    assert {key: now[key] for key in before if key != LEDGER} == {
        key: each for key, each in before.items() if key != LEDGER
    }
    assert now.keys() - before.keys() == {
        "photos/full/new.jpg",
        "photos/web/new.jpg",
        "photos/thumb/new.webp",
    }
    store = RecordingStore(bucket)
    program.deployed(gallery.root, store)
    puts = [each.key for each in store.writes if each.name == "put" and each.key != LEDGER]
    assert puts == ["index.html", MANIFEST]
    assert bucket.objects.keys() == {*gallery.keys(), *galleries.SITE, MANIFEST, LEDGER}


def test_given_up(gallery, bucket):
    """Photos of parts that no run ever commits are leftovers, which the next run deletes."""
    for shard in SHARDS:
        run(gallery.root, bucket, shard=shard)
    gallery.remove("a")
    gallery.write()
    ran = program.deployed(gallery.root, bucket, max_deletes="0")
    assert ran.outputs["deleted-files"] == "3"
    assert bucket.objects.keys() == {*gallery.keys(), *galleries.SITE, MANIFEST, LEDGER}


def test_killed(gallery, bucket):
    """A part that is run again sends what had not arrived, and the others are not touched."""
    whole = MemoryStore()
    _, share = run(gallery.root, whole, shard="1/3")
    store = RecordingStore(bucket)

    def kill(operation) -> None:
        if operation.writes and len(store.writes) > 4:
            raise SystemExit(operation)

    store.before = kill
    with suppress(SystemExit):
        program.deployed(gallery.root, store, shard="1/3")
    arrived = set(bucket.objects) - {LEDGER}
    assert len(arrived) == 3
    assert arrived < set(share)
    _, keys = run(gallery.root, bucket, shard="1/3")
    assert set(keys) == set(share) - arrived


def test_a_part_is_missing(gallery, bucket):
    """The normal run sends it itself: the gallery is whole whatever the jobs did."""
    _, first = run(gallery.root, bucket, shard="1/3")
    _, keys = run(gallery.root, bucket)
    assert set(keys) == (gallery.keys() - set(first)) | {*galleries.SITE, MANIFEST}


def test_adopted_photos(gallery, bucket):
    """What another tool has put is recorded by the job whose part it is in."""
    elsewhere = MemoryStore()
    program.deployed(gallery.root, elsewhere)
    photos = gallery.keys()
    bucket.objects.update({key: elsewhere.objects[key] for key in photos})
    for shard in SHARDS:
        _, keys = run(gallery.root, bucket, shard=shard)
        assert keys == []
    assert ledger.decode(bucket.objects[LEDGER].data).entries.keys() == gallery.keys()


def test_without_a_manifest(gallery, bucket):
    """Photos of a folder are shared likewise; the normal run has the site left."""
    gallery.manifest.unlink()
    sent = [key for shard in SHARDS for key in run(gallery.root, bucket, shard=shard)[1]]
    assert sorted(sent) == sorted(gallery.keys())
    _, keys = run(gallery.root, bucket)
    assert set(keys) == set(galleries.SITE)


def test_somebody_commits_meanwhile(gallery, bucket):
    """A part of a plan that no longer holds is an error, as in any deployment."""
    store = RecordingStore(bucket)

    def meddle(operation) -> None:
        if operation.name == "put" and operation.key != LEDGER:
            store.before = lambda _: None
            bucket.put(MANIFEST, b"{}", operation)

    store.before = meddle
    ran = program.run(gallery.root, store, shard="1/3")
    assert ran.reason == "remote-changed"
    assert bucket.objects[MANIFEST].data == b"{}"


def test_too_many_deletes(gallery, bucket):
    """The limits hold for the whole plan: no part of a refused plan is uploaded."""
    program.deployed(gallery.root, bucket)
    before = dict(bucket.objects)
    for name in NAMES[1:]:
        gallery.remove(name)
    gallery.add("new")
    gallery.write()
    for shard in SHARDS:
        assert program.run(gallery.root, bucket, shard=shard, max_deletes="2").reason == (
            "too-many-deletes"
        )
    assert bucket.objects == before


def test_expected_plan(gallery, bucket):
    """The hash is that of the whole plan, whatever part is uploaded."""
    expected = program.deployed(gallery.root, bucket, dry_run="true").outputs["plan-hash"]
    assert program.run(gallery.root, bucket, shard="1/3", expected_plan="0" * 64).reason == (
        "plan-changed"
    )
    assert bucket.objects == {}
    run(gallery.root, bucket, shard="2/3", expected_plan=expected)


def test_a_dry_run_of_a_part(gallery, bucket):
    """The whole plan, and how much of it is this part; nothing is written."""
    ran = program.deployed(gallery.root, bucket, shard="2/3", dry_run="true")
    assert bucket.objects == {}
    assert ran.outputs["photos-to-upload"] == str(len(NAMES))
    assert "Only part 2 of 3 of the photos is uploaded here" in ran.summary


def test_what_is_shown(gallery, bucket):
    """Log and summary say that this is a part, and that nothing is committed."""
    ran, keys = run(gallery.root, bucket, shard="2/3", public_url="https://photos.example.org")
    assert "Only part 2 of 3 of the photos is uploaded here" in ran.summary
    assert f"of the photos is uploaded here: {len(keys)} files" in ran.log
    assert "## Part 2 of 3 uploaded" in ran.summary
    assert f"Part 2 of 3 completed: {len(keys)} files uploaded" in ran.log
    assert "Deployed" not in ran.summary
    assert "Deployment completed" not in ran.log
