"""Where does our time go? The profile of one case of benchmarks.deployment.

    python -m benchmarks.profiles a              # first deployment
    python -m benchmarks.profiles b              # the same again
    python -m benchmarks.profiles d --photos 20  # photos of 8 MB
    python -m benchmarks.profiles f              # dry run, everything in place

Time by function, in one thread: by itself (tottime) and with what it calls (cumtime).
"""

from __future__ import annotations

import argparse
import pstats
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peers, plans, processes, servers
from benchmarks.peers import ENTRYPOINT, OURS, Peer, Place

PHOTOS = {"a": 1000, "b": 1000, "d": 100, "f": 10_000}
SIZES = {"d": ("8000000", "12000", "6000"), "f": plans.TINY}


def main() -> None:
    """Bring about the case, run under the profiler, print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=sorted(PHOTOS))
    parser.add_argument("--photos", type=int)
    parser.add_argument("--lines", type=int, default=15)
    given = parser.parse_args()
    ours = next(each for each in peers.ALL if each.name == OURS)
    photos = given.photos or PHOTOS[given.case]
    with (
        processes.memory_folder() as folder,
        ready(given.case, folder, photos, ours) as place,
    ):
        statistics = folder / "statistics"
        inside = str(Path(__file__).with_name("profiled.py"))
        words = [word for word in ours.command(place) if word != str(ENTRYPOINT)]
        command = [*words[:2], inside, str(statistics), *words[2:]]
        command += ["--dry-run"] if given.case == "f" else []
        usage = processes.run(command, place.gallery, ours.environment(place))
        print(f"{photos:,} photos: {usage.wall:.2f} s, CPU {usage.cpu:.2f} s when profiled")
        show(statistics, given.lines)


@contextmanager
def ready(case: str, folder: Path, photos: int, ours: Peer) -> Iterator[Place]:
    """The gallery, and the bucket as the case finds it."""
    gallery, listing = folder / "gallery", folder / "listing"
    sizes = ["--bytes", *SIZES[case]] if case in SIZES else []
    _module("benchmarks.galleries", str(gallery), "--photos", str(photos), *sizes)
    if case == "f":
        _module("benchmarks.filling", str(gallery), "bucket", str(listing))
        with servers.memory(listing) as server:
            yield Place(gallery, server, "bucket")
        return
    with servers.rclone(folder, ["bucket"]) as server:
        place = Place(gallery, server, "bucket")
        if case == "b":
            processes.run(ours.command(place), gallery, ours.environment(place))
        yield place


def _module(*words: str) -> None:
    subprocess.run([sys.executable, "-m", *words], check=True, stdout=subprocess.DEVNULL)


def show(statistics: Path, lines: int) -> None:
    found = pstats.Stats(str(statistics)).strip_dirs()
    for order in ("tottime", "cumtime"):
        found.sort_stats(order).print_stats(lines)


if __name__ == "__main__":
    main()
