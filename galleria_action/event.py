"""What started the run: the event of the runner, as far as safety depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BASE_BRANCH_EVENTS = frozenset({"pull_request_target", "workflow_run"})


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` is '' on a laptop. ``from_fork``: the code under test is somebody else's."""

    name: str = ""
    from_fork: bool = False

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


def parse(environ: Mapping[str, str], payload: Mapping[str, Any]) -> Event:
    """The event from the runner's environment and the payload at ``GITHUB_EVENT_PATH``."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    return Event(name, name.startswith("pull_request") and _from_fork(payload))


def _from_fork(payload: Mapping[str, Any]) -> bool:
    pull_request = payload.get("pull_request")
    if not isinstance(pull_request, Mapping):
        return True  # a pull request that does not say whose it is, is not ours
    head, base = (_repository(pull_request.get(side)) for side in ("head", "base"))
    # A deleted fork leaves no repository behind: then it certainly was not this one.
    return head is None or head != base


def _repository(side: object) -> str | None:
    repository = side.get("repo") if isinstance(side, Mapping) else None
    name = repository.get("full_name") if isinstance(repository, Mapping) else None
    return name if isinstance(name, str) else None
