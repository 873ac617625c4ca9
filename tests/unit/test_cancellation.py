"""Signals as an exception, and what they do not interrupt."""

from __future__ import annotations

import signal
import threading

import pytest

from galleria_action.cancellation import shielded, signals
from galleria_action.errors import Cancelled


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal(number):
    """It is raised where the program is; those that follow are ignored."""
    with signals() as stopped:
        with pytest.raises(Cancelled):
            signal.raise_signal(number)
        assert stopped.is_set()
        signal.raise_signal(number)


def test_a_signal_behind_a_shield():
    """It is raised at the end of the outermost shield, once; other threads know of it at once."""
    done: list[str] = []

    def work(stopped: threading.Event) -> None:
        with shielded():
            with shielded():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")
            assert stopped.is_set()

    with signals() as stopped:
        with pytest.raises(Cancelled):
            work(stopped)
        with shielded():
            done.append("later")

    assert done == ["inner", "outer", "later"]


def test_the_shield_is_down_again():
    """Also when what it is for has failed."""
    with signals():
        with pytest.raises(ValueError, match="x"), shielded():
            raise ValueError("x")
        with pytest.raises(Cancelled):
            signal.raise_signal(signal.SIGTERM)
