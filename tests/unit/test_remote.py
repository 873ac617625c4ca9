"""The state of the bucket as a value."""

from __future__ import annotations

import pytest
from unit.samples import document, parsed, photo

from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.remote import Remote

MANIFEST = parsed(
    document(photo("a", files={"full": "photos/full/a.jpg", "web": "w", "thumb": "t"}))
)


@pytest.mark.parametrize(
    ("recorded", "prefix", "keys"),
    [
        (None, "photos", {"photos/full/a.jpg", "photos/w", "photos/t"}),
        ("photos", "photos", {"photos/full/a.jpg", "photos/w", "photos/t"}),
        (None, "", {"full/a.jpg", "w", "t"}),
        ("", "", {"full/a.jpg", "w", "t"}),
        ("old", "photos", set()),
        ("", "photos", set()),
    ],
)
def test_photo_keys(recorded, prefix, keys):
    """The manifest's paths below the prefix, unless the ledger says that it was another one."""
    remote = Remote(manifest=MANIFEST, ledger=Ledger(photos_prefix=recorded))
    assert set(remote.photo_keys(prefix)) == keys
    assert set(remote.photo_keys(prefix).values()) <= {"a"}


def test_an_empty_bucket():
    """Nothing there: no keys, no facts, no faults."""
    remote = Remote()
    assert remote.photo_keys("photos") == {}
    assert remote.site_keys == set()
    assert remote.entry("a") is None
    assert (remote.manifest_etag, remote.ledger_etag, remote.faults) == (None, None, ())


def test_site_keys():
    """Site files are known from the ledger alone."""
    entries = {each.value: Entry(each) for each in Owner}
    remote = Remote(ledger=Ledger(entries))
    assert remote.site_keys == {"site"}
    assert remote.entry("photo") == Entry(Owner.PHOTO)
