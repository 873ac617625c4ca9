"""What can go wrong, as values: why a run failed and what a person can do about it.

Everything a user can cause is a :class:`DeployError`; any other exception is a bug in this program.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class FailureReason(StrEnum):
    """The values of the output ``failure-reason``."""

    CONFIG = "config"
    METADATA = "metadata"
    CREDENTIALS = "credentials"
    BUCKET = "bucket"
    NETWORK = "network"
    STALE_PHOTOS = "stale-photos"
    TOO_MANY_DELETES = "too-many-deletes"
    PLAN_CHANGED = "plan-changed"
    REMOTE_CHANGED = "remote-changed"
    UPLOAD = "upload"
    VERIFY = "verify"
    CDN = "cdn"
    UNSAFE_EVENT = "unsafe-event"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


EXIT_CANCELLED = 130


class Problem(NamedTuple):
    """One thing to mend: a sentence and, where there is one, the file and line it is about."""

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        # A name with a line break in it must not look like a line of ours.
        return where + self.message.replace("\n", "\N{REPLACEMENT CHARACTER}")


class DeployError(Exception):
    """An expected failure: shown without a traceback.

    ``headline`` is the first line as it is printed, ``problems`` are listed below it,
    ``advice`` says what to do, and ``paste`` is what may be copied for it, line by line.
    """

    def __init__(
        self,
        reason: FailureReason,
        headline: str,
        *,
        problems: Sequence[Problem] = (),
        advice: str = "",
        paste: str = "",
    ) -> None:
        super().__init__(headline)
        self.reason = reason
        self.headline = headline
        self.problems = tuple(problems)
        self.advice = advice
        self.paste = paste

    @property
    def exit_status(self) -> int:
        return EXIT_CANCELLED if self.reason is FailureReason.CANCELLED else 1

    def text(self, most: int = 50) -> str:
        """The whole message as it stands in the log, at most ``most`` problems of it."""
        lines = [self.headline]
        lines += [f"  - {problem}" for problem in self.problems[:most]]
        if len(self.problems) > most:
            lines.append(f"  ... and {len(self.problems) - most} more")
        if self.advice:
            lines.append(self.advice)
        if self.paste:
            lines += ["", self.paste]
        return "\n".join(lines)


class StoreError(DeployError):
    """A request to the bucket failed for good, retries included."""


class ConditionFailed(Exception):
    """The store refused a conditional write (412), or could not decide it just now (409)."""


class ConditionUnknown(Exception):
    """The store does not implement conditional writes."""


class Cancelled(BaseException):
    """The runner or the user asked the program to stop (SIGINT, SIGTERM)."""


def bug(error: Exception) -> DeployError:
    """What to show of an exception that nobody expected, below its traceback."""
    return DeployError(
        FailureReason.INTERNAL,
        f"Error: Something went wrong that should not: {type(error).__name__}",
        problems=[Problem("this is a fault of the action, not of your gallery")],
        advice="Please report it with the lines above: https://github.com/galleria/deploy/issues",
    )
