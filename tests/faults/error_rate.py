"""Deploys 300 photos, in peace and with an error to one request in ten, and prints both times.

Every kind of request meets them: answers of 500, 502, 503 and 429, with and without Retry-After,
connections that are reset, answers that are lost or cut off. The program's waits are its own here,
not shortened.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from support import galleries, process, servers
from support.galleries import Gallery
from support.process import Run
from support.servers import Server

from faults import chaos, story, wire
from faults.kinds import Fault
from faults.script import Script
from faults.story import Story
from faults.wire import Authority, Wire
from faults.witness import Witness

PHOTOS = 300
RATE = 0.1
ERRORS = (
    Fault.STATUS_500,
    Fault.STATUS_502,
    Fault.STATUS_503,
    Fault.STATUS_429,
    Fault.STATUS_503_ASKS,
    Fault.STATUS_429_ASKS,
    Fault.LATE_500,
    Fault.RESET_BEFORE,
    Fault.RESET_IN,
    Fault.RESET_AFTER,
    Fault.LOST,
    Fault.CUT_HEAD,
    Fault.CUT_BODY,
    Fault.OK_ERROR,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the times for each store; 1 if a deployment failed or took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stores", default="ceph,moto", help="of ceph and moto (both)")
    given = parser.parse_args(arguments)
    chaos.forget_this_machine()
    good = True
    for name in given.stores.split(","):
        with chaos.STORES[name]() as server, tempfile.TemporaryDirectory() as folder:
            good &= _compare(server, given.seed, Path(folder))
    return int(not good)


def _compare(server: Server, seed: int, folder: Path) -> bool:
    gallery = galleries.make(folder / "workspace", [f"p{number}" for number in range(PHOTOS)])
    authority = Authority.found(folder)
    peace, _ = _deploy(server, Script(), gallery, authority, folder / "peace")
    seconds, way = _deploy(
        server, Script(seed, RATE, ERRORS), gallery, authority, folder / "errors"
    )
    met, requests = way.happened.total(), len(way.witness.requests)
    most = 2 * peace + way.asked
    print(f"{server.name}: {PHOTOS} photos, {len(way.witness.story.target)} objects")
    print(f"  without faults  {peace:6.1f} s")
    print(f"  with errors     {seconds:6.1f} s, {met} to {requests} requests")
    print(
        f"  allowed         {most:6.1f} s: twice, and {way.asked:.1f} s that the server asked for"
    )
    print(f"  by kind         {_by_kind(way.happened)}")
    return seconds < most


def _by_kind(happened: Counter[Fault]) -> str:
    return ", ".join(f"{count} {fault}" for fault, count in sorted(happened.items()))


def _deploy(
    server: Server, script: Script, gallery: Gallery, authority: Authority, folder: Path
) -> tuple[float, Wire]:
    """Seconds that the program took, start included, and how it got to the store."""
    bucket = servers.make_bucket(server)
    target = story.versions(gallery)
    told = Story(gallery, target, {"new": story.published(gallery)}, {story.LEDGER, *target})
    witness = Witness(server, bucket, told)
    with (
        wire.wire(server, witness, authority) as way,
        process.job(gallery.root, folder, way.server, bucket) as job,
    ):
        witness.begin()
        way.script = script
        started = time.monotonic()
        run: Run = job.run()
        seconds = time.monotonic() - started
        way.drain()
    assert run.status == 0, run.stdout
    assert witness.violations == []
    assert {key: witness.objects.get(key) for key in target} == target
    return seconds, way


if __name__ == "__main__":
    sys.exit(main())
