"""The same request again, and how long is waited before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import retry
from galleria_action.errors import Cancelled
from galleria_action.retry import Retries, Verdict


class Failing:
    """A request that fails so many times, then answers."""

    def __init__(self, times: int, error: type[BaseException] = OSError) -> None:
        self.times = times
        self.calls = 0
        self.error = error

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error(str(self.calls))
        return "answer"


def again(_: Exception) -> Verdict:
    return Verdict(again=True)


@pytest.mark.parametrize("times", range(5))
def test_passing_faults(times):
    """Up to five attempts, and no wait without a failure."""
    waits: list[float] = []
    request = Failing(times)
    assert Retries(sleep=waits.append).call(request, again) == "answer"
    assert request.calls == times + 1
    assert len(waits) == times


def test_the_last_failure_is_raised():
    """When attempts run out the last exception stands."""
    waits: list[float] = []
    with pytest.raises(OSError, match="5"):
        Retries(sleep=waits.append).call(Failing(9), again)
    assert len(waits) == 4


def test_final_faults():
    """What will not pass is not tried again."""
    request = Failing(1)
    with pytest.raises(OSError, match="1"):
        Retries().call(request, lambda _: Verdict(again=False))
    assert request.calls == 1


def test_cancellation_is_no_fault():
    """A cancelled run waits for nothing."""
    request = Failing(1, Cancelled)
    with pytest.raises(Cancelled):
        Retries().call(request, again)
    assert request.calls == 1


def test_cancellation_ends_a_wait():
    """Sleeping may raise."""

    def sleep(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Retries(sleep=sleep).call(Failing(1), again)


@given(st.integers(1, 6), st.floats(0.01, 2), st.floats(0.5, 20))
def test_full_jitter(attempts, first, longest):
    """Each wait lies below a ceiling that doubles and never exceeds the longest."""
    waits: list[float] = []
    with pytest.raises(OSError):  # noqa: PT011 -- any
        Retries(attempts + 1, first, longest, sleep=waits.append).call(Failing(99), again)
    for number, wait in enumerate(waits, start=1):
        assert 0 <= wait <= min(longest, first * 2**number)


@pytest.mark.parametrize(("asked", "least", "most"), [(7, 7, 9.1), (0, 0, 2.1), (3600, 60, 62.1)])
def test_retry_after(asked, least, most):
    """What the server asks for is honoured, up to a minute, with some jitter."""
    waits: list[float] = []
    Retries(sleep=waits.append).call(Failing(3), lambda _: Verdict(again=True, after=asked))
    assert all(least <= wait <= most for wait in waits)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wednesday, 25-Nov-26 12:00:30 GMT", 30.0),
        ("Wed Nov 25 12:00:30 2026", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 99999 11:00:00 GMT", None),
    ],
)
def test_asked_seconds(header, expected):
    """A number of seconds, or a date in any of its three forms; anything else is no wish."""
    now = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    assert retry.asked_seconds(header, lambda: now) == expected


@given(st.text() | st.text("0123456789 :,-+GMTWedNov", max_size=40))
def test_any_text_as_a_wish(header):
    """Whatever a server says, it is a number of seconds or nothing."""
    asked = retry.asked_seconds(header)
    assert asked is None or asked >= 0
