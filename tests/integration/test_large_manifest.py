"""Large manifests are checked by another process while this one reads them: nobody sees which."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from support import galleries, program
from support.galleries import Gallery
from support.memory import MemoryStore

from galleria_action import exif, manifest, preparation
from galleria_action.forks import forks


@pytest.fixture
def processes(monkeypatch) -> Iterator[Executor]:
    monkeypatch.setattr(preparation, "LARGE", 0)
    with ThreadPoolExecutor(1) as threads, forks(2, threads) as executor:
        yield executor


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    return galleries.make(tmp_path / "workspace")


def test_a_flawless_one(gallery, processes, monkeypatch):
    """It is deployed as ever, and not checked here once more."""
    expected = program.deployed(gallery.root, MemoryStore(), dry_run="true").log

    monkeypatch.setattr(manifest, "parse", None)
    made = program.deployed(gallery.root, MemoryStore(), readers=processes, dry_run="true").log

    assert made == expected
    assert "Photos to upload: 3" in made


def missing(gallery: Gallery) -> None:
    (gallery.pics / "full/b.jpg").unlink()


def doubled(gallery: Gallery) -> None:
    gallery.photos["b"]["id"] = "a"
    gallery.write()


def outside(gallery: Gallery) -> None:
    gallery.photos["b"]["files"]["full"] = "../b.jpg"
    gallery.write()


def cut_off(gallery: Gallery) -> None:
    gallery.manifest.write_bytes(gallery.manifest.read_bytes()[:-20])


def no_list(gallery: Gallery) -> None:
    gallery.manifest.write_text('{"schema_version": "1.0", "photos": 5}')


@pytest.mark.parametrize("fault", [missing, doubled, outside, cut_off, no_list])
def test_one_with_a_fault(gallery, processes, fault):
    """Every problem is told as ever, with its place and its line."""
    fault(gallery)
    expected = program.run(gallery.root, MemoryStore())

    made = program.run(gallery.root, MemoryStore(), readers=processes)

    assert expected.reason == "metadata"
    assert made.error is not None
    assert expected.error is not None
    assert made.error.text() == expected.error.text()


def test_a_linked_photo(gallery, processes):
    """`process-photos` writes links: they are followed as ever."""
    photo, original = gallery.pics / "full/b.jpg", gallery.root / "original.jpg"
    data = photo.read_bytes()
    photo.rename(original)
    photo.symlink_to(original)
    store = MemoryStore()

    program.deployed(gallery.root, store, readers=processes)

    published = store.objects["photos/full/b.jpg"].data
    assert published == exif.edit(data, "2024:06:15 14:30:45", "+02:00")


def test_the_other_process_dies(gallery, processes, monkeypatch):
    """Then the manifest is checked here."""
    monkeypatch.setattr(manifest, "flawless_names", lambda _: os.kill(os.getpid(), signal.SIGKILL))

    assert (
        "Photos to upload: 3"
        in program.deployed(gallery.root, MemoryStore(), readers=processes).log
    )
