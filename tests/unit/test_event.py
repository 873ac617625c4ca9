"""The event that started the run: what may be deployed and what may be trusted."""

from __future__ import annotations

import pytest

from galleria_action import event
from galleria_action.event import Event


def pull_request(head: object, base: object) -> dict:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}


OURS, FORK = {"full_name": "us/gallery"}, {"full_name": "them/gallery"}


@pytest.mark.parametrize(
    ("payload", "from_fork"),
    [
        ({}, True),
        ({"pull_request": None}, True),
        ({"pull_request": "x"}, True),
        (pull_request(OURS, OURS), False),
        (pull_request(FORK, OURS), True),
        (pull_request(None, OURS), True),
        (pull_request({}, OURS), True),
        (pull_request({"full_name": 5}, {"full_name": 5}), True),
        ({"pull_request": {}}, True),
        ({"pull_request": {"head": [], "base": []}}, True),
    ],
)
def test_from_fork(payload, from_fork):
    """A pull request is ours only if its head is certainly the base's repository."""
    assert event.parse({"GITHUB_EVENT_NAME": "pull_request"}, payload).from_fork is from_fork


@pytest.mark.parametrize(
    ("name", "from_fork", "only_dry_runs", "trusts_settings"),
    [
        ("", False, False, True),
        ("push", False, False, True),
        ("pull_request", False, False, True),
        ("pull_request", True, False, False),
        ("pull_request_target", False, True, False),
        ("pull_request_target", True, True, False),
        ("workflow_run", False, True, False),
        ("workflow_dispatch", False, False, True),
        ("schedule", False, False, True),
    ],
)
def test_safety(name, from_fork, only_dry_runs, trusts_settings):
    """pull_request_target and workflow_run deploy nothing; they and forks have no settings file."""
    started_by = Event(name, from_fork)
    assert started_by.only_dry_runs is only_dry_runs
    assert started_by.trusts_settings is trusts_settings


def test_a_laptop_has_no_event():
    """Without the runner's environment the event has no name."""
    assert event.parse({}, {}) == Event("", from_fork=False)


@pytest.mark.parametrize(
    ("name", "changes", "actor", "number", "why"),
    [
        ("pull_request", {}, "me", 7, ""),
        ("pull_request_target", {}, "me", 7, ""),
        ("pull_request_review", {}, "me", 7, ""),
        ("pull_request", {"head": {"repo": FORK}}, "me", 7, "it comes from a fork"),
        ("pull_request_target", {"head": {"repo": FORK}}, "me", 7, "it comes from a fork"),
        ("pull_request", {}, "dependabot[bot]", 7, "it comes from Dependabot"),
        ("pull_request", {"state": "closed"}, "me", 7, "it is closed"),
        ("pull_request", {"number": "7"}, "me", 0, ""),
        ("pull_request", {"number": True}, "me", 0, ""),
        ("push", {}, "me", 0, ""),
        ("workflow_run", {}, "me", 0, ""),
    ],
)
def test_comments(name, changes, actor, number, why):
    """Which pull request may get a comment with its plan."""
    payload = {"pull_request": {"number": 7, "state": "open", **pull_request(OURS, OURS)["pull_request"], **changes}}  # fmt: skip
    started_by = event.parse({"GITHUB_EVENT_NAME": name, "GITHUB_ACTOR": actor}, payload)
    assert (started_by.number, started_by.no_comment_because) == (number, why)
