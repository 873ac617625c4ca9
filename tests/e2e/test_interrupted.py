"""Deployments that end in the middle: killed, cancelled, or with an answer lost on its way."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from itertools import groupby

import pytest
from support import failure, servers
from support.process import Job, Run
from support.proxy import Lost, Proxy, Request, proxy
from support.servers import Server

from galleria_action.errors import FailureReason

MANIFEST = "gallery-metadata.json"
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"
THE_BUCKET = ""  # the key of a request to delete objects
SITE = {"index.html", "style.css", "js/app.js", "data/photos.json"}
SECONDS = 30

Wanted = Callable[[Request], bool]

# One that ignores conditions and one that honours them; the third is like the second here.
on_two_servers = pytest.mark.parametrize(
    "server", ["rclone", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)


def _after_puts(count: int) -> Wanted:
    """The put after so many."""
    lock = threading.Lock()
    puts = 0

    def wanted(request: Request) -> bool:
        nonlocal puts
        with lock:
            puts += request.method == "PUT"
            return puts > count

    return wanted


def _commits(request: Request) -> bool:
    return request.method == "PUT" and request.key == MANIFEST


def _deletes(request: Request) -> bool:
    return request.method == "POST" and request.key == THE_BUCKET


def _interrupted(job: Job, server: Server, wanted: Wanted, number: int) -> Run:
    """A run that gets a signal when it makes the wanted request, which nothing overtakes."""
    with proxy(server) as between:
        reached, held = threading.Event(), threading.Semaphore(0)

        def hold(request: Request) -> None:
            if reached.is_set() or wanted(request):
                reached.set()
                held.release()
                between.ended.wait(SECONDS)
                raise Lost

        between.before = hold
        step = job.start(s3_endpoint=between.server.endpoint, concurrency="4")
        assert reached.wait(SECONDS), step.finish()
        _until_the_others_arrived(between, held)
        step.process.send_signal(number)
        if number != signal.SIGKILL:
            between.before = lambda _: None
            between.ended.set()
        return step.finish()


def _until_the_others_arrived(between: Proxy, held: threading.Semaphore) -> None:
    deadline = time.monotonic() + SECONDS
    while between.open != held._value:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _rerun(job: Job, server: Server) -> list[str]:
    """Run the job to its end; the keys that it wrote to, in their order.

    On Ceph the manifest takes two attempts, because of the quotes of its ETag.
    """
    with proxy(server) as between:
        run = job.run(s3_endpoint=between.server.endpoint)
        assert run.status == 0, run.stdout
        return [key for key, _ in groupby(each.key for each in between.writes())]


@on_two_servers
def test_killed_while_photos_are_sent(job, server, bucket, gallery):
    """The rerun sends what had not arrived, and nothing a second time."""
    for number in range(9):
        gallery.add(f"photo {number}")
    gallery.write()

    _interrupted(job, server, _after_puts(20), signal.SIGKILL)

    arrived = servers.listing(server, bucket)
    assert arrived.pop(LEDGER), "what is about to be put is recorded first"
    assert 0 < len(arrived) <= 20
    assert arrived.keys() < gallery.keys()
    sent = _rerun(job, server)
    assert set(sent) == (gallery.keys() - arrived.keys()) | SITE | {MANIFEST, LEDGER}
    assert len(sent) == len(set(sent)) + sent.count(LEDGER) - 1
    after = servers.listing(server, bucket)
    assert {key: after[key] for key in arrived} == arrived
    assert after.keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}
    assert _rerun(job, server) == []


@on_two_servers
def test_killed_at_once_and_given_up(job, server, bucket, gallery):
    """Photos of a run that was killed before it recorded any arrival are not left over."""
    for number in range(9):
        gallery.add(f"photo {number}")
    gallery.write()
    _interrupted(job, server, _after_puts(15), signal.SIGKILL)
    for number in range(9):
        gallery.remove(f"photo {number}")
    gallery.write()
    _rerun(job, server)
    after = servers.listing(server, bucket)
    assert after.keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}


@on_two_servers
def test_cancelled_while_photos_are_sent(job, server, bucket, gallery):
    """What arrived is recorded: it is not sent again, and what is no longer wanted is removed."""
    for number in range(9):
        gallery.add(f"photo {number}")
    gallery.write()

    run = _interrupted(job, server, _after_puts(20), signal.SIGTERM)

    assert (run.status, run.outputs["failure-reason"]) == (130, FailureReason.CANCELLED)
    assert run.log.count("Error: Cancelled") == 1
    assert "Traceback" not in run.visible
    failure.check_secrets(run, job)
    arrived = servers.listing(server, bucket).keys() - {LEDGER}
    gone = next(name for name in gallery.photos if f"photos/full/{name}.jpg" in arrived)
    gallery.remove(gone)
    gallery.write()
    sent = _rerun(job, server)
    assert not set(sent) & arrived
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}
    assert _rerun(job, server) == []


def _when_recorded(count: int) -> Wanted:
    """The first put after ``count`` others and a record of them, for which later ones wait."""
    counted, recorded = _after_puts(count), threading.Event()

    def wanted(request: Request) -> bool:
        if request.method == "PUT" and request.key == LEDGER:
            recorded.set()
            return False
        return counted(request) and recorded.wait(SECONDS)

    return wanted


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_killed_after_a_while(job, server, bucket, gallery):
    """What arrived has been recorded by then: photos that are given up leave nothing behind."""
    gallery.add("given up")
    gallery.write()

    _interrupted(job, server, _when_recorded(11), signal.SIGKILL)

    arrived = servers.listing(server, bucket).keys()
    assert arrived >= {"photos/full/given up.jpg", LEDGER}
    gallery.remove("given up")
    gallery.write()
    assert not set(_rerun(job, server)) & (arrived - {LEDGER})
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}


@pytest.fixture
def changed(job, server, bucket, gallery) -> bytes:
    """A deployed gallery that then got a photo more and one less; its live manifest."""
    assert job.run().status == 0
    before = servers.body(server, bucket, MANIFEST)
    gallery.add("new")
    gallery.remove("b")
    gallery.write()
    return before


@on_two_servers
def test_killed_before_the_commit(changed, job, server, bucket, gallery):
    """The old gallery is live and whole; the rerun has only the manifest left to put.

    Before that it tells in the ledger that the deletes are its own now.
    """
    _interrupted(job, server, _commits, signal.SIGKILL)

    assert servers.body(server, bucket, MANIFEST) == changed
    assert servers.listing(server, bucket).keys() >= {"photos/full/b.jpg"}
    assert _rerun(job, server) == [LEDGER, MANIFEST, THE_BUCKET, LEDGER]
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}


@on_two_servers
def test_killed_between_commit_and_deletes(changed, job, server, bucket, gallery):
    """The new gallery is live; the rerun deletes what it no longer contains."""
    _interrupted(job, server, _deletes, signal.SIGKILL)

    assert servers.body(server, bucket, MANIFEST) != changed
    assert servers.listing(server, bucket).keys() >= {"photos/full/b.jpg"}
    assert set(_rerun(job, server)) == {THE_BUCKET, LEDGER}
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}


def _lose_the_commit(between: Proxy, server: Server, bucket: str) -> list[Request]:
    """Lose the answer to the put that makes a new manifest live; the requests that were lost."""
    lost: list[Request] = []
    before = servers.listing(server, bucket).get(MANIFEST)

    def lose(request: Request) -> None:
        if lost or not _commits(request):
            return
        now = servers.listing(server, bucket).get(MANIFEST)
        if now and (before is None or now.etag != before.etag):
            lost.append(request)
            raise Lost

    between.after = lose
    return lost


def test_the_answer_to_the_first_commit_is_lost(job, server, bucket, gallery):
    """The manifest that is there is recognised as ours: the deployment succeeded."""
    with proxy(server) as between:
        lost = _lose_the_commit(between, server, bucket)
        run = job.run(s3_endpoint=between.server.endpoint)

    assert lost
    assert run.status == 0, run.stdout
    assert run.outputs["uploaded-files"] == str(9 + 4 + 1)
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}


def test_the_answer_to_a_later_commit_is_lost(changed, job, server, bucket, gallery):
    """Likewise where the manifest replaces another: the deletes follow."""
    with proxy(server) as between:
        lost = _lose_the_commit(between, server, bucket)
        run = job.run(s3_endpoint=between.server.endpoint)

    assert lost
    assert run.status == 0, run.stdout
    assert servers.body(server, bucket, MANIFEST) != changed
    assert servers.listing(server, bucket).keys() == gallery.keys() | SITE | {MANIFEST, LEDGER}
    assert _rerun(job, server) == []
