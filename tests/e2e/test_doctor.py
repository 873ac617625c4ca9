"""The doctor as a process: what it finds out about real stores, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support import failure, servers
from support.process import ENTRYPOINT, Job, Run, Step
from support.proxy import Lost, Request, proxy
from support.servers import Server

FOLDER = ".galleria/doctor-"
WRITES = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]

on_moto = pytest.mark.parametrize("server", ["moto"], indirect=True)
on_ceph = pytest.mark.parametrize(
    "server", [pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)


def found(run: Run) -> dict[str, str]:
    """Text of each remark, by its mark: the first word of its line."""
    marks = re.compile(r"^(ok|note|change|fail) +(.+)$")
    pairs = [match.groups() for line in run.log if (match := marks.match(line))]
    texts: dict[str, str] = {}
    for mark, text in pairs:
        texts[mark] = f"{texts.get(mark, '')}{text}\n"
    return texts


def documents(run: Run) -> dict[str, Any]:
    """What the log has to paste, by the heading."""
    blocks = re.findall(r"^(\S[^\n]*):\n(\{\n.*?^\})$", run.stdout, re.MULTILINE | re.DOTALL)
    return {heading: json.loads(text) for heading, text in blocks}


def check_gone(server: Server, bucket: str) -> None:
    """Nothing of the doctor is there: no object, no version, no upload in parts."""
    assert not [key for key in servers.listing(server, bucket) if key.startswith(FOLDER)]
    client = servers.client(server)
    if server.name != "rclone":
        uploads = client.list_multipart_uploads(Bucket=bucket)
        assert not uploads.get("Uploads")
        kept = client.list_object_versions(Bucket=bucket, Prefix=FOLDER)
        assert not kept.get("Versions")
        assert not kept.get("DeleteMarkers")


def forbid(server: Server, bucket: str, *actions: str) -> None:
    """Take rights away from everybody, the bucket's owner too."""
    resource = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": [*actions], "Resource": resource}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    servers.client(server).put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_a_new_bucket(job: Job, server: Server, bucket: str):
    """What the store honours and what it ignores is found out, whatever store it is."""
    servers.client(server).put_object(Bucket=bucket, Key="mine.txt", Body=b"mine")
    before = servers.listing(server, bucket)

    run = job.run("doctor")

    assert run.status == 0, run.stdout
    assert run.stderr == ""
    assert run.outputs == {"failure-reason": ""}
    texts = found(run)
    assert "fail" not in texts
    for can in ("list the bucket", "read the manifest", "write objects", "delete objects"):
        assert f"The key can {can}." in texts["ok"]
    assert "Large files can be uploaded in parts." in texts["ok"]
    assert "Many objects can be deleted by one request." in texts["ok"]
    conditions = "The store honours conditional writes"
    assert (conditions in texts["ok"]) is server.conditions
    assert ("If-None-Match is ignored, If-Match is ignored" in texts["note"]) is (
        not server.conditions
    )
    assert ("without quotes" in texts["ok"]) is (server.name == "ceph")
    assert ("The store refuses uploads that were damaged" in texts["ok"]) is server.digests
    assert ("does not look at Content-MD5" in texts["note"]) is not server.digests
    assert ("signed hashes: it took another" in texts["note"]) is (server.name != "ceph")
    assert run.log[-1] == "Deployments will work."
    assert "Deployments will work." in run.summary
    assert servers.listing(server, bucket) == before
    check_gone(server, bucket)
    failure.check_secrets(run, job)


def test_the_deployment_works_and_the_doctor_sees_it_live(job: Job, server: Server, bucket: str):
    """A deployed gallery is looked at from outside and stays as it is."""
    assert job.run().status == 0
    before = servers.listing(server, bucket)
    run = job.run("doctor", public_url=f"{server.endpoint}/{bucket}")
    assert run.status == 0, run.stdout
    for what in ("a throw-away file", "the live site", "the live manifest"):
        assert f"Visitors cannot read {what}" in found(run)["change"]
    assert servers.listing(server, bucket) == before
    assert job.run().outputs["changes"] == "false"


@on_ceph
def test_what_it_says_to_paste_makes_the_gallery_public(job: Job, server: Server, bucket: str):
    """The policy and the CORS configuration of the report do what the next report wants."""
    assert job.run().status == 0
    client = servers.client(server)
    with proxy(server) as visitors:
        public = f"{visitors.server.endpoint}/{bucket}"
        run = job.run("doctor", public_url=public)
        assert "Visitors cannot read the live site" in found(run)["change"]
        assert "cannot fetch photos from the bucket's own address" in found(run)["note"]
        pasted = documents(run)
        policy = json.dumps(pasted["A bucket policy for public reading"])
        client.put_bucket_policy(Bucket=bucket, Policy=policy)
        cors = pasted["A CORS configuration"]
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration=cors)

        run = job.run("doctor", public_url=public)
    texts = found(run)
    assert "change" not in texts, run.stdout
    headers = "Content-Type text/html; charset=utf-8, Cache-Control public, max-age=0"
    for what in ("a throw-away file", "the live site", "the live manifest"):
        assert f"Visitors can read {what}" in texts["ok"]
    assert texts["ok"].count(headers) == 2
    assert f"pages at {visitors.server.endpoint} can fetch photos" in texts["ok"]
    assert documents(run) == {}
    check_gone(server, bucket)


@on_ceph
def test_a_key_that_can_only_read(job: Job, server: Server, bucket: str):
    """It is told once, with the rights to paste, and nothing is tried that cannot work."""
    forbid(server, bucket, *WRITES)
    with proxy(server) as between:
        run = job.run("doctor", s3_endpoint=between.server.endpoint)
    assert [each.method for each in between.writes()] == ["PUT"]
    assert run.status == 1
    assert run.outputs == {"failure-reason": "credentials"}
    says = "The key can only read. That is right for plans (dry-run: true) and not enough for"
    assert found(run)["fail"] == f"{says} deployments.\n"
    (policy,) = documents(run).values()
    assert {"s3:PutObject", "s3:DeleteObject"} < set(policy["Statement"][-1]["Action"])
    assert "Traceback" not in run.visible
    assert len(run.annotations("error")) == 1

    run = job.run("doctor", dry_run="true")
    assert (run.status, run.log[-1]) == (0, "Plans will work.")
    assert servers.listing(server, bucket) == {}


@on_ceph
@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("s3:ListBucket", "The key may not list the bucket."),
        ("s3:GetObject", "The key may not read objects."),
        ("s3:DeleteObject", "The key may not delete objects."),
    ],
)
def test_a_missing_right(job: Job, server: Server, bucket: str, action: str, says: str):
    """Each right that a deployment needs is missed by name; what stays behind is told."""
    forbid(server, bucket, action)
    run = job.run("doctor")
    assert (run.status, run.outputs["failure-reason"]) == (1, "credentials"), run.stdout
    assert says in found(run)["fail"]
    servers.client(server).delete_bucket_policy(Bucket=bucket)
    left = servers.listing(server, bucket)
    assert bool(left) is (action == "s3:DeleteObject")
    for key in left:
        assert key in run.stdout

    run = job.run("doctor")
    assert run.status == 0
    assert ("throw-away objects of other runs" in found(run).get("note", "")) is bool(left)


@on_ceph
@pytest.mark.parametrize(
    ("wrong", "reason", "says"),
    [
        ({"s3_secret_key": "another-secret"}, "credentials", "the secret key does not belong"),
        ({"s3_access_key": "NOBODY"}, "credentials", "does not know the access key"),
        ({"s3_bucket": "there-is-none"}, "bucket", "there is no such bucket"),
        ({"s3_endpoint": "http://127.0.0.1:9"}, "network", "no connection to"),
        ({"s3_region": "eu central"}, "bucket", "s3-region is not the name of one"),
        ({"s3_bucket": ""}, "config", "Missing S3 configuration"),
    ],
)
def test_no_way_in(job: Job, server: Server, wrong: dict[str, str], reason: str, says: str):
    """One failure with the right reason, and no others that follow from it."""
    run = job.run("doctor", **wrong)
    assert (run.status, run.outputs) == (1, {"failure-reason": reason}), run.stdout
    assert says in run.stdout
    remarks = found(run)
    assert len(remarks.get("fail", "").splitlines()) == ("Could not list" in run.stdout)
    assert set(remarks) <= {"fail"}
    assert len(run.annotations("error")) == 1
    assert "another-secret" not in run.visible


def _interrupt(how: int, at: str) -> Callable[[list[Step]], Callable[[Request], None]]:
    def make(steps: list[Step]) -> Callable[[Request], None]:
        def after(request: Request) -> None:
            if request.method == "PUT" and request.key.endswith(at) and steps:
                os.kill(steps.pop().process.pid, how)

        return after

    return make


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["/page.html", "/second.html", "/hash.html"])
@on_moto
def test_interrupted(job: Job, server: Server, bucket: str, how: int, at: str):
    """A run that is stopped removes what it has written, and what nobody told it has arrived."""
    steps: list[Step] = []
    with proxy(server) as between:
        between.after = _interrupt(how, at)(steps)
        step = job.start("doctor", s3_endpoint=between.server.endpoint)
        steps.append(step)
        run = step.finish()
        assert run.status == 130, run.stdout
    assert run.outputs == {"failure-reason": "cancelled"}
    check_gone(server, bucket)


@on_moto
def test_interrupted_and_cut_off(job: Job, server: Server, bucket: str):
    """A run that is stopped, and cannot remove anything, does not say that it has."""
    steps: list[Step] = []

    def lose(request: Request) -> None:
        if request.method == "DELETE":
            raise Lost

    with proxy(server) as between:
        between.before, between.after = lose, _interrupt(signal.SIGTERM, "/page.html")(steps)
        step = job.start("doctor", s3_endpoint=between.server.endpoint)
        steps.append(step)
        run = step.finish()
    assert run.status == 130, run.stdout
    assert servers.listing(server, bucket)
    assert "if one could not be, the next run tells which it is" in run.stdout
    assert "throw-away objects of other runs" in found(job.run("doctor"))["note"]


@on_moto
def test_killed(job: Job, server: Server, bucket: str):
    """After SIGKILL the next run tells what is left and whose it is."""
    steps: list[Step] = []
    with proxy(server) as between:
        between.after = _interrupt(signal.SIGKILL, "/hash.html")(steps)
        step = job.start("doctor", s3_endpoint=between.server.endpoint)
        steps.append(step)
        assert step.finish().status == -signal.SIGKILL
    left = set(servers.listing(server, bucket))
    assert left
    run = job.run("doctor")
    assert run.status == 0
    assert "throw-away objects of other runs" in found(run)["note"]
    assert set(servers.listing(server, bucket)) == left


@on_moto
def test_the_connection_is_lost(job: Job, server: Server, bucket: str):
    """A store that stops answering half-way is a failure of the network, and tidied up after."""

    def lose(request: Request) -> None:
        if request.method == "PUT" and request.key.endswith("/digest.html"):
            raise Lost

    with proxy(server) as between:
        between.before = lose
        run = job.run("doctor", s3_endpoint=between.server.endpoint)
    assert (run.status, run.outputs["failure-reason"]) == (1, "network"), run.stdout
    assert "the connection was lost" in run.stdout
    assert "Not deployed" not in run.summary
    check_gone(server, bucket)


@pytest.mark.parametrize(
    "server", ["moto", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)
def test_a_bucket_that_keeps_versions(job: Job, server: Server, bucket: str):
    """It is told, no version is left, and the lifecycle configuration to paste is a valid one."""
    client = servers.client(server)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    run = job.run("doctor")
    assert run.status == 0, run.stdout
    assert "keeps old versions" in found(run)["note"]
    check_gone(server, bucket)
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration=documents(run)["A lifecycle configuration"]
    )


@on_moto
def test_at_a_terminal(job: Job, server: Server, bucket: str, tmp_path):
    """The same report on a laptop, from flags and the settings file, without workflow commands."""
    (tmp_path / "settings.local.py").write_text(
        f'S3_PUBLIC_ENDPOINT = "{server.endpoint}"\nS3_PUBLIC_BUCKET = "{bucket}"\n'
        f'S3_PUBLIC_ACCESS_KEY = "{server.access_key}"\nMAX_DELETES = "nonsense"\n'
    )
    run = subprocess.run(
        [sys.executable, "-I", str(ENTRYPOINT), "doctor", "--s3-region", "us-east-1"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GALLERIA_S3_PUBLIC_SECRET_KEY": server.secret_key},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert "::" not in run.stdout
    assert run.stdout.splitlines()[:4] == [
        f"Bucket: {bucket}",
        f"Store: {server.endpoint}",
        f"Address: {server.endpoint}/{bucket}",
        "Region: us-east-1 (s3-region)",
    ]
    assert run.stdout.endswith("\nDeployments will work.\n")
    check_gone(server, bucket)


@on_moto
@pytest.mark.parametrize(
    ("event", "payload", "dry_run", "reason"),
    [
        ("pull_request_target", {}, "", "unsafe-event"),
        ("pull_request_target", {}, "true", ""),
    ],
)
def test_events(job: Job, server, bucket, event, payload, dry_run, reason):
    """Where deployments are refused, the doctor writes nothing either."""
    job.environ["GITHUB_EVENT_NAME"] = event
    run = job.run("doctor", dry_run=dry_run)
    assert (run.status, run.outputs["failure-reason"]) == (int(bool(reason)), reason), run.stdout
    assert servers.listing(server, bucket) == {}
