"""Waiting for other runs that may be in the middle of something.

No store makes a delete depend on another object. So those who delete and those who publish first
write down what they are about to do, and then look what others have written: whatever the order,
one of them sees the other (T. J. Dekker's algorithm, in E. W. Dijkstra, "Cooperating sequential
processes", 1965). What it sees may be left by a run that was killed, so nobody waits for ever:
longer than it takes from a look to what follows it.
"""

from __future__ import annotations

from collections.abc import Callable

from galleria_action.recorder import Observer
from galleria_action.values import Struct

PAUSES = (0.5, 1.0, 2.0, 4.0, 6.0, 6.5)
"""Seconds."""
FRESH_SECONDS = 5.0
"""How old a look may be when something is deleted that depends on it."""


class Standby(Struct, frozen=True):
    """Waits with ``rest``, a function of seconds, and says so."""

    rest: Callable[[float], None]
    observer: Observer

    def until(self, over: Callable[[], bool], why: str) -> None:
        """Wait until ``over`` says so, or for some time."""
        for number, seconds in enumerate(PAUSES):
            if over():
                return
            if number == 1:
                self.observer.waiting(f"{why}: waiting up to {sum(PAUSES):.0f} seconds")
            self.rest(seconds)
