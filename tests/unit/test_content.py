"""Local files as they are sent."""

from __future__ import annotations

import hashlib

import pytest
from support import galleries
from unit.samples import EDIT, full, page

from galleria_action import content, exif
from galleria_action.content import LARGE, Content
from galleria_action.plan import Action, Change, Kind, Reason
from galleria_action.publication import Published, Stale
from galleria_action.wanted import LocalFile
from galleria_action.workspace import Workspace

JPEG = galleries.jpeg("a")
EDITED = exif.edit(JPEG, EDIT.time, EDIT.offset)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def files(tmp_path) -> Content:
    return Content(Workspace(str(tmp_path)))


def photo(file: LocalFile, data: bytes = JPEG, published: bytes = EDITED, **changes):
    return full(
        "a", file=file, file_hash=sha256(data), deployment_hash=sha256(published), **changes
    )


def change(wanted, source: bytes, size: int, edit: str = "") -> Change:
    return Change(
        Action.PUT, Reason.NEW, Kind.PHOTO, wanted.key, size, "a", sha256(source), edit, wanted.headers, wanted
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "data", "published", "edit"),
    [
        (photo, JPEG, EDITED, str(EDIT)),
        (photo, EDITED, EDITED, ""),
        (lambda file: page("a.jpg", file=file), JPEG, JPEG, ""),
    ],
)
def test_open(files, local_file, wanted, data, published, edit):
    """What is sent is what was planned."""
    made = wanted(local_file("full/a.jpg", data))
    opened = files.open(change(made, data, len(published), edit))
    assert (opened.data, opened.edit) == (published, edit)


@pytest.mark.parametrize("data", [b"changed", b""])
def test_changed_meanwhile(files, local_file, data):
    """A file that is no longer what the plan was made from is not sent."""
    wanted = page("a.js", file=local_file("a.js", data))
    with pytest.raises(Stale, match=r"a\.js"):
        files.open(change(wanted, b"planned", 7))


def test_another_edit_than_planned(files, local_file):
    """A plan of another edit is not carried out."""
    with pytest.raises(Stale):
        files.open(change(photo(local_file("full/a.jpg", JPEG)), JPEG, len(EDITED), "exif/0 other"))


def test_gone_meanwhile(files):
    """A file that is gone is an operating system's error, which the deployment explains."""
    wanted = page("a.js", file=LocalFile("a.js", "/nowhere/a.js"))
    with pytest.raises(OSError, match="No such file"):
        files.open(change(wanted, b"x", 1))


def test_parts(files, local_file):
    """From 64 MiB on an object is sent in equal parts, of which the last may be smaller."""
    data = bytes(LARGE + 5)
    wanted = page("a.mp4", file=local_file("a.mp4", data))
    parts = [len(part) for part in files.open(change(wanted, data, len(data)))]
    assert sum(parts) == len(data)
    assert set(parts[:-1]) == {content.PART}
    assert len(parts) > 1
    assert all(size >= 5 << 20 for size in parts[:-1])


@pytest.mark.parametrize("now", [LARGE + 5, LARGE - 5])
def test_parts_of_a_file_that_changed(files, local_file, now):
    """The last part is held back until the whole is known to be what was planned."""
    data = bytes(LARGE + 5)
    wanted = page("a.mp4", file=local_file("a.mp4", b"x" + bytes(now - 1)))
    parts: list[bytes] = []
    with pytest.raises(Stale, match=r"a\.mp4"):
        parts.extend(files.open(change(wanted, data, len(data))))
    assert sum(map(len, parts)) < now


def test_large_edited_photos_are_no_parts(files, local_file):
    """A photo that is edited is sent as one object, whatever the plan thinks of its size."""
    wanted = photo(local_file("full/a.jpg", JPEG))
    made = files.open(change(wanted, JPEG, LARGE, str(EDIT)))
    assert isinstance(made, Published)


def test_what_the_plan_was_made_from_is_sent(local_file, tmp_path):
    """A small photo is not edited twice; if its file has changed since, that is noticed."""
    folder = Workspace(str(tmp_path))
    wanted = photo(local_file("full/a.jpg", JPEG))
    stamp = folder.stamp(wanted.file.path)
    prepared = {wanted.key: (Published(EDITED, str(EDIT)), stamp)}
    planned = change(wanted, JPEG, len(EDITED), str(EDIT))
    assert Content(folder, dict(prepared)).open(planned).data is EDITED
    (tmp_path / "full/a.jpg").write_bytes(b"other")
    with pytest.raises(Stale):
        Content(folder, dict(prepared)).open(planned)
