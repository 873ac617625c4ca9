"""The files of the workspace: scanning, links, what is never uploaded."""

from __future__ import annotations

import os

import pytest
from unit.folders import HOST, actions, laptop, names

from galleria_action.errors import DeployError, FailureReason
from galleria_action.workspace import Unpublishable, Workspace


def refusal(workspace: Workspace, folder: str = "site") -> str:
    with pytest.raises(DeployError) as caught:
        names(workspace, folder)
    assert caught.value.reason is FailureReason.CONFIG
    return caught.value.text()


def test_scan(root, put):
    """Every file below the folder, by name, with its real path."""
    put("site/b.js", b"12345")
    put("site/a/c d+é%20.css")
    (root / "site/empty").mkdir()
    first, second = laptop(root).scan("site")
    assert (first.name, first.path) == ("a/c d+é%20.css", str(root / "site/a/c d+é%20.css"))
    assert (second.name, second.path) == ("b.js", str(root / "site/b.js"))


@pytest.mark.parametrize("folder", ["missing", "file.txt", "missing/deeper", "file.txt/deeper"])
def test_no_folder_has_no_files(root, put, folder):
    """A folder that is not there, or that is a file, has no files; the caller says what it means."""
    put("file.txt")
    assert names(laptop(root), folder) == []


@pytest.mark.parametrize(
    "folder", ["site", "./site", "site/", "other/../site", "{root}/site", HOST + "/site"]
)
def test_folders(root, put, folder):
    """Relative to the workspace, absolute, or as the runner's other steps know it."""
    put("site/a.js")
    put("other/b.js")
    assert names(actions(root), folder.format(root=root)) == ["a.js"]


@pytest.mark.parametrize(
    "target", ["{root}/pics/a.jpg", "../pics/a.jpg", HOST + "/pics/a.jpg", "../pics/./b.jpg"]
)
def test_links_to_files(root, put, link, target):
    """Absolute links under the runner's workspace are mapped, relative ones followed, chains too."""
    put("pics/a.jpg", b"12345")
    link("pics/b.jpg", HOST + "/pics/a.jpg")
    link("site/x.jpg", target.format(root=root))
    (file,) = actions(root).scan("site")
    assert (file.name, file.path) == ("x.jpg", str(root / "pics/a.jpg"))
    assert actions(root).read(file.path) == b"12345"


@pytest.mark.parametrize("target", ["../pics", "{root}/pics", HOST + "/pics", "../through/pics"])
def test_links_to_folders(root, put, link, target):
    """A link to a folder shows its files, also below a link."""
    put("pics/deep/a.jpg")
    link("through", HOST)
    link("site/x", target.format(root=root))
    assert names(actions(root)) == ["x/deep/a.jpg"]


@pytest.mark.parametrize(
    "target",
    ["../../outside/secret.txt", "{outside}/secret.txt", "/etc/passwd", "{outside}", HOST + "2/x",
     HOST + "/../../outside/secret.txt", "../inner"],
)  # fmt: skip
def test_links_out_of_the_workspace(root, link, put, target):
    """Under Actions a link that leaves the workspace is an error that names it."""
    outside = root.parent / "outside"
    link("inner", outside / "secret.txt")
    put("site/a.js")
    link("site/leak", target.format(outside=outside))
    assert "site/leak" in refusal(actions(root))


def test_a_laptop_follows_links_anywhere(root, link):
    """Without Actions links may lead out."""
    link("site/x", root.parent / "outside")
    (file,) = laptop(root).scan("site")
    assert (file.name, laptop(root).read(file.path)) == ("x/secret.txt", b"secret")


@pytest.mark.parametrize(
    "links",
    [{"site/a": "a"}, {"site/a": "b", "site/b": "a"}, {"site/a": "../site"}, {"site/a": "."},
     {"site/b/c": "../../site"}, {"site/a": "../b", "b": "site/a"}],
)  # fmt: skip
def test_circles(root, put, link, links):
    """A circle of links or of folders is an error, and the scan ends."""
    put("site/x.js")
    for name, target in links.items():
        link(name, target)
    assert "site/" in refusal(actions(root))


def test_a_long_chain_is_a_circle(root, put, link):
    """Forty links in a row are followed, as by the kernel; more are not."""
    put("site/end")
    for number in range(41):
        link(f"chain/{number}", f"{number - 1}" if number else "../site/end")
    workspace = actions(root)
    assert workspace.resolve("chain/39") == str(root / "site/end")
    with pytest.raises(Unpublishable, match="circle"):
        workspace.resolve("chain/40")


def test_two_links_to_one_folder_are_no_circle(root, put, link):
    """The same folder may be shown twice."""
    put("pics/a.jpg")
    link("site/x", "../pics")
    link("site/y", "../pics")
    assert names(actions(root)) == ["x/a.jpg", "y/a.jpg"]


def test_broken_links(root, put, link):
    """Links that lead nowhere are all named, with what is wrong."""
    put("site/file")
    link("site/a", "nowhere")
    link("site/b", HOST + "/nowhere")
    link("site/c", "file/deeper")
    text = refusal(actions(root))
    assert "site/a: is not there" in text
    assert "site/b: is not there" in text
    assert "site/c: is not there" in text


def test_other_kinds_of_files_are_passed_over(root, put):
    """Pipes and sockets are no files to upload."""
    put("site/a.js")
    os.mkfifo(root / "site/pipe")
    assert names(actions(root)) == ["a.js"]


@pytest.mark.parametrize(
    ("environ", "workspace"),
    [
        ({}, {}),
        ({"GITHUB_ACTIONS": "true"}, {"confined": True}),
        (
            {"GITHUB_ACTIONS": "true", "RUNNER_WORKSPACE": "/home/runner/work/repo", "GITHUB_REPOSITORY": "us/repo"},
            {"confined": True, "host_root": HOST},
        ),
        ({"RUNNER_WORKSPACE": "/home/runner/work/repo/", "GITHUB_REPOSITORY": "us/repo"}, {"host_root": HOST}),
        ({"RUNNER_WORKSPACE": "/home/runner/work/repo"}, {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["GITHUB_WORKSPACE", "here", "link"])
def test_of(tmp_path, environ, workspace, place):
    """The runner's environment says which folder is meant; else it is the current one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    here = str(tmp_path / ("link" if place == "link" else "real"))
    if place == "GITHUB_WORKSPACE":
        environ, here = {**environ, "GITHUB_WORKSPACE": here}, "/"
    made = Workspace.of(environ, here, ["./a"], ["*.psd"])
    expected = {"confined": False, "host_root": None, **workspace}
    assert made == Workspace(str(tmp_path / "real"), **expected, never=("a",), exclude=("*.psd",))


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("{root}/a/b", "a/b"),
        (HOST + "/a/b", "a/b"),
        ("{root}2/a", "{root}2/a"),
        ("/etc/x", "/etc/x"),
        ("a", "a"),
    ],
)
def test_relative(root, path, relative):
    """Paths as people know them, seen from the workspace."""
    assert actions(root).relative(path.format(root=root)) == relative.format(root=root)
