"""Cancelled while the store says nothing, at the program's own pace."""

from __future__ import annotations

import signal
import threading

import pytest
from support import failure, galleries, process, servers
from support.proxy import Request, proxy

from galleria_action.errors import FailureReason

SECONDS = 40
"""A store that is silent is waited for 60 seconds, and more than once."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("puts", [0, 4])
def test_cancelled_while_the_store_is_silent(moto, tmp_path, number, puts):
    """It ends by itself all the same, before the runner would kill it."""
    gallery = galleries.make(tmp_path / "workspace", ["a", "b"])
    bucket = servers.make_bucket(moto)
    with (
        proxy(moto) as between,
        process.job(gallery.root, tmp_path / "runner", between.server, bucket) as job,
    ):
        reached = threading.Event()

        def silence(request: Request) -> None:
            if reached.is_set() or len(between.puts()) > puts:
                reached.set()
                between.ended.wait(2 * SECONDS)

        between.before = silence
        step = job.start(concurrency="2")
        assert reached.wait(SECONDS)
        step.process.send_signal(number)
        run = step.finish(SECONDS)

    assert run.status == 130
    assert run.outputs["failure-reason"] == FailureReason.CANCELLED
    assert run.log.count("Error: Cancelled") == 1
    assert "Traceback" not in run.visible
    assert run.stderr == ""
    failure.check_secrets(run, job)
