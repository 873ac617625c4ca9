"""Reading local files to compare them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import galleries
from support.program import Serial
from unit.samples import EDIT, full, page, thumb

from galleria_action import exif
from galleria_action.errors import DeployError, FailureReason
from galleria_action.forks import FEWEST, forks
from galleria_action.readings import CHUNK, OVERHEAD, Readings
from galleria_action.unread import ReadRequest
from galleria_action.wanted import LocalFile
from galleria_action.workspace import Workspace

JPEG = galleries.jpeg("a")
LOCATED = galleries.located(JPEG)
EDITED = exif.edit(JPEG, EDIT.time, EDIT.offset)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def files(tmp_path) -> Workspace:
    return Workspace(str(tmp_path))


def photo(file: LocalFile, data: bytes = JPEG, published: bytes = EDITED, **changes):
    return full(
        "a", file=file, file_hash=sha256(data), deployment_hash=sha256(published), **changes
    )


@pytest.mark.parametrize("executor", [Serial(), ThreadPoolExecutor(3)], ids=["serial", "threads"])
def test_readings(files, local_file, executor):
    """One reading for each request, whoever reads."""
    wanted = photo(local_file("full/a.jpg", JPEG))
    small = thumb("a", file=local_file("thumb/a.webp", b"thumb"))
    site = page("index.html", file=local_file("index.html", b"page"))
    requests = [
        ReadRequest(wanted, wanted.edit, md5=True),
        ReadRequest(small, small.edit, md5=False),
        ReadRequest(site, site.edit, md5=False),
    ]
    made = Readings(files, executor).all(requests)
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
def test_large_files_are_read_in_pieces(files, local_file, size, md5):
    """The same reading, whether a file was read at once or piece by piece."""
    data = b"x" * size
    wanted = page("a.bin", file=local_file("a.bin", data))
    reading = Readings(files, Serial()).all([ReadRequest(wanted, wanted.edit, md5)])[wanted.key]
    assert (reading.sha256, reading.edit, reading.size) == (sha256(data), "", size)
    assert reading.md5 == (hashlib.md5(data).hexdigest() if md5 else "")


@pytest.mark.parametrize("size", [5, 2 * CHUNK])
def test_stale(files, local_file, size):
    """All photos that are not the manifest's are listed, and what to do is said."""
    requests = [
        ReadRequest(
            full(name, edit=None, file=local_file(f"full/{name}.jpg", b"x" * size)), None, md5=False
        )
        for name in ("b", "a")
    ]
    good = ReadRequest(
        photo(local_file("full/c.jpg", JPEG), key="photos/full/c.jpg"), None, md5=False
    )
    with pytest.raises(DeployError) as caught:
        Readings(files, Serial()).all([*requests, good])
    assert caught.value.reason is FailureReason.STALE_PHOTOS
    assert [problem.message for problem in caught.value.problems] == ["full/a.jpg", "full/b.jpg"]
    assert caught.value.headline.startswith("Photo deployment failed: ")
    assert "Run process-photos again" in caught.value.text()
    assert "nothing was uploaded" in caught.value.text()


def test_unreadable(files, local_file, tmp_path):
    """Files that vanished between the scan and the reading are named."""
    file = local_file("full/a.jpg", JPEG)
    (tmp_path / "full/a.jpg").unlink()
    with pytest.raises(DeployError) as caught:
        Readings(files, Serial()).all([ReadRequest(photo(file), None, md5=False)])
    assert caught.value.reason is FailureReason.CONFIG
    assert caught.value.problems[0].message.startswith("full/a.jpg: ")


def begun(files, *requests):
    """The readings of ``requests`` whose files, no fulls, were begun to be read."""
    readings = Readings(files, Serial())
    known = readings.begin([each.wanted for each in requests])
    return readings.all(
        [each._replace(begun=one) for each, one in zip(requests, known, strict=True)]
    )


def test_the_web_of_a_full_that_is_not_edited(files, local_file):
    """It goes as it is, too, and what was presumed of it is not kept to be sent."""
    wanted = photo(local_file("full/a.jpg", EDITED))  # corrected before
    web = full(
        "a",
        key="photos/web/a.jpg",
        file_hash="",
        deployment_hash="",
        file=local_file("web/a.jpg", JPEG),
    )
    other = web._replace(photo="b", key="photos/web/b.jpg")
    readings = Readings(files, Serial(), room=1 << 20)
    requests = [ReadRequest(each, EDIT, md5=False) for each in (wanted, web, other)]
    made = readings.all(requests)
    assert [made[each.key].edit for each in (wanted, web, other)] == ["", "", str(EDIT)]
    assert list(readings.prepared) == [other.key]


def test_what_was_begun_is_not_read_again(files, local_file, tmp_path):
    """Files that go as they are have been read when the bucket has answered."""
    small = thumb("a", file=local_file("thumb/a.webp", b"thumb"))
    site = page("index.html", file=local_file("index.html", b"page"))
    readings = Readings(files, Serial())
    known = list(readings.begin([small, site, photo(local_file("full/a.jpg", JPEG))]))
    assert [each.sha256 for each in known] == [sha256(b"thumb"), sha256(b"page")]
    for name in ("thumb/a.webp", "index.html"):
        (tmp_path / name).unlink()
    made = readings.all(
        [
            ReadRequest(each, None, md5=False, begun=one)
            for each, one in zip((small, site), known, strict=True)
        ]
    )
    assert list(made.values()) == known
    assert [made[small.key].size, made[site.key].size] == [5, 4]


def test_what_was_begun_otherwise_is_read_as_it_is_wanted(files, local_file):
    """An edit, a hash of what will be published, a position to remove: that takes the file."""
    web = full("a", file_hash="", deployment_hash="", file=local_file("web/a.jpg", JPEG))
    site = page("index.html", file=local_file("index.html", b"page"))
    made = begun(files, ReadRequest(web, EDIT, md5=False), ReadRequest(site, None, md5=True))
    assert made[web.key].edit == str(EDIT)
    assert made[web.key].size == len(EDITED)
    assert made[site.key].md5 == hashlib.md5(b"page").hexdigest()


def test_begun_files_that_vanish(files, local_file, tmp_path):
    """They have no hash; what asks for them tells of it."""
    site = page("index.html", file=local_file("index.html", b"page"))
    (tmp_path / "index.html").unlink()
    assert list(Readings(files, Serial()).begin([site])) == [None]
    with pytest.raises(DeployError, match="cannot be read"):
        begun(files, ReadRequest(site, None, md5=False))


@pytest.mark.parametrize(("data", "position"), [(LOCATED, True), (JPEG, None)])
def test_positions_of_large_photos(files, local_file, data, position):
    """A large photo that goes as it is is not held in memory; its beginning tells its position."""
    wanted = thumb("a", file=local_file("thumb/a.jpg", data + b"\0" * 2 * CHUNK))
    reading = Readings(files, Serial()).all([ReadRequest(wanted, None, md5=False)])[wanted.key]
    assert reading.position is position
    assert begun(files, ReadRequest(wanted, None, md5=False))[wanted.key].position is position


def test_what_processes_have_edited_is_kept_here(files, local_file):
    """Small edited photos are given back to be sent, as many as there is room for."""
    pictures = [local_file(f"full/{number}.jpg", JPEG) for number in range(250 * FEWEST)]
    requests = [
        ReadRequest(photo(file)._replace(key=file.name), EDIT, md5=False) for file in pictures
    ]
    for executor in (Serial(), None):
        with forks(2, Serial()) as processes:
            readings = Readings(files, executor or processes, room=10 * (len(JPEG) + OVERHEAD))
            made = readings.all(requests)
        assert len(made) == len(requests)
        assert list(readings.prepared) == [file.name for file in pictures[:10]]
        for file in pictures[:10]:
            published, stamp = readings.prepared[file.name]
            assert (published.data, stamp) == (EDITED, files.stamp(file.path))


@pytest.mark.parametrize(
    ("files_there", "size", "batches"),
    [(100, 1 << 20, 25), (100, 8 << 20, 100), (100, 10, 4), (20_000, 10, 80), (3_000, 10, 66)],
)
def test_files_are_read_in_batches(local_file, files_there, size, batches):
    """Of some MB, or of so many that all processes end at the same time."""
    file = local_file("full/a.jpg", b"")

    class Sparse(Workspace):
        def size(self, path: str) -> int:
            asked.append(path)
            return size

    asked: list[str] = []
    started: list[object] = []

    class Counting(Serial):
        def map(self, fn, *iterables, **_):
            work = list(zip(*iterables, strict=True))
            started.extend(work)
            return [fn(*each) for each in work]

    requests = [
        ReadRequest(page(str(number), file=file), None, md5=False) for number in range(files_there)
    ]
    made = Readings(Sparse("/"), Counting()).all(requests)
    assert len(made) == files_there
    assert len(started) == batches
    assert len(asked) <= 101, "sizes of a sample stand for all"


def test_sizes_are_asked_for_as_long_as_there_is_room(files, local_file):
    """What will be kept is known in advance; of 100,000 small photos that is soon all there is."""
    asked: list[str] = []

    class Watched(Workspace):
        def size(self, path: str) -> int:
            asked.append(path)
            return super().size(path)

    pictures = [local_file(f"full/{number}.jpg", JPEG) for number in range(500)]
    requests = [
        ReadRequest(photo(file)._replace(key=file.name), EDIT, md5=False) for file in pictures
    ]
    watched = Watched(files.root)
    for room, kept in ((0, 0), (10 * (len(JPEG) + OVERHEAD), 10)):
        asked.clear()
        readings = Readings(watched, Serial(), room)
        readings.all(requests)
        assert len(readings.prepared) == kept
        assert len(asked) <= kept + 1 + 101
