"""The manifest as a value: photos, edits, what is published, when two say the same."""

from __future__ import annotations

import json
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import CORRECTED, document, parsed, photo, sha256

from galleria_action import manifest, manifest_problems
from galleria_action.errors import DeployError, FailureReason
from galleria_action.manifest import Edit, Manifest
from galleria_action.manifest_document import NewerManifest

DESIGN = {"full": "full/a.jpg", "web": "web/a.jpg", "thumb": "thumb/a.webp"}


def one(**changes: object) -> manifest.Photo:
    """The photo of a manifest with this entry."""
    return parsed(document(photo("a", **changes))).photos[0]


def test_photo():
    """A photo has its hashes, its edit, and its files in the order full, web, thumb."""
    assert one() == manifest.Photo(
        id="a",
        file_hash=sha256("a"),
        deployment_file_hash=sha256("a corrected"),
        edit=Edit("2024-06-15T14:30:45", "+02:00"),
        files=tuple(DESIGN.items()),
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("photos/full/a.jpg", "web/a.jpg", "t"), (("full", "full/a.jpg"), ("web", "web/a.jpg"), ("thumb", "t"))),
        (("photos/photos/a.jpg", "w", "t"), (("full", "photos/a.jpg"), ("web", "w"), ("thumb", "t"))),
        (("photosets/a.jpg", "w", "t"), (("full", "photosets/a.jpg"), ("web", "w"), ("thumb", "t"))),
        (("a", "a", "a"), (("full", "a"),)),
        (("a", "b", "a"), (("full", "a"), ("web", "b"))),
        (("a", "b", "photos/b"), (("full", "a"), ("web", "b"))),
    ],
)  # fmt: skip
def test_files(files, expected):
    """Without one leading photos/; variants that share a path are one object, by the rules of full."""
    made = one(files=dict(zip(("full", "web", "thumb"), files, strict=True)))
    assert set(made.files) == set(expected)
    assert len(made.files) == len(expected)


@pytest.mark.parametrize(
    ("hours", "offset"),
    [
        (13, None), (13.0, None), (None, None), (0, "+00:00"), (-0.0, "+00:00"), (2, "+02:00"),
        (-4, "-04:00"), (5.75, "+05:45"), (-3.5, "-03:30"), (-0.25, "-00:15"), (14, "+14:00"),
        (12.75, "+12:45"), (-12, "-12:00"),
    ],
)  # fmt: skip
def test_offset(hours, offset):
    """OffsetTimeOriginal is ±HH:MM of the target, and stays out when that is 13 or not given."""
    settings = {"timestamp_offset_hours": -4, "target_timezone_offset_hours": hours}
    given = {name: value for name, value in settings.items() if value is not None}
    edit = parsed(document(photo("a"), settings=given)).photos[0].edit
    assert edit == Edit("2024-06-15T14:30:45", offset)


@pytest.mark.parametrize("time", [CORRECTED, "2024-06-15 14:30:45", "2024-06-15T14:30:45.999"])
def test_time(time):
    """Time as EXIF writes it, without fractions."""
    assert one(exif={"corrected_timestamp": time}).edit == Edit("2024-06-15T14:30:45", "+02:00")


@pytest.mark.parametrize(
    "changes",
    [
        {"exif": {"corrected_timestamp": None}},
        {"exif": {}},
        {"deployment_file_hash": sha256("a")},
        {"deployment_file_hash": sha256("a").upper()},
    ],
)
def test_as_is(changes):
    """No edit: equal hashes, in whatever case, or no corrected timestamp."""
    made = one(**changes)
    assert made.edit is None
    assert made.deployment_file_hash == made.deployment_file_hash.lower()


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Edit("2024-06-15T14:30:45", "+02:00"), " 2024-06-15T14:30:45 +02:00"),
        (Edit("2024-06-15T14:30:45", None), " 2024-06-15T14:30:45"),
    ],
)
def test_edit_as_recorded(edit, text):
    """An edit is recorded as editor version, time and offset."""
    assert str(edit).endswith(text)
    assert str(edit).removesuffix(text).startswith("exif/")


@pytest.mark.parametrize(
    ("path", "published"),
    [
        ("/home/me/IMG_1.jpg", "IMG_1.jpg"),
        ("C:\\Users\\me\\IMG_1.jpg", "IMG_1.jpg"),
        ("C:/Users/me/IMG_1.jpg", "IMG_1.jpg"),
        ("\\\\server\\share\\IMG_1.jpg", "IMG_1.jpg"),
        ("~/IMG_1.jpg", "IMG_1.jpg"),
        ("pics-full/IMG_1.jpg", "pics-full/IMG_1.jpg"),
        ("IMG_1.jpg", "IMG_1.jpg"),
        (None, None),
        ("", ""),
    ],
)
def test_redaction(path, published):
    """An absolute original_path is published as its file name; a relative one stays."""
    made = parsed(document(photo("a", original_path=path)))
    document_of = json.loads(made.published(redact=True))
    assert document_of["photos"][0]["original_path"] == published
    assert {**document_of, "photos": None} == {**made.document, "photos": None}
    assert made.published(redact=False) == made.data


def test_nothing_to_redact():
    """Without an absolute path the very bytes that were read are published."""
    made = manifest.parse(
        b"\xef\xbb\xbf" + json.dumps(document(photo("a"))).encode() + b"\n \n", "m"
    )
    assert made.published(redact=True) == made.data


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generated_at": "2025-01-01T00:00:00+00:00"},
        {"generated_at": None},
        {"photos": [photo("a", original_path="/elsewhere/a.JPG")]},
    ],
)
def test_same(changes):
    """generated_at and the folders of absolute paths say nothing about the gallery."""
    first = parsed(document(photo("a", original_path="/home/me/a.JPG")))
    second = parsed({**document(photo("a", original_path="/home/me/a.JPG")), **changes})
    assert first.content == second.content


@pytest.mark.parametrize(
    "changes",
    [
        {"collection": "other"},
        {"photos": []},
        {"photos": [photo("b")]},
        {"photos": [photo("a", file_hash=sha256("x"))]},
        {"photos": [photo("a", rating=5)]},
        {"settings": {"timestamp_offset_hours": 1}},
        {"new": None},
        {"generated_at_all": "x"},
    ],
)
def test_different(changes):
    """Everything else does."""
    first, second = parsed(document(photo("a"))), parsed({**document(photo("a")), **changes})
    assert first.content != second.content


@pytest.mark.parametrize(("one_flag", "other_flag"), [(True, 1), (0, False), (1, 1.0)])
def test_values_are_compared_as_json(one_flag, other_flag):
    """Python finds true, 1 and 1.0 equal; JSON does not."""
    first, second = parsed(document(flag=one_flag)), parsed(document(flag=other_flag))
    assert first.content != second.content


def test_the_order_of_members_does_not_matter():
    """The same members in another order are the same manifest."""
    turned = dict(reversed(document(photo("a")).items()))
    assert parsed(turned).content == parsed(document(photo("a"))).content


def test_files_that_are_absent():
    """Files that are missing are problems at the path of their variant, with line and reason."""
    other = {"full": "photos/full/b.jpg", "web": "web/b.jpg", "thumb": "thumb/b.webp"}
    data = json.dumps(document(photo("a"), photo("b", files=other)), indent=2).encode()
    asked = []

    def absent(paths):
        asked.append(sorted(paths))
        return {"full/b.jpg": "is not there", "thumb/a.webp": "is no file"}

    with pytest.raises(DeployError) as caught:
        manifest.parse(data, "m.json", absent)
    assert caught.value.reason is FailureReason.METADATA
    lines = data.decode().splitlines()
    found = [(each.message, lines[each.line - 1].strip()) for each in caught.value.problems]
    assert found == [
        ("photos[0].files.thumb: 'thumb/a.webp' is no file", '"thumb": "thumb/a.webp"'),
        ("photos[1].files.full: 'photos/full/b.jpg' is not there", '"full": "photos/full/b.jpg",'),
    ]
    assert asked == [sorted([*DESIGN.values(), "full/b.jpg", "web/b.jpg", "thumb/b.webp"])]


def test_absent_files_do_not_hide_other_problems():
    """Ids, times and missing files are all reported at once."""
    bad = photo(
        "a", exif={"corrected_timestamp": "2024-02-30T00:00:00"}, files={**DESIGN, "full": "x"}
    )
    data = json.dumps(document(photo("a"), bad)).encode()
    with pytest.raises(DeployError) as caught:
        manifest.parse(data, "m.json", lambda paths: dict.fromkeys(paths, "is not there"))
    text = caught.value.text()
    assert "is also the id of photos[0]" in text
    assert "is no date and time" in text
    assert "photos[1].files.full: 'x' is not there" in text


def test_newer_version_is_told_apart():
    """A newer major version says 'update the action'; a deployed one of it is never overwritten."""
    with pytest.raises(NewerManifest) as caught:
        manifest.parse(b'{"schema_version": "2.1"}', "m.json")
    assert "Update the action" in caught.value.text()


def test_many_problems():
    """At most a hundred are looked for, and each is short whatever the text that is wrong."""
    photos = [photo("a" * 5000) for _ in range(150)]
    with pytest.raises(DeployError, match="100 problems or more") as caught:
        parsed(document(*photos))
    assert len(caught.value.problems) == 100
    assert max(len(problem.message) for problem in caught.value.problems) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
PHOTO_MEMBERS = st.sampled_from([*photo("a"), "new"])
TEXTS = st.sampled_from(
    ["photos/", "../a", "/a", "a\\b", "\ud800", "²", "2024-06-15T14:30:45", "1.0", "1.0\n", "2.0"]
)


def outcome(data: bytes) -> Manifest | str:
    """The manifest, or what is wrong with it."""
    try:
        return manifest.parse(data, "m.json")
    except DeployError as error:
        return error.text()


@given(st.binary())
def test_any_bytes(data):
    """Bytes are a manifest or a DeployError, and nothing else."""
    with pytest.raises(DeployError):
        manifest.parse(data, "m.json")
    assert not manifest.flawless_names(data)
    manifest.presumed(data)


@given(JSON)
def test_any_json(value):
    """So is any JSON document."""
    with pytest.raises(DeployError):
        manifest.parse(json.dumps(value).encode(), "m.json")
    assert not manifest.flawless_names(json.dumps(value).encode())
    manifest.presumed(json.dumps(value).encode())


@pytest.mark.parametrize("name", ["a", "photos/a", "a b+c/d_e-f.jpg"])
def test_flawless(name):
    """Most manifests are seen to be so at once, and read in the same way."""
    files = {variant: f"{name}.{variant}" for variant in DESIGN}
    made = parsed(document(photo("a", files=files), photo("b")))
    assert manifest.flawless_names(made.data) == list(made.paths)
    assert manifest.presumed(made.data) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "b"},
        {"files": {**DESIGN, "web": "web/b.jpg"}},
        {"files": {**DESIGN, "web": DESIGN["full"]}},
        {"files": {**DESIGN, "web": "../a.jpg"}},
        {"exif": {"corrected_timestamp": "2024-02-30T00:00:00"}},
        {"file_hash": "a"},
        {"id": "\ud800"},
    ],
)
def test_not_flawless(changes):
    """Whatever is wrong, or only unusual, is left to who looks at each photo."""
    data = json.dumps(document(photo("a", **changes), photo("b"))).encode()
    assert not manifest.flawless_names(data)


@given(
    st.dictionaries(PHOTO_MEMBERS, JSON | TEXTS, max_size=2),
    st.dictionaries(st.sampled_from([*DESIGN, "raw"]), TEXTS | st.text(max_size=5), max_size=2),
    st.dictionaries(st.sampled_from([*document(), "new"]), JSON | TEXTS, max_size=1),
)
def test_nearly_valid(photo_changes, files, changes):
    """A manifest with some odd members is refused, or can be compared and published."""
    entry = {**photo("a", original_path="/x/a.jpg", files={**DESIGN, **files}), **photo_changes}
    data = json.dumps({**document(entry, photo("b")), **changes}).encode()
    made = outcome(data)
    with patch.object(manifest_problems, "flawless_names", lambda _: None):
        assert outcome(data) == made  # with each photo looked at
    if manifest.flawless_names(data):
        assert manifest.presumed(data) == made
    if not isinstance(made, Manifest):
        return
    assert manifest.parse(made.published(redact=True), "m.json").content == made.content
    assert all(".." not in path.split("/") and not path.startswith("/") for path in made.paths)
