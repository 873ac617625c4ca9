"""Fixtures of the tests that run `main.run` with a store in memory."""

from __future__ import annotations

import pytest
from support import galleries
from support.galleries import Gallery
from support.memory import MemoryStore, RecordingStore


@pytest.fixture
def store() -> RecordingStore:
    """An empty bucket that records what is done to it."""
    return RecordingStore(MemoryStore())


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    """A gallery of three photos, with a site."""
    return galleries.make(tmp_path)
