"""Prints what was measured: medians of rounds, and ratios to ours."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from benchmarks.peers import OURS
from benchmarks.processes import Usage

Results = Mapping[str, Sequence[Usage]]


def show(title: str, results: Results, size: int = 0) -> None:
    """A line for each program; ``size`` in bytes adds the throughput."""
    print(f"\n{title}")
    print(f"  {'':<28} {'wall':>8} {'best':>8} {'CPU':>8} {'server':>8} {'peak':>8}", end="")
    print(f" {'wall':>7} {'CPU':>7}{'     rate' if size else ''}")
    ours = results.get(OURS)
    for name, usages in results.items():
        wall = _median(usages, lambda each: each.wall)
        best = min(each.wall for each in usages)
        cpu = _median(usages, lambda each: each.cpu)
        server = _median(usages, lambda each: each.server_cpu)
        peak = _median(usages, lambda each: each.peak)
        print(f"  {name:<28} {wall:6.2f} s {best:6.2f} s {cpu:6.2f} s {server:6.2f} s", end="")
        print(f" {peak / 1e6:5.0f} MB", end="")
        if ours:
            print(f" {wall / _median(ours, lambda each: each.wall):5.2f} x", end="")
            print(f" {cpu / _median(ours, lambda each: each.cpu):5.2f} x", end="")
        print(f" {size / wall / 1e6:5.0f} MB/s" if size else "", flush=True)


def _median(usages: Sequence[Usage], value: Callable[[Usage], float]) -> float:
    return statistics.median(value(each) for each in usages)
