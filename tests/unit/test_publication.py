"""The bytes that are published: as is, edited, or stale."""

from __future__ import annotations

import hashlib

import pytest
from support import galleries
from unit.samples import EDIT, full, published_for, thumb

from galleria_action import exif, layout, publication
from galleria_action.edits import UNTOUCHED
from galleria_action.publication import Stale

JPEG = galleries.jpeg("a")
EDITED = exif.edit(JPEG, EDIT.time, EDIT.offset)
WITHOUT_TIME = galleries.jpeg("a", time="")
WEBP = galleries.webp("a")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def photo(data: bytes = JPEG, published: bytes = EDITED, **changes):
    """The wanted full whose manifest states the hashes of these bytes."""
    return full("a", file_hash=sha256(data), deployment_hash=sha256(published), **changes)


def web(**changes):
    """Its web variant: no hashes of its own."""
    return full("a", file_hash="", deployment_hash="", **changes)


@pytest.mark.parametrize(
    ("wanted", "data", "published", "edited"),
    [
        pytest.param(photo(), JPEG, EDITED, True, id="full is corrected"),
        pytest.param(photo(), EDITED, EDITED, False, id="full was corrected before"),
        pytest.param(photo(JPEG, JPEG, edit=None), JPEG, JPEG, False, id="full with equal hashes"),
        pytest.param(photo(b"RAW", b"RAW", edit=None), b"RAW", b"RAW", False, id="never parsed"),
        pytest.param(photo(edit=None), JPEG, JPEG, False, id="full without corrected time"),
        pytest.param(web(), JPEG, EDITED, True, id="web with a time of its own"),
        pytest.param(web(), WITHOUT_TIME, WITHOUT_TIME, False, id="web without a time"),
        pytest.param(web(), WEBP, WEBP, False, id="web of another format"),
        pytest.param(web(edit=None), JPEG, JPEG, False, id="web of a photo that goes as is"),
        pytest.param(web(), b"", b"", False, id="web that is no picture"),
        pytest.param(thumb("a"), JPEG, JPEG, False, id="thumb goes as it is"),
    ],
)
def test_publish(wanted, data, published, edited):
    """`full` decides; web is edited only if it carries a time; thumb never."""
    made = published_for(wanted, data)
    assert made.data == published
    assert made.edit == (str(EDIT) if edited else "")
    assert made.untouched_because == ""


def test_a_full_without_exif_gets_both_tags():
    """A full is corrected even if it had no time before."""
    made = published_for(photo(WITHOUT_TIME, b""), WITHOUT_TIME)
    assert exif.original_time(made.data) == EDIT.time
    assert made.edit == str(EDIT)


def test_what_cannot_be_edited_goes_as_it_is():
    """A file that no edit fits is sent untouched, and says why."""
    made = published_for(photo(WEBP), WEBP)
    assert made.data == WEBP
    assert made.edit == UNTOUCHED + str(EDIT)
    assert made.untouched_because


@pytest.mark.parametrize("wanted", [photo(), photo(JPEG, JPEG, edit=None), photo(edit=None)])
def test_stale(wanted):
    """A full is sent only if its bytes are those that the manifest describes."""
    with pytest.raises(Stale, match=r"full/a\.jpg"):
        published_for(wanted, b"another photo")


@pytest.mark.parametrize("wanted", [web(), thumb("a")])
def test_only_fulls_are_held_against_hashes(wanted):
    """web and thumb are published whatever they are."""
    assert published_for(wanted, WEBP).data == WEBP


@pytest.mark.parametrize("md5", [True, False])
def test_reading(md5):
    """A reading has the hash of the source, and size and MD5 of what is published."""
    reading, _ = publication.read(photo(), EDIT, JPEG, md5=md5)
    assert reading.sha256 == sha256(JPEG)
    assert reading.edit == str(EDIT)
    assert reading.size == len(EDITED)
    assert reading.md5 == (hashlib.md5(EDITED).hexdigest() if md5 else "")


@pytest.mark.parametrize("times", [1, 2], ids=["first of its kind", "known kind"])
@pytest.mark.parametrize(
    ("wanted", "data"),
    [
        pytest.param(photo(), JPEG, id="full is corrected"),
        pytest.param(photo(), EDITED, id="full was corrected before"),
        pytest.param(photo(EDITED, b""), EDITED, id="both tags are there"),
        pytest.param(photo(WITHOUT_TIME, b""), WITHOUT_TIME, id="block that has to grow"),
        pytest.param(photo(edit=EDIT._replace(local="2024-6-15 14:30")), JPEG, id="no such time"),
        pytest.param(photo(edit=EDIT._replace(offset="+2")), JPEG, id="no such offset"),
        pytest.param(photo(edit=EDIT._replace(offset=None)), JPEG, id="no offset"),
        pytest.param(photo(WEBP), WEBP, id="cannot be edited"),
        pytest.param(photo(strip_gps=True), JPEG, id="position goes"),
        pytest.param(web(), JPEG, id="web with a time of its own"),
        pytest.param(web(), WITHOUT_TIME, id="web without a time"),
        pytest.param(web(), WEBP, id="web of another format"),
        pytest.param(thumb("a"), WEBP, id="thumb"),
    ],
)
def test_what_is_foreseen_is_what_would_be_made(wanted, data, times, monkeypatch):
    """Whether an edit is made or only known to be possible, the plan is the same."""
    monkeypatch.setattr(layout, "_known", {})
    published = published_for(wanted, data)
    for _ in range(times):
        foreseen, _ = publication.read(wanted, wanted.edit, data, md5=False)
    proven, made = publication.read(wanted, wanted.edit, data, md5=True)
    assert made == published
    assert foreseen == proven._replace(md5="")
    assert foreseen.size == len(published.data)
    assert (foreseen.edit, foreseen.untouched_because) == (
        published.edit,
        published.untouched_because,
    )


def test_what_is_known_to_be_possible_is_not_made(monkeypatch):
    """The second photo of a kind is planned without its bytes being edited."""
    both_tags = photo(EDITED, b"")
    publication.read(both_tags, EDIT, EDITED, md5=True)
    monkeypatch.delattr(exif.Photo, "edited_pieces")
    reading, made = publication.read(both_tags, EDIT, EDITED, md5=False)
    assert reading.edit == str(EDIT)
    assert made is None
