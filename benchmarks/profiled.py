"""Runs the deployment under cProfile, in one thread.

    python -I profiled.py STATISTICS [options of galleria-deploy]

With several threads a profiler mostly measures how long each waits for the interpreter; in one
the times add up to what the run takes. What threads gain by waiting at the same time is not
seen: answers take as long as their sum (`recv_into`, or the call into the engine). Profiling
makes a run some 2 times slower, mostly in small functions.
"""

from __future__ import annotations

import cProfile
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from galleria_action import main as program
from galleria_action.__main__ import main


class Serial(Executor):
    """An executor that does everything at once, in the thread that asks."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        return future


@contextmanager
def serial(most: int) -> Iterator[Executor]:  # noqa: ARG001
    yield Serial()


program.threads = serial
program.cores = lambda: 1
statistics, *arguments = sys.argv[1:]
profiler = cProfile.Profile()
status = profiler.runcall(main, arguments)
profiler.dump_stats(statistics)
raise SystemExit(status)
