"""Failures of the way to the bucket: credentials, bucket and network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import pytest
from support import failure, servers
from support.process import Job
from support.servers import HOST

from galleria_action.errors import FailureReason

MANIFEST = "gallery-metadata.json"


@pytest.fixture
def deployed(job) -> Job:
    """The job, after a first deployment."""
    assert job.run().status == 0
    return job


def test_wrong_credentials(server, deployed, bucket):
    """A wrong secret, an unknown key: the reason is named, and no secret, not even a wrong one."""
    if not server.signatures:
        pytest.skip(f"{server.name} does not check signatures")
    before = servers.listing(server, bucket)
    rows = [
        ("s3-secret-key", "an0ther/secret+key", "the secret key does not belong"),
        ("s3-access-key", "NOBODYSKEYID", "the service does not know the access key"),
    ]
    jobs = [replace(deployed, inputs={**deployed.inputs, name: text}) for name, text, _ in rows]
    steps = [job.start(force="true") for job in jobs]

    for (name, _, why), job, step in zip(rows, jobs, steps, strict=True):
        message = f"Error: Could not read {MANIFEST}: {why}"
        failure.check(step.finish(), job, FailureReason.CREDENTIALS, message, f"Check {name}")
    assert servers.listing(server, bucket) == before


def test_a_missing_bucket(server, job):
    """It is named together with the endpoint, and not made."""
    run = job.run(s3_bucket="no-such-bucket")

    message = f"Error: Could not read {MANIFEST}: there is no such bucket"
    details = f"bucket no-such-bucket at {server.endpoint}"
    failure.check(run, job, FailureReason.BUCKET, message, details, "Check s3-bucket")
    buckets = servers.client(server).list_buckets()["Buckets"]
    assert "no-such-bucket" not in [each["Name"] for each in buckets]


def test_a_region_that_is_none(job):
    """A region that no host name can have is a mistake of the user's, and told as one."""
    run = job.run(s3_region="eu central")

    message = "Error: Could not reach the bucket: the bucket lies in another region"
    failure.check(run, job, FailureReason.BUCKET, message, "Set s3-region")


@contextmanager
def _hangs_up(greeting: bytes) -> Iterator[str]:
    """A server that says ``greeting`` and ends each connection; its URL."""
    listener = socket.create_server((HOST, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                if greeting:
                    connection.recv(1 << 16)
                    connection.sendall(greeting)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


NOBODY_SERVES = {
    b"": "the connection was lost",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this": "the connection was lost",
    b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n": "the service did not manage to answer",
    b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\n<hr>": "the service did not manage to answer",
    b"SSH-2.0-OpenSSH_9.2\r\n": "the connection was lost",
}


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_nobody_serves(job):
    """No server, and several that drop, break off, are busy: the network is at fault."""
    nobody = f"http://{HOST}:{servers.free_port()}"
    with ExitStack() as stack:
        urls = {stack.enter_context(_hangs_up(each)): why for each, why in NOBODY_SERVES.items()}
        urls[nobody] = "no connection to"
        # All at once, because each waits for seconds between its attempts.
        steps = {url: job.start(s3_endpoint=url) for url in urls}
        runs = {url: step.finish() for url, step in steps.items()}

    for url, run in runs.items():
        message = f"Error: Could not read {MANIFEST}: {urls[url]}"
        failure.check(run, job, FailureReason.NETWORK, message)
        assert url in run.stdout or "did not manage" in message
