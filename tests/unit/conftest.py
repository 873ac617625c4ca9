"""Hypothesis without deadlines, for a busy machine is no failure; a workspace to fill."""

from __future__ import annotations

import pytest
from hypothesis import settings

from galleria_action.wanted import LocalFile

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture
def root(tmp_path):
    """A workspace; beside it lies a folder that is not part of it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("secret")
    made = tmp_path / "workspace"
    made.mkdir()
    return made


@pytest.fixture
def put(root):
    """Makes a file, with the folders above it."""

    def make(name: str, data: bytes = b"x"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return make


@pytest.fixture
def link(root):
    """Makes a link, with the folders above it."""

    def make(name: str, target: object):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        return path

    return make


@pytest.fixture
def local_file(tmp_path):
    """Makes a file and returns it as the wanted object has it."""

    def make(name: str, data: bytes) -> LocalFile:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return LocalFile(name, str(path))

    return make
