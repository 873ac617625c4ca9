"""The bytes that are published: as is, edited, or stale."""

from __future__ import annotations

import hashlib

import pytest
from support import galleries
from unit.samples import EDIT, full, published_for, thumb

from galleria_action import exif, publication
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
