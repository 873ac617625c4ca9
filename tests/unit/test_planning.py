"""How one object is compared: what is read, why it is written, and what is remembered."""

from __future__ import annotations

import pytest
from unit.samples import (
    SIZE,
    config,
    document,
    entry,
    full,
    md5,
    page,
    parsed,
    photo,
    sha256,
    thumb,
)

from galleria_action import planning, unread
from galleria_action.edits import UNTOUCHED
from galleria_action.headers import Headers
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.plan import Kind, Reason
from galleria_action.planning import Gallery
from galleria_action.publication import Reading
from galleria_action.remote import Listed, Remote
from galleria_action.unread import ReadRequest

OTHER = Headers("image/jpeg", "no-store")


def remote(wanted, known=None, etag=None, **changes) -> Remote:
    """A bucket with one object; ``known`` is the ledger's entry, ``etag`` the listed one."""
    return Remote(
        ledger=Ledger({wanted.key: known} if known else {}),
        listing={wanted.key: Listed(SIZE, etag)} if etag else {},
        **changes,
    )


def reading(wanted, **changes) -> Reading:
    """What reading the wanted file tells."""
    known = entry(wanted)
    made = Reading(known.source, known.edit, SIZE, md5(wanted.file.name))
    return made._replace(**changes)


def build(wanted, state, found=None, manifest=None, **changes):
    readings = {wanted.key: found} if found else {}
    gallery = Gallery((wanted,), "metadata", manifest)
    return planning.build(config(**changes), gallery, state, readings)


FULL, THUMB, PAGE = full("a"), thumb("a"), page("index.html")
SAME = md5(FULL.file.name)
KNOWN = entry(FULL)


@pytest.mark.parametrize(
    ("known", "etag"),
    [
        (KNOWN, SAME),
        (KNOWN._replace(headers=""), SAME),
        (KNOWN._replace(edit=UNTOUCHED + KNOWN.edit), SAME),
        (KNOWN._replace(source=FULL.deployment_hash, edit=""), SAME),
    ],
)
def test_a_settled_full_is_not_read(known, etag):
    """For a full the manifest vouches for the bytes: nothing is read, and nothing is written."""
    state = remote(FULL, known, etag)
    assert unread.find([FULL], state, [], force=False) == []
    plan = build(FULL, state)
    assert plan.changes == ()
    assert plan.kept == {FULL.key: known}


@pytest.mark.parametrize(
    ("known", "etag"),
    [
        (None, None),
        (None, SAME),
        (KNOWN, None),
        (KNOWN, "other"),
        (KNOWN._replace(source=sha256("other")), SAME),
        (KNOWN._replace(edit=""), SAME),
        (KNOWN._replace(edit="exif/0 2024-06-15T14:30:45 +02:00"), SAME),
        (KNOWN._replace(deployment_hash=sha256("other")), SAME),
        (KNOWN._replace(headers=OTHER.digest), SAME),
    ],
)
def test_any_difference_is_looked_at(known, etag):
    """Source, edit, headers, deployment hash, ETag: where one differs the file is read."""
    (request,) = unread.find([FULL], remote(FULL, known, etag), [], force=False)
    assert request.wanted is FULL


STRIPPED = FULL._replace(strip_gps=True)
REMOVED = f"gps/1 {KNOWN.edit}"


@pytest.mark.parametrize(
    ("wanted", "known", "looked_at"),
    [
        (STRIPPED, KNOWN._replace(edit=REMOVED), False),
        (STRIPPED, KNOWN._replace(edit=f"gps/1 {UNTOUCHED}{KNOWN.edit}"), False),
        (STRIPPED, KNOWN._replace(position=False), False),
        (STRIPPED, KNOWN._replace(position=True), True),
        (STRIPPED, KNOWN, True),
        (STRIPPED, KNOWN._replace(edit=f"gps/0 {KNOWN.edit}"), True),
        (FULL, KNOWN._replace(edit=REMOVED), True),
        (FULL, KNOWN._replace(position=True), False),
        (FULL, KNOWN._replace(position=False), False),
    ],
)
def test_positions_are_known_without_reading(wanted, known, looked_at):
    """A full is read only if what is known of its position leaves room for a change."""
    requests = unread.find(
        [wanted], remote(wanted, known, SAME), [None] * (not wanted.is_full), force=False
    )
    assert bool(requests) is looked_at


@pytest.mark.parametrize(
    ("known", "found", "reason"),
    [
        (KNOWN, {"edit": REMOVED, "position": False}, Reason.METADATA),
        (KNOWN._replace(edit=REMOVED), {"position": True}, Reason.METADATA),
        (KNOWN._replace(edit=f"gps/0 {KNOWN.edit}"), {"edit": REMOVED}, Reason.METADATA),
        (KNOWN._replace(source=sha256("other")), {"edit": REMOVED}, Reason.CHANGED),
        (KNOWN, {"position": False}, None),
    ],
)
def test_a_position_that_comes_or_goes_is_a_change_of_metadata(known, found, reason):
    """The same picture with or without its position; another picture is more than that."""
    plan = build(FULL, remote(FULL, known, SAME), reading(FULL, **found))
    assert [each.reason for each in plan.changes] == ([reason] if reason else [])
    if reason is None:
        assert plan.kept[FULL.key].position is False


@pytest.mark.parametrize("wanted", [THUMB, PAGE], ids=["thumb", "page"])
def test_other_files_are_always_hashed(wanted):
    """Nothing vouches for web, thumb and site files."""
    state = remote(wanted, entry(wanted), md5(wanted.file.name))
    assert unread.find([wanted], state, [None], force=False) == [
        ReadRequest(wanted, wanted.edit, md5=False)
    ]


@pytest.mark.parametrize(
    ("known", "etag", "force", "needed"),
    [
        (None, SAME, False, True),
        (Entry(Owner.PHOTO), SAME, False, True),
        (KNOWN, SAME, False, False),
        (KNOWN, "other", False, True),
        (None, None, False, False),
        (None, SAME, True, False),
        (KNOWN, "other", True, False),
    ],
)
def test_md5_only_for_objects_nobody_knows(known, etag, force, needed):
    """The published bytes are hashed only where an ETag could prove them."""
    requests = unread.find([THUMB], remote(THUMB, known, etag), [None], force=force)
    assert requests == [ReadRequest(THUMB, THUMB.edit, md5=needed)]


@pytest.mark.parametrize(
    ("known", "etag", "found", "reason"),
    [
        (None, None, {}, Reason.NEW),
        (KNOWN, None, {}, Reason.MISSING),
        (Entry(Owner.PHOTO, etag=SAME), None, {}, Reason.MISSING),
        (Entry(Owner.PHOTO), None, {}, Reason.NEW),
        (KNOWN, "other", {}, Reason.DIFFERS),
        (KNOWN, SAME, {"sha256": sha256("new")}, Reason.CHANGED),
        (KNOWN, SAME, {"edit": ""}, Reason.CHANGED),
        (KNOWN._replace(deployment_hash=sha256("x")), SAME, {}, Reason.CHANGED),
        (KNOWN._replace(headers=OTHER.digest), SAME, {}, Reason.HEADERS),
        (KNOWN._replace(headers=OTHER.digest), "other", {"edit": ""}, Reason.CHANGED),
        (None, "other", {}, Reason.UNVERIFIED),
        (Entry(Owner.PHOTO, etag=SAME), "other", {}, Reason.UNVERIFIED),
        (None, SAME, {}, None),
        (KNOWN, SAME, {}, None),
    ],
)
def test_reason(known, etag, found, reason):
    """Every difference has its reason; no difference, no change."""
    plan = build(FULL, remote(FULL, known, etag), reading(FULL, **found))
    assert [change.reason for change in plan.changes] == ([reason] if reason else [])
    assert (FULL.key in plan.kept) == (reason is None)


def test_a_key_of_the_deployed_manifest_is_missing_not_new():
    """What the last manifest lists was deployed, even without a ledger."""
    deployed = parsed(document(photo("a")))
    state = remote(FULL, manifest=deployed, manifest_etag="m")
    (change,) = build(FULL, state, reading(FULL), manifest=deployed).changes
    assert change.reason is Reason.MISSING


def test_adopted():
    """The same bytes, put by another tool, are taken over; their headers are unknown."""
    plan = build(THUMB, remote(THUMB, None, md5(THUMB.file.name)), reading(THUMB))
    assert plan.changes == ()
    assert plan.kept == {
        THUMB.key: entry(THUMB)._replace(headers="", listed=False),
    }


BEFORE = entry(THUMB)._replace(source=sha256("before"), etag=md5("before"))
"""What the ledger says of an object after a run that has sent another and was killed."""


def test_arrived_but_not_recorded():
    """The bytes that are wanted are not sent again because the ledger tells of others."""
    plan = build(THUMB, remote(THUMB, BEFORE, md5(THUMB.file.name)), reading(THUMB))

    assert plan.changes == ()
    assert plan.kept == {THUMB.key: entry(THUMB)._replace(headers="")}


@pytest.mark.parametrize(
    ("known", "etag", "found"),
    [
        (BEFORE._replace(headers=OTHER.digest), md5(THUMB.file.name), {}),
        (BEFORE, md5("before"), {}),
        (BEFORE, md5("another"), {}),
        (BEFORE, "", {"md5": ""}),
    ],
    ids=["other headers", "what was before", "what nobody knows", "no proof"],
)
def test_not_arrived(known, etag, found):
    """Only the ETag of the wanted bytes is proof, and not where the headers have to change."""
    plan = build(THUMB, remote(THUMB, known, etag or "-"), reading(THUMB, **found))

    assert [each.reason for each in plan.changes] == [Reason.CHANGED]


def test_unknown_headers_are_not_planned():
    """An adopted object's headers are left alone until `force`."""
    known = entry(THUMB)._replace(headers="")
    state = remote(THUMB, known, md5(THUMB.file.name))
    assert build(THUMB, state, reading(THUMB)).changes == ()
    (change,) = build(THUMB, state, reading(THUMB), force=True).changes
    assert (change.reason, change.headers) == (Reason.FORCED, THUMB.headers)


@pytest.mark.parametrize("known", [KNOWN, None], ids=["ours", "another tool's"])
def test_force(known):
    """`force` sends what is unchanged, too."""
    state = remote(FULL, known, SAME)
    requests = unread.find([FULL], state, [], force=True)
    assert [request.wanted for request in requests] == [FULL]
    plan = build(FULL, state, reading(FULL), force=True)
    assert len(plan.changes) == 1
    assert plan.kept == {}


def test_etags_are_opaque():
    """An ETag that is no MD5 (multipart, SSE-KMS) is compared with the recorded one alone."""
    known = entry(THUMB)._replace(etag="abc-17")
    assert build(THUMB, remote(THUMB, known, "abc-17"), reading(THUMB)).changes == ()


@pytest.mark.parametrize(
    ("known", "etag", "replaced"), [(None, "other", 1), (None, None, 0), (KNOWN, "other", 0)]
)
def test_replaced(known, etag, replaced):
    """Objects of others at keys we publish are counted, and the plan says so."""
    plan = build(FULL, remote(FULL, known, etag), reading(FULL))
    assert plan.totals.replaced == replaced
    assert any("replaced" in text for text in plan.warnings + plan.notices) == bool(replaced)


def test_directory_mode_then_metadata_mode():
    """What directory mode put becomes a photo's object without being sent again."""
    wanted = full("a", edit=None, deployment_hash=sha256("a"))
    known = entry(wanted, owner=Owner.FILE, deployment_hash="")
    plan = build(wanted, remote(wanted, known, SAME), reading(wanted, edit=""))
    assert plan.changes == ()
    assert plan.kept[wanted.key].owner is Owner.PHOTO


MANIFEST = parsed(document(photo("a")))
PUBLISHED = Headers("application/json", "public, max-age=0, must-revalidate")
RECORDED = Entry(Owner.MANIFEST, MANIFEST.content, "", PUBLISHED.digest, len(MANIFEST.data), "m")


@pytest.mark.parametrize(
    ("deployed", "etag", "known", "changes", "reason"),
    [
        (None, None, None, {}, Reason.NEW),
        (None, "m", None, {}, Reason.DIFFERS),
        (MANIFEST, "m", None, {}, None),
        (MANIFEST, "m", RECORDED, {}, None),
        (MANIFEST, "other", RECORDED, {}, None),
        (parsed(document(photo("a"), generated_at="later")), "m", RECORDED, {}, None),
        (parsed(document(photo("b"))), "m", RECORDED, {}, Reason.CHANGED),
        (MANIFEST, "m", RECORDED._replace(headers="x"), {}, Reason.HEADERS),
        (MANIFEST, "m", RECORDED, {"cache_control": (("*.json", "no-store"),)}, Reason.HEADERS),
        (MANIFEST, "m", None, {"cache_control": (("*.json", "no-store"),)}, None),
        (MANIFEST, "m", RECORDED, {"force": True}, Reason.FORCED),
        (parsed(document(photo("b"))), "m", RECORDED, {"site_only": True}, None),
        (None, None, None, {"photos_only": True}, Reason.NEW),
    ],
)
def test_manifest(deployed, etag, known, changes, reason):
    """The manifest is put if it says something else; generated_at alone is no change."""
    key = "gallery-metadata.json"
    state = Remote(
        manifest=deployed, manifest_etag=etag, ledger=Ledger({key: known} if known else {})
    )
    plan = planning.build(config(**changes), Gallery((), "metadata", MANIFEST), state, {})
    puts = plan.puts(Kind.MANIFEST)
    assert [put.reason for put in puts] == ([reason] if reason else [])
    assert plan.manifest_data == (MANIFEST.data if reason else b"")
    if puts:
        assert puts[0].source == MANIFEST.content
        assert puts[0].size == len(MANIFEST.data)


def test_the_manifest_is_published_redacted():
    """The bytes of the plan are those that will be sent."""
    manifest = parsed(document(photo("a", original_path="/home/me/a.JPG")))
    gallery = Gallery((), "metadata", manifest)
    plan = planning.build(config(), gallery, Remote(), {})
    assert b"/home/me" not in plan.manifest_data
    assert (
        planning.build(config(redact_paths=False), gallery, Remote(), {}).manifest_data
        == manifest.data
    )
