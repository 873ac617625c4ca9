"""How fast is a deployment, beside other programs that publish the same bytes?

    make bench                                             # every case at its full size
    python -m benchmarks.deployment --cases a,b --rounds 3 --photos 200 --peers s5cmd,rclone

See benchmarks/README.md for the cases, the programs and how to read the tables.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peers, plans, processes, servers, table
from benchmarks.peers import CONNECTIONS, FLOOR, OURS, Peer, Place
from benchmarks.processes import Failed, Usage
from benchmarks.servers import Server

SITE_FILES_AND_MANIFEST = 6
LARGE = (8_000_000, 12_000, 6_000)
TICK = 1.2  # seconds; stores tell times in whole ones


@dataclass(frozen=True)
class Scale:
    """How much is measured: ``photos`` of the cases a, b, c and g; the others are in proportion."""

    photos: int
    rounds: int
    programs: Sequence[Peer]
    corrects: bool
    round_trip_ms: float
    sizes: tuple[int, int, int] | None


def main() -> None:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", default="a,b,c,d,e,f,g")
    parser.add_argument("--photos", type=int, default=1000, help="d: a tenth, e: x 10, f: x 100")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="", help="only those whose name has one of these parts")
    parser.add_argument("--as-is", action="store_true", help="no photo's time is corrected")
    parser.add_argument(
        "--bytes", type=int, nargs=3, metavar=("FULL", "WEB", "THUMB"), help="of a photo, in case a"
    )
    parser.add_argument("--round-trip-ms", type=float, default=40, help="of the link of case g")
    given = parser.parse_args()
    wanted = [part for part in given.peers.split(",") if part]
    programs = [
        each
        for each in peers.ALL
        if not wanted or each.name == OURS or any(part in each.name for part in wanted)
    ]
    sizes = tuple(given.bytes) if given.bytes else None
    scale = Scale(given.photos, given.rounds, programs, not given.as_is, given.round_trip_ms, sizes)
    asked = given.cases.split(",")
    for names, case in CASES.items():
        if set(names) & set(asked):
            with processes.memory_folder() as folder:
                case(scale, folder, asked)


def first(scale: Scale, folder: Path, _asked: Sequence[str]) -> None:
    """(a) An empty bucket."""
    gallery = make(folder, scale.photos, scale, scale.sizes)
    results = into_empty_buckets(scale, folder, gallery, scale.photos)
    objects = 3 * scale.photos + SITE_FILES_AND_MANIFEST
    if scale.sizes:
        table.show(f"(a) first deployment of {objects:,} objects", results, published(gallery))
    else:
        table.show(f"(a) first deployment of {objects:,} small objects", results)


def large(scale: Scale, folder: Path, _asked: Sequence[str]) -> None:
    """(d) An empty bucket, photos of 8 MB, on two servers."""
    photos = max(1, scale.photos // 10)
    gallery = make(folder, photos, scale, LARGE)
    size = published(gallery)
    results = into_empty_buckets(scale, folder, gallery, photos)
    table.show(f"(d) first deployment of {photos:,} photos of 8 MB", results, size)
    results = into_empty_buckets(scale, folder, gallery, photos, serve=in_memory)
    table.show("(d) the same on a server that keeps its ETags", results, size)


def far(scale: Scale, folder: Path, _asked: Sequence[str]) -> None:
    """(g) An empty bucket, far away."""
    gallery = make(folder, scale.photos, scale)
    away = scale.round_trip_ms
    results = into_empty_buckets(scale, folder, gallery, scale.photos, serve=far_away(away))
    table.show(f"(g) the same as (a) over a link with a round trip of {away:g} ms", results)


Serve = Callable[[Path], AbstractContextManager[Server]]


def into_empty_buckets(
    scale: Scale, folder: Path, gallery: Path, photos: int, serve: Serve | None = None
) -> table.Results:
    """Every program with a server of its own each time, so that none finds another's caches."""
    serve = serve or near
    results: dict[str, list[Usage]] = {each.name: [] for each in scale.programs}
    for peer in peers.turns(scale.programs, scale.rounds):
        with serve(folder) as server:
            place = Place(gallery, server, "bucket")
            results[peer.name].append(publish(peer, place))
            check_all_there(peer, place, photos)
    return results


def near(folder: Path) -> AbstractContextManager[Server]:
    return servers.rclone(folder, ["bucket"])


def in_memory(_folder: Path) -> AbstractContextManager[Server]:
    return servers.memory()


def far_away(round_trip_ms: float) -> Serve:
    @contextmanager
    def serve(folder: Path) -> Iterator[Server]:
        with near(folder) as server, servers.delayed(server, round_trip_ms) as link:
            yield link

    return serve


def again(scale: Scale, folder: Path, asked: Sequence[str]) -> None:
    """(b) and (c) Buckets that each program has filled by itself."""
    programs = [each for each in scale.programs if not each.first_only]
    gallery = make(folder, scale.photos, scale)
    buckets = {each.name: f"bucket-{number}" for number, each in enumerate(programs)}
    with servers.rclone(folder, list(buckets.values())) as server:
        places = {name: Place(gallery, server, bucket) for name, bucket in buckets.items()}
        for peer in programs:
            publish(peer, places[peer.name])
            check_all_there(peer, places[peer.name], scale.photos)
        time.sleep(TICK)
        if "b" in asked:
            results = {each.name: list[Usage]() for each in programs}
            for peer in peers.turns(programs, scale.rounds):
                results[peer.name].append(publish(peer, places[peer.name], puts=range(1)))
            table.show("(b) the same again, nothing changed", results)
        if "c" in asked:
            table.show("(c) 1 % changed", changed(scale, programs, places, gallery))


def changed(
    scale: Scale, programs: Sequence[Peer], places: Mapping[str, Place], gallery: Path
) -> table.Results:
    count = max(1, scale.photos // 100)
    results: dict[str, list[Usage]] = {each.name: [] for each in programs}
    for number in range(scale.rounds):
        make(gallery.parent, scale.photos, scale, change=(count, number + 1))
        time.sleep(TICK)
        for peer in peers.rotated(programs, number):
            usage = publish(peer, places[peer.name], puts=range(3 * count + 1, 3 * count + 9))
            results[peer.name].append(usage)
        time.sleep(TICK)
    return results


def many(scale: Scale, folder: Path, _asked: Sequence[str]) -> None:
    """(e) 10,000 photos, nothing changed, on a server that lists quickly."""
    photos = 10 * scale.photos
    gallery = make(folder, photos, scale, (800, 600, 400))
    programs = [each for each in scale.programs if not each.first_only and each.shares]
    filler = next(each for each in peers.ALL if each.name == FLOOR)
    results: dict[str, list[Usage]] = {each.name: [] for each in programs}
    requests: dict[str, str] = {}
    with servers.memory() as server:
        ours, others = Place(gallery, server, "ours"), Place(gallery, server, "others")
        publish(filler, others)
        for peer in programs:
            if peer.name == OURS:
                publish(peer, ours)
        for peer in peers.turns(programs, scale.rounds):
            before = server.requests()
            results[peer.name].append(publish(peer, ours if peer.name == OURS else others))
            made = {kind: n - before.get(kind, 0) for kind, n in server.requests().items()}
            if made.get("PUT"):
                raise Failed(f"{peer.name} wrote although nothing had changed: {made}")
            requests[peer.name] = ", ".join(f"{n} {kind}" for kind, n in made.items() if n)
    table.show(f"(e) {photos:,} photos, nothing changed", results)
    for name, text in requests.items():
        print(f"  {name:<28} {text}")


def growth(scale: Scale, folder: Path, _asked: Sequence[str]) -> None:
    """(f) The plan of a large manifest."""
    names = [each.name for each in scale.programs]
    plans.growth(folder, 100 * scale.photos, scale.rounds, names)


CASES: Mapping[str, Callable[[Scale, Path, Sequence[str]], None]] = {
    "a": first,
    "bc": again,
    "d": large,
    "e": many,
    "f": growth,
    "g": far,
}


def make(
    folder: Path,
    photos: int,
    scale: Scale,
    sizes: tuple[int, int, int] | None = None,
    change: tuple[int, int] = (0, 0),
) -> Path:
    """A gallery of ``photos``, or ``change`` some of it: how many, in which round."""
    gallery = folder / "gallery"
    count, number = change
    words = ["--photos", photos, "--change", count, "--round", number]
    words += ["--bytes", *sizes] if sizes else []
    words += [] if scale.corrects else ["--as-is"]
    command = [sys.executable, "-m", "benchmarks.galleries", gallery, *words]
    subprocess.run(list(map(str, command)), check=True)
    return gallery


def published(gallery: Path) -> int:
    """Bytes of all that is to be published."""
    return sum(file.stat().st_size for file in (gallery / "published").rglob("*.*"))


def publish(peer: Peer, place: Place, puts: range | None = None) -> Usage:
    """Run a program; ``puts``: how many objects it may write."""
    began = time.time()
    usage = processes.run(
        peer.command(place), place.gallery, peer.environment(place), place.server.pid
    )
    if puts is not None:
        written = place.server.written(place.bucket, began)
        if written not in puts:
            raise Failed(
                f"{peer.name} wrote {written} objects, not {puts.start} to {puts.stop - 1}"
            )
    return usage


def check_all_there(peer: Peer, place: Place, photos: int) -> None:
    """No program wins by leaving something out."""
    there, expected = place.server.holds(place.bucket), 3 * photos + SITE_FILES_AND_MANIFEST
    if there < expected:
        raise Failed(f"{peer.name} left {there} objects, not {expected}")


if __name__ == "__main__":
    print(f"{CONNECTIONS} connections, unless the program's name says otherwise")
    main()
