"""Makes threads take turns in an order that a seed decides: the same seed, the same order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

SECONDS = 60
CHANGES = 6
STEPS = 400
"""Among so many steps those are, at which another one comes first."""


class Turns:
    """Runs functions at once, one step of one of them at a time.

    Each calls :meth:`turn` before its steps. Only when all of them wait there one is chosen. So
    nothing depends on how fast they are. With even seeds any of them may be next. With odd ones
    each has a rank, and the first goes on until, at some steps, it becomes the last: that finds
    what takes one to stand still while another does much.
    (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
    ASPLOS 2010)
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._ranked = seed % 2 == 1
        self._ranks: dict[int, float] = {}
        self._changes = set(self._random.sample(range(STEPS), CHANGES)) if self._ranked else set()
        self._steps = 0
        self._ready = threading.Condition()
        self._running = 0
        self._waiting: list[int] = []
        self._chosen: int | None = None

    def run(self, functions: list[Callable[[], Any]]) -> list[Any]:
        """What the functions return; the first exception of one if there is any."""
        results: list[Any] = [None] * len(functions)
        failures: list[BaseException] = []

        def work(number: int) -> None:
            self._me.number = number
            try:
                results[number] = functions[number]()
            except BaseException as error:
                failures.append(error)
            finally:
                self._leave()

        self._me = threading.local()
        self._running = len(functions)
        self._ranks = {each: self._random.random() for each in range(len(functions))}
        threads = [threading.Thread(target=work, args=[each]) for each in range(len(functions))]
        with mock.patch.object(threading.Thread, "start", self._starter()):
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        if failures:
            raise failures[0]
        return results

    def _starter(self) -> Callable[[threading.Thread], None]:
        """What a function starts, and waits for, takes the turns of that function."""
        start = threading.Thread.start

        def started(thread: threading.Thread) -> None:
            run, number = thread.run, getattr(self._me, "number", None)

            def inheriting() -> None:
                self._me.number = number
                run()

            if number is not None:
                thread.run = inheriting
            start(thread)

        return started

    def turn(self, *, patient: bool = False) -> None:
        """Wait to be chosen; who is patient lets all others go first."""
        me = self._me.number
        with self._ready:
            if patient:
                self._ranks[me] = min(self._ranks.values()) - 1
            self._waiting.append(me)
            self._choose()
            if not self._ready.wait_for(lambda: self._chosen == me, SECONDS):
                raise TimeoutError("nobody chose this thread")
            self._chosen = None

    def _leave(self) -> None:
        with self._ready:
            self._running -= 1
            self._choose()

    def _choose(self) -> None:
        """Choose the next one, if all wait."""
        if self._waiting and len(self._waiting) == self._running and self._chosen is None:
            self._steps += 1
            self._waiting.sort()
            self._chosen = self._next()
            self._waiting.remove(self._chosen)
            self._ready.notify_all()

    def _next(self) -> int:
        if not self._ranked:
            return self._random.choice(self._waiting)
        first = max(self._waiting, key=lambda each: self._ranks[each])
        if self._steps in self._changes:
            self._ranks[first] = min(self._ranks.values()) - 1
        return max(self._waiting, key=lambda each: self._ranks[each])
