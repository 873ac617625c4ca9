"""A browser for all tests of pages, and pages to open in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import plans
from support import browser
from support.browser import Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as made:
        yield made


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pages, made as a run makes them, of the plans in `plans`."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in plans.PAGES.items():
        (folder / f"{name}.html").write_bytes(make())
    return folder
