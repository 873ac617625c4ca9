"""`verify` within a deployment: what is looked at, and what comes of what is seen."""

from __future__ import annotations

import hashlib

import pytest
from support import program

from galleria_action import cdn, report
from galleria_action.delivery import Delivery
from galleria_action.verification import Found

MANIFEST = "gallery-metadata.json"
URL = "https://photos.example.org"


class Everybody:
    """Visitors who read the bucket, or what ``answers`` has for a key, one answer after another."""

    def __init__(self, store) -> None:
        self.store = store
        self.answers: dict[str, list[Found]] = {}
        self.asked: list[str] = []

    def get(self, key: str, most: int) -> Found:
        self.asked.append(key)
        if self.answers.get(key):
            return self.answers[key].pop(0)
        stored = self.store.objects.get(key + "index.html" if key.endswith("/") or not key else key)
        if stored is None:
            return Found(404)
        kind, cache = stored.headers.content_type, stored.headers.cache_control
        return Found(200, stored.data[: most + 1], kind, cache, stored.etag)


class Cdn:
    def purge(self, call) -> None:
        pass


@pytest.fixture
def visitors(store):
    return Everybody(store.inner)


@pytest.fixture
def rests():
    return []


@pytest.fixture
def deploy(store, gallery, visitors, rests):
    def deploy(*, purges=False, **inputs):
        delivery = Delivery(Cdn if purges else None, visitors, rests.append)
        return program.run(
            gallery.root, store, delivery=delivery, verify="true", public_url=URL, **inputs
        )

    return deploy


CDN = {"invalidate_cdn": "true", "cdn_provider": "bunny", "cdn_id": "1", "cdn_token": "key"}


def test_all_is_well(deploy, visitors):
    """The manifest, pages, files and photos of each kind; log and summary say what was seen."""
    ran = deploy()
    assert ran.error is None
    assert "Verified: 14 objects listed, 13 read back from the bucket and under" in ran.log
    assert "all as it was sent" in ran.log
    assert (
        "| `index.html` | as it was sent | 200, as it was sent | `text/html; charset=utf-8` | `public, max-age=0, must-revalidate` |"
        in ran.summary
    )
    folders = {each.rpartition("/")[0] for each in visitors.asked}
    assert folders >= {"photos/full", "photos/web", "photos/thumb", ""}
    assert MANIFEST in visitors.asked


def test_an_idle_run_looks_as_well(deploy, store):
    """Nothing to do is no reason not to look; nothing is written."""
    deploy()
    store.operations.clear()
    ran = deploy()
    assert ran.error is None
    assert store.writes == []
    assert "13 read back" in ran.log


def test_without_an_address_the_bucket_alone(store, gallery):
    """No public-url: nobody is asked."""
    ran = program.deployed(gallery.root, store, verify="true")
    assert "read back from the bucket: all as it was sent" in ran.log
    assert "Visitors" not in ran.summary


def test_not_asked_for(store, gallery, visitors):
    """By default nothing is read back."""
    delivery = Delivery(visitors=visitors)
    program.deployed(gallery.root, store, delivery=delivery, public_url=URL)
    assert visitors.asked == []


@pytest.mark.parametrize("inputs", [{"dry_run": "true"}, {"shard": "1/1"}])
def test_where_nothing_is_published(deploy, visitors, inputs):
    """A dry run and a part of an upload have nothing to show."""
    assert deploy(**inputs).error is None
    assert visitors.asked == []


def test_visitors_may_not_read(deploy, visitors, gallery):
    """The reason is `verify`, the deployment counts, and the advice says what it usually means."""
    visitors.answers = {each: [Found(403)] for each in sorted(gallery.keys())}
    ran = deploy()
    assert ran.reason == "verify"
    assert ran.outcome.complete
    assert ran.outputs["uploaded-files"] == "14"
    assert "public access" in ran.error.advice
    said = report.failure(ran.error, ran.outcome)
    assert said.startswith("## Deployed, but a step after it failed: verify")
    assert said.count("403&#58; visitors may not read it") >= 8


def test_a_stale_cache(deploy, visitors, store, gallery, rests):
    """Visitors get what was replaced: told apart, and not waited for without a purge."""
    deploy()
    old = store.inner.objects["photos/full/a.jpg"]
    gallery.add("a", seed="other picture")
    gallery.write()
    visitors.answers["photos/full/a.jpg"] = [Found(200, old.data, "image/jpeg")]
    ran = deploy()
    assert ran.reason == "verify"
    assert "visitors: photos/full/a.jpg: visitors still get the old file" in ran.error.text()
    assert "invalidate-cdn" in ran.error.advice
    assert rests == []


def test_a_deleted_photo_that_a_cache_still_shows(deploy, visitors, store, gallery):
    """Whoever takes a photo back wants to know that."""
    deploy()
    old = store.inner.objects["photos/full/b.jpg"]
    gallery.remove("b")
    gallery.write()
    visitors.answers["photos/full/b.jpg"] = [Found(200, old.data, "image/jpeg")]
    ran = deploy()
    assert ran.reason == "verify"
    assert "visitors: photos/full/b.jpg: was deleted, and visitors still get it" in ran.error.text()
    assert "- `photos/full/b.jpg` was deleted" in ran.summary
    assert deploy().error is None


def test_a_purge_takes_some_time(deploy, visitors, store, gallery, rests):
    """After one, old files are looked at again, until they are new."""
    deploy()
    old = store.inner.objects["photos/full/a.jpg"]
    gallery.add("a", seed="other picture")
    gallery.write()
    visitors.answers["photos/full/a.jpg"] = [Found(200, old.data, "image/jpeg")] * 3
    ran = deploy(purges=True, **CDN)
    assert ran.error is None
    assert rests == [10, 10, 10]


def test_a_cache_that_stays_stale(deploy, visitors, store, gallery, rests):
    """Not for ever."""
    deploy()
    old = store.inner.objects["photos/full/a.jpg"]
    gallery.add("a", seed="other picture")
    gallery.write()
    visitors.answers["photos/full/a.jpg"] = [Found(200, old.data, "image/jpeg")] * 100
    ran = deploy(purges=True, **CDN)
    assert ran.reason == "verify"
    assert sum(rests) == 120


def test_the_folder_shows_no_index(deploy, visitors):
    """A notice: links must name the page."""
    visitors.answers[""] = [Found(403)]
    ran = deploy()
    assert ran.error is None
    assert "Note: The folder of the site does not show its index page" in ran.log


def test_somebody_changes_the_bucket_after_the_commit(deploy, store):
    """Lost and overwritten objects are named."""

    def after(operation):
        if (operation.name, operation.key) == ("put", MANIFEST):
            store.inner.delete(["photos/web/b.jpg"])
            headers = store.inner.objects["index.html"].headers
            store.inner.put("index.html", b"defaced", headers)

    store.after = after
    ran = deploy()
    assert ran.reason == "verify"
    said = ran.error.text()
    assert "listing: photos/web/b.jpg: is not in the bucket" in said
    assert "listing: index.html: is another object" in said
    assert "bucket: index.html: has other bytes than were sent: 7 of " in said


def test_a_store_that_corrupts(deploy, store):
    """The listing is right, and the bytes are not."""
    inner = store.inner
    get = inner.get

    def corrupt(key):
        found = get(key)
        return found if found is None or key != "style.css" else type(found)(b"rotten", found.etag)

    inner.get = corrupt
    ran = deploy()
    assert ran.reason == "verify"
    assert "bucket: style.css: has other bytes" in ran.error.text()


def test_a_failed_purge_comes_first(deploy, visitors, gallery, store):
    """The run ends with it; what visitors get then is no news."""
    deploy()
    gallery.add("a", seed="other picture")
    gallery.write()
    visitors.asked.clear()

    class Refuses:
        def purge(self, call):
            raise cdn.failed("bunny", "says 401", "")

    ran = program.run(
        gallery.root,
        store,
        delivery=Delivery(Refuses, visitors),
        verify="true",
        public_url=URL,
        **CDN,
    )
    assert ran.reason == "cdn"
    assert visitors.asked == []


def test_the_same_manifest_with_another_time(deploy, store, gallery):
    """`generated_at` alone is no change: the deployed manifest is the one that is expected."""
    deploy()
    gallery.generated_at = "2030-01-01T00:00:00+00:00"
    gallery.write()
    assert deploy().error is None


def test_the_site_alone(deploy, store, gallery):
    """The manifest that is there is looked at, whoever put it."""
    deploy()
    stored = store.inner.objects[MANIFEST]
    store.inner.put(MANIFEST, stored.data + b"\n", stored.headers)
    (gallery.site / "about.html").write_bytes(b"<title>About</title>")
    ran = deploy(site_only="true")
    assert ran.error is None
    assert "Verified: 6 objects listed, 6 read back" in ran.log


def test_without_a_manifest(deploy, gallery):
    """Directory mode: photos and site."""
    gallery.manifest.unlink()
    ran = deploy()
    assert ran.error is None
    assert "Verified: 13 objects listed, 12 read back" in ran.log


def test_a_file_that_changed_meanwhile(deploy, gallery, store):
    """Nobody knows any more what was sent of it, so it is not compared."""

    def after(operation):
        if (operation.name, operation.key) == ("put", MANIFEST):
            (gallery.site / "style.css").write_bytes(b"edited while it was deployed")

    store.after = after
    ran = deploy()
    assert ran.error is None
    assert "`style.css` | as" not in ran.summary


def test_adopted_objects(store, gallery, visitors, deploy):
    """Bytes that another tool put are compared; its headers are its own business."""
    deploy()
    headers = store.inner.objects["style.css"].headers
    data = store.inner.objects["style.css"].data
    store.inner.delete([f".galleria/{MANIFEST}.ledger.json.gz"])
    visitors.answers["style.css"] = [Found(200, data, "application/octet-stream")]
    assert hashlib.md5(data).hexdigest() == store.inner.head("style.css")
    ran = deploy()
    assert ran.error is None
    assert headers.content_type != "application/octet-stream"
