"""Retries: the same request again after a fault that may pass, with jitter."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Verdict(NamedTuple):
    """Whether a failure may pass, and how many seconds the server asked to wait."""

    again: bool
    after: float | None = None


def asked_seconds(retry_after: str, now: Callable[[], float] = time.time) -> float | None:
    """The seconds that a server asks to wait; None if it does not, or makes no sense.

    Source: RFC 9110, 10.2.3: a number of seconds, or the date after which to come again.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # rarely needed

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now())
    except (ValueError, OverflowError):
        return None


class Retries(NamedTuple):
    """How often and how patiently. Delays in seconds; full jitter below a doubling ceiling.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
    """

    attempts: int = 5
    first: float = 0.3
    longest: float = 20.0
    longest_asked: float = 60.0
    sleep: Callable[[float], None] = lambda _: None

    def call(self, request: Callable[[], T], judge: Callable[[Exception], Verdict]) -> T:
        """The result of ``request``; its last exception when it is final or attempts ran out."""
        for attempt in range(1, self.attempts + 1):
            try:
                return request()
            except Exception as error:
                verdict = judge(error)
                if not verdict.again or attempt == self.attempts:
                    raise
                self.sleep(self._delay(attempt, verdict.after))
        raise AssertionError("at least one attempt is made")

    def rest(self, asked: float) -> None:
        """Wait as a server asked for, in seconds."""
        self.sleep(self._delay(1, asked))

    def _delay(self, attempt: int, asked: float | None) -> float:
        import random  # rarely needed

        ceiling = min(self.longest, self.first * 2**attempt)
        jitter = random.uniform(0, ceiling)  # noqa: S311
        return jitter if asked is None else min(asked, self.longest_asked) + jitter / 10
