"""Real S3 servers on loopback for tests: rclone, moto and a Ceph Object Gateway over TLS.

Each is a context manager that gives a `Server` once it answers. Its processes and files end with
the block, and with the tests if those are killed.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config as ClientConfig

from galleria_action import aws
from galleria_action.bucket import Bucket
from galleria_action.fast_store import FastStore

HOST = "127.0.0.1"
ACCESS_KEY = "GALLERIATESTKEY"
SECRET_KEY = "te5t/s3cret+with/signs="
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """An S3 server that answers.

    ca_bundle
        The certificate authority of its certificate; None if it speaks plain HTTP.
    conditions
        Whether it honours If-Match and If-None-Match of a put.
    signatures
        Whether it checks who signed a request.
    digests
        Whether it holds a put against its Content-MD5.
    """

    name: str
    endpoint: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    ca_bundle: Path | None = None
    conditions: bool = True
    signatures: bool = True
    digests: bool = True


class Listed(NamedTuple):
    """One object of a bucket, as a listing shows it."""

    etag: str
    size: int
    modified: datetime


@cache
def client(server: Server) -> Any:
    """A boto3 client of its own for tests, which knows nothing of the program under test."""
    return boto3.session.Session(server.access_key, server.secret_key).client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        verify=str(server.ca_bundle) if server.ca_bundle else None,
        config=ClientConfig(
            s3={"addressing_style": "path"},
            proxies={},
            max_pool_connections=32,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def make_bucket(server: Server) -> str:
    """A new, empty bucket; its name."""
    name = f"gallery-{uuid.uuid4().hex[:12]}"
    client(server).create_bucket(Bucket=name)
    return name


def publish(server: Server, bucket: str) -> str:
    """Let everybody read the bucket's objects; the address of its root for them."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }
    client(server).put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    return f"{server.endpoint}/{bucket}"


def listing(server: Server, bucket: str) -> dict[str, Listed]:
    """Everything in the bucket: key to ETag, size and time of its last write."""
    pages = client(server).get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        each["Key"]: Listed(each["ETag"].strip('"'), each["Size"], each["LastModified"])
        for page in pages
        for each in page.get("Contents", ())
    }


def body(server: Server, bucket: str, key: str) -> bytes:
    return client(server).get_object(Bucket=bucket, Key=key)["Body"].read()


class Hurried(threading.Event):
    """Never set; whoever waits for it goes on at once. ``pauses``: for how many seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        return False


def store(
    server: Server, bucket: str, stopped: threading.Event | None = None, **changes: str
) -> FastStore:
    """The store that a deployment to ``bucket`` uses; ``changes`` to how it signs in.

    It makes as many attempts as ever, but without the pauses.
    """
    access = {
        "endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        **changes,
    }
    with pytest.MonkeyPatch.context() as patch:
        if server.ca_bundle:
            patch.setenv("AWS_CA_BUNDLE", str(server.ca_bundle))
        made = aws.store(Bucket(bucket, **access), 16, stopped or Hurried())
        assert isinstance(made, FastStore)
        if server.ca_bundle:
            made.careful  # noqa: B018  # reads the environment, too
    return made


@contextmanager
def rclone() -> Iterator[Server]:
    """rclone's server: real files in a folder, no conditions."""
    with processes() as started:
        port = free_port()
        files = started.folder / "files"
        files.mkdir()
        login = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull]
        address = ["--addr", f"{HOST}:{port}"]
        started.start([_program("rclone"), "serve", "s3", *login, *address, str(files)])
        started.wait_for(lambda: _answers(port))
        yield Server("rclone", f"http://{HOST}:{port}", conditions=False)


@contextmanager
def moto() -> Iterator[Server]:
    """moto's server: objects in memory, conditions, no look at signatures and digests."""
    with processes() as started:
        port = free_port()
        started.start([sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)])
        started.wait_for(lambda: _answers(port))
        yield Server("moto", f"http://{HOST}:{port}", signatures=False, digests=False)


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return found.getsockname()[1]


def _program(name: str) -> str:
    """The program ``name``, of this environment rather than of the machine."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return shutil.which(name, path=places) or name


def _answers(port: int) -> bool:
    """Whether an HTTP server answers, with any status."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


# The kernel ends the server even when the tests are killed (Linux, util-linux).
_GUARD = [shutil.which("setpriv"), "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


class Processes:
    """Servers that log into ``folder``, to be stopped in the order opposite to their start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: Sequence[str], environ: dict[str, str] | None = None) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    [*_GUARD, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environ,
                    start_new_session=True,
                )
            )

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready``; a process that ended, or one that takes too long, is an error."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            ended = any(each.poll() is not None for each in self._running)
            if ended or time.monotonic() > deadline:
                log = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the server {'ended' if ended else 'does not answer'}:\n{log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End them at once, with their children: they hold nothing that anybody wants to keep."""
        for process in reversed(self._running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def processes() -> Iterator[Processes]:
    # Not pytest's folder: its name is too long for the sockets that Ceph makes.
    with tempfile.TemporaryDirectory(prefix="s3-", ignore_cleanup_errors=True) as folder:
        started = Processes(Path(folder))
        try:
            yield started
        finally:
            started.stop()
