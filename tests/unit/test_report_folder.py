"""The only folder that a run writes into."""

from __future__ import annotations

import os

import pytest

from galleria_action.errors import DeployError, FailureReason
from galleria_action.report_folder import ReportFolder


@pytest.fixture
def root(tmp_path):
    (tmp_path / "outside").mkdir()
    made = tmp_path / "workspace"
    made.mkdir()
    return made


def refused(root, path: str, name: str = "plan.json") -> str:
    with pytest.raises(DeployError) as caught:
        ReportFolder(str(root), path).write(name, b"x")
    assert caught.value.reason is FailureReason.CONFIG
    assert not list((root.parent / "outside").iterdir())
    return caught.value.text()


@pytest.mark.parametrize(
    ("path", "relative"),
    [("report", "report"), ("a/b/c", "a/b/c"), ("./a//b/", "a/b"), ("a/../b", "b"), ("...", "...")],
)
def test_write(root, path, relative):
    """Folders are made, and the file's path is relative to the workspace."""
    assert ReportFolder(str(root), path).write("plan.json", [b"x"]) == f"{relative}/plan.json"
    assert (root / relative / "plan.json").read_bytes() == b"x"


def test_write_again(root):
    """A file is written anew, whatever lay there; others stay."""
    folder = ReportFolder(str(root), "report")
    folder.write("plan.json", [b"longer than before"])
    folder.write("plan.md", [b"m"])
    assert folder.write("plan.json", [b"x"]) == "report/plan.json"
    assert (root / "report/plan.json").read_bytes() == b"x"
    assert (root / "report/plan.md").read_bytes() == b"m"


@pytest.mark.parametrize("path", ["/tmp/x", "..", "../outside", "a/../../outside", ".", "a/.."])
def test_only_below_the_workspace(root, path):
    """Neither the workspace itself nor anything outside."""
    assert "report-dir" in refused(root, path)


@pytest.mark.parametrize("place", ["report", "a", "a/report"])
@pytest.mark.parametrize("target", ["{outside}", "../outside", "../../outside", "."])
def test_a_link_anywhere_on_it(root, place, target):
    """A link on the way is refused, wherever it leads: a pull request may contain it."""
    link = root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target.format(outside=root.parent / "outside"))
    path = {"report": "report", "a": "a/report", "a/report": "a/report"}[place]
    assert "cannot be used" in refused(root, path)


@pytest.mark.parametrize("target", ["../../outside/victim", "nowhere", "plan.md"])
def test_a_link_at_the_file_itself_is_not_followed(root, target):
    """A link in the place of the report is never written through."""
    victim = root.parent / "outside/victim"
    victim.write_bytes(b"precious")
    (root / "report").mkdir()
    (root / "report/plan.json").symlink_to(target)
    try:
        ReportFolder(str(root), "report").write("plan.json", [b"x"])
    except DeployError as error:
        assert error.reason is FailureReason.CONFIG  # noqa: PT017 -- refused or replaced: both safe
    assert victim.read_bytes() == b"precious"
    assert not (root / "report/nowhere").exists()
    assert not (root / "report/plan.md").exists()


def test_a_hard_link_is_not_written_through(root):
    """Another name of some file keeps its content."""
    victim = root / "victim"
    victim.write_bytes(b"precious")
    (root / "report").mkdir()
    os.link(victim, root / "report/plan.json")
    ReportFolder(str(root), "report").write("plan.json", [b"x"])
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("path", ["file", "file/report", "x" * 300, "report\0"])
def test_what_is_no_folder(root, path):
    """A file on the way, or a name that cannot be, is an error like any other."""
    (root / "file").write_text("x")
    assert "cannot be used" in refused(root, path)


def test_a_folder_in_the_place_of_the_file(root):
    """plan.json may be a folder of somebody's: it is refused and stays."""
    (root / "report/plan.json").mkdir(parents=True)
    assert "cannot be used" in refused(root, "report")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner(root):
    """What root makes in the container belongs to the owner of the workspace."""
    (root / "there").mkdir()
    os.chown(root, 1234, 2345)
    for _ in range(2):
        ReportFolder(str(root), "there/a/b").write("plan.json", [b"x"])
    owners = {
        name: (os.stat(root / name).st_uid, os.stat(root / name).st_gid)
        for name in ("there", "there/a", "there/a/b", "there/a/b/plan.json")
    }
    assert owners.pop("there") == (0, 0)  # it was there before
    assert set(owners.values()) == {(1234, 2345)}


def test_others_may_read_it(root):
    """A later step, of another user, can read the report."""
    ReportFolder(str(root), "report").write("plan.json", [b"x"])
    assert os.stat(root / "report/plan.json").st_mode & 0o777 == 0o644
