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


@contextmanager
def signals() -> Iterator[threading.Event]:
    """Raise :class:`Cancelled` in the main thread on the first signal; later ones are ignored.

    The event tells the other threads not to go on.
    """
    stopped = threading.Event()

    def cancel(_signal: int, _frame: object) -> None:
        if not stopped.is_set():
            stopped.set()
            raise Cancelled

    before = {each: signal.signal(each, cancel) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def pause(stopped: threading.Event) -> Callable[[float], None]:
    """What waits for some seconds, and raises :class:`Cancelled` as soon as ``stopped`` is set."""

    def wait(seconds: float) -> None:
        if stopped.wait(seconds):
            raise Cancelled

    return wait
