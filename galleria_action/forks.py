"""Processes that share work that keeps a core busy, or that may take a process down.

A fork is this process at the moment it is made, so no work is sent to it; what it makes of its
share it writes into a file in memory, which is read when it has ended. It makes no request, prints
nothing and outlives this process by no more than the piece of work at hand.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import time
import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

FEWEST = 4
"""Pieces of work from which on forks are worth their some ten milliseconds."""
MOST = 8
"""Processes: each takes memory for what it touches."""

_GLANCE = 0.005
"""Seconds between two looks at processes that have a deadline."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TOKEN = array("I").itemsize
_HEAD = 8


def can_fork() -> bool:
    """Whether this system has what a fork's work is kept in."""
    return hasattr(os, "memfd_create")


def cores() -> int:
    """How many processes may be busy at a time; 1 where there is no way to fork as this does."""
    if not can_fork():
        return 1
    return min(MOST, len(os.sched_getaffinity(0)))


@contextmanager
def forks(most: int, threads: Executor) -> Iterator[Executor]:
    """An executor that does large maps in ``most`` processes and leaves all else to ``threads``.

    This one is one of them as soon as it waits for the results. No other is left at the end of the
    block.
    """
    executor = Forks(most - 1, threads)
    try:
        yield executor if most > 1 else threads
    finally:
        executor.shutdown()


def beside(executor: Executor, work: Callable[[], T]) -> Callable[[], T]:
    """Begin ``work`` in another process of ``executor``, if that has some; what it makes, once.

    Of use for what takes some tenths of a second, as long as this process has something else to do.
    """
    if not isinstance(executor, Forks):
        return work
    made = executor.beside(lambda _: work(), 1)
    return lambda: next(made)


class Forks(Executor):
    """See :func:`forks`."""

    def __init__(self, most: int, threads: Executor) -> None:
        self._most = most
        self._threads = threads
        self._crews: list[Crew] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._threads.submit(fn, *args, **kwargs)

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,  # noqa: ARG002
    ) -> Iterator[Any]:
        """As executors do it; what ``fn`` returns must be of kinds that pickle knows."""
        work = list(zip(*iterables, strict=False))
        if len(work) < FEWEST:
            return self._threads.map(lambda each: fn(*each), work, timeout=timeout)
        crew = Crew(lambda index: fn(*work[index]), len(work))
        self._crews.append(crew)
        crew.start(min(self._most, len(work)))
        return crew.results()

    def beside(self, work: Callable[[int], T], count: int) -> Iterator[T]:
        """Start ``work`` on so many pieces in one other process, which begins with the first.

        Whoever asks for the results makes those that are left. Of use for what takes some tenths of
        a second, as long as this process has something else to do.
        """
        crew = Crew(work, count)
        self._crews.append(crew)
        crew.start(1)
        return crew.results()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002
        """End the processes; those that still work are killed."""
        for crew in self._crews:
            crew.end()


class Crew:
    """The processes of one map: ``work`` makes a piece, by its index, of ``count``."""

    def __init__(self, work: Callable[[int], Any], count: int) -> None:
        self._work = work
        self._count = count
        # Processes share the position in a file that they inherit: each read is another index.
        self._tokens = _memory("tokens")
        os.write(self._tokens, array("I", range(count)).tobytes())
        os.lseek(self._tokens, 0, os.SEEK_SET)
        self._results: dict[int, int] = {}  # process to file
        self._running: set[int] = set()

    def start(self, processes: int) -> None:
        parent = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for _ in range(processes):
                file = _memory("results")
                try:
                    process = _fork()
                except OSError:  # too many processes: the others do it all
                    os.close(file)
                    break
                if not process:
                    self._child(parent, file)
                self._results[process] = file
                self._running.add(process)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _child(self, parent: int, file: int) -> None:
        """Never returns: whatever happens, nothing of the parent's is undone or said here."""
        try:
            # An interrupted terminal tells the whole group; the parent decides what happens.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            gc.freeze()  # a collection would write to, and so copy, all that is shared
            with open(file, "wb") as results:
                while os.getppid() == parent and (token := os.read(self._tokens, _TOKEN)):
                    index = array("I", token)[0]
                    made = pickle.dumps(self._work(index), pickle.HIGHEST_PROTOCOL)
                    results.write(index.to_bytes(4, "big") + len(made).to_bytes(4, "big") + made)
                    results.flush()  # the next piece may be this process's last
            os._exit(0)
        finally:
            os._exit(1)

    def made(self, deadline: float) -> dict[int, Any]:
        """What there is at ``deadline`` (of the monotonic clock) or once all have ended, by index.

        The rest is given up: for work that may never end, or takes its process down with it.
        """
        while not self.has_ended() and time.monotonic() < deadline:
            time.sleep(_GLANCE)
        self._kill()
        try:
            return {index: _loaded(*place) for index, place in self._places().items()}
        finally:
            self.end()

    def has_ended(self) -> bool:
        """Whether none of the processes works any more."""
        for process in list(self._running):
            if os.waitpid(process, os.WNOHANG)[0]:
                self._running.discard(process)
        return not self._running

    def results(self) -> Iterator[Any]:
        """What was made, in the order of the work; missing pieces are made here and now."""
        made_here: dict[int, Any] = {}
        while token := os.read(self._tokens, _TOKEN):  # whoever waits may as well work
            index = array("I", token)[0]
            with suppress(Exception):  # it is raised below, when it is this piece's turn
                made_here[index] = self._work(index)
        self._wait()
        made = self._places()
        try:
            for index in range(self._count):
                # A process that was killed, or met a defect, leaves its pieces to this one.
                if index in made_here:
                    yield made_here.pop(index)
                else:
                    yield _loaded(*made[index]) if index in made else self._work(index)
        finally:
            self.end()

    def _wait(self) -> None:
        for process in list(self._running):
            os.waitpid(process, 0)
            self._running.discard(process)

    def _places(self) -> dict[int, tuple[int, int, int]]:
        """Index of every finished piece to its file, place and size."""
        return {
            index: (file, start, size)
            for file in self._results.values()
            for index, start, size in _pieces(file)
        }

    def end(self) -> None:
        """Kill what still runs, wait for it, and give back the memory."""
        self._kill()
        for file in self._results.values():
            os.close(file)
        self._results.clear()
        if self._tokens >= 0:
            os.close(self._tokens)
            self._tokens = -1

    def _kill(self) -> None:
        for process in list(self._running):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(process, 0)
            self._running.discard(process)


def _fork() -> int:
    # Python 3.12 and newer warn if there are other threads, for whose locks a fork would wait in
    # vain. The work of a fork takes none of them: they are those of requests.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _memory(name: str) -> int:
    return os.memfd_create(f"galleria-{name}")


def _pieces(file: int) -> Iterator[tuple[int, int, int]]:
    """Index, place and size of what a process has finished; it may have ended at any moment."""
    at, end = 0, os.fstat(file).st_size
    while at + _HEAD <= end:
        head = os.pread(file, _HEAD, at)
        size = int.from_bytes(head[4:], "big")
        at += _HEAD
        if at + size <= end:
            yield int.from_bytes(head[:4], "big"), at, size
        at += size


def _loaded(file: int, at: int, size: int) -> Any:
    return pickle.loads(os.pread(file, size, at))  # noqa: S301 - written by a fork of this process
