"""Pictures made by processes of their own: none of them can harm the run."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Iterator

import pytest
from support import galleries
from unit.samples import local
from unit.test_forks import children

from galleria_action import thumbnail, thumbnails
from galleria_action.thumbnail import Thumbnail
from galleria_action.wanted import LocalFile

HERE = os.getpid()
GOOD = galleries.jpeg("a")


class Folder:
    """Files by path; what is not there cannot be read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def size(self, path: str) -> int:
        return len(self._files[path])

    def read_small(self, path: str, limit: int) -> bytes | None:
        if path not in self._files:
            raise FileNotFoundError(2, "no such file")
        return self._files[path] if len(self._files[path]) < limit else None


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def made(files: dict[str, bytes], sources: dict[str, list[LocalFile]]) -> dict[str, Thumbnail]:
    with thumbnails.thumbnails(Folder(files), sources) as making:
        return making.made()


def path(name: str) -> str:
    return local(name).path


def test_the_first_file_that_is_a_picture(monkeypatch):
    """The best one first; what is missing, broken or too large is passed over."""
    monkeypatch.setattr(thumbnails, "LARGEST", len(GOOD) + 1)
    large = local("large.jpg")
    files = {path("broken.jpg"): b"no", large.path: GOOD + b"x", path("good.jpg"): GOOD}
    pictures = made(
        files,
        {
            "a": [local("missing.jpg"), local("broken.jpg"), large, local("good.jpg")],
            "b": [local("broken.jpg"), large],
            "c": [],
        },
    )
    assert list(pictures) == ["a"]
    assert (pictures["a"].width, pictures["a"].height) == (64, 48)


@pytest.mark.parametrize(("photos", "height"), [(thumbnails.FEW, 256), (thumbnails.FEW + 1, 128)])
def test_few_are_larger(photos, height):
    """A few photos are shown larger than hundreds of them, in the order in which they are asked."""
    from unit.test_thumbnail import drawn, saved

    files = {path("a.jpg"): saved(drawn(600, 400), "JPEG")}
    pictures = made(files, {str(number): [local("a.jpg")] for number in range(photos)})
    assert {each.height for each in pictures.values()} == {height}
    assert list(pictures) == [str(number) for number in range(photos)]


def test_nothing_to_do():
    """No process, no picture."""
    assert made({}, {}) == {}


def ruinous(data: bytes, height: int) -> Thumbnail | None:
    """A decoder that crashes with one file and never comes back from another."""
    assert os.getpid() != HERE  # never in the process that deploys
    if data == b"crash":
        faulthandler.disable()  # pytest's, which would print where
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"hang":
        while True:
            time.sleep(1)
    return Thumbnail(1, height, data)


@pytest.mark.parametrize("evil", [b"crash", b"hang"])
def test_a_file_that_takes_its_process_down(monkeypatch, evil):
    """It costs its own picture, never the run; others are made by the processes that are left."""
    monkeypatch.setattr(thumbnail, "make", ruinous)
    monkeypatch.setattr(thumbnails, "SECONDS", 2.0)
    monkeypatch.setattr(thumbnails, "cores", lambda: 2)
    files = {path("evil.jpg"): evil, path("good.jpg"): b"good"}
    sources = {"evil": [local("evil.jpg")]}
    sources |= {str(number): [local("good.jpg")] for number in range(50)}
    pictures = made(files, sources)
    assert sorted(pictures) == sorted(str(number) for number in range(50))


def test_all_processes_down(monkeypatch):
    """Then there is what was made before, and nobody is left behind."""
    monkeypatch.setattr(thumbnail, "make", ruinous)
    monkeypatch.setattr(thumbnails, "cores", lambda: 1)
    files = {path("evil.jpg"): b"crash", path("good.jpg"): b"good"}
    sources = {"first": [local("good.jpg")], "evil": [local("evil.jpg")]}
    assert list(made(files, sources | {"last": [local("good.jpg")]})) == ["first"]


def test_an_error_in_between_leaves_no_process(monkeypatch):
    """If the plan cannot be written, the pictures are given up."""
    monkeypatch.setattr(thumbnail, "make", ruinous)
    with (
        pytest.raises(OSError, match="disk"),
        thumbnails.thumbnails(Folder({path("a.jpg"): b"hang"}), {"a": [local("a.jpg")]}),
    ):
        raise OSError("disk full")


@pytest.mark.parametrize(("seconds", "expected"), [(60.0, ["a", "b"]), (-1.0, [])])
def test_without_processes(monkeypatch, seconds, expected):
    """Where there are no forks, pictures are made here, as long as there is time."""
    monkeypatch.setattr(thumbnails, "can_fork", lambda: False)
    monkeypatch.setattr(thumbnails, "SECONDS", seconds)
    files = {path("a.jpg"): GOOD}
    assert list(made(files, {"a": [local("a.jpg")], "b": [local("a.jpg")]})) == expected
