"""Case (f): the plan of a large manifest, of an empty bucket and of one where all is there."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import peers, processes, servers
from benchmarks.peers import Place
from benchmarks.processes import Usage

TINY = ("500", "450", "400")


def growth(folder: Path, photos: int, rounds: int) -> None:
    """Half the photos, then all of them: does twice as much take twice as long?"""
    print(f"\n(f) dry run of {photos // 2:,} and of {photos:,} photos", flush=True)
    half = measured(folder / "half", photos // 2, rounds)
    whole = measured(folder / "whole", photos, rounds)
    for bucket in half:
        small, large = half[bucket], whole[bucket]
        for count, usage in ((photos // 2, small), (photos, large)):
            print(f"  {bucket} bucket, {count:>9,} photos", end="")
            print(f" {usage.wall:7.2f} s  CPU {usage.cpu:6.2f} s  {usage.peak / 1e6:6.0f} MB")
        print(f"  {'twice the photos':<29} {large.wall / small.wall:7.2f} x", end="")
        print(f"  CPU {large.cpu / small.cpu:6.2f} x  {large.peak / small.peak:6.2f} x", flush=True)


def measured(folder: Path, photos: int, rounds: int) -> dict[str, Usage]:
    """Bucket to what a dry run takes: medians."""
    gallery, listing = folder / "gallery", folder / "listing"
    make = ["benchmarks.galleries", gallery, "--photos", photos, "--bytes", *TINY]
    for words in (make, ["benchmarks.filling", gallery, "full", listing]):
        command = [sys.executable, "-m", *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    results: dict[str, list[Usage]] = {"empty": [], "full": []}
    with servers.memory(listing) as server:
        for _ in range(rounds):
            for bucket, usages in results.items():
                usages.append(dry_run(Place(gallery, server, bucket)))
    return {bucket: median(usages) for bucket, usages in results.items()}


def dry_run(place: Place) -> Usage:
    ours = next(each for each in peers.ALL if each.name == peers.OURS)
    command = [*ours.command(place), "--dry-run"]
    return processes.run(command, place.gallery, ours.environment(place), place.server.pid)


def median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        wall=statistics.median(each.wall for each in usages),
        cpu=statistics.median(each.cpu for each in usages),
        peak=int(statistics.median(each.peak for each in usages)),
    )
