"""Ten real processes deploy to one bucket at once, on stores that honour conditions.

On others the ledgers that several runs of one gallery write lose facts; there one run of each
gallery at a time is what `concurrency` makes of it, and what is tried.

`GALLERIA_OVERLAP=20 pytest tests/e2e/test_overlap.py` does it so many times each, with other
galleries every time.
"""

from __future__ import annotations

import os
import random
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from support import galleries, process, servers
from support.galleries import Gallery
from support.process import Job, Run
from support.servers import Server
from support.watcher import photo_keys, watched

from galleria_action import keys, ledger

ROUNDS = range(int(os.environ.get("GALLERIA_OVERLAP", "1")))
NAMES = "abcdef"


@dataclass(frozen=True)
class Place:
    """Where a gallery goes; all share the folder of the photos, some that of the site."""

    metadata_key: str
    site_prefix: str

    @property
    def inputs(self) -> dict[str, str]:
        return {
            "metadata-key": self.metadata_key,
            "site-prefix": self.site_prefix,
            "max-deletes": "100",
        }


FIRST, SECOND, THIRD = (
    Place("one.json", "one"),
    Place("two.json", "shared"),
    Place("3.json", "shared"),
)
RUNS: tuple[tuple[Place, dict[str, str]], ...] = (
    (FIRST, {}),
    (FIRST, {}),
    (FIRST, {}),
    (FIRST, {"photos_only": "true"}),
    (FIRST, {"site_only": "true"}),
    (FIRST, {"shard": "1/2"}),
    (FIRST, {"shard": "2/2"}),
    (SECOND, {}),
    (SECOND, {"site_only": "true"}),
    (THIRD, {}),
)


LAST = (0, 7, 9)
"""A whole run of each gallery."""


def version(root, seed: str) -> Gallery:
    """Some of the photos, some of them changed, and a site of its own."""
    choose = random.Random(seed)
    gallery = Gallery(root)
    for name in sorted(choose.sample(NAMES, choose.randint(3, len(NAMES)))):
        gallery.add(name, seed=choose.choice([name, name, f"{name} {seed}"]))
    gallery.write()
    gallery.write_site(
        {name: data + choose.choice([b"", seed.encode()]) for name, data in galleries.SITE.items()}
    )
    return gallery


def check_ledger(server: Server, bucket: str, place: Place) -> None:
    """Its facts are those of objects that are there; of the live photos none is missing."""
    entries = ledger.decode(servers.body(server, bucket, keys.ledger(place.metadata_key))).entries
    live = photo_keys(servers.body(server, bucket, place.metadata_key))
    assert live <= entries.keys()
    assert not [key for key in live if not entries[key].etag]


@pytest.mark.parametrize("number", ROUNDS)
def test_ten_at_once(server: Server, bucket: str, tmp_path, number: int):
    """Runs of three galleries, whole, scoped and in parts: whole at every moment, then converging."""
    chosen = [each for each in range(len(RUNS)) if server.conditions or each in LAST]
    with ExitStack() as stack:

        def job(name: str, place: Place) -> Job:
            gallery = version(tmp_path / name, f"{name} {number}")
            files = tmp_path / f"runner {name}"
            made = stack.enter_context(process.job(gallery.root, files, server, bucket))
            made.inputs |= place.inputs
            return made

        for place in (FIRST, SECOND):
            before = job(f"before {place.metadata_key}", place).run()
            assert before.status == 0, before.stdout
        jobs = {each: job(str(each), RUNS[each][0]) for each in chosen}
        with watched(server, bucket, *(each.metadata_key for each in (FIRST, SECOND, THIRD))):
            steps = [each.start(**RUNS[number][1]) for number, each in jobs.items()]
            runs: list[Run] = [step.finish() for step in steps]
            for run in runs:
                assert run.outputs["failure-reason"] in ("", "remote-changed"), run.stdout
                assert run.status == (run.outputs["failure-reason"] != "")
            for again in LAST:
                place = RUNS[again][0]
                run = jobs[again].run()
                assert run.status == 0, run.stdout
                manifest = (jobs[again].workspace / "prod/pics/gallery-metadata.json").read_bytes()
                live = servers.body(server, bucket, place.metadata_key)
                assert photo_keys(live) == photo_keys(manifest)
                check_ledger(server, bucket, place)
                assert jobs[again].run().outputs["changes"] == "false"
