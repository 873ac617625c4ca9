"""Purges within a deployment: when, of what, and what is left to whom when something fails."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from support import galleries, program
from support.memory import MemoryStore, RecordingStore

from galleria_action import cdn, ledger
from galleria_action.delivery import Delivery
from galleria_action.errors import FailureReason, StoreError

MANIFEST = "gallery-metadata.json"
LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"
URL = "https://photos.example.org"
CDN = {
    "invalidate_cdn": "true",
    "cdn_provider": "cloudflare",
    "cdn_id": "0" * 32,
    "cdn_token": "token",
    "public_url": URL,
}
CHANGED_A = {"photos/full/a.jpg", "photos/web/a.jpg", "photos/thumb/a.webp"}
REMOVED_B = {"photos/full/b.jpg", "photos/web/b.jpg", "photos/thumb/b.webp"}


class RecordedCdn:
    """Takes every purge and writes it down among the operations of the store."""

    def __init__(self, store: RecordingStore) -> None:
        self.store = store
        self.calls: list[set[str]] = []
        self.fails = False
        self.made = 0
        self.dies = False

    @property
    def delivery(self) -> Delivery:
        return Delivery(connect=self._connect)

    def _connect(self):
        self.made += 1
        return self

    def purge(self, call) -> None:
        if self.dies:
            raise SystemExit("killed before the purge")
        if self.fails:
            raise cdn.failed("cloudflare", "says 500", "Look at its status page.")
        self.store._call("purge", ",".join(call.keys), lambda: None)
        self.calls.append(set(call.keys))


@pytest.fixture
def caches(store):
    return RecordedCdn(store)


@pytest.fixture
def deploy(store, gallery, caches):
    """Deploys with the CDN; inputs may be added."""

    def deploy(**inputs):
        store.operations.clear()
        caches.calls.clear()
        return program.run(gallery.root, store, delivery=caches.delivery, **(CDN | inputs))

    return deploy


@pytest.fixture
def updated(deploy, gallery):
    """A deployed gallery of which a photo is new, one changed, one removed, and a page changed."""
    assert deploy().error is None
    gallery.add("a", seed="other picture")
    gallery.add("new")
    gallery.remove("b")
    gallery.write()
    gallery.write_site({"index.html": b"<title>New</title>"})


def to_purge(store) -> set[str]:
    return set(ledger.decode(store.inner.objects[LEDGER].data).to_purge)


def test_a_first_deployment_purges_nothing(deploy, caches):
    """Nobody has seen anything of it; the CDN is not even connected to."""
    ran = deploy()
    assert ran.error is None
    assert caches.calls == []
    assert caches.made == 0
    assert "CDN" not in ran.log


def test_only_what_changed(updated, deploy, caches, store):
    """Replaced objects and the manifest after the commit, deleted ones after the deletes."""
    ran = deploy()
    assert ran.error is None
    assert caches.calls == [CHANGED_A | {"index.html", MANIFEST}, REMOVED_B]
    assert caches.made == 1
    order = [each for each in store.operations if each.writes or each.name == "purge"]
    names = [(each.name, each.key) for each in order]
    commit = names.index(("put", MANIFEST))
    assert [name for name, _ in names[commit:]] == ["put", "purge", "delete", "purge", "put"]
    assert names[-1] == ("put", LEDGER)
    assert to_purge(store) == set()
    assert "CDN: 8 objects to purge, as 9 addresses" in ran.log
    assert "CDN: 8 objects purged" in ran.log
    assert "told to forget 8 objects" in ran.summary


def test_the_plan_lists_what_would_be_purged(updated, deploy, caches, store, gallery):
    """In log, summary and plan.json; a dry run asks nobody and needs no token."""
    ran = deploy(dry_run="true", cdn_token="")
    assert ran.error is None
    assert caches.made == 0
    assert store.writes == []
    assert "CDN: 8 objects to purge, as 9 addresses" in ran.log
    assert f"| `{URL}/photos/full/a.jpg` |" in ran.summary
    plan = json.loads((gallery.root / ran.outputs["plan-path"]).read_bytes())
    assert plan["purge"]["provider"] == "cloudflare"
    assert f"{URL}/" in plan["purge"]["addresses"]
    assert f"{URL}/photos/full/new.jpg" not in plan["purge"]["addresses"]


def test_the_hash_knows_nothing_of_purges(updated, deploy, gallery, store):
    """A plan that was reviewed without the CDN's inputs is the one that is deployed with them."""
    reviewed = program.run(gallery.root, store, dry_run="true").outputs["plan-hash"]
    assert deploy(expected_plan=reviewed).error is None


def test_again_there_is_nothing_to_purge(updated, deploy, caches, store):
    """Twice is once, for caches as well."""
    deploy()
    assert deploy().error is None
    assert caches.calls == []
    assert store.writes == []


def test_headers_and_force(updated, deploy, caches, gallery):
    """Other headers are another answer; and force purges whatever it sends."""
    deploy()
    ran = deploy(cache_control="*.css: no-store")
    assert ran.error is None
    assert caches.calls == [{"style.css"}]
    deploy(cache_control="*.css: no-store", force="true")
    assert set().union(*caches.calls) == gallery.keys() | set(galleries.SITE) | {MANIFEST}


def test_a_purge_that_fails(updated, deploy, caches, store, gallery):
    """The deployment is complete, deletes included; the reason is `cdn`; the next run purges."""
    caches.fails = True
    ran = deploy()
    assert ran.reason == "cdn"
    assert ran.outcome.committed
    assert ran.outputs["deleted-files"] == "3"
    assert "Deployment completed: 8 files uploaded" in ran.log
    assert "photos/full/b.jpg" not in store.inner.objects
    assert "The deployment itself is complete" in ran.error.advice
    assert to_purge(store) == CHANGED_A | REMOVED_B | {"index.html", MANIFEST}

    caches.fails = False
    ran = deploy()
    assert ran.error is None
    assert ran.outputs["changes"] == "false"
    assert "nothing to do" in ran.log
    assert "CDN: 8 objects purged" in ran.log
    assert caches.calls == [CHANGED_A | REMOVED_B | {"index.html", MANIFEST}]
    assert [each.key for each in store.writes] == [LEDGER]
    assert to_purge(store) == set()
    assert deploy().error is None
    assert caches.calls == []


def test_an_idle_purge_that_fails(updated, deploy, caches, store):
    """Likewise when there is nothing else to do, and nothing is written."""
    caches.fails = True
    deploy()
    ran = deploy()
    assert ran.reason == "cdn"
    assert store.writes == []
    assert len(to_purge(store)) == 8


def test_batches_that_were_taken_are_done(updated, deploy, caches, store, gallery):
    """A purge that fails half-way leaves the other half."""
    gallery.write_site({f"{number:02}.txt": b"old" for number in range(40)})
    deploy()
    gallery.write_site({f"{number:02}.txt": b"new" for number in range(40)})
    taken = []

    def fail_after_one(operation):
        if operation.name == "purge":
            if taken:
                raise cdn.failed("cloudflare", "says 500", "")
            taken.append(operation)

    store.before = fail_after_one
    assert deploy().reason == "cdn"
    assert to_purge(store) == {f"{number:02}.txt" for number in range(30, 40)}


def test_without_the_cdn_what_is_left_stays(updated, deploy, caches, store, gallery):
    """A run without the inputs neither purges nor forgets."""
    caches.fails = True
    deploy()
    left = to_purge(store)
    program.deployed(gallery.root, store)
    gallery.add("c", seed="another one")
    gallery.write()
    program.deployed(gallery.root, store)
    assert to_purge(store) == left


def kill_before(store, prefix):
    """Let the program die before its first put of such a key, and every write after it."""
    dead = []

    def before(operation):
        if operation.name == "put" and operation.key.startswith(prefix):
            dead.append(operation)
        if dead and operation.writes:
            raise SystemExit("killed")

    store.before = before


def crash_at(store, number):
    """Let the program die before its write or purge ``number``, and every one after it."""
    steps = []

    def before(operation):
        if operation.writes or operation.name == "purge":
            steps.append(operation)
            if len(steps) > number:
                raise SystemExit("killed")

    store.before = before


def test_killed_anywhere_everything_is_purged_in_the_end(tmp_path):
    """Before each write and purge in turn: the reruns purge all that was ever replaced."""
    expected = CHANGED_A | REMOVED_B | {"index.html", MANIFEST}
    for number in range(30):
        store = RecordingStore(MemoryStore())
        caches = RecordedCdn(store)
        gallery = galleries.make(tmp_path / str(number))

        def run(gallery=gallery, store=store, caches=caches):
            return program.run(gallery.root, store, delivery=caches.delivery, **CDN)

        run()
        gallery.add("a", seed="other picture")
        gallery.add("new")
        gallery.remove("b")
        gallery.write()
        gallery.write_site({"index.html": b"<title>New</title>"})
        store.operations.clear()
        crash_at(store, number)
        with suppress(SystemExit):
            run()
        store.before = lambda _: None
        live = MANIFEST in {each.key for each in store.writes}
        before = set().union(*caches.calls)
        ran = run()
        assert ran.error is None
        purged = before.union(*caches.calls)
        assert purged >= expected, f"killed before step {number}, committed: {live}"
        assert to_purge(store) == set()
        caches.calls.clear()
        run()
        assert caches.calls == []


@pytest.mark.parametrize("site_only", ["true", "false"])
def test_known_before_the_first_write(updated, deploy, caches, store, gallery, site_only):
    """Also where no key is new and nothing is committed."""
    deploy()
    gallery.write_site({"index.html": b"<title>Newer</title>"})

    kill_before(store, "index.html")
    with suppress(SystemExit):
        deploy(site_only=site_only)
    assert to_purge(store) == {"index.html"}


def test_known_before_any_write(updated, deploy, caches, store):
    """The ledger is written first: whatever is replaced after it will be purged by somebody."""
    kill_before(store, "photos/")
    with suppress(SystemExit):
        deploy()
    assert to_purge(store) == CHANGED_A | REMOVED_B | {"index.html", MANIFEST}


def test_killed_between_commit_and_purge(updated, deploy, caches, store):
    """The next run has nothing to upload, deletes and purges."""
    caches.dies = True
    with suppress(SystemExit):
        deploy()
    caches.dies = False
    ran = deploy()
    assert ran.error is None
    assert ran.outputs["uploaded-files"] == "0"
    assert caches.calls == [CHANGED_A | {"index.html", MANIFEST}, REMOVED_B]


def test_a_failed_run_purges_nothing(updated, deploy, caches, store):
    """No commit, no purge: caches still show a whole old gallery. The next run has it all."""

    def fail(operation):
        if operation.name == "put" and operation.key == "index.html":
            raise StoreError(FailureReason.UPLOAD, "Error: no room")

    store.before = fail
    assert deploy().reason == "upload"
    assert caches.calls == []
    store.before = lambda _: None
    assert deploy().error is None
    assert caches.calls == [CHANGED_A | {"index.html", MANIFEST}, REMOVED_B]


def test_a_delete_that_fails_is_told_before_a_purge_that_fails(updated, deploy, caches, store):
    """The graver failure is the one that is reported; both are done by the next run."""
    caches.fails = True

    def fail(operation):
        if operation.name == "delete":
            raise StoreError(FailureReason.NETWORK, "Error: the connection was lost")

    store.before = fail
    assert deploy().reason == "network"
    assert to_purge(store) >= REMOVED_B
    store.before = lambda _: None
    caches.fails = False
    assert deploy().error is None
    assert caches.calls == [CHANGED_A | {"index.html", MANIFEST}, REMOVED_B]


def test_the_site_alone(updated, deploy, caches):
    """No commit: the pages are purged once they are all there."""
    ran = deploy(site_only="true")
    assert ran.error is None
    assert caches.calls == [{"index.html"}]


def test_parts_of_an_upload_leave_it_to_the_last_run(updated, deploy, caches, store):
    """Jobs that share the photos purge nothing; what they replaced is purged after the commit."""
    for number in (1, 2):
        assert deploy(shard=f"{number}/2").error is None
        assert caches.calls == []
    assert to_purge(store) == CHANGED_A
    assert deploy().error is None
    assert caches.calls == [CHANGED_A | {"index.html", MANIFEST}, REMOVED_B]
