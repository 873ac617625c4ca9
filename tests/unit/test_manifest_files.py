"""Every file in tests/data/manifests is a test case: drop one in to add one.

`valid/<name>.json` has to be accepted. `invalid/<name>.json` has to be refused, and each line of
`invalid/<name>.expected` is the beginning of one problem, in any order; where there is no problem
with a place, of the headline.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from galleria_action import manifest
from galleria_action.errors import DeployError, FailureReason

DATA = Path(__file__).parents[1] / "data" / "manifests"
VALID = sorted((DATA / "valid").glob("*.json"))
INVALID = sorted((DATA / "invalid").glob("*.json"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid(path):
    """A valid manifest is read, and what would be published of it is valid and says the same."""
    read = manifest.parse(path.read_bytes(), path.name)
    assert len(read.photos) == len(read.document["photos"])
    published = manifest.parse(read.published(redact=True), path.name)
    assert published.content == read.content
    assert published.content == read.content


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid(path):
    """All problems are reported at once, each with its JSON path and its line in the file."""
    with pytest.raises(DeployError) as caught:
        manifest.parse(path.read_bytes(), path.name)
    error = caught.value
    assert error.reason is FailureReason.METADATA
    assert error.headline.startswith("Error loading gallery metadata: ")
    assert error.advice
    assert {problem.file for problem in error.problems} <= {path.name}
    found = [str(problem) for problem in error.problems] or [error.headline]
    expected = path.with_suffix(".expected").read_text().splitlines()
    unexpected = [text for text in found if not any(text.startswith(line) for line in expected)]
    missing = [line for line in expected if not any(text.startswith(line) for text in found)]
    assert (unexpected, missing) == ([], [])
    assert len(found) == len(expected)


def test_every_case_is_whole():
    """Each invalid manifest has its expected problems, and nothing else lies there."""
    names = {path.stem for path in INVALID}
    assert {path.stem for path in (DATA / "invalid").glob("*.expected")} == names
    assert len(VALID) >= 10
    assert len(INVALID) >= 20
