"""Makes threads take turns in an order that a seed decides: the same seed, the same order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

SECONDS = 60


class Turns:
    """Runs functions at once, one step of one of them at a time.

    Each calls :meth:`turn` before its steps. Only when all of them wait there one is chosen. So
    nothing depends on how fast they are.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
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

    def turn(self) -> None:
        """Wait to be chosen."""
        me = self._me.number
        with self._ready:
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
            self._waiting.sort()
            self._chosen = self._waiting.pop(self._random.randrange(len(self._waiting)))
            self._ready.notify_all()
