"""Runs many uploads at once, bounded in number and in bytes; stops at the first failure."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from galleria_action.errors import Cancelled

T = TypeVar("T")
R = TypeVar("R")

TICK = 0.2
"""Seconds after which a waiting loop looks whether something else is due."""
DRAIN_SECONDS = 3.0
"""The runner gives a cancelled step 7.5 seconds before SIGTERM and 2.5 more before SIGKILL."""


class ByteBudget:
    """Lets only so many bytes be in memory at once; a single larger object may pass alone."""

    def __init__(self, most: int, stopped: Callable[[], bool] = lambda: False) -> None:
        self._most = most
        self._used = 0
        self._stopped = stopped
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait until ``size`` bytes fit, and hold them for the length of the block."""
        size = min(size, self._most)
        with self._freed:
            while self._used + size > self._most:
                if self._stopped():
                    raise Cancelled
                self._freed.wait(TICK)
            self._used += size
        try:
            yield
        finally:
            with self._freed:
                self._used -= size
                self._freed.notify_all()


class Pump(Protocol):
    """What makes the work go on while its end is waited for."""

    def turn(self, seconds: float) -> None:
        """Wait until something happens, at most so long."""

    def wake(self) -> None:
        """End the turn that another thread is waiting in."""


class Bell:
    """Work that goes on by itself, in threads, needs only to be waited for."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def turn(self, seconds: float) -> None:
        with suppress(Empty):
            self._rung.get(timeout=seconds)

    def wake(self) -> None:
        self._rung.put(None)


def run(
    start: Callable[[T], Future[R]],
    items: Iterable[T],
    in_flight: int,
    *,
    done: Callable[[T, R], None],
    tick: Callable[[], None],
    pump: Pump | None = None,
) -> None:
    """Start the work on every item, at most ``in_flight`` at a time, and wait for its end.

    ``start``, ``done`` and ``tick`` run in the calling thread. After a failure nothing more is
    started; what is in flight is waited for and counted, then the first failure is raised.
    """
    pump = pump or Bell()
    running: dict[Future[R], T] = {}
    # Waiting for one of many futures takes longer the more there are; a queue does not.
    finished: deque[Future[R]] = deque()
    here = threading.get_ident()

    def report(future: Future[R]) -> None:
        finished.append(future)
        if threading.get_ident() != here:
            pump.wake()

    waiting = iter(items)
    failure: BaseException | None = None
    try:
        while True:
            if failure is None:
                for item in islice(waiting, in_flight - len(running)):
                    future = start(item)
                    running[future] = item
                    future.add_done_callback(report)
            if not running:
                break
            if not finished:
                pump.turn(TICK)
            failure = _first([failure, _collect(finished, running, done)])
            tick()
    except BaseException:
        _drain(running, finished, done, pump)
        raise
    if failure is not None:
        raise failure


def _collect(
    finished: deque[Future[R]], running: dict[Future[R], T], done: Callable[[T, R], None]
) -> BaseException | None:
    """Count the next piece of work that has ended, if one has; why it failed, if it did."""
    if not finished:
        return None
    future = finished.popleft()
    item = running.pop(future)
    error = future.exception()
    if error is None:
        done(item, future.result())
    return error


def _first(failures: Iterable[BaseException | None]) -> BaseException | None:
    """The failure to report: a worker that gave up because of a cancellation is not its cause."""
    happened = [each for each in failures if each is not None]
    return min(happened, key=lambda each: isinstance(each, Cancelled), default=None)


def _drain(
    running: dict[Future[R], T],
    finished: deque[Future[R]],
    done: Callable[[T, R], None],
    pump: Pump,
) -> None:
    """After an interruption: wait briefly for what is in flight, so that it is not forgotten."""
    for future in [each for each in running if each.cancel()]:
        del running[future]
    deadline = time.monotonic() + DRAIN_SECONDS
    while running and (left := deadline - time.monotonic()) > 0:
        if not finished:
            pump.turn(min(left, TICK))
        _collect(finished, running, done)
