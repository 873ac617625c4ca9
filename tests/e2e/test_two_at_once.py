"""Two deployments of different versions of one gallery at once: the live one is always whole."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path

import pytest
from support import failure, process, servers
from support.galleries import Gallery
from support.process import Job, Run
from support.proxy import Request, proxy
from support.servers import Server
from support.watcher import watched

from galleria_action.errors import FailureReason

MANIFEST = "gallery-metadata.json"
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"
SECONDS = 30

on_stores_with_conditions = pytest.mark.parametrize(
    "server", ["moto", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)


@pytest.fixture
def deployed(job) -> Job:
    """The job, after a first deployment of the version that both others start from."""
    assert job.run().status == 0
    return job


@pytest.fixture
def version(
    deployed, gallery, tmp_path, server, bucket
) -> Iterator[Callable[[str, Callable[[Gallery], object]], Job]]:
    """Makes a job that deploys a changed copy of the gallery to the same bucket."""
    with ExitStack() as stack:

        def make(name: str, change: Callable[[Gallery], object]) -> Job:
            root = tmp_path / name
            shutil.copytree(gallery.root, root)
            other = Gallery(root, deepcopy(gallery.photos))
            change(other)
            other.write()
            files = tmp_path / f"runner {name}"
            return stack.enter_context(process.job(root, files, server, bucket))

        yield make


def _at_once(server: Server, *jobs: Job) -> list[Run]:
    """Run them so that all have made their plans before any of them has sent its photos."""
    planned = threading.Barrier(len(jobs))
    with ExitStack() as stack:
        steps = []
        for job in jobs:
            between = stack.enter_context(proxy(server))
            between.before = _meet(planned)
            steps.append(job.start(s3_endpoint=between.server.endpoint))
        return [step.finish() for step in steps]


def _meet(others: threading.Barrier) -> Callable[[Request], None]:
    first = threading.Lock()

    def wait(request: Request) -> None:
        if request.method == "PUT" and first.acquire(blocking=False):
            others.wait(SECONDS)

    return wait


def _deploys(job: Job, server: Server, bucket: str) -> None:
    """After a run the bucket holds what a deployment to an empty bucket makes, and no more."""
    empty = servers.make_bucket(server)
    steps = [job.start(), job.start(s3_bucket=empty, report_dir="other-report")]
    assert [step.finish().status for step in steps] == [0, 0]
    assert _content(server, bucket) == _content(server, empty)


def _content(server: Server, bucket: str) -> dict[str, str]:
    listing = servers.listing(server, bucket)
    return {key: each.etag for key, each in listing.items() if key != LEDGER}


@on_stores_with_conditions
def test_one_commits_and_the_other_reports_it(version, server, bucket):
    """Each adds a photo and removes another; the loser leaves the winner's gallery whole."""
    jobs = [
        version("one", lambda gallery: (gallery.add("one"), gallery.remove("b"))),
        version("two", lambda gallery: (gallery.add("two"), gallery.remove("c"))),
    ]
    with watched(server, bucket, MANIFEST):
        runs = _at_once(server, *jobs)
        assert sorted(run.status for run in runs) == [0, 1], runs
        loser, winner = sorted(zip(runs, jobs, strict=True), key=lambda each: -each[0].status)
        failure.check(*loser, FailureReason.REMOTE_CHANGED, "Error: The bucket changed")
        live = {
            photo["id"] for photo in json.loads(servers.body(server, bucket, MANIFEST))["photos"]
        }
        assert live == _ids(winner[1].workspace)

        # What the loser had sent already is found and removed.
        _deploys(winner[1], server, bucket)
        _deploys(loser[1], server, bucket)


def _ids(workspace: Path) -> set[str]:
    manifest = json.loads((workspace / "prod/pics/gallery-metadata.json").read_bytes())
    return {photo["id"] for photo in manifest["photos"]}


@on_stores_with_conditions
def test_both_change_the_same_photos(version, server, bucket):
    """At most one succeeds, whoever wrote last; a rerun makes the bucket its own entirely."""

    def changed(seed: str) -> Callable[[Gallery], object]:
        return lambda gallery: [gallery.add(name, seed=f"{name} {seed}") for name in ("a", "b")]

    jobs = [version("one", changed("one")), version("two", changed("two"))]
    with watched(server, bucket, MANIFEST):
        runs = _at_once(server, *jobs)
        failed = [each for each in zip(runs, jobs, strict=True) if each[0].status]
        assert failed
        for run, job in failed:
            failure.check(run, job, FailureReason.REMOTE_CHANGED, "Error: The bucket changed")

        for job in jobs:
            _deploys(job, server, bucket)


@on_stores_with_conditions
def test_two_first_deployments(job, gallery, server, bucket, tmp_path):
    """There is no manifest yet: one makes it, the other does not overwrite it."""
    root = tmp_path / "other"
    shutil.copytree(gallery.root, root)
    other = Gallery(root, deepcopy(gallery.photos))
    other.add("more")
    other.write()
    with process.job(root, tmp_path / "runner other", server, bucket) as second:
        runs = _at_once(server, job, second)

        winners = [each for each, run in zip((job, second), runs, strict=True) if run.status == 0]
        assert len(winners) == 1
        assert sorted(run.outputs["failure-reason"] for run in runs) == ["", "remote-changed"]
        _deploys(winners[0], server, bucket)
