"""The files that a manifest names, whether their folders are listed or each is looked at."""

from __future__ import annotations

import os

import pytest
from support.program import Serial
from unit.folders import HOST, actions, laptop, names

from galleria_action import named_files
from galleria_action.errors import DeployError, FailureReason
from galleria_action.workspace import Workspace


@pytest.fixture(params=[1, 1000], autouse=True, ids=["listed", "looked at"])
def _way(request, monkeypatch):
    monkeypatch.setattr(named_files, "WORTH_LISTING", request.param)


def find(workspace: Workspace, *paths: str) -> tuple[list[str], dict[str, str]]:
    """The paths of the files that are found, in the order of ``paths``, and what is wrong."""
    found, faults = workspace.find("pics", list(paths), Serial())
    assert all(name == file.name for name, file in found.items())
    assert {*found} | {*faults} == {*paths}
    in_order = [found[path].path for path in paths if path in found]
    return [path.removeprefix(workspace.root + "/") for path in in_order], faults


def test_find(root, put, link):
    """The files that a manifest names, links resolved."""
    put("pics/full/a.jpg", b"12345")
    put("raw/b.jpg")
    link("pics/full/b.jpg", HOST + "/raw/b.jpg")
    link("pics/web", "full")
    found, faults = find(actions(root), "full/a.jpg", "full/b.jpg", "web/a.jpg")
    assert found == ["pics/full/a.jpg", "raw/b.jpg", "pics/full/a.jpg"]
    assert faults == {}


def test_find_faults(root, put, link):
    """Why a named file cannot be used, for each."""
    put("pics/file.jpg")
    put("pics/.env")
    put("pics/psd/a.psd")
    (root / "pics/folder").mkdir()
    link("pics/circle", "circle")
    link("pics/leak", root.parent / "outside/secret.txt")
    workspace = actions(root, exclude=("*.psd",))
    paths = [
        "gone.jpg",
        "file.jpg/x",
        "nowhere/x",
        ".env",
        "psd/a.psd",
        "folder",
        "circle",
        "leak",
        "n" * 300,
    ]
    found, faults = find(workspace, *paths)
    assert found == []
    assert list(faults) == paths
    assert faults["gone.jpg"] == faults["nowhere/x"] == "is not there"
    assert faults["file.jpg/x"].startswith("is not there")
    assert faults[".env"] == faults["psd/a.psd"] == "is excluded from being uploaded"
    assert faults["folder"] == "is no file"
    assert "circle" in faults["circle"]
    assert "out of the workspace" in faults["leak"]


@pytest.mark.parametrize("target", ["{outside}", "../../outside", HOST + "2", "inner"])
def test_a_folder_that_leaves_the_workspace(root, link, target):
    """Under Actions nothing is read through a link to a folder outside, by no path."""
    outside = root.parent / "outside"
    link("pics/inner", outside)
    link("pics/full", target.format(outside=outside))
    found, faults = find(actions(root), "full/secret.txt")
    assert found == []
    assert set(faults) == {"full/secret.txt"}


@pytest.mark.parametrize("folder", ["../outside", "{outside}", "through", "through/.", "/etc"])
def test_the_folder_itself_leaves_the_workspace(root, link, folder):
    """Neither may the folder that an input names."""
    outside = root.parent / "outside"
    link("through", outside)
    place = folder.format(outside=outside)
    with pytest.raises(DeployError, match="cannot be used") as caught:
        names(actions(root), place)
    assert caught.value.reason is FailureReason.CONFIG
    assert actions(root).find(place, ["secret.txt"], Serial())[0] == {}


def test_never_uploaded(root, put):
    """Secrets, litter, the settings file and the report, whatever else lies beside them."""
    names_of = [".env", ".envrc", "Thumbs.db", "settings.py", "a.jpg", "env.jpg", ".hidden.jpg"]
    for name in names_of:
        put(f"pics/{name}")
    found, faults = find(actions(root, never=("pics/settings.py",)), *names_of)
    assert found == ["pics/a.jpg", "pics/env.jpg", "pics/.hidden.jpg"]
    assert set(faults) == {".env", ".envrc", "Thumbs.db", "settings.py"}


def test_other_files_do_not_matter(root, put):
    """A folder may hold many more files than the manifest names, and other things."""
    for number in range(20):
        put(f"pics/full/{number}.jpg")
    os.mkfifo(root / "pics/full/pipe")
    found, faults = find(actions(root), "full/3.jpg", "full/pipe", "full/99.jpg")
    assert found == ["pics/full/3.jpg"]
    assert faults == {"full/pipe": "is no file", "full/99.jpg": "is not there"}


def test_many_folders(root, put):
    """Each photo in a folder of its own, and some at the top."""
    paths = [f"{number}/a.jpg" for number in range(5)] + ["b.jpg", "c/d/e.jpg"]
    for path in paths:
        put(f"pics/{path}")
    found, faults = find(laptop(root), *paths)
    assert sorted(found) == sorted(f"pics/{path}" for path in paths)
    assert faults == {}


def gone(root, put, link) -> None:
    (root / "pics/full/b.jpg").unlink()


def linked(root, put, link) -> None:
    gone(root, put, link)
    link("pics/full/b.jpg", "a.jpg")


def linked_folder(root, put, link) -> None:
    (root / "pics/full").rename(root / "pics/other")
    link("pics/full", "other")


def no_file(root, put, link) -> None:
    gone(root, put, link)
    (root / "pics/full/b.jpg").mkdir()


def nothing(root, put, link) -> None:
    """All is as it should be."""


@pytest.mark.parametrize(
    ("change", "exclude", "expected"),
    [
        (nothing, (), True),
        (gone, (), False),
        (linked, (), False),
        (linked_folder, (), False),
        (no_file, (), False),
        (nothing, ("*.jpg",), False),
        (nothing, ("*.psd",), False),
    ],
)
def test_presumed(root, put, link, change, exclude, expected):
    """What is presumed of all files is what is found, if they are said to be all there."""
    paths = ["full/a.jpg", "full/b.jpg", "c.jpg"]
    for path in paths:
        put(f"pics/{path}")
    change(root, put, link)
    workspace = actions(root, exclude=exclude)
    assert workspace.has_all("pics", paths) is expected
    if expected:
        assert (workspace.presumed("pics", paths), {}) == workspace.find("pics", paths, Serial())
