"""Deployments that last longer than their credentials: twenty minutes by a clock that runs fast."""

from __future__ import annotations

import json
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support import failure, galleries, listening, process, servers
from support.galleries import Gallery
from support.process import Job
from support.servers import HOST, Server

from faults import clock, hurried, story, wire
from faults.clock import Clock
from faults.kinds import LEDGER, RECORDS
from faults.story import Story
from faults.wire import Authority, Wire
from faults.witness import Witness
from galleria_action.errors import FailureReason

SPEED = 400
LENGTH = timedelta(minutes=20)
REGION = "eu-central-1"


@dataclass
class Issuer:
    """Gives out credentials that expire; knows which are good."""

    clock: Clock
    life: timedelta
    expires: dict[str, datetime] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    makers: set[str] = field(default_factory=set)
    """Who made the requests: the engine, boto3, or both."""

    def issue(self) -> bytes:
        """New ones, in the words of both a container's and a process's credentials."""
        token = f"token-{len(self.expires)}"
        self.expires[token] = self.clock.now() + self.life
        ends = self.expires[token].strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": servers.ACCESS_KEY, "SecretAccessKey": servers.SECRET_KEY}
        tokens = {"Token": token, "SessionToken": token, "Expiration": ends}
        return json.dumps({"Version": 1, **keys, **tokens}).encode()

    def admits(self, headers) -> bool:
        token = headers["X-Amz-Security-Token"]
        good = token in self.expires and self.clock.now() < self.expires[token]
        if good:
            self.used.add(token)
            self.makers.add(headers["User-Agent"].partition("/")[0])
        return good


@contextmanager
def _served(issuer: Issuer) -> Iterator[str]:
    """The URL of the issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(issuer.issue())

        def log_message(self, *_: object) -> None:
            pass

    listener = HTTPServer((HOST, 0), Handler)
    with listening.serving(listener):
        yield f"http://{HOST}:{listener.server_port}/credentials"


def _container(url: str, folder: Path) -> dict[str, str]:
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}


def _process(url: str, folder: Path) -> dict[str, str]:
    asks = folder / "credentials"
    asks.write_text(
        f"#!{sys.executable}\n"
        f"import urllib.request\nprint(urllib.request.urlopen({url!r}).read().decode())\n"
    )
    asks.chmod(stat.S_IRWXU)
    settings = folder / "config"
    settings.write_text(f"[default]\ncredential_process = {asks}\n")
    return {"AWS_CONFIG_FILE": str(settings)}


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    return galleries.make(tmp_path / "workspace", [f"p{number}" for number in range(12)])


@contextmanager
def _deployment(gallery: Gallery, server: Server, folder: Path) -> Iterator[tuple[Wire, Job]]:
    """A way to a new bucket of ``server``, which is AWS's own for who takes it as a proxy."""
    bucket = servers.make_bucket(server)
    target = story.versions(gallery)
    told = Story(gallery, target, {"new": story.published(gallery)}, {LEDGER, *target})
    authority = Authority.found(folder, f"*.s3.{REGION}.amazonaws.com", "localhost")
    witness = Witness(server, bucket, told)
    with (
        wire.wire(server, witness, authority) as way,
        process.job(gallery.root, folder / "runner", way.server, bucket) as job,
    ):
        witness.begin()
        yield way, job


@pytest.mark.parametrize("minutes", [16, 5])
@pytest.mark.parametrize("source", [_container, _process])
def test_credentials_that_are_renewed(moto, gallery, tmp_path, source, minutes):
    """At AWS the chain renews them: a deployment goes on for longer than any of them lasts."""
    issuer = Issuer(Clock(time.time(), SPEED), timedelta(minutes=minutes))
    with _served(issuer) as url, _deployment(gallery, moto, tmp_path) as (way, job):
        way.admits = issuer.admits
        way.moment = lambda _request, done: time.sleep(0.08 if done else 0)
        tunnel = way.server.endpoint.replace("https", "http")
        job.inputs = {"s3-bucket": job.inputs["s3-bucket"], "s3-region": REGION}
        job.environ |= {
            clock.NAME: str(issuer.clock),
            "HTTPS_PROXY": tunnel,
            "AWS_EC2_METADATA_DISABLED": "true",
            **source(url, tmp_path),
        }
        job.program = Path(clock.__file__)
        way.tunnels = True

        run = job.run(concurrency="1")

        ended = issuer.clock.now()
        way.drain()
        assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
        assert ended - datetime.fromtimestamp(issuer.clock.start, ended.tzinfo) > LENGTH
        assert len(issuer.used) > 1
        # However short they last, no other way than the fast one is needed.
        assert issuer.makers == {"galleria-deploy"}
        assert all(
            way.witness.objects[key] == etag for key, etag in way.witness.story.target.items()
        )
        assert way.witness.violations == []


def test_credentials_that_nobody_can_renew(moto, gallery, tmp_path):
    """With keys as inputs the run stops and says so; the next one sends only what is missing."""
    with _deployment(gallery, moto, tmp_path) as (way, job):
        job.program = hurried.LAUNCHER
        way.admits = lambda headers: (
            headers["X-Amz-Security-Token"] == "new" or (len(way.witness.requests) < 25)
        )

        run = job.run(s3_session_token="old", concurrency="4")

        way.drain()
        job.inputs["s3-session-token"] = "old"
        failure.check(
            run, job, FailureReason.CREDENTIALS, "Photo deployment failed", "A rerun sends only"
        )
        arrived = way.witness.objects.keys() - RECORDS
        assert arrived
        assert way.witness.live is None

        way.witness.begin()
        again = job.run(s3_session_token="new")

        assert again.status == 0, again.stdout
        sent = {key for key, _ in way.witness.sent} - RECORDS
        assert sent == way.witness.story.target.keys() - RECORDS - arrived
        assert way.witness.violations == []
