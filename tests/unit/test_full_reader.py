"""Fulls are read once each, with progress; what cannot be read is said at once."""

from __future__ import annotations

import pytest
from support import galleries
from support.program import Serial

from galleria_action import exif
from galleria_action.errors import DeployError, FailureReason
from galleria_action.full_reader import FullReader
from galleria_action.indexing import Clock
from galleria_action.photo_files import Photo
from galleria_action.progress import Lines
from galleria_action.transfer import ByteBudget
from galleria_action.wanted import LocalFile

NAMES = ("full/a.jpg", "full/b.jpg", "full/c.jpg")


class Files:
    """Files in memory; None cannot be read."""

    def __init__(self, files: dict[str, bytes | None]) -> None:
        self.files = files
        self.reads: list[str] = []

    def size(self, path: str) -> int:
        return 1000

    def read(self, path: str, most: int | None = None) -> bytes:
        self.reads.append(path)
        data = self.files[path]
        if data is None:
            raise PermissionError(13, "Permission denied")
        return data[:most]

    def relative(self, path: str) -> str:
        return f"prod/pics/{path}"


def read(files: Files, *, strip_gps: bool = False):
    """What the reader makes of the files, and the lines that it prints; a read takes 3 seconds."""
    lines: list[str] = []
    observer = Lines(lines.append, lambda: 3.0 * len(files.reads), every_object=False, done="read")
    found = {name: LocalFile(name, name) for name in files.files}
    photos = [Photo(None, {"full": name}) for name in files.files]
    reader = FullReader(files, found, Clock(-4, 2), ByteBudget(1 << 20), strip_gps=strip_gps)
    return reader.read(photos, Serial(), observer), lines


def test_every_full_is_read_once():
    """In the order given; the hashes are those of the file and of what is published."""
    files = Files({name: galleries.jpeg(name) for name in NAMES})
    found, _ = read(files)
    assert files.reads == list(NAMES)
    for name, each in zip(NAMES, found, strict=True):
        edited = exif.edit(galleries.jpeg(name), "2024:06:15 14:30:45", "+02:00")
        assert each.statement.file_hash == galleries.sha256(galleries.jpeg(name))
        assert each.deployment_file_hash == galleries.sha256(edited)
        assert each.original_path == f"prod/pics/{name}"
        assert each.untouched_because == ""


def test_progress():
    """A line when some seconds have passed, with what was read and what is left."""
    _, lines = read(Files({name: galleries.jpeg(name) for name in NAMES}))
    assert lines == ["  1 of 3 read, 1.0 kB of 3.0 kB, 111 bytes/s, 18 s left"]


def test_files_that_cannot_be_read():
    """All of them are named, with the system's reason."""
    files = Files({"full/a.jpg": None, "full/b.jpg": galleries.jpeg("b"), "full/c.jpg": None})
    with pytest.raises(DeployError) as caught:
        read(files)
    assert caught.value.reason is FailureReason.CONFIG
    assert [str(each) for each in caught.value.problems] == [
        "prod/pics/full/a.jpg: Permission denied",
        "prod/pics/full/c.jpg: Permission denied",
    ]


def test_files_that_may_say_where_they_were_taken():
    """Where positions have to go, all that cannot be decided are named; else nobody asks."""
    unknown = b"\x00\x01 of a format that nobody knows"
    files = Files({"full/a.jpg": unknown, "full/b.jpg": galleries.jpeg("b"), "full/c.jpg": unknown})
    with pytest.raises(DeployError) as caught:
        read(files, strip_gps=True)
    assert [str(each).split(":")[0] for each in caught.value.problems] == [
        "full/a.jpg", "full/c.jpg",
    ]  # fmt: skip
    assert len(read(files)[0]) == 3
