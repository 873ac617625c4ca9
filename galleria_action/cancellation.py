"""SIGINT and SIGTERM as an exception, from the first moment on.

Light on purpose: in a container the program is process 1, for which the kernel ignores signals
without a handler, so the handlers are set before anything slow is imported.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from galleria_action.errors import Cancelled


class _Shield(threading.local):
    """Of the main thread: whether it is ``up``, and whether a signal is ``pending`` behind it."""

    up = False
    pending = False


_shield = _Shield()


@contextmanager
def signals() -> Iterator[threading.Event]:
    """Raise :class:`Cancelled` in the main thread on the first signal; later ones are ignored.

    The event tells the other threads not to go on.
    """
    stopped = threading.Event()

    def cancel(_signal: int, _frame: object) -> None:
        if stopped.is_set():
            return
        stopped.set()
        if _shield.up:
            _shield.pending = True
        else:
            raise Cancelled

    before = {each: signal.signal(each, cancel) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class shielded:  # noqa: N801
    """What must not be left half done: a signal that comes meanwhile is raised at the end.

    Of use in the main thread only, where signals are raised. Within another it ends with that.
    Entered for each request, so it is no generator.
    """

    __slots__ = ("_within",)

    def __enter__(self) -> None:
        self._within = _shield.up
        _shield.up = True

    def __exit__(self, kind: object, *_: object) -> None:
        _shield.up = self._within
        if kind is None and not self._within and _shield.pending:
            _shield.pending = False
            raise Cancelled


def pause(stopped: threading.Event) -> Callable[[float], None]:
    """What waits for some seconds, and raises :class:`Cancelled` as soon as ``stopped`` is set."""

    def wait(seconds: float) -> None:
        if stopped.wait(seconds):
            raise Cancelled

    return wait
