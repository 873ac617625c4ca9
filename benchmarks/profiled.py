"""Runs the deployment under cProfile, all its threads included.

    python -I profiled.py STATISTICS [options of galleria-deploy]

Time is that of the clock, waiting included: for answers (`recv_into`, `obstore`), for other
threads (`acquire`, and everything else that runs while another thread holds the interpreter).
The clock of a thread's CPU would tell more and takes ten times as long to read. Profiling makes
a run some 2 times slower, mostly in small functions.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
from typing import Any

profilers: list[cProfile.Profile] = []


def profile_this_thread(*_: Any) -> None:
    profiler = cProfile.Profile()
    profilers.append(profiler)
    profiler.enable()


statistics, *sys.argv[1:] = sys.argv[1:]
threading.setprofile(profile_this_thread)
profile_this_thread()
try:
    from galleria_action.__main__ import main

    status = main()
finally:
    threading.setprofile(None)
    profilers[0].disable()
    merged = pstats.Stats(profilers[0])
    for each in profilers[1:]:
        merged.add(each)
    merged.dump_stats(statistics)
raise SystemExit(status)
