"""The program as a process on every server: plan, deploy, nothing to do, change, nothing to do."""

from __future__ import annotations

import io
import json
from itertools import groupby

import piexif
import pytest
from PIL import Image
from support import galleries, servers
from support.galleries import Gallery
from support.process import ON_THE_RUNNER, Job, Run
from support.proxy import proxy
from support.servers import Server

MANIFEST = "gallery-metadata.json"
THE_BUCKET = ""  # the key of a request to delete objects
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"
ODD_NAMES = ("with space", "plus+plus", "100% %20", "Müller-日本 🎈", "it's #1?&=")

PHOTO = "public, max-age=86400"
PAGE = "public, max-age=0, must-revalidate"
ASSET = "public, max-age=3600"
HEADERS = {
    "photos/full/a.jpg": ("image/jpeg", PHOTO),
    "photos/thumb/a.webp": ("image/webp", PHOTO),
    "index.html": ("text/html; charset=utf-8", PAGE),
    "data/photos.json": ("application/json", PAGE),
    MANIFEST: ("application/json", PAGE),
    "style.css": ("text/css; charset=utf-8", ASSET),
    "js/app.js": ("text/javascript; charset=utf-8", ASSET),
}


def _succeeded(run: Run) -> Run:
    assert (run.status, run.outputs.get("failure-reason"), run.stderr) == (0, "", ""), run.stdout
    return run


def _site_keys(gallery: Gallery) -> set[str]:
    files = (each for each in gallery.site.rglob("*") if each.is_file())
    return {each.relative_to(gallery.site).as_posix() for each in files}


def _nothing_to_do(job: Job, server: Server, bucket: str, **inputs: str) -> None:
    """A run that finds everything in place and leaves the bucket as it is."""
    before = servers.listing(server, bucket)
    run = _succeeded(job.run(**inputs))
    assert run.outputs["changes"] == "false"
    assert (run.outputs["uploaded-files"], run.outputs["deleted-files"]) == ("0", "0")
    assert "Deployment completed: nothing to do, the bucket is up to date" in run.log
    assert servers.listing(server, bucket) == before


def _plan(job: Job, run: Run) -> dict[str, tuple[str, str]]:
    """Key to action and reason, as plan.json states them."""
    plan = json.loads((job.workspace / run.outputs["plan-path"]).read_bytes())
    return {each["key"]: (each["action"], each["reason"]) for each in plan["changes"]}


def _headers(server: Server, bucket: str, key: str) -> tuple[str, str]:
    head = servers.client(server).head_object(Bucket=bucket, Key=key)
    return head["ContentType"], head["CacheControl"]


def test_a_dry_run_shows_the_plan_and_writes_nothing(job, server, bucket, gallery):
    """The log has the documented lines, the outputs the numbers, the bucket stays empty."""
    run = _succeeded(job.run(dry_run="true"))

    assert run.log[:9] == [
        "[DRY RUN] Using metadata-driven deployment...",
        f"Bucket: {bucket}",
        "",
        "Deployment Plan:",
        "  Photos to upload: 3",
        "  Photos to delete: 0",
        "  Photos unchanged: 0",
        "",
        "Dry run completed - no files were uploaded",
    ]
    assert run.outputs["mode"] == "metadata"
    assert run.outputs["changes"] == "true"
    assert run.outputs["uploaded-files"] == "0"
    assert run.outputs["site-to-upload"] == "4"
    assert set(_plan(job, run)) == gallery.keys() | _site_keys(gallery) | {MANIFEST}
    assert servers.listing(server, bucket) == {}


def test_from_the_first_deployment_to_the_third(job, server, bucket, gallery):
    """What is added, changed and removed reaches the bucket, and nothing else is touched."""
    planned = job.run(dry_run="true").outputs["plan-hash"]
    run = _succeeded(job.run(expected_plan=planned))
    assert run.outputs["uploaded-files"] == str(9 + 4 + 1)
    first = servers.listing(server, bucket)
    assert first.keys() == gallery.keys() | _site_keys(gallery) | {MANIFEST, LEDGER}
    _nothing_to_do(job, server, bucket)

    gallery.add("d")
    gallery.add("a", seed="another picture")
    gallery.remove("b")
    gallery.write()
    (gallery.site / "index.html").write_bytes(b"<!doctype html><title>Changed</title>")
    (gallery.site / "about.html").write_bytes(b"<!doctype html><title>About</title>")
    (gallery.site / "js/app.js").unlink()
    run = _succeeded(job.run(delete_stale_site="true"))

    variants = ("full/{}.jpg", "web/{}.jpg", "thumb/{}.webp")
    assert _plan(job, run) == {
        **{f"photos/{each.format('a')}": ("put", "changed") for each in variants},
        **{f"photos/{each.format('d')}": ("put", "new") for each in variants},
        **{f"photos/{each.format('b')}": ("delete", "removed") for each in variants},
        "index.html": ("put", "changed"),
        "about.html": ("put", "new"),
        "js/app.js": ("delete", "removed"),
        MANIFEST: ("put", "changed"),
    }
    assert (run.outputs["uploaded-files"], run.outputs["deleted-files"]) == ("9", "4")
    second = servers.listing(server, bucket)
    assert second.keys() == gallery.keys() | _site_keys(gallery) | {MANIFEST, LEDGER}
    for key in ("photos/full/c.jpg", "photos/web/c.jpg", "photos/thumb/c.webp", "style.css"):
        assert second[key] == first[key]
    assert json.loads(servers.body(server, bucket, MANIFEST))["photos"][-1]["id"] == "d"
    _nothing_to_do(job, server, bucket, delete_stale_site="true")


def test_headers_are_the_documented_ones_and_can_be_changed_alone(job, server, bucket):
    """Other rules for Cache-Control are planned as such, and only those objects are sent."""
    _succeeded(job.run())
    assert {key: _headers(server, bucket, key) for key in HEADERS} == HEADERS

    rules = "*.css: public, max-age=5\nphotos/thumb/*: no-cache"
    run = _succeeded(job.run(cache_control=rules))

    thumbs = {f"photos/thumb/{name}.webp": ("put", "headers changed") for name in "abc"}
    assert _plan(job, run) == {**thumbs, "style.css": ("put", "headers changed")}
    assert run.outputs["uploaded-files"] == "4"
    assert {key: _headers(server, bucket, key) for key in HEADERS} == {
        **HEADERS,
        "style.css": ("text/css; charset=utf-8", "public, max-age=5"),
        "photos/thumb/a.webp": ("image/webp", "no-cache"),
    }
    _nothing_to_do(job, server, bucket, cache_control=rules)


def test_odd_names_become_the_same_keys(job, server, bucket, gallery):
    """Spaces, plus, percent and other scripts, in photos and site; all found again, or deleted."""
    for name in ODD_NAMES:
        gallery.add(name)
    gallery.write()
    gallery.write_site({f"{name}/{name}.html": name.encode() for name in ODD_NAMES})

    _succeeded(job.run())

    listed = servers.listing(server, bucket)
    assert listed.keys() == gallery.keys() | _site_keys(gallery) | {MANIFEST, LEDGER}
    for name in ODD_NAMES:
        assert servers.body(server, bucket, f"{name}/{name}.html") == name.encode()
        assert servers.body(server, bucket, f"photos/thumb/{name}.webp") == galleries.webp(name)

    gallery.remove(ODD_NAMES[0])
    gallery.write()
    run = _succeeded(job.run(max_deletes="1"))
    assert (run.outputs["uploaded-files"], run.outputs["deleted-files"]) == ("1", "3")
    assert gallery.keys() == {key for key in servers.listing(server, bucket) if "photos/" in key}


def test_the_published_bytes(job, server, bucket, gallery):
    """Times are corrected in full and web, the picture stays; what is to go as it is does."""
    gallery.add("plain", corrected=None)
    gallery.write()

    _succeeded(job.run())

    for key, before in (
        ("photos/full/a.jpg", galleries.jpeg("a")),
        ("photos/web/a.jpg", galleries.jpeg("a web")),
    ):
        after = servers.body(server, bucket, key)
        exif = piexif.load(after)
        assert exif["Exif"][piexif.ExifIFD.DateTimeOriginal] == b"2024:06:15 14:30:45"
        assert exif["Exif"][piexif.ExifIFD.OffsetTimeOriginal] == b"+02:00"
        assert exif["0th"][piexif.ImageIFD.Model] == b"EOS R5"
        assert _scan(after) == _scan(before)
        assert _pixels(after) == _pixels(before)
    full = galleries.sha256(servers.body(server, bucket, "photos/full/a.jpg"))
    assert full == gallery.photos["a"]["deployment_file_hash"]
    assert servers.body(server, bucket, "photos/thumb/a.webp") == galleries.webp("a")
    assert servers.body(server, bucket, "photos/full/plain.jpg") == galleries.jpeg("plain")
    manifest = servers.body(server, bucket, MANIFEST)
    assert json.loads(manifest)["photos"][0]["original_path"] == "a.JPG"
    assert b"/home/me" not in manifest


def _scan(data: bytes) -> bytes:
    """Everything from the start of the image data on."""
    return data[data.index(b"\xff\xda") :]


def _pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.tobytes()


@pytest.mark.parametrize(
    "server", ["rclone", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)
def test_a_film_is_sent_in_parts_and_found_again(job, server, bucket, gallery):
    """From 64 MiB on; its ETag is no MD5, and each server makes another one of it."""
    film = b"".join(number.to_bytes(4, "big") * 16 for number in range((65 << 20) >> 6))
    gallery.write_site({"film.mp4": film})

    run = _succeeded(job.run())

    assert servers.body(server, bucket, "film.mp4") == film
    assert _headers(server, bucket, "film.mp4") == ("video/mp4", ASSET)
    assert int(run.outputs["uploaded-bytes"]) > len(film)
    _nothing_to_do(job, server, bucket)


@pytest.mark.parametrize("server", ["rclone"], indirect=True)
def test_a_manifest_inside_the_site_never_overtakes_the_commit(job, server, bucket, gallery):
    """The site's file of that name is skipped with a notice, whatever it holds."""
    (gallery.site / MANIFEST).write_text('{"photos": "of the site"}')

    run = _succeeded(job.run())

    live = json.loads(servers.body(server, bucket, MANIFEST))
    assert [photo["id"] for photo in live["photos"]] == ["a", "b", "c"]
    assert MANIFEST in run.annotations("notice")[0].message
    assert run.outputs["site-to-upload"] == "4"
    _nothing_to_do(job, server, bucket)


def test_the_order_of_writes(job, server, bucket, gallery):
    """Photos, site, pages, our record, the manifest last; then deletes; a rerun writes nothing."""
    with proxy(server) as between:
        job.inputs["s3-endpoint"] = between.server.endpoint
        _succeeded(job.run())

        order = between.puts()
        photos = [order.index(key) for key in gallery.keys("photos")]
        assets = [order.index(key) for key in _site_keys(gallery) - {"index.html"}]
        page, manifest = order.index("index.html"), order.index(MANIFEST)
        assert max(photos) < min(assets) <= max(assets) < page < manifest
        assert LEDGER in order[page:manifest]
        assert len(order) == len(set(order)) + order.count(LEDGER) - 1

        between.requests.clear()
        _succeeded(job.run())
        assert between.writes() == []

        gallery.remove("b")
        gallery.write()
        between.requests.clear()
        _succeeded(job.run())
        # Ceph refuses the first attempt at the manifest, because of the quotes of the ETag.
        writes = [key for key, _ in groupby(each.key for each in between.writes())]
        assert writes == [LEDGER, MANIFEST, THE_BUCKET, LEDGER]


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_links_that_the_runner_made_are_found_in_the_container(job, server, bucket, gallery):
    """process-photos links originals by the runner's path, which is another one in a container."""
    originals = gallery.root / "pics-full"
    originals.mkdir()
    for name in "abc":
        file = gallery.pics / f"full/{name}.jpg"
        file.rename(originals / f"{name}.jpg")
        file.symlink_to(f"{ON_THE_RUNNER}/pics-full/{name}.jpg")

    _succeeded(job.run())

    assert servers.listing(server, bucket).keys() >= gallery.keys()
    _nothing_to_do(job, server, bucket)


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_a_folder_without_manifest_is_deployed_as_it_is(job, server, bucket, gallery):
    """Directory mode: every file to its key, as it is; nothing to do the second time."""
    gallery.manifest.unlink()

    run = _succeeded(job.run())

    assert run.log[0] == "Using directory-based deployment..."
    assert run.outputs["mode"] == "directory"
    assert servers.listing(server, bucket).keys() == gallery.keys() | _site_keys(gallery) | {LEDGER}
    assert servers.body(server, bucket, "photos/full/a.jpg") == galleries.jpeg("a")
    _nothing_to_do(job, server, bucket)
