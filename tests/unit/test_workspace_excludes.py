"""Local files that are never uploaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from unit.folders import HOST, actions, laptop, names

from galleria_action.errors import DeployError


@pytest.mark.parametrize(
    "name",
    [".git/config", ".git", "a/.git/config", ".env", ".env.local", "a/.env.production", ".envrc",
     ".DS_Store", "a/Thumbs.db", "settings.local.py", "report/plan.json"],
)  # fmt: skip
def test_never_uploaded(root, put, name):
    """Secrets, repositories, litter, the settings file and our own report never leave."""
    put(f"site/{name}")
    put("site/index.html")
    workspace = actions(root, never=("site/settings.local.py", "site/report"))
    assert names(workspace) == ["index.html"]


@pytest.mark.parametrize(
    "name", ["env.js", "git", "a.git/x", ".gitignore", "thumbs.db", ".well-known/x", "report2/x"]
)
def test_no_other_name_is(root, put, name):
    """What merely looks alike is uploaded."""
    put(f"site/{name}")
    assert names(actions(root, never=("site/report",))) == [name]


@pytest.mark.parametrize(
    "target",
    [".env", ".git/config", "settings.local.py", "{host}/.env", "report/plan.json", ".git", "conf/.env.local",
     "to-env"],
)  # fmt: skip
def test_links_to_what_is_never_uploaded(root, put, link, target):
    """A link is judged by its target, whatever it is called itself."""
    for name in (".env", ".git/config", "settings.local.py", "report/plan.json", "conf/.env.local"):
        put(name)
    link("to-env", ".env")
    put("site/index.html")
    path = target.format(host=HOST) if "{" in target else f"../{target}"
    link("site/config.txt", path)
    workspace = actions(root, never=("settings.local.py", "report"))
    assert names(workspace) == ["index.html"]


def test_a_link_by_way_of_an_env_file(root, put, link):
    """A link to `.env` is one to secrets, also where `.env` is a link itself."""
    put("conf/production.txt")
    link(".env", "conf/production.txt")
    put("site/index.html")
    link("site/config.txt", "../.env")
    assert names(actions(root)) == ["index.html"]


@pytest.mark.parametrize("folder", ["outside", "workspace"])
def test_the_settings_file_wherever_it_lies(root, put, link, folder):
    """The settings file may be given by an absolute path; it is not uploaded through a link."""
    secret = root.parent / folder / "secret.txt"
    secret.write_text("S3_PUBLIC_SECRET_KEY = 'hush'")
    put("site/index.html")
    link("site/config.txt", secret)
    assert names(laptop(root, never=(str(secret),))) == ["index.html"]


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ((), ["a.psd", "drafts/b.html", "index.html"]),
        (("*.psd",), ["drafts/b.html", "index.html"]),
        (("drafts",), ["a.psd", "index.html"]),
        (("drafts/", "*.psd"), ["index.html"]),
        (("prod/site/drafts",), ["a.psd", "index.html"]),
        (("prod/site/*.psd",), ["drafts/b.html", "index.html"]),
        (("site", "prod"), ["a.psd", "drafts/b.html", "index.html"]),
        (("p*",), ["a.psd", "drafts/b.html", "index.html"]),
    ],
)
def test_exclude(root, put, exclude, left):
    """Globs of files below the folder, or of whole paths in the workspace.

    The folders above the one that is deployed are not what a glob without `/` means.
    """
    for name in ("a.psd", "drafts/b.html", "index.html"):
        put(f"prod/site/{name}")
    assert names(actions(root, exclude=exclude), "prod/site") == left


@pytest.mark.parametrize("exclude", ["wor*", "workspace", "tmp"])
def test_exclude_on_a_laptop(root, put, link, exclude):
    """Nor are the folders above the workspace."""
    put("site/index.html")
    (root.parent / "workspace2/library").mkdir(parents=True)
    (root.parent / "workspace2/library/a.js").write_text("x")
    link("site/lib", root.parent / "workspace2/library")
    assert names(laptop(root, exclude=(exclude,))) == ["index.html", "lib/a.js"]


@pytest.mark.parametrize("folder", ["workspace/raw", "outside"])
def test_exclude_judges_a_link_by_its_target(root, put, link, folder):
    """A file behind a link is left out by its own name, wherever it lies."""
    target = root.parent / folder / "a.psd"
    target.parent.mkdir(exist_ok=True)
    target.write_text("x")
    put("site/index.html")
    link("site/a.jpg", target)
    assert names(laptop(root, exclude=("*.psd",))) == ["index.html"]


@pytest.mark.parametrize("path", ["x" * 300, "a\0b", "site/" + "x" * 5000])
def test_paths_that_no_system_has(root, put, path):
    """A path that cannot be is an error that a person understands."""
    put("site/a.js")
    with pytest.raises(DeployError):
        actions(root).locate(path)


@contextmanager
def unprivileged(root) -> Iterator[None]:
    """What is done here is done by a user who may not read everything."""
    if os.geteuid() != 0:
        yield
        return
    for folder in root.parents:
        if folder.stat().st_mode & 0o5 != 0o5:
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_unreadable_folders(root, put):
    """A folder that may not be read is an error that names it."""
    private = put("site/private/a.js").parent
    private.chmod(0)
    try:
        with unprivileged(root), pytest.raises(DeployError) as caught:
            names(actions(root))
    finally:
        private.chmod(0o755)
    assert "site/private" in caught.value.text()


def test_read_follows_no_link(root, put, link):
    """A link put in a file's place since is not followed."""
    put("site/a.js")
    path = link("site/b.js", "a.js")
    with pytest.raises(OSError):  # noqa: PT011 -- whichever the system has
        actions(root).read(str(path))
    assert actions(root).read(str(root / "site/a.js")) == b"x"
