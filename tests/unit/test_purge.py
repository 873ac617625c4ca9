"""Which objects are purged: those that visitors may have seen as they were."""

from __future__ import annotations

import pytest
from unit.samples import config

from galleria_action import purge
from galleria_action.invalidation import Call, Provider, Purge
from galleria_action.plan import Action, Change, Kind, Reason

URL = "https://photos.example.org"
CDN = config(invalidate_cdn=True, cdn_provider=Provider.CLOUDFLARE, cdn_id="0" * 32, public_url=URL)
PUTS = [each for each in Reason if each not in (Reason.REMOVED, Reason.LEFTOVER)]


def put(key, reason=Reason.CHANGED):
    return Change(Action.PUT, reason, Kind.PHOTO, key, 10)


def delete(key):
    return Change(Action.DELETE, Reason.REMOVED, Kind.PHOTO, key, 10)


@pytest.mark.parametrize("reason", PUTS)
def test_all_but_new_ones(reason):
    """What is new was never seen; what is put again for any reason was."""
    expected = set() if reason is Reason.NEW else {"a.jpg"}
    assert purge.replaced([put("a.jpg", reason), delete("b.jpg")]) == expected


def test_two_times():
    """Changed objects after the commit, deleted ones after the deletes."""
    made = purge.build(CDN, [put("a.jpg"), put("new.jpg", Reason.NEW), delete("b.jpg")], ())
    assert made == Purge(
        Provider.CLOUDFLARE,
        changed=(Call(("a.jpg",), (f"{URL}/a.jpg",)),),
        deleted=(Call(("b.jpg",), (f"{URL}/b.jpg",)),),
    )
    assert (made.objects, made.addresses) == (2, (f"{URL}/a.jpg", f"{URL}/b.jpg"))


def test_what_earlier_runs_left():
    """Purged with the changed ones; a key that is deleted now is purged once it is."""
    made = purge.build(CDN, [put("a.jpg"), delete("b.jpg")], {"a.jpg", "b.jpg", "owed.jpg"})
    assert [each.keys for each in made.changed] == [("a.jpg", "owed.jpg")]
    assert [each.keys for each in made.deleted] == [("b.jpg",)]


def test_nothing_to_purge():
    """A CDN, but nothing for it."""
    assert purge.build(CDN, [put("a.jpg", Reason.NEW)], ()) == Purge(Provider.CLOUDFLARE)


def test_no_cdn():
    """Nobody is asked to forget anything."""
    assert purge.build(config(public_url=URL), [put("a.jpg")], {"owed.jpg"}) is None
