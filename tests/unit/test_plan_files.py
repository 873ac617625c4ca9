"""The files of the report folder: which there are at what time, and what the pictures may cost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from support import galleries
from support.program import Serial
from unit.samples import size_of
from unit.showcase import idle_plan, rich_plan
from unit.test_forks import children

from galleria_action import plan_files, thumbnail
from galleria_action.errors import Cancelled, DeployError, FailureReason
from galleria_action.progress import Lines
from galleria_action.recorder import Beside
from galleria_action.report_folder import ReportFolder

PLAN = rich_plan()
OBJECTS = [each.wanted for each in PLAN.changes if each.wanted]
PICTURE = galleries.jpeg("a")
IMAGE = b"data:image/jpeg"


class Files:
    """Every file is the same picture."""

    def size(self, path: str) -> int:
        return size_of(path)

    def read_small(self, path: str, limit: int) -> bytes | None:
        return PICTURE


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "galleria-report"


def written(tmp_path, warn=pytest.fail, *, dry_run: bool = False):
    reports = ReportFolder(str(tmp_path), "galleria-report")
    return plan_files.written(
        PLAN, OBJECTS, Files(), reports, warn, readers=Serial(), dry_run=dry_run
    )


@pytest.fixture(autouse=True)
def _nobody_is_left():
    before = children()
    yield
    assert children() <= before


@pytest.fixture
def slow(monkeypatch) -> None:
    """A decoder that never comes back."""
    monkeypatch.setattr(thumbnail, "make", lambda *_: time.sleep(60))


@pytest.mark.parametrize("dry_run", [True, False])
def test_all_are_there_at_the_end(tmp_path, folder, dry_run):
    """The page has its pictures, also if nobody gave it time before."""
    with written(tmp_path, dry_run=dry_run):
        assert sorted(os.listdir(folder)) == ["plan.json", "plan.md"]
    assert sorted(os.listdir(folder)) == ["plan.json", "plan.md", "report.html"]
    assert IMAGE in (folder / "report.html").read_bytes()


def test_the_page_is_written_as_soon_as_its_pictures_are_made(tmp_path, folder):
    """Long before the uploads end; and once."""
    page_file = folder / "report.html"
    with written(tmp_path) as page:
        deadline = time.monotonic() + 30
        while not page_file.exists():
            assert time.monotonic() < deadline
            page.tick()
            time.sleep(0.01)
        assert IMAGE in page_file.read_bytes()
        page_file.unlink()
        page.tick()
    assert not page_file.exists()


def test_a_page_without_pictures_is_written_at_once(tmp_path, folder):
    """There is nothing to wait for."""
    reports = ReportFolder(str(tmp_path), "galleria-report")
    with plan_files.written(
        idle_plan(), [], Files(), reports, pytest.fail, readers=Serial(), dry_run=False
    ) as page:
        page.tick()
        assert (folder / "report.html").exists()


def test_a_cancellation_while_the_page_is_written(tmp_path, folder, monkeypatch):
    """It is written then, whole."""
    write = ReportFolder.write

    def interrupted(self: ReportFolder, name: str, data: Iterable[bytes]) -> str:
        if name == plan_files.PAGE:
            monkeypatch.setattr(ReportFolder, "write", write)
            raise Cancelled
        return write(self, name, data)

    monkeypatch.setattr(ReportFolder, "write", interrupted)
    with pytest.raises(Cancelled), written(tmp_path) as page:
        page.finish()
    assert (folder / "report.html").read_bytes().rstrip().endswith(b"</html>")


@pytest.mark.usefixtures("slow")
def test_pictures_are_not_waited_for_after_a_cancellation(tmp_path, folder):
    """The page is there without them."""
    began = time.monotonic()
    with pytest.raises(Cancelled), written(tmp_path):
        raise Cancelled
    assert time.monotonic() - began < 5
    assert IMAGE not in (folder / "report.html").read_bytes()


def test_a_failure_leaves_a_whole_page(tmp_path, folder):
    """Whatever stopped the deployment."""
    failure = DeployError(FailureReason.NETWORK, "Error: gone")
    with pytest.raises(DeployError, match="gone"), written(tmp_path):
        raise failure
    assert (folder / "report.html").read_bytes().rstrip().endswith(b"</html>")


def test_a_page_of_an_earlier_run(tmp_path, folder):
    """It is taken for nobody else's: it goes before anything else happens."""
    folder.mkdir()
    (folder / "report.html").write_text("old")
    with written(tmp_path):
        assert not (folder / "report.html").exists()
    assert (folder / "report.html").read_text() != "old"


def test_a_page_that_cannot_be_written(tmp_path, folder):
    """It costs the deployment nothing but a warning."""
    warnings: list[str] = []
    with written(tmp_path, warnings.append):
        shutil.rmtree(folder)
        folder.symlink_to("/etc")
    assert len(warnings) == 1
    assert warnings[0].startswith("report-dir galleria-report cannot be used")


def test_what_is_done_beside():
    """An observer is told everything, and something else is done with every tick."""
    lines: list[str] = []
    ticks: list[int] = []
    observer = Beside(Lines(lines.append, lambda: 0.0, every_object=True), lambda: ticks.append(1))
    observer.started(2, 2)
    for change in (PLAN.changes[0], PLAN.deletes[0]):
        (observer.put if change.wanted else observer.deleted)(change)
    observer.waiting("Waiting for nobody")
    observer.tick()
    observer.finished()
    assert ticks == [1]
    told = "\n".join(lines)
    for part in (PLAN.changes[0].key, PLAN.deletes[0].key, "Waiting for nobody"):
        assert part in told


def test_nothing_is_shown_of_files_that_are_gone(tmp_path, folder, monkeypatch):
    """A picture less, and no failure: whoever sends the file complains."""

    def gone(*_: object) -> None:
        raise FileNotFoundError(2, "no such file")

    monkeypatch.setattr(Files, "read_small", gone)
    monkeypatch.setattr(Files, "size", gone)
    with written(tmp_path):
        pass
    assert IMAGE not in (folder / "report.html").read_bytes()
