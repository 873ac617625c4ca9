"""What is done for large galleries alone, and nobody sees but by the time that it takes."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import pytest
from support import galleries, program
from support.galleries import Gallery
from support.memory import MemoryStore
from unit.samples import page

from galleria_action import exif, file_bytes, manifest, plan_document, plan_files, preparation
from galleria_action.forks import Crew, forks


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


def no_site(gallery: Gallery) -> None:
    shutil.rmtree(gallery.site)


def page_at_a_photo(gallery: Gallery) -> None:
    gallery.write_site({"photos/full/a.jpg": b"page"})


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (missing, "metadata"),
        (doubled, "metadata"),
        (outside, "metadata"),
        (cut_off, "metadata"),
        (no_list, "metadata"),
        (no_site, "config"),
        (page_at_a_photo, "config"),
    ],
)
def test_one_with_a_fault(gallery, processes, fault, reason):
    """Every problem of a manifest, or of what goes with it, is told as ever."""
    fault(gallery)
    expected = program.run(gallery.root, MemoryStore())

    made = program.run(gallery.root, MemoryStore(), readers=processes)

    assert made.reason == expected.reason == reason
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
    here, flawless_names = os.getpid(), manifest.flawless_names

    def deadly(data):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return flawless_names(data)

    monkeypatch.setattr(manifest, "flawless_names", deadly)

    assert (
        "Photos to upload: 3"
        in program.deployed(gallery.root, MemoryStore(), readers=processes).log
    )


def test_a_manifest_with_a_fault_is_checked_once(gallery, processes, monkeypatch, tmp_path):
    """By the other process; then every problem is looked for here."""
    doubled(gallery)
    checks, flawless_names = tmp_path / "checks", manifest.flawless_names
    presumed = manifest.presumed

    def counted(data):
        with checks.open("a") as file:
            file.write(".")
        return flawless_names(data)

    def late(data):
        # The other process has done all of it; it is left to be waited for once more.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        return presumed(data)

    monkeypatch.setattr(manifest, "flawless_names", counted)
    monkeypatch.setattr(manifest, "presumed", late)

    assert program.run(gallery.root, MemoryStore(), readers=processes).reason == "metadata"
    assert checks.read_text() == "."


def test_garbage_is_collected_while_uploading(gallery):
    """Not while planning: there is none, and looking for it takes a quarter of the time."""
    gc.disable()
    try:
        program.deployed(gallery.root, MemoryStore(), dry_run="true")
        assert not gc.isenabled()
        program.deployed(gallery.root, MemoryStore())
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 12_345])
def test_some_sizes(count):
    """A hundred files stand for all; one that is gone is passed over."""
    objects = [page(f"{number}.js") for number in range(count)]
    folder = Sizes()

    sizes = list(preparation.some_sizes(objects, folder))

    assert sizes == [5] * max(0, len(folder.asked) - 1)
    assert min(count, 50) <= len(folder.asked) <= 101
    assert len(set(folder.asked)) == len(folder.asked)


class Sizes:
    """Files of five bytes each, the first of which is gone."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def size(self, path: str) -> int:
        self.asked.append(path)
        if len(self.asked) == 1:
            raise FileNotFoundError(2, "no such file")
        return 5


@pytest.fixture
def quick(monkeypatch) -> None:
    """Another process has begun its work before this one goes on."""
    start = Crew.start

    def started(self: Crew, processes: int) -> None:
        start(self, processes)
        while not os.lseek(self._tokens, 0, os.SEEK_CUR):
            time.sleep(0.001)

    monkeypatch.setattr(Crew, "start", started)


@pytest.mark.usefixtures("quick")
def test_what_is_made_by_the_other_process(gallery, processes, monkeypatch):
    """Content hash and plan.json are the same as ever, and this process makes neither."""
    program.deployed(gallery.root, MemoryStore(), dry_run="true")
    plan = gallery.root / "galleria-report/plan.json"
    expected = plan.read_bytes()
    monkeypatch.setattr(plan_files, "MANY", 0)
    for module, name in ((manifest.Manifest, "_hashed"), (plan_document, "encode")):
        monkeypatch.setattr(module, name, elsewhere(getattr(module, name)))

    made = program.deployed(gallery.root, MemoryStore(), readers=processes, dry_run="true")

    assert plan.read_bytes() == expected
    assert json.loads(expected)["plan_hash"] in made.log


def elsewhere(work: Callable[..., Any]) -> Callable[..., Any]:
    """``work`` that is not done in this process."""
    here = os.getpid()

    def refused(*arguments: Any, **named: Any) -> Any:
        assert os.getpid() != here
        return work(*arguments, **named)

    return refused


@pytest.mark.parametrize(
    ("module", "name"), [(manifest.Manifest, "_hashed"), (plan_document, "encode")]
)
def test_the_other_process_dies_in_the_middle(gallery, processes, monkeypatch, module, name):
    """Then its work is done here."""
    monkeypatch.setattr(plan_files, "MANY", 0)
    here, work = os.getpid(), getattr(module, name)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*arguments, **named)

    monkeypatch.setattr(module, name, deadly)
    store = MemoryStore()

    program.deployed(gallery.root, store, readers=processes)

    assert set(gallery.keys()) <= set(store.objects)
    plan = json.loads((gallery.root / "galleria-report/plan.json").read_bytes())
    assert len(plan["changes"]) == plan["totals"]["objects_to_put"]


def test_a_report_folder_that_the_other_process_cannot_write(gallery, processes, monkeypatch):
    """That is told as ever, and nothing is deployed."""
    monkeypatch.setattr(plan_files, "MANY", 0)
    (gallery.root / "galleria-report").symlink_to(gallery.root)
    store = MemoryStore()

    made = program.run(gallery.root, store, readers=processes)

    assert made.reason == "config"
    assert "galleria-report" in made.error.headline
    assert not store.objects


def test_a_first_deployment_reads_each_file_once(gallery, monkeypatch):
    """Nothing is there to compare with; the next one hashes web and thumb, and no full."""
    read: list[str] = []
    opened = file_bytes._Places.open

    def counted(self: Any, path: str) -> tuple[int, int]:
        read.append(os.path.relpath(path, gallery.pics))
        return opened(self, path)

    monkeypatch.setattr(file_bytes._Places, "open", counted)
    store = MemoryStore()
    of_photos = [f"{variant}/{photo}" for photo in "abc" for variant in ("full", "web", "thumb")]

    program.deployed(gallery.root, store, dry_run="true")
    assert sorted(
        each.split(".")[0] for each in read if "/" in each and ".." not in each
    ) == sorted(of_photos)

    program.deployed(gallery.root, store)
    read.clear()
    program.deployed(gallery.root, store, dry_run="true")
    assert not [each for each in read if each.startswith("full/")]
    assert len([each for each in read if each.startswith(("web/", "thumb/"))]) == 6
