"""Reading local files: to compare them, and once more to send them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from support import galleries
from support.program import Serial
from unit.samples import EDIT, full, page, thumb

from galleria_action import content, exif
from galleria_action.content import CHUNK, LARGE, Content
from galleria_action.errors import DeployError, FailureReason
from galleria_action.plan import Action, Change, Kind, Reason
from galleria_action.planning import ReadRequest
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


@pytest.fixture
def put(tmp_path):
    """Makes a file and returns it as the wanted object has it."""

    def make(name: str, data: bytes) -> LocalFile:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return LocalFile(name, str(path), len(data))

    return make


def photo(file: LocalFile, data: bytes = JPEG, published: bytes = EDITED, **changes):
    return full(
        "a", file=file, file_hash=sha256(data), deployment_hash=sha256(published), **changes
    )


def change(wanted, source: bytes, size: int, edit: str = "") -> Change:
    return Change(
        Action.PUT, Reason.NEW, Kind.PHOTO, wanted.key, size, "a", sha256(source), edit, wanted.headers, wanted
    )  # fmt: skip


@pytest.mark.parametrize("executor", [Serial(), ThreadPoolExecutor(3)], ids=["serial", "threads"])
def test_readings(files, put, executor):
    """One reading for each request, whoever reads."""
    wanted = photo(put("full/a.jpg", JPEG))
    small = thumb("a", file=put("thumb/a.webp", b"thumb"))
    site = page("index.html", file=put("index.html", b"page"))
    requests = [
        ReadRequest(wanted, wanted.edit, md5=True),
        ReadRequest(small, small.edit, md5=False),
        ReadRequest(site, site.edit, md5=False),
    ]
    made = files.readings(requests, executor)
    assert list(made) == [wanted.key, small.key, site.key]
    assert made[wanted.key].md5 == hashlib.md5(EDITED).hexdigest()
    assert made[wanted.key].edit == str(EDIT)
    assert (made[small.key].sha256, made[small.key].size, made[small.key].md5) == (
        sha256(b"thumb"),
        5,
        "",
    )


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("md5", [True, False])
def test_large_files_are_read_in_pieces(files, put, size, md5):
    """The same reading, whether a file was read at once or piece by piece."""
    data = b"x" * size
    wanted = page("a.bin", file=put("a.bin", data))
    reading = files.readings([ReadRequest(wanted, wanted.edit, md5)], Serial())[wanted.key]
    assert (reading.sha256, reading.edit, reading.size) == (sha256(data), "", size)
    assert reading.md5 == (hashlib.md5(data).hexdigest() if md5 else "")


@pytest.mark.parametrize("size", [5, 2 * CHUNK])
def test_stale(files, put, size):
    """All photos that are not the manifest's are listed, and what to do is said."""
    requests = [
        ReadRequest(
            full(name, edit=None, file=put(f"full/{name}.jpg", b"x" * size)), None, md5=False
        )
        for name in ("b", "a")
    ]
    good = ReadRequest(photo(put("full/c.jpg", JPEG), key="photos/full/c.jpg"), None, md5=False)
    with pytest.raises(DeployError) as caught:
        files.readings([*requests, good], Serial())
    assert caught.value.reason is FailureReason.STALE_PHOTOS
    assert [problem.message for problem in caught.value.problems] == ["full/a.jpg", "full/b.jpg"]
    assert caught.value.headline.startswith("Photo deployment failed: ")
    assert "Run process-photos again" in caught.value.text()
    assert "nothing was uploaded" in caught.value.text()


def test_unreadable(files, put, tmp_path):
    """Files that vanished between the scan and the reading are named."""
    file = put("full/a.jpg", JPEG)
    (tmp_path / "full/a.jpg").unlink()
    with pytest.raises(DeployError) as caught:
        files.readings([ReadRequest(photo(file), None, md5=False)], Serial())
    assert caught.value.reason is FailureReason.CONFIG
    assert caught.value.problems[0].message.startswith("full/a.jpg: ")


@pytest.mark.parametrize(
    ("wanted", "data", "published", "edit"),
    [
        (photo, JPEG, EDITED, str(EDIT)),
        (photo, EDITED, EDITED, ""),
        (lambda file: page("a.jpg", file=file), JPEG, JPEG, ""),
    ],
)
def test_open(files, put, wanted, data, published, edit):
    """What is sent is what was planned."""
    made = wanted(put("full/a.jpg", data))
    assert files.open(change(made, data, len(published), edit)) == Published(published, edit)


@pytest.mark.parametrize("data", [b"changed", b""])
def test_changed_meanwhile(files, put, data):
    """A file that is no longer what the plan was made from is not sent."""
    wanted = page("a.js", file=put("a.js", data))
    with pytest.raises(Stale, match=r"a\.js"):
        files.open(change(wanted, b"planned", 7))


def test_another_edit_than_planned(files, put):
    """A plan of another edit is not carried out."""
    with pytest.raises(Stale):
        files.open(change(photo(put("full/a.jpg", JPEG)), JPEG, len(EDITED), "exif/0 other"))


def test_gone_meanwhile(files):
    """A file that is gone is an operating system's error, which the deployment explains."""
    wanted = page("a.js", file=LocalFile("a.js", "/nowhere/a.js", 5))
    with pytest.raises(OSError, match="No such file"):
        files.open(change(wanted, b"x", 1))


def test_parts(files, put):
    """From 64 MiB on an object is sent in equal parts, of which the last may be smaller."""
    data = bytes(LARGE + 5)
    wanted = page("a.mp4", file=put("a.mp4", data))
    parts = [len(part) for part in files.open(change(wanted, data, len(data)))]
    assert sum(parts) == len(data)
    assert set(parts[:-1]) == {content.PART}
    assert len(parts) > 1
    assert all(size >= 5 << 20 for size in parts[:-1])


@pytest.mark.parametrize("now", [LARGE + 5, LARGE - 5])
def test_parts_of_a_file_that_changed(files, put, now):
    """The last part is held back until the whole is known to be what was planned."""
    data = bytes(LARGE + 5)
    wanted = page("a.mp4", file=put("a.mp4", b"x" + bytes(now - 1)))
    parts: list[bytes] = []
    with pytest.raises(Stale, match=r"a\.mp4"):
        parts.extend(files.open(change(wanted, data, len(data))))
    assert sum(map(len, parts)) < now


def test_large_edited_photos_are_no_parts(files, put):
    """A photo that is edited is sent as one object, whatever the plan thinks of its size."""
    wanted = photo(put("full/a.jpg", JPEG))
    made = files.open(replace(change(wanted, JPEG, LARGE, str(EDIT))))
    assert isinstance(made, Published)
