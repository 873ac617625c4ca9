"""What reports look like, compared with files in tests/golden.

After a wanted change write them anew with one command, look at the difference and commit it:

    GALLERIA_REWRITE_GOLDEN=1 pytest tests/unit/test_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from unit.samples import size_of
from unit.showcase import (
    OUTCOME,
    failure,
    idle_plan,
    purging_plan,
    refused_plan,
    rich_plan,
    verification,
)

from galleria_action import after_report, comment, plan_document, published, report
from galleria_action.recorder import Outcome
from galleria_action.shard import Shard

GOLDEN = Path(__file__).parents[1] / "golden"
REWRITE = os.environ.get("GALLERIA_REWRITE_GOLDEN") == "1"

# The showcase of a success committed; a failure before the commit has none.
BEFORE_THE_COMMIT = replace(OUTCOME, committed=False)
AFTER = replace(OUTCOME, complete=True)

URL = "https://photos.example.org"
OBJECTS = [each.wanted for each in rich_plan().changes if each.wanted]

REPORTS = {
    "plan.json": lambda: b"".join(plan_document.encode(rich_plan(), dry_run=False)),
    "plan.md": lambda: report.plan(rich_plan(), dry_run=False),
    "plan-cut.md": lambda: report.plan(rich_plan(), dry_run=True, limit=6000),
    "plan-refused.md": lambda: report.plan(refused_plan(), dry_run=True),
    "plan-idle.md": lambda: report.plan(idle_plan(), dry_run=False),
    "plan-purge.md": lambda: report.plan(purging_plan(), dry_run=True),
    "verified.md": lambda: after_report.verified(verification(), "https://photos.example.org"),
    "comment.md": lambda: comment.body(rich_plan(), dry_run=True),
    "result.md": lambda: report.result(OUTCOME, 83.4, "https://photos.example.org/site/"),
    "result-pictures.md": lambda: report.result(
        OUTCOME, 83.4, URL, published.photos(rich_plan(), OBJECTS, size_of, URL)
    ),
    "result-table.md": lambda: report.result(
        OUTCOME, 83.4, "", published.photos(rich_plan(), OBJECTS, size_of, None)
    ),
    "result-part.md": lambda: report.part(Shard(3, 20), BEFORE_THE_COMMIT, 83.4),
    "result-idle.md": lambda: report.result(Outcome(), 1.2, ""),
    "failure.md": lambda: report.failure(failure(), BEFORE_THE_COMMIT),
    "failure-after.md": lambda: report.failure(verification().failure(), AFTER),
    "failure-early.md": lambda: report.failure(failure(), None),
}


@pytest.mark.parametrize("name", REPORTS)
def test_golden(name):
    """Every report is, byte for byte, the file that was looked at."""
    made = REPORTS[name]()
    data = made if isinstance(made, bytes) else made.encode()
    path = GOLDEN / name
    if REWRITE:
        path.write_bytes(data)
    assert path.read_bytes() == data


def test_nothing_else_lies_there():
    """A golden file that no report makes any more is removed with it."""
    assert {path.name for path in GOLDEN.iterdir()} == set(REPORTS)
