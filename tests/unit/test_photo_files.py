"""Which files make a photo."""

from __future__ import annotations

import pytest
from unit import samples

from galleria_action import photo_files
from galleria_action.errors import DeployError, FailureReason

TRIPLE = ("full/a.jpg", "web/a.jpg", "thumb/a.webp")


def files_of(names, *entries):
    return [dict(each.files) for each in photo_files.sort(names, entries).photos]


@pytest.mark.parametrize(
    ("full", "web", "thumb"),
    [
        ("full/a.jpg", "web/a.jpg", "thumb/a.webp"),
        ("full/IMG_1.JPG", "web/IMG_1.webp", "thumb/IMG_1.avif"),
        ("full/a.b.jpeg", "web/a.b.jpg", "thumb/a.b.jpg"),
        ("full/trip/a.jpg", "web/trip/a.jpg", "thumb/trip/a.jpg"),
        ("full/a.png", "web/a.jpg", "thumb/a.jpg"),
        ("full/a.HEIC", "web/a.jpg", "thumb/a.jpg"),
        ("full/ü 1.jpg", "web/ü 1.jpg", "thumb/ü 1.jpg"),
    ],
)
def test_files_of_one_name(full, web, thumb):
    """The three paths are the same below their folders, the ending apart."""
    names = [full, web, thumb, "web/zzz.jpg", "thumb/a.b.c.jpg"]
    found = photo_files.sort(names, ())
    assert files_of(names) == [{"full": full, "web": web, "thumb": thumb}]
    assert [each.entry for each in found.photos] == [None]
    assert found.passed_over == ("thumb/a.b.c.jpg", "web/zzz.jpg")


def test_several_files_of_a_name():
    """The one with the full's ending, else the first by name."""
    names = [*TRIPLE, "web/a.avif", "web/a.webp", "thumb/a.avif"]
    assert files_of(names) == [{"full": "full/a.jpg", "web": "web/a.jpg", "thumb": "thumb/a.avif"}]


@pytest.mark.parametrize(
    "name",
    ["full/a.xmp", "full/notes.txt", "full/a", "full/a.mp4", "full/.a.jpg", "full/._b.jpg",
     "full/x/._b.jpg", "full/logo.svg", "full/favicon.ico", "full/.jpg"],
)  # fmt: skip
def test_what_is_no_photo(name):
    """Other files in full/ are passed over and named, those that macOS hides included."""
    found = photo_files.sort([*TRIPLE, name], ())
    assert [each.full for each in found.photos] == ["full/a.jpg"]
    assert found.passed_over == (name,)


def test_the_manifest_decides_where_it_names_a_file():
    """Names may differ, folders too, and a variant may be the full itself; spelling is kept."""
    files = {"full": "photos/full/a.jpg", "web": "small/x.jpg", "thumb": "full/a.jpg"}
    entry = samples.photo("a", files=files)
    found = photo_files.sort(["full/a.jpg", "small/x.jpg", "web/a.jpg", "thumb/a.jpg"], [entry])
    (photo,) = found.photos
    assert photo.entry is entry
    assert photo.files == files
    assert photo.full == "full/a.jpg"
    assert found.passed_over == ("thumb/a.jpg", "web/a.jpg")


def test_a_variant_that_got_another_ending_is_found_by_its_name():
    """What the manifest names is looked for by name where it is not there any more."""
    names = ["full/a.jpg", "web/a.avif", "thumb/a.webp"]
    assert files_of(names, samples.photo("a"))[0]["web"] == "web/a.avif"


def test_a_full_of_an_odd_kind_that_the_manifest_names():
    """What was a photo stays one, whatever its ending."""
    entry = samples.photo(
        "a", files={"full": "full/a.raw", "web": "web/a.jpg", "thumb": "thumb/a.jpg"}
    )
    assert files_of(["full/a.raw", "web/a.jpg", "thumb/a.jpg"], entry) == [entry["files"]]


def test_order_and_removals():
    """The manifest's order first, then new ones by name; entries without a full are removed."""
    names = [f"{folder}/{name}.jpg" for folder in ("full", "web", "thumb") for name in "dcba"]
    known = [
        samples.photo(
            name,
            files={
                "full": f"full/{name}.jpg",
                "web": f"web/{name}.jpg",
                "thumb": f"thumb/{name}.jpg",
            },
        )
        for name in "cxa"
    ]
    found = photo_files.sort(names, known)
    assert [each.full for each in found.photos] == [
        "full/c.jpg", "full/a.jpg", "full/b.jpg", "full/d.jpg",
    ]  # fmt: skip
    assert found.removed == (known[1],)


def test_all_that_cannot_be_is_said_at_once():
    """Photos that lack files, share one, or have names that no key can have: one error."""
    names = [*TRIPLE, "full/b.jpg", "full/c.jpg", "web/c.jpg", "full/a.png", "full/d\\.jpg",
             "web/d\\.jpg", "thumb/d\\.jpg"]  # fmt: skip
    with pytest.raises(DeployError) as caught:
        photo_files.sort(names, ())
    assert caught.value.reason is FailureReason.METADATA
    assert [str(each) for each in caught.value.problems] == [
        "web/a.jpg would belong to full/a.jpg and to full/a.png",
        "thumb/a.webp would belong to full/a.jpg and to full/a.png",
        "full/b.jpg has no file of its name in web/ and thumb/",
        "full/c.jpg has no file of its name in thumb/",
        "'full/d\\\\.jpg' has a backslash; use /",
    ]
