"""Fixtures of the tests that run the program as a process against real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import galleries, process
from support.galleries import Gallery
from support.process import Job


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    """A small gallery in the job's workspace."""
    return galleries.make(tmp_path / "workspace")


@pytest.fixture
def job(gallery, tmp_path, server, bucket) -> Iterator[Job]:
    """A job that deploys the gallery to the bucket."""
    with process.job(gallery.root, tmp_path / "runner", server, bucket) as made:
        yield made
