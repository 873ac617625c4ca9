"""Pull requests from forks and of Dependabot: no secrets, a plan from the public files, green."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from support import listening, servers
from support.process import Job
from support.servers import Server

MANIFEST = "gallery-metadata.json"
FORK = {
    "pull_request": {
        "number": 5,
        "head": {"repo": {"full_name": "friend/gallery"}},
        "base": {"repo": {"full_name": "someone/gallery"}},
    }
}


class Website(ThreadingHTTPServer):
    """Serves a bucket as visitors see it, and counts what is asked for."""

    daemon_threads = True

    def __init__(self, server: Server, bucket: str) -> None:
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.source = (server, bucket)
        self.asked: list[str] = []
        self.hidden: dict[str, int] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Visitor(BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        key = unquote(self.path.removeprefix("/"))
        self.server.asked.append(key)
        listed = servers.listing(*self.server.source)
        status = self.server.hidden.get(key, 200 if key in listed else 404)
        body = servers.body(*self.server.source, key) if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests have nothing to read here."""


@pytest.fixture
def server(moto) -> Server:
    """One server is enough: nothing here depends on it."""
    return moto


@pytest.fixture
def website(server, bucket) -> Iterator[Website]:
    made = Website(server, bucket)
    with listening.serving(made):
        yield made


@pytest.fixture
def fork(gallery, tmp_path) -> Job:
    """A job as GitHub starts it for a fork: an empty environment, no inputs but plain ones."""
    event = tmp_path / "fork.json"
    event.write_text(json.dumps(FORK))
    environ = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
    return Job(gallery.root, tmp_path / "fork", {}, environ)


def test_a_plan_from_the_public_files(job, fork, gallery, website, server, bucket):
    """Manifest and ledger under public-url are enough to say what merging would change."""
    assert job.run().status == 0
    gallery.add("d")
    gallery.remove("b")
    gallery.write()
    gallery.write_site({"index.html": b"<title>by a friend</title>"})
    before = servers.listing(server, bucket)
    run = fork.run(public_url=website.url)
    assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
    assert run.outputs["photos-to-upload"] == "1"
    assert run.outputs["photos-to-delete"] == "1"
    assert run.outputs["photos-unchanged"] == "2"
    assert run.outputs["site-to-upload"] == "1"
    assert "made without credentials" in run.summary
    assert servers.listing(server, bucket) == before
    assert set(website.asked) == {MANIFEST, f".galleria/{MANIFEST}.ledger.json.gz"}


def test_the_plan_has_the_hash_of_the_later_deployment(job, fork, gallery, website):
    """Apart from the bucket's name, which a fork may not know, the plans are the same."""
    assert job.run().status == 0
    gallery.add("d")
    gallery.write()
    named = fork.run(public_url=website.url, s3_bucket=job.inputs["s3-bucket"])
    assert named.outputs["plan-hash"] == job.run(dry_run="true").outputs["plan-hash"]


def test_without_an_address_there_is_no_plan_and_the_check_stays_green(fork):
    """The summary says why, and what would change it."""
    run = fork.run()
    assert (run.status, run.outputs["failure-reason"]) == (0, "")
    assert "No plan" in run.summary
    assert "public-url" in run.summary
    assert run.outputs["plan-hash"] == ""


@pytest.mark.parametrize("status", [403, 500])
def test_an_address_that_cannot_be_read_stays_green(fork, website, status):
    """What a friend cannot help does not turn their pull request red."""
    website.hidden[MANIFEST] = status
    run = fork.run(public_url=website.url)
    assert (run.status, run.outputs["failure-reason"]) == (0, ""), run.stdout
    assert "No plan" in run.summary


def test_a_gallery_that_was_never_deployed(fork, website):
    """Everything is new."""
    run = fork.run(public_url=website.url)
    assert (run.status, run.outputs["photos-to-upload"]) == (0, "3")


def test_a_hidden_ledger_makes_a_coarse_plan(job, fork, website):
    """Where the records are not public nothing can be proven to be deployed, and the plan says so."""
    assert job.run().status == 0
    website.hidden[f".galleria/{MANIFEST}.ledger.json.gz"] = 403
    run = fork.run(public_url=website.url)
    assert run.status == 0
    assert "ledger" in run.summary


def test_a_broken_manifest_is_still_an_error(fork, gallery, website):
    """What the pull request itself broke is shown to its author."""
    gallery.manifest.write_text("{")
    run = fork.run(public_url=website.url)
    assert (run.status, run.outputs["failure-reason"]) == (1, "metadata")
    assert run.annotations("error")[0].file == "prod/pics/gallery-metadata.json"


def test_dependabot_is_treated_alike(gallery, tmp_path, website):
    """Its pull requests come from the repository itself, and get no secrets either."""
    event = tmp_path / "bot.json"
    ours = {"repo": {"full_name": "someone/gallery"}}
    event.write_text(json.dumps({"pull_request": {"head": ours, "base": ours}}))
    environ = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_ACTOR": "dependabot[bot]",
    }
    run = Job(gallery.root, tmp_path / "bot", {}, environ).run(public_url=website.url)
    assert (run.status, run.outputs["photos-to-upload"]) == (0, "3")


def test_the_settings_of_a_fork_are_not_read(fork, gallery, website):
    """A settings file in the pull request cannot send anything anywhere."""
    (gallery.root / "settings.local.py").write_text("S3_PUBLIC_BUCKET = 'theirs'")
    run = fork.run(public_url=website.url)
    assert run.status == 0
    assert "theirs" not in run.visible
