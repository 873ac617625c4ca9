"""Several processes upload the photos of one gallery at the same time, then one commits it."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from support import failure, servers
from support.process import Job, Run
from support.proxy import Request, proxy
from support.servers import Server

MANIFEST = "gallery-metadata.json"
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"
SITE = {"index.html", "style.css", "js/app.js", "data/photos.json"}
SHARDS = ("1/4", "2/4", "3/4", "4/4")
SECONDS = 30


@pytest.fixture
def large(gallery):
    """A gallery with some photos for each job."""
    for number in range(20):
        gallery.add(f"photo {number}")
    gallery.write()
    return gallery


def _at_once(server: Server, job: Job) -> list[tuple[Run, list[str]]]:
    """All parts: none writes before all have planned. Each run, and the keys that it stored."""
    planned = threading.Barrier(len(SHARDS))
    with ExitStack() as stack:
        steps = []
        for number, shard in enumerate(SHARDS):
            between = stack.enter_context(proxy(server))
            between.before = _meet(planned)
            step = job.start(
                s3_endpoint=between.server.endpoint, shard=shard, report_dir=f"report-{number}"
            )
            steps.append((step, between))
        return [(step.finish(), between.stored()) for step, between in steps]


def _meet(others: threading.Barrier):
    first = threading.Lock()

    def wait(request: Request) -> None:
        if request.method == "PUT" and first.acquire(blocking=False):
            others.wait(SECONDS)

    return wait


def test_jobs_at_once(job, large, server, bucket):
    """Each photo is sent once; the run that commits sends site and manifest alone."""
    runs = _at_once(server, job)

    assert [run.status for run, _ in runs] == [0] * len(SHARDS), runs
    sent = [key for _, keys in runs for key in keys if key != LEDGER]
    assert sorted(sent) == sorted(large.keys())
    assert len({run.outputs["plan-hash"] for run, _ in runs}) == 1
    assert sum(int(run.outputs["uploaded-files"]) for run, _ in runs) == len(sent)
    assert all("Nothing is committed" in run.summary for run, _ in runs)
    assert servers.listing(server, bucket).keys() == large.keys() | {LEDGER}

    with proxy(server) as between:
        run = job.run(s3_endpoint=between.server.endpoint)
        assert run.status == 0, run.stdout
        assert set(between.puts()) == SITE | {MANIFEST, LEDGER}
    assert run.outputs["photos-unchanged"] == str(len(large.photos))
    assert servers.listing(server, bucket).keys() == large.keys() | SITE | {MANIFEST, LEDGER}
    assert job.run().outputs["changes"] == "false"


def test_a_part_again(job, large, server, bucket):
    """A part that is there already writes nothing at all."""
    assert job.run(shard="2/4").status == 0
    before = servers.listing(server, bucket)
    assert before.keys() < large.keys() | {LEDGER}
    with proxy(server) as between:
        run = job.run(s3_endpoint=between.server.endpoint, shard="2/4")
        assert between.writes() == []
    assert (run.status, run.outputs["uploaded-files"]) == (0, "0")
    assert servers.listing(server, bucket) == before


def test_what_is_no_part(job, server, bucket):
    """A shard that cannot be is a fault of the configuration, before anything is asked."""
    run = job.run(shard="5/4")
    failure.check(run, job, "config", "Error: Invalid configuration", "shard must be i/n")
    assert servers.listing(server, bucket) == {}
