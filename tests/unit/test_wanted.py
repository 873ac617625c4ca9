"""What the bucket should hold: objects of a gallery, and the keys that are refused."""

from __future__ import annotations

import pytest
from unit.samples import config, document, full, local, page, parsed, photo, sha256, thumb

from galleria_action import headers, wanted
from galleria_action.errors import DeployError, FailureReason
from galleria_action.ledger import Owner
from galleria_action.wanted import Wanted


def test_photos():
    """Each path is an object below the photos prefix; hashes belong to the full alone."""
    manifest = parsed(document(photo("a")))
    files = {path: local(path) for path in manifest.paths}
    made = {each.key: each for each in wanted.photos(manifest, files, config(photos_prefix="p"))}
    assert list(made) == ["p/full/a.jpg", "p/web/a.jpg", "p/thumb/a.webp"]
    first, web, small = made.values()
    assert (first.file_hash, first.deployment_hash) == (sha256("a"), sha256("a corrected"))
    assert first.is_full
    assert not web.is_full
    assert (web.file_hash, web.deployment_hash) == ("", "")
    assert first.edit == web.edit == manifest.photos[0].edit
    assert small.edit is None
    assert {each.photo for each in made.values()} == {"a"}
    assert {each.owner for each in made.values()} == {Owner.PHOTO}
    assert small.headers == headers.Headers("image/webp", headers.PHOTO_CACHE)


def test_a_shared_path_follows_the_rules_of_full():
    """One object, held against the hashes, edited if the photo is."""
    manifest = parsed(
        document(photo("a", files={"full": "a.jpg", "web": "a.jpg", "thumb": "a.jpg"}))
    )
    (made,) = wanted.photos(manifest, {"a.jpg": local("a.jpg")}, config(photos_prefix=""))
    assert made.key == "a.jpg"
    assert made.is_full
    assert made.edit is not None


def test_directory_mode():
    """Every file as it is, with a photo's headers, each a photo of its own."""
    (made,) = wanted.photo_files([local("full/a.jpg")], config())
    assert made == Wanted(
        key="photos/full/a.jpg",
        owner=Owner.FILE,
        file=local("full/a.jpg"),
        headers=headers.Headers("image/jpeg", headers.PHOTO_CACHE),
        photo="full/a.jpg",
    )


@pytest.mark.parametrize(("prefix", "key"), [("", "a/index.html"), ("site", "site/a/index.html")])
def test_site(prefix, key):
    """Every file below the site prefix."""
    (made,) = wanted.site([local("a/index.html")], config(site_prefix=prefix))
    assert made.key == key
    assert made.owner is Owner.SITE
    assert made.is_page
    assert made.headers.cache_control == headers.PAGE_CACHE


def test_a_photo_is_no_page():
    """HTML among the photos is not held back like a page of the site."""
    assert not full("a", file=local("a.html")).is_page


def checked(*objects: Wanted, **changes: object):
    return wanted.checked(objects, config(**changes))


def test_sorted():
    """Accepted objects are sorted by key."""
    objects, skipped = checked(page("b"), thumb("a"), page("a"))
    assert [each.key for each in objects] == ["a", "b", "photos/thumb/a.webp"]
    assert skipped == ()


@pytest.mark.parametrize(
    "key",
    ["gallery-metadata.json", ".galleria/x", ".galleria/gallery-metadata.json.ledger.json.gz"],
)
def test_site_files_at_the_keys_of_records_are_skipped(key):
    """Only the commit writes the manifest and our records."""
    objects, skipped = checked(page(key), page("index.html"))
    assert [each.key for each in objects] == ["index.html"]
    assert skipped == (key,)


@pytest.mark.parametrize("key", [".galleria2/x", "a/.galleria/x", "a/gallery-metadata.json"])
def test_other_keys_are_not_skipped(key):
    """Only the manifest's own key and our own folder are ours."""
    assert checked(page(key))[1] == ()


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([full("a"), page("photos/full/a.jpg")], "would overwrite a photo at the key 'photos/full/a.jpg'"),
        ([page("photos/full/a.jpg"), full("a")], "would overwrite a site file"),
        ([full("a", key="gallery-metadata.json")], "has the key of the manifest or of our records"),
        ([full("a", key=".galleria/a.jpg")], "has the key of the manifest or of our records"),
        ([full("a", key="a.jpg", owner=Owner.FILE), page("a.jpg")], "would overwrite a photo"),
        ([page("a\\b")], "has a backslash"),
        ([page("a\nb")], "has a control character"),
        ([page("a\udcff")], "is no valid Unicode text"),
        ([page("é" * 513)], "makes a key of more than 1024 bytes"),
    ],
)  # fmt: skip
def test_refused(objects, message):
    """Two objects at one key, a photo at a record's key, and keys that S3 cannot hold."""
    with pytest.raises(DeployError) as caught:
        checked(*objects)
    assert caught.value.reason is FailureReason.CONFIG
    (problem,) = caught.value.problems
    assert message in problem.message


def test_the_longest_key():
    """1024 bytes are a key."""
    assert len(checked(page("é" * 512))[0]) == 1


def test_all_refusals_at_once():
    """Every file that cannot be published is named."""
    with pytest.raises(DeployError) as caught:
        checked(page("a\\b"), page("c\\d"), page("ok"))
    assert len(caught.value.problems) == 2


def test_overlap_with_the_other_half():
    """An object at a key that the half out of scope owns is refused."""
    wanted.refuse_overlap([page("index.html")], {"photos/full/a.jpg": "a photo"})
    with pytest.raises(DeployError) as caught:
        wanted.refuse_overlap([page("a.jpg")], {"a.jpg": "a photo"})
    assert "'a.jpg' would overwrite a photo at the key 'a.jpg'" in caught.value.text()
