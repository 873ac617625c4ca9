"""What started the run: the event of the runner, as far as safety depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_BASE_BRANCH_EVENTS = frozenset({"pull_request_target", "workflow_run"})


class Event(NamedTuple):
    """What started the run; ``name`` is '' on a laptop.

    from_fork
        The code under test is somebody else's.
    from_dependabot
        The run was started by Dependabot.
    number
        That of the pull request, 0 without one.
    closed
        The pull request is not open any more.
    """

    name: str = ""
    from_fork: bool = False
    from_dependabot: bool = False
    number: int = 0
    closed: bool = False

    @property
    def without_secrets(self) -> bool:
        """GitHub gives these pull requests no secrets and a token that can only read.

        Sources: "Events that trigger workflows", on forks; "Troubleshooting Dependabot on
        GitHub Actions".
        """
        return self.name == "pull_request" and (self.from_fork or self.from_dependabot)

    @property
    def only_dry_runs(self) -> bool:
        """These events run with the repository's secrets on code that strangers wrote.

        Source: GitHub Security Lab, "Keeping your GitHub Actions and workflows secure, part 1".
        """
        return self.name in _BASE_BRANCH_EVENTS

    @property
    def trusts_settings(self) -> bool:
        """Whether a settings file in the workspace may say where credentials are sent."""
        return not (self.only_dry_runs or self.from_fork)

    @property
    def no_comment_because(self) -> str:
        """Why the plan is not posted on the pull request; '' if it may be."""
        if self.from_fork:
            return "it comes from a fork"
        if self.without_secrets:
            return "it comes from Dependabot"
        return "it is closed" if self.closed else ""


def parse(environ: Mapping[str, str], payload: Mapping[str, Any]) -> Event:
    """The event from the runner's environment and the payload at ``GITHUB_EVENT_PATH``."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    from_dependabot = environ.get("GITHUB_ACTOR") == "dependabot[bot]"
    if not name.startswith("pull_request"):
        return Event(name, from_dependabot=from_dependabot)
    found = payload.get("pull_request")
    pull_request = found if isinstance(found, Mapping) else {}
    number = pull_request.get("number")
    return Event(
        name,
        from_fork=_from_fork(pull_request),
        from_dependabot=from_dependabot,
        number=number if type(number) is int else 0,
        closed=pull_request.get("state") == "closed",
    )


def _from_fork(pull_request: Mapping[str, Any]) -> bool:
    head, base = (_repository(pull_request.get(side)) for side in ("head", "base"))
    # One that does not say whose it is, is not ours; a deleted fork leaves no repository behind.
    return head is None or head != base


def _repository(side: object) -> str | None:
    repository = side.get("repo") if isinstance(side, Mapping) else None
    name = repository.get("full_name") if isinstance(repository, Mapping) else None
    return name if isinstance(name, str) else None
