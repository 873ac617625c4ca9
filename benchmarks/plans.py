"""Case (f): the plan of a large manifest, of an empty bucket and of one where all is there."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import peers, processes, servers, table
from benchmarks.peers import OURS, Peer, Place, turns
from benchmarks.processes import Failed, Usage

TINY = ("500", "450", "400")
EMPTY, OURS_FULL, COPIED = "empty", "full", "copied"
"""Buckets: with nothing, with what a deployment puts, with what a program puts that copies."""
WOULD_WRITE = re.compile(r"photos/|Photos to upload: [1-9]")
"""What is said of a photo that would be put."""


def growth(folder: Path, photos: int, rounds: int, names: Sequence[str]) -> None:
    """Half the photos, then all of them: does twice as much take twice as long?

    And the programs ``names``, when they look what there would be to do for all of them.
    """
    print(f"\n(f) dry run of {photos // 2:,} and of {photos:,} photos", flush=True)
    with served(folder / "half", photos // 2) as place:
        half = measured(place, rounds)
    with served(folder / "whole", photos) as place:
        whole = measured(place, rounds)
        for bucket in half:
            small, large = half[bucket], whole[bucket]
            for count, usage in ((photos // 2, small), (photos, large)):
                print(f"  {bucket} bucket, {count:>9,} photos", end="")
                print(f" {usage.wall:7.2f} s  CPU {usage.cpu:6.2f} s  {usage.peak / 1e6:6.0f} MB")
            print(f"  {'twice the photos':<29} {large.wall / small.wall:7.2f} x", end="")
            print(f"  CPU {large.cpu / small.cpu:6.2f} x  {large.peak / small.peak:6.2f} x")
        programs = [each for each in peers.REHEARSALS if each.name in names]
        table.show(
            f"(f) dry run of {photos:,} photos, everything in place",
            compared(place, programs, rounds),
        )


@contextmanager
def served(folder: Path, photos: int) -> Iterator[Place]:
    """A gallery of ``photos``, and a server that lists it; the bucket is the empty one."""
    gallery, listing = folder / "gallery", folder / "listing"
    make = ["benchmarks.galleries", gallery, "--photos", photos, "--bytes", *TINY]
    for words in (make, ["benchmarks.filling", gallery, OURS_FULL, listing]):
        command = [sys.executable, "-m", *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    list_copies(gallery / "published", listing)
    with servers.memory(listing) as server:
        yield Place(gallery, server, EMPTY)


def list_copies(published: Path, listing: Path) -> None:
    """Add to ``listing`` what a program leaves that copies the folder as it is."""
    with listing.open("a", encoding="utf-8") as lines:
        for file in published.rglob("*.*"):
            data = file.read_bytes()
            key, etag = file.relative_to(published).as_posix(), hashlib.md5(data).hexdigest()
            lines.write(json.dumps([COPIED, key, len(data), etag, None]) + "\n")


def measured(place: Place, rounds: int) -> Mapping[str, Usage]:
    """Bucket to what our dry run takes: medians."""
    ours = next(each for each in peers.REHEARSALS if each.name == OURS)
    results: dict[str, list[Usage]] = {EMPTY: [], OURS_FULL: []}
    for _ in range(rounds):
        for bucket, usages in results.items():
            usages.append(rehearse(ours, replace(place, bucket=bucket)))
    return {bucket: median(usages) for bucket, usages in results.items()}


def compared(place: Place, programs: Sequence[Peer], rounds: int) -> table.Results:
    """What programs take that find everything in place."""
    results: dict[str, list[Usage]] = {each.name: [] for each in programs}
    for peer in turns(programs, rounds):
        bucket = OURS_FULL if peer.name == OURS else COPIED
        usage = rehearse(peer, replace(place, bucket=bucket))
        if WOULD_WRITE.search(usage.said):
            raise Failed(f"{peer.name} would write although nothing has changed:\n{usage.said}")
        results[peer.name].append(usage)
    return results


def rehearse(peer: Peer, place: Place) -> Usage:
    return processes.run(
        peer.command(place), place.gallery, peer.environment(place), place.server.pid
    )


def median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        wall=statistics.median(each.wall for each in usages),
        cpu=statistics.median(each.cpu for each in usages),
        peak=int(statistics.median(each.peak for each in usages)),
    )
