"""Failures of the way to the bucket: credentials, bucket and network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

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


@pytest.fixture
def strict(server):
    if not server.signatures:
        pytest.skip(f"{server.name} does not check signatures")
    return server


def test_a_wrong_secret_key(strict, deployed, bucket):
    """The reason is the credentials, and the secret that was tried is not shown either."""
    before = servers.listing(strict, bucket)
    deployed.inputs["s3-secret-key"] = "an0ther/secret+key"

    run = deployed.run(force="true")

    message = "Error: Could not read gallery-metadata.json: the secret key does not belong"
    failure.check(run, deployed, FailureReason.CREDENTIALS, message, "s3-secret-key")
    assert servers.listing(strict, bucket) == before


def test_an_unknown_key_id(strict, deployed, bucket):
    """Likewise for a key that the service has never seen."""
    before = servers.listing(strict, bucket)
    deployed.inputs["s3-access-key"] = "NOBODYSKEYID"

    run = deployed.run(force="true")

    message = "Error: Could not read gallery-metadata.json: the service does not know the access"
    failure.check(run, deployed, FailureReason.CREDENTIALS, message, "s3-access-key")
    assert servers.listing(strict, bucket) == before


def test_a_missing_bucket(server, job):
    """It is named together with the endpoint, and not made."""
    run = job.run(s3_bucket="no-such-bucket")

    message = "Error: Could not read gallery-metadata.json: there is no such bucket"
    details = f"bucket no-such-bucket at {server.endpoint}"
    failure.check(run, job, FailureReason.BUCKET, message, details, "Check s3-bucket")
    buckets = servers.client(server).list_buckets()["Buckets"]
    assert "no-such-bucket" not in [each["Name"] for each in buckets]


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
