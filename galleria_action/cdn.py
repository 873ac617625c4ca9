"""What a deployment needs of a CDN, and how its refusals are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from galleria_action.errors import DeployError, FailureReason
from galleria_action.invalidation import Call
from galleria_action.retry import Verdict


class Cdn(Protocol):
    """A CDN that can forget what it holds."""

    def purge(self, call: Call) -> None:
        """Have the objects of ``call`` forgotten; retries are the CDN's.

        Raises :class:`CdnError` when it failed for good.
        """


class CdnError(DeployError):
    """A purge that failed for good, retries included."""


def failed(provider: str, why: str, advice: str) -> CdnError:
    """``why`` continues "The CDN was not purged: bunny "."""
    return CdnError(
        FailureReason.CDN,
        f"Error: The CDN was not purged: {provider} {why}",
        advice=f"{advice} The deployment itself is complete. Until they are purged, visitors may "
        "see old files for as long as the CDN keeps them. The next run does that, even if it has "
        "nothing else to do.",
    )


class Patience:
    """How long all the pauses of a run's purges may take together, in seconds.

    ``pause`` waits, and may be told to stop waiting.
    """

    def __init__(self, pause: Callable[[float], None], most: float = 600.0) -> None:
        self._pause = pause
        self._left = most

    def sleep(self, seconds: float) -> None:
        self._left -= seconds
        self._pause(seconds)

    def limit(self, verdict: Verdict) -> Verdict:
        """The verdict, final if it would take too long to try again."""
        return verdict._replace(again=verdict.again and (verdict.after or 0) <= self._left)
