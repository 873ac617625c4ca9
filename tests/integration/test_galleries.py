"""What happens to galleries over time: adopted, renamed, moved, scoped, lost."""

from __future__ import annotations

import json

import pytest
from support import galleries, program

from galleria_action import exif, ledger

MANIFEST = "gallery-metadata.json"
LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"


def fill(store, gallery, *, prefix="photos/", manifest=True):
    """Put the gallery as another tool would: the same bytes, no ledger."""
    for photo in gallery.photos.values():
        time = photo["exif"]["corrected_timestamp"].replace("-", ":").replace("T", " ")
        for variant, path in photo["files"].items():
            data = (gallery.pics / path).read_bytes()
            if variant != "thumb":
                data = exif.edit(data, time, "+02:00")
            store.inner.put(prefix + path, data, None)
    for name, data in galleries.SITE.items():
        store.inner.put(name, data, None)
    if manifest:
        store.inner.put(MANIFEST, gallery.manifest.read_bytes(), None)


def test_a_bucket_filled_by_another_tool_is_adopted(store, gallery):
    """Same bytes are not sent again; only our ledger is written, and then nothing at all."""
    fill(store, gallery)
    ran = program.deployed(gallery.root, store)
    assert [each.key for each in store.writes] == [LEDGER]
    assert ran.outputs["changes"] == "false"
    store.operations.clear()
    program.deployed(gallery.root, store)
    assert store.writes == []


def test_an_older_deployment_at_the_root_is_adopted_with_a_slash_as_prefix(store, gallery):
    """The older `deploy` command kept the photos at the bucket's root."""
    fill(store, gallery, prefix="")
    ran = program.deployed(gallery.root, store, photos_prefix="/")
    assert ran.outputs["changes"] == "false"


def test_adopted_headers_are_unknown_and_planned_only_by_force(store, gallery):
    """Nobody knows what headers the other tool sent; force sends everything with ours."""
    fill(store, gallery)
    program.deployed(gallery.root, store)
    assert program.run(gallery.root, store).outputs["changes"] == "false"
    ran = program.deployed(gallery.root, store, force="true")
    assert ran.outputs["uploaded-files"] == "14"
    store.operations.clear()
    assert program.run(gallery.root, store).outputs["changes"] == "false"
    assert store.writes == []


def test_unknown_bytes_are_unverified_and_sent(store, gallery):
    """An ETag that is not the MD5 of our bytes proves nothing."""
    fill(store, gallery)
    store.inner.put("photos/web/a.jpg", b"something else", None)
    ran = program.deployed(gallery.root, store)
    assert "unverified" in ran.summary
    assert ran.outputs["photos-to-upload"] == "1"


def test_photos_removed_in_a_bucket_without_a_ledger_are_deleted(store, gallery):
    """The deployed manifest says what was ours before the ledger did."""
    fill(store, gallery)
    gallery.remove("b")
    gallery.write()
    program.deployed(gallery.root, store)
    assert not [key for key in store.inner.objects if "/b." in key]


@pytest.mark.parametrize("with_ledger", [True, False])
def test_killed_between_commit_and_deletes_the_next_run_deletes(store, gallery, with_ledger):
    """Even if the keys were known from the old manifest only."""
    if with_ledger:
        program.deployed(gallery.root, store)
    else:
        fill(store, gallery)
    gallery.remove("b")
    gallery.write()

    def before(operation):
        if operation.name == "delete":
            raise SystemExit("killed")

    store.before = before
    with pytest.raises(SystemExit):
        program.run(gallery.root, store)
    assert "photos/full/b.jpg" in store.inner.objects
    store.before = lambda _: None
    ran = program.deployed(gallery.root, store)
    assert ran.outputs["deleted-files"] == "3"
    assert not [key for key in store.inner.objects if "/b." in key]


def test_added_killed_removed_leaves_nothing_over(store, gallery):
    """What a killed run uploaded is a leftover; it doesn't count towards max-deletes."""
    program.deployed(gallery.root, store)
    gallery.add("d")
    gallery.write()

    def before(operation):
        if operation.key == MANIFEST and operation.writes:
            raise SystemExit("killed")

    store.before = before
    with pytest.raises(SystemExit):
        program.run(gallery.root, store)
    assert "photos/full/d.jpg" in store.inner.objects
    store.before = lambda _: None
    gallery.remove("d")
    gallery.write()
    ran = program.deployed(gallery.root, store, max_deletes="0")
    assert "leftover" in ran.summary
    assert not [key for key in store.inner.objects if "/d." in key]


@pytest.mark.parametrize("number", range(3, 12))
def test_killed_at_once_nothing_is_left_over(store, gallery, number):
    """Even if no upload was recorded: the keys were, before the first of them was put."""
    for name in "de":
        gallery.add(name)
    gallery.write()

    def before(operation):
        if operation.writes and len(store.writes) > number:
            raise SystemExit("killed")

    store.before = before
    store.inner.put("photos/full/e.jpg", b"somebody else's", None)
    with pytest.raises(SystemExit):
        program.run(gallery.root, store)
    store.before = lambda _: None
    for name in "de":
        gallery.remove(name)
    gallery.write()
    program.deployed(gallery.root, store)
    assert not [key for key in store.inner.objects if "/d." in key]


def test_what_a_killed_run_uploaded_is_not_sent_again(store, gallery):
    """The next run finds the bytes in place by their MD5."""

    def before(operation):
        if operation.key == "photos/web/c.jpg":
            raise SystemExit("killed")

    store.before = before
    with pytest.raises(SystemExit):
        program.run(gallery.root, store)
    store.before = lambda _: None
    store.operations.clear()
    program.deployed(gallery.root, store)
    photos = [each.key for each in store.writes if each.key.startswith("photos/")]
    assert photos == ["photos/web/c.jpg"]


def test_an_id_renamed_with_its_files_kept_deletes_nothing(store, gallery):
    """Deletes are key sets, never photo ids."""
    program.deployed(gallery.root, store)
    gallery.photos["b"]["id"] = "renamed"
    gallery.write()
    ran = program.deployed(gallery.root, store)
    assert ran.outputs["deleted-files"] == "0"
    assert ran.outputs["uploaded-files"] == "1"  # the manifest


def test_a_manifest_that_is_only_newer_is_no_change(store, gallery):
    """generated_at says nothing about the gallery, nor do the folders of original_path."""
    program.deployed(gallery.root, store)
    gallery.generated_at = "2025-01-01T00:00:00+00:00"
    gallery.photos["a"]["original_path"] = "/somewhere/else/a.JPG"
    gallery.write()
    store.operations.clear()
    ran = program.deployed(gallery.root, store)
    assert store.writes == []
    assert ran.outputs["changes"] == "false"


def test_paths_of_the_photographers_machine_are_not_published(store, gallery):
    """redact-paths, on by default, keeps the name of the file alone."""
    program.deployed(gallery.root, store)
    photos = json.loads(store.inner.objects[MANIFEST].data)["photos"]
    assert [each["original_path"] for each in photos] == ["a.JPG", "b.JPG", "c.JPG"]


def test_paths_are_published_on_request(store, gallery):
    """With redact-paths: false the manifest is published byte for byte."""
    program.deployed(gallery.root, store, redact_paths="false")
    assert store.inner.objects[MANIFEST].data == gallery.manifest.read_bytes()


def test_a_lost_manifest_is_refused_and_the_site_alone_is_not(store, gallery):
    """Directory mode over a metadata deployment would forget which photos are ours."""
    program.deployed(gallery.root, store)
    gallery.manifest.unlink()
    for scope in ({}, {"photos_only": "true"}, {"dry_run": "true"}):
        ran = program.run(gallery.root, store, **scope)
        assert ran.reason == "metadata"
    assert program.run(gallery.root, store, site_only="true").error is None


def test_two_galleries_in_one_bucket_never_touch_each_other(tmp_path, store):
    """Different metadata keys and prefixes; each deletes its own alone."""
    first, second = galleries.make(tmp_path / "1"), galleries.make(tmp_path / "2", "cde")
    inputs = [
        {"metadata_key": f"{name}.json", "photos_prefix": f"{name}/p", "site_prefix": name}
        for name in ("one", "two")
    ]
    program.deployed(first.root, store, **inputs[0])
    program.deployed(second.root, store, **inputs[1])
    before = {key for key in store.inner.objects if key.startswith(("two", ".galleria/two"))}
    first.remove("a")
    first.write()
    (first.site / "style.css").unlink()
    program.deployed(first.root, store, delete_stale_site="true", **inputs[0])
    after = {key for key in store.inner.objects if key.startswith(("two", ".galleria/two"))}
    assert before == after
    store.operations.clear()
    program.deployed(second.root, store, delete_stale_site="true", **inputs[1])
    assert store.writes == []


@pytest.mark.parametrize("max_deletes", ["25%", "0"])
def test_another_prefix_moves_the_gallery(store, gallery, max_deletes):
    """The old prefix's keys go; they count as moved, not as lost."""
    program.deployed(gallery.root, store)
    store.inner.put("photos/full/other.jpg", b"not ours", None)
    ran = program.deployed(
        gallery.root, store, photos_prefix="album", site_prefix="www",
        delete_stale_site="true", max_deletes=max_deletes,
    )  # fmt: skip
    assert ran.outputs["photos-to-upload"] == "3"
    expected = gallery.keys("album") | {f"www/{name}" for name in galleries.SITE}
    assert set(store.inner.objects) == expected | {MANIFEST, LEDGER, "photos/full/other.jpg"}
    store.operations.clear()
    program.deployed(gallery.root, store, photos_prefix="album", site_prefix="www")
    assert store.writes == []


def test_a_prefix_shared_with_strangers_keeps_their_files(store, gallery):
    """Paths of the old manifest below a new prefix are not ours: they may be somebody else's."""
    program.deployed(gallery.root, store)
    store.inner.put("album/full/b.jpg", b"not ours", None)
    gallery.remove("b")
    gallery.write()
    program.deployed(gallery.root, store, photos_prefix="album")
    assert store.inner.objects["album/full/b.jpg"].data == b"not ours"
    assert "photos/full/b.jpg" not in store.inner.objects


@pytest.mark.parametrize("scope", ["photos_only", "site_only"])
def test_the_other_half_is_neither_compared_written_nor_deleted(store, gallery, scope):
    """Everything changes on both sides; only the half in scope follows."""
    program.deployed(gallery.root, store)
    before = dict(store.inner.objects)
    gallery.add("a", seed="other")
    gallery.remove("b")
    gallery.write()
    gallery.write_site({"index.html": b"new"})
    (gallery.site / "style.css").unlink()
    inputs = {"delete_stale_site": "true", "max_deletes": "100", "force": "true", scope: "true"}
    ran = program.deployed(gallery.root, store, **inputs)
    changed = {
        key
        for key in {*before, *store.inner.objects}
        if before.get(key) != store.inner.objects.get(key)
    } - {LEDGER}
    photo_side = {key for key in changed if key.startswith("photos/") or key == MANIFEST}
    assert changed
    assert (changed == photo_side) == (scope == "photos_only")
    if scope == "photos_only":
        assert "pages may still show them" in ran.log
        assert ran.outputs["site-to-upload"] == "0"
    else:
        assert changed == {"index.html", "style.css"}
        assert ran.outputs["photos-to-upload"] == "0"


def test_site_only_needs_no_photos_and_photos_only_no_site(tmp_path, store):
    """A scope never asks for the other half's folder."""
    site = galleries.Gallery(tmp_path / "site")
    site.write_site()
    program.deployed(site.root, store, site_only="true")
    photos = galleries.Gallery(tmp_path / "photos")
    photos.add("a")
    photos.write()
    program.deployed(photos.root, store, photos_only="true")
    assert MANIFEST in store.inner.objects


def test_too_many_deletes_are_shown_and_refused(store, gallery, tmp_path):
    """Above max-deletes the plan is shown, nothing is written, dry run included."""
    big = galleries.make(tmp_path / "big", [f"p{number:02}" for number in range(16)])
    program.deployed(big.root, store)
    for number in range(11):
        big.remove(f"p{number:02}")
    big.write()
    store.operations.clear()
    for inputs in ({}, {"dry_run": "true"}, {"max_deletes": "10"}, {"max_deletes": "50%"}):
        ran = program.run(big.root, store, **inputs)
        assert ran.reason == "too-many-deletes"
        assert "11 of 16 deployed photos would be deleted" in ran.error.text()
        assert "11 photos" in ran.summary
        assert ran.outputs["photos-to-delete"] == "11"
    assert store.writes == []
    assert program.run(big.root, store, max_deletes="70%").error is None


def test_a_share_never_allows_to_delete_everything(store, gallery):
    """An empty gallery needs a count."""
    program.deployed(gallery.root, store)
    for name in "abc":
        gallery.remove(name)
    gallery.write()
    assert program.run(gallery.root, store, max_deletes="100%").reason == "too-many-deletes"
    program.deployed(gallery.root, store, max_deletes="3")
    assert not [key for key in store.inner.objects if key.startswith("photos/")]


def test_delete_false_keeps_photos_until_it_is_true_again(store, gallery):
    """They stay ours in the ledger."""
    program.deployed(gallery.root, store)
    gallery.remove("b")
    gallery.write()
    program.deployed(gallery.root, store, delete="false")
    assert "photos/full/b.jpg" in store.inner.objects
    program.deployed(gallery.root, store)
    assert "photos/full/b.jpg" not in store.inner.objects


def test_a_manifest_in_the_bucket_that_cannot_be_read_stops_deletes(store, gallery):
    """It counts as empty with a warning; what it listed is unknown, so nothing is deleted."""
    program.deployed(gallery.root, store)
    store.inner.put(MANIFEST, b"<html>", None)
    gallery.remove("b")
    gallery.write()
    ran = program.deployed(gallery.root, store)
    assert "cannot be read" in ran.log
    assert "photos/full/b.jpg" in store.inner.objects
    program.deployed(gallery.root, store)
    assert "photos/full/b.jpg" not in store.inner.objects


@pytest.mark.parametrize("which", [MANIFEST, LEDGER])
def test_what_a_newer_version_wrote_is_refused(store, gallery, which):
    """A newer manifest or ledger may mean things that this version does not know."""
    program.deployed(gallery.root, store)
    newer = {"version": 2, "schema_version": "2.0", "photos": []}
    store.inner.put(which, json.dumps(newer).encode(), None)
    ran = program.run(gallery.root, store)
    assert ran.reason == "metadata"
    assert "Update the action" in ran.error.text()


def test_drift_is_repaired_and_named(store, gallery):
    """Objects that somebody changed or deleted in the bucket are sent again."""
    program.deployed(gallery.root, store)
    store.inner.put("photos/full/a.jpg", b"changed by hand", None)
    store.inner.delete(["photos/full/b.jpg", "style.css"])
    ran = program.deployed(gallery.root, store)
    assert "differs in bucket" in ran.summary
    assert "missing in bucket" in ran.summary
    assert ran.outputs["uploaded-files"] == "3"
    assert program.run(gallery.root, store).outputs["changes"] == "false"


def test_stale_photos_are_all_listed_and_nothing_is_written(store, gallery):
    """The bytes of a full must be those of its manifest."""
    for name in "ab":
        (gallery.pics / f"full/{name}.jpg").write_bytes(galleries.jpeg("another picture"))
    ran = program.run(gallery.root, store)
    assert ran.reason == "stale-photos"
    assert [str(each) for each in ran.error.problems] == ["full/a.jpg", "full/b.jpg"]
    assert store.writes == []


def test_a_photo_that_was_corrected_before_goes_as_it_is(store, gallery):
    """Bytes that already hash to deployment_file_hash are published unchanged."""
    path = gallery.pics / "full/a.jpg"
    corrected = exif.edit(path.read_bytes(), "2024:06:15 14:30:45", "+02:00")
    path.write_bytes(corrected)
    program.deployed(gallery.root, store)
    assert store.inner.objects["photos/full/a.jpg"].data == corrected
    path.write_bytes(galleries.jpeg("a"))
    assert program.run(gallery.root, store).outputs["changes"] == "false"


def test_the_expected_plan_is_deployed_and_no_other(store, gallery):
    """The hash of a dry run is that of the deployment, unless something changed."""
    plan_hash = program.run(gallery.root, store, dry_run="true").outputs["plan-hash"]
    gallery.generated_at = "2030-01-01T00:00:00+00:00"
    gallery.write()
    assert (
        program.run(gallery.root, store, dry_run="true", expected_plan="0" * 64).reason
        == "plan-changed"
    )
    (gallery.site / "index.html").write_bytes(b"changed")
    assert program.run(gallery.root, store, expected_plan=plan_hash).reason == "plan-changed"
    assert store.writes == []
    gallery.write_site()
    program.deployed(gallery.root, store, expected_plan=plan_hash)


def test_from_directory_mode_to_metadata_mode(store, gallery):
    """What directory mode put becomes the gallery's own; nothing is sent twice."""
    for photo in gallery.photos.values():
        photo["deployment_file_hash"] = photo["file_hash"]
    gallery.manifest.unlink()
    program.deployed(gallery.root, store)
    gallery.write()
    ran = program.deployed(gallery.root, store)
    assert ran.outputs["uploaded-files"] == "1"
    entries = ledger.decode(store.inner.objects[LEDGER].data).entries
    keys = gallery.keys()
    assert {entries[key].owner for key in keys} == {"photo"}
