"""What a deployment deletes: keys that are ours and that nothing publishes any more."""

from __future__ import annotations

import pytest
from unit.samples import config, document, full, page, parsed, photo, thumb

from galleria_action import removal
from galleria_action.config import MaxDeletes
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.plan import Kind, Reason
from galleria_action.remote import Listed, Remote

OURS, OURS_SITE, OURS_FILE = (
    Entry(owner, "s", etag="e") for owner in (Owner.PHOTO, Owner.SITE, Owner.FILE)
)
MANIFEST = parsed(document(photo("of this gallery")))
UNLISTED = Entry(Owner.PHOTO, "s", etag="e", listed=False)


def state(
    entries, *, manifest=(), others=(), gone=(), prefixes=("photos", ""), **changes
) -> Remote:
    """A bucket with the ledger's ``entries``, a manifest of photos, and objects of ``others``."""
    deployed = parsed(document(*map(photo, manifest))) if manifest else None
    listed_keys = {f"photos/{path}" for name in manifest for path in photo(name)["files"].values()}
    keys = ({*entries, *others} | listed_keys) - set(gone)
    return Remote(
        manifest=deployed,
        ledger=Ledger(entries, *prefixes),
        listing={key: Listed(5, "e") for key in sorted(keys)},
        **changes,
    )


def find(settings, objects, remote, manifest=MANIFEST) -> removal.Removals:
    return removal.find(settings, {each.key: each for each in objects}, remote, manifest)


def deletes(remote, objects=(), manifest=MANIFEST, **changes) -> dict[str, Reason]:
    found = find(config(**changes), objects, remote, manifest)
    assert [each.key for each in found.changes] == sorted(each.key for each in found.changes)
    return {each.key: each.reason for each in found.changes}


KEYS_OF_A = {"photos/full/a.jpg", "photos/web/a.jpg", "photos/thumb/a.webp"}


def test_keys_of_the_last_manifest():
    """A photo that left the manifest leaves with all its objects, even without a ledger."""
    found = find(config(), [full("b")], state({}, manifest=("a",)))
    assert {each.key for each in found.changes} == KEYS_OF_A
    assert {(each.photo, each.reason, each.kind, each.size) for each in found.changes} == {
        ("a", Reason.REMOVED, Kind.PHOTO, 5)
    }


def test_a_renamed_id_deletes_nothing():
    """Deletes are sets of keys, never ids: the same files under another id stay."""
    objects = [full("x", key=key) for key in KEYS_OF_A]
    assert deletes(state({}, manifest=("a",)), objects) == {}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"photos/full/x.jpg": OURS}, {"photos/full/x.jpg": Reason.REMOVED}),
        ({"photos/full/x.jpg": UNLISTED}, {"photos/full/x.jpg": Reason.LEFTOVER}),
        ({"photos/full/x.jpg": OURS_FILE}, {}),
        ({"photos/full/x.jpg": OURS_SITE}, {}),
        ({"index.html": OURS_SITE}, {}),
        ({"gallery-metadata.json": Entry(Owner.MANIFEST)}, {}),
        ({"old/full/x.jpg": OURS}, {"old/full/x.jpg": Reason.REMOVED}),
    ],
)
def test_keys_of_the_ledger(entries, expected):
    """What the ledger says is a photo's, wherever it lies; site and directory mode keep theirs."""
    assert deletes(state(entries)) == expected


def test_keys_of_others_stay():
    """An object that neither manifest nor ledger mention is never deleted."""
    others = (
        "photos/full/other.jpg",
        "photos/x",
        "other/full/a.jpg",
        "photos2/full/a.jpg",
        "x.html",
    )
    assert deletes(state({}, others=others), delete_stale_site=True) == {}


def test_what_is_published_stays():
    """Neither a photo of this run's manifest nor a site file at an old photo's key goes."""
    remote = state({"photos/full/a.jpg": OURS, "photos/old.jpg": OURS})
    assert deletes(remote, [full("a"), page("photos/old.jpg")]) == {}


def test_what_is_gone_already_is_forgotten():
    """A key that is no longer in the bucket is no delete; the ledger forgets it."""
    remote = state(
        {"photos/full/x.jpg": OURS, "old.js": OURS_SITE}, gone=["photos/full/x.jpg", "old.js"]
    )
    found = find(config(), [], remote)
    assert found.changes == ()
    assert found.forgotten == ("old.js", "photos/full/x.jpg")


@pytest.mark.parametrize(
    ("changes", "forgotten"),
    [
        ({"photos_only": True}, ("photos/full/x.jpg",)),
        ({"site_only": True}, ("old.js",)),
    ],
)
def test_the_other_half_is_not_forgotten(changes, forgotten):
    """What is out of scope was not even listed."""
    remote = state(
        {"photos/full/x.jpg": OURS, "old.js": OURS_SITE}, gone=["photos/full/x.jpg", "old.js"]
    )
    assert find(config(**changes), [], remote).forgotten == forgotten


@pytest.mark.parametrize(
    "changes",
    [{"delete": False}, {"site_only": True}, {"manifest": None}],
    ids=["delete: false", "site-only", "directory mode"],
)
def test_photos_stay(changes):
    """`delete: false`, site-only and directory mode delete no photo."""
    assert deletes(state({"photos/full/x.jpg": OURS}, manifest=("a",)), **changes) == {}


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, False),
        ({"delete_stale_site": True}, True),
        ({"delete_stale_site": True, "site_only": True}, True),
        ({"delete_stale_site": True, "photos_only": True}, False),
        ({"delete_stale_site": True, "manifest": None}, True),
        ({"delete_stale_site": True, "delete": False}, True),
    ],
)
def test_stale_site_files(changes, gone):
    """Site files go only with delete-stale-site, and only where the site is deployed."""
    found = deletes(
        state({"old.js": OURS_SITE, "a.js": OURS_SITE, "b.js": OURS_SITE}),
        [page("a.js"), page("b.js")],
        **changes,
    )
    assert found == ({"old.js": Reason.REMOVED} if gone else {})


@pytest.mark.parametrize("changes", [{}, {"delete_stale_site": True}])
def test_nothing_is_deleted_while_something_is_unreadable(changes):
    """A manifest or ledger that cannot be read stops every delete."""
    remote = state({"photos/full/x.jpg": OURS, "old.js": OURS_SITE}, faults=("broken",))
    assert deletes(remote, **changes) == {}


def test_the_old_prefix_is_cleared():
    """With another prefix the old prefix's keys go, and don't count as lost photos."""
    entries = {f"old/full/{number}.jpg": OURS for number in range(40)}
    objects = [full("a", key=f"new/full/{number}.jpg") for number in range(40)]
    found = find(config(photos_prefix="new"), objects, state(entries, prefixes=("old", "")))
    assert {each.key for each in found.changes} == set(entries)
    assert found.over_limit == ()


@pytest.mark.parametrize("site", [(), (page("index.html"),)], ids=["photos alone", "with a site"])
def test_photos_lost_from_an_even_older_prefix_count(site):
    """Only what is published below the new prefix again is no loss, whatever else is deployed."""
    entries = {f"oldest/full/{number}.jpg": OURS for number in range(40)}
    remote = state({**entries, "photos/full/a.jpg": OURS})
    found = find(config(), [full("a"), *site], remote)
    assert len(found.changes) == 40
    assert found.over_limit


@pytest.mark.parametrize(
    ("lost", "kept", "limit", "over"),
    [
        (10, 90, "25%", False),
        (25, 75, "25%", False),
        (26, 74, "25%", True),
        (10, 1, "25%", False),
        (5, 0, "25%", True),
        (5, 0, 5, False),
        (5, 5, 4, True),
    ],
)
def test_limit_of_photos(lost, kept, limit, over):
    """Photos are counted as photos; a share allows ten but never everything, a count is a count."""
    names = [f"p{number:03}" for number in range(lost + kept)]
    objects = [made for name in names[lost:] for made in (full(name), thumb(name))]
    entries = {
        key: OURS
        for name in names
        for key in (f"photos/full/{name}.jpg", f"photos/thumb/{name}.webp")
    }
    max_deletes = MaxDeletes(share=0.25) if limit == "25%" else MaxDeletes(count=limit)
    found = find(config(max_deletes=max_deletes), objects, state(entries))
    assert len(found.changes) == 2 * lost
    expected = f"{lost} of {lost + kept} deployed photos would be deleted; max-deletes is {limit}"
    assert found.over_limit == ((expected,) if over else ())


def test_limit_of_site_files_is_their_own():
    """Photos and site files are each held against the limit."""
    entries = {f"s{number}.js": OURS_SITE for number in range(20)}
    found = find(config(delete_stale_site=True), [page("s0.js")], state(entries))
    assert found.over_limit == (
        "19 of 20 deployed site files would be deleted; max-deletes is 25%",
    )


def test_leftovers_do_not_count():
    """Keys that no manifest ever listed go without asking."""
    entries = {f"photos/full/{number}.jpg": UNLISTED for number in range(50)}
    found = find(config(max_deletes=MaxDeletes(count=0)), [full("a")], state(entries))
    assert len(found.changes) == 50
    assert found.over_limit == ()


def test_a_leftover_that_the_manifest_lists_is_removed():
    """What the live manifest lists is no leftover, whatever the ledger remembers."""
    remote = state({"photos/full/a.jpg": UNLISTED}, manifest=("a",))
    assert set(deletes(remote, [full("b")]).values()) == {Reason.REMOVED}


def test_claims():
    """Keys of the manifest that no ledger knows are claimed, so that a later run may delete them."""
    remote = state({"photos/full/a.jpg": OURS}, manifest=("a",))
    found = find(config(delete=False), [full("b")], remote)
    assert found.claims == {
        key: Entry(Owner.PHOTO, size=5, etag="e") for key in KEYS_OF_A - {"photos/full/a.jpg"}
    }
    assert find(config(site_only=True), [], remote).claims == {}


@pytest.mark.parametrize(("size", "deleted"), [(5, True), (6, False)])
def test_an_upload_that_was_only_announced(size, deleted):
    """Its arrival was never recorded: what lies there now is ours only if it has its size."""
    announced = Entry(Owner.PHOTO, size=size, listed=False)
    state = Remote(
        ledger=Ledger({"photos/full/x.jpg": announced}, "photos", ""),
        listing={"photos/full/x.jpg": Listed(5, "e")},
    )
    found = find(config(), (), state)
    assert [each.reason for each in found.changes] == [Reason.LEFTOVER] * deleted
