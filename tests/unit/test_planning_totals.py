"""The plan as a whole: its order, its totals, its warnings and notices."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from unit.samples import config, document, entry, full, md5, page, parsed, photo, thumb

from galleria_action import planning
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.plan import Action, Kind, Totals
from galleria_action.planning import Gallery
from galleria_action.publication import Reading
from galleria_action.remote import Listed, Remote

OBJECTS = (
    page("a.js"), full("a"), thumb("a"), page("index.html"), page("z.css"), full("b"), thumb("b"),
)  # fmt: skip


def reading(wanted, **changes) -> Reading:
    known = entry(wanted)
    return Reading(**{"sha256": known.source, "edit": known.edit, "size": 100, **changes})


def build(objects=OBJECTS, state=None, readings=None, **changes):
    manifest = parsed(document(photo("a"), photo("b")))
    gallery = Gallery(tuple(objects), "metadata", manifest)
    if readings is None:
        readings = {each.key: reading(each) for each in objects}
    return planning.build(config(**changes), gallery, state or Remote(), readings)


def deployed(*objects, extra=()) -> Remote:
    """A bucket that holds ``objects`` as deployed, and ``extra`` (key, owner, listed) of ours."""
    entries = {each.key: entry(each) for each in objects}
    entries |= {
        key: Entry(owner, "s", etag="e", size=7, listed=listed) for key, owner, listed in extra
    }
    return Remote(
        ledger=Ledger(entries, "photos", ""),
        listing={key: Listed(each.size, each.etag) for key, each in entries.items()},
    )


def test_order():
    """Photos, site files, pages, manifest, then deletes: photos, site files; each by key."""
    state = deployed(extra=[("photos/full/x.jpg", Owner.PHOTO, True), ("old.js", Owner.SITE, True)])
    plan = build(state=state, delete_stale_site=True)
    assert [(change.action.value, change.key) for change in plan.changes] == [
        ("put", "photos/full/a.jpg"),
        ("put", "photos/full/b.jpg"),
        ("put", "photos/thumb/a.webp"),
        ("put", "photos/thumb/b.webp"),
        ("put", "a.js"),
        ("put", "z.css"),
        ("put", "index.html"),
        ("put", "gallery-metadata.json"),
        ("delete", "photos/full/x.jpg"),
        ("delete", "old.js"),
    ]
    assert plan.deletes == plan.changes[-2:]
    assert plan.puts(Kind.PHOTO) == plan.changes[:4]


def test_the_order_of_the_files_does_not_matter():
    """The same gallery gives the same plan, in whatever order its files were found."""
    first, second = build(), build(tuple(reversed(OBJECTS)))
    assert first.changes == second.changes
    assert first.hash == second.hash


def test_totals():
    """Photos are counted as photos, bytes as those that are sent."""
    state = deployed(
        full("a"),
        page("a.js"),
        extra=[
            ("photos/full/x.jpg", Owner.PHOTO, True),
            ("photos/web/x.jpg", Owner.PHOTO, True),
            ("old.js", Owner.SITE, True),
        ],
    )
    readings = {each.key: reading(each) for each in OBJECTS if each.key != "photos/full/a.jpg"}
    plan = build(state=state, readings=readings, delete_stale_site=True)
    assert plan.totals == Totals(
        photos_to_upload=2,
        photos_to_delete=1,
        photos_unchanged=0,
        site_to_upload=2,
        site_to_delete=1,
        site_unchanged=1,
        objects_to_put=6,
        objects_to_delete=3,
        photo_bytes=300,
        site_bytes=200,
        manifest_bytes=len(plan.manifest_data),
        deleted_bytes=21,
        replaced=0,
    )
    assert plan.totals.bytes_to_upload == 500 + len(plan.manifest_data)


def test_a_photo_with_one_object_to_upload_is_a_photo_to_upload():
    """Unchanged photos are those with nothing to upload."""
    state = deployed(*OBJECTS[:-1])
    readings = {each.key: reading(each) for each in OBJECTS if not each.is_full}
    plan = build(state=state, readings=readings)
    assert (plan.totals.photos_to_upload, plan.totals.photos_unchanged) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "photos", "site", "scope"),
    [
        ({}, True, True, "photos and site"),
        ({"photos_only": True}, True, False, "photos"),
        ({"site_only": True}, False, True, "site"),
    ],
)
def test_scope(changes, photos, site, scope):
    """What is deployed, in words."""
    plan = build((), **changes)
    assert (plan.photos, plan.site, plan.scope) == (photos, site, scope)


@pytest.mark.parametrize(
    ("photos_only", "extra", "warned"),
    [
        (True, [("photos/full/x.jpg", Owner.PHOTO, True)], True),
        (False, [("photos/full/x.jpg", Owner.PHOTO, True)], False),
        (True, [], False),
    ],
)
def test_photos_only_with_deletes_warns(photos_only, extra, warned):
    """Pages that are not deployed may still show what is deleted."""
    objects = OBJECTS[1:3]
    plan = build(objects, deployed(*objects, extra=extra), photos_only=photos_only)
    assert any("pages may still show them" in warning for warning in plan.warnings) is warned


def test_untouched_files_warn():
    """Every file whose time could not be corrected is counted, ten are named with the reason."""
    objects = [full(f"p{number:02}") for number in range(12)]
    readings = {each.key: reading(each, untouched_because="no JPEG") for each in objects}
    plan = build(objects, readings=readings)
    (warning,) = plan.warnings
    assert warning.startswith("12 files ")
    assert "photos/full/p09.jpg (no JPEG)" in warning
    assert "p10" not in warning
    assert "and 2 more" in warning


def test_what_could_not_be_read_is_a_warning():
    """The faults of the remote state are passed on."""
    assert build(state=Remote(faults=("The manifest cannot be read.",))).warnings == (
        "The manifest cannot be read.",
    )


def test_skipped_files_are_a_notice():
    """Site files at the keys of records are named."""
    plan = planning.build(config(), Gallery((), skipped=("gallery-metadata.json",)), Remote(), {})
    assert any("gallery-metadata.json" in notice for notice in plan.notices)


def test_nothing_to_do():
    """All as deployed: no change, and everything kept for the ledger."""
    state = deployed(*OBJECTS)
    manifest = parsed(document(photo("a"), photo("b")))
    state = replace(state, manifest_etag="m", manifest=manifest)
    readings = {each.key: reading(each) for each in OBJECTS if not each.is_full}
    plan = build(state=state, readings=readings)
    assert plan.changes == ()
    assert set(plan.kept) == {each.key for each in OBJECTS} | {"gallery-metadata.json"}
    assert plan.kept["a.js"].etag == md5("a.js")
    assert all(each.action is Action.PUT for each in build().changes)
