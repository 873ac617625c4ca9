"""What the documents promise is proven by tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THREATS = ROOT / "docs/threats.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def names(path: Path) -> set[str]:
    """The tests of a file, those in classes as well."""
    tree = ast.parse(path.read_text())
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


def rows(heading: str) -> list[str]:
    """The rows of the table below a heading."""
    section = THREATS.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/threats.md"])
def test_named_tests_exist(document):
    """Each file and each function that a document names is there."""
    for file, name in _TEST.findall((ROOT / document).read_text()):
        assert (ROOT / file).is_file(), file
        assert not name or name in names(ROOT / file), f"{file}::{name}"


@pytest.mark.parametrize("heading", ["What stops them", "Promises"])
def test_nothing_is_promised_without_proof(heading):
    """Each row of a table names a test."""
    found = rows(heading)
    assert len(found) > 10
    for row in found:
        assert _TEST.search(row.rsplit("|", 2)[1]), row


def test_every_attack_is_documented():
    """A reader finds each file of attacks in the threat model."""
    for path in Path(__file__).parent.glob("test_hostile_*.py"):
        assert f"tests/attacks/{path.name}" in THREATS.read_text()
