"""The image as GitHub's runner starts it: outputs, files, links, hostile workspaces, signals."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest
from container.step import RUNNER_USER
from support import servers
from support.process import ON_THE_RUNNER, Run
from support.proxy import proxy

from galleria_action.inputs import OUTPUTS

LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"
SITE = {"index.html", "style.css", "js/app.js", "data/photos.json"}
CANCEL_SECONDS = 10
"""What the runner gives a step that is cancelled, before it kills it."""


def _succeeded(run: Run) -> Run:
    assert (run.status, run.outputs.get("failure-reason")) == (0, ""), run.stdout + run.stderr
    return run


def _owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def test_plan_deploy_nothing_to_do(job, server, bucket, gallery):
    """A dry run, a deployment and a second one, with the outputs that later steps use."""
    run = _succeeded(job.run(dry_run="true"))
    assert run.outputs.keys() == OUTPUTS.keys()
    assert run.outputs["mode"] == "metadata"
    assert (run.outputs["changes"], run.outputs["uploaded-files"]) == ("true", "0")
    assert (run.outputs["photos-to-upload"], run.outputs["site-to-upload"]) == ("3", "4")
    assert "Dry run completed - no files were uploaded" in run.log
    assert servers.listing(server, bucket) == {}
    planned = run.outputs["plan-hash"]

    run = _succeeded(job.run())
    assert run.outputs["plan-hash"] == planned
    assert run.outputs["uploaded-files"] == "14"
    assert run.summary
    keys = gallery.keys() | SITE | {"gallery-metadata.json", LEDGER}
    deployed = servers.listing(server, bucket)
    assert deployed.keys() == keys

    run = _succeeded(job.run())
    assert (run.outputs["changes"], run.outputs["uploaded-files"]) == ("false", "0")
    assert servers.listing(server, bucket) == deployed


def test_the_next_steps_can_read_the_reports(job, gallery):
    """Paths of outputs are relative to the workspace; all files belong to its owner."""
    run = _succeeded(job.run(dry_run="true", report_dir="reports/gallery"))

    plan = json.loads((gallery.root / run.outputs["plan-path"]).read_bytes())
    assert plan["changes"]
    assert (gallery.root / run.outputs["report-path"]).read_text()
    assert _owners(gallery.root) == {RUNNER_USER}
    assert run.summary


def test_nothing_is_left_in_the_workspace_but_the_reports(job, gallery):
    """No byte code, no temporary files, no settings."""
    before = set(gallery.root.rglob("*"))
    _succeeded(job.run())
    made = set(gallery.root.rglob("*")) - before
    assert made
    assert all("galleria-report" in path.parts for path in made), made


def test_links_made_on_the_runner_lead_to_their_files(job, server, bucket, gallery):
    """Absolute links under the runner's path of the workspace, which the container has not."""
    originals = gallery.root / "pics-full"
    originals.mkdir()
    for name in "abc":
        file = gallery.pics / f"full/{name}.jpg"
        file.rename(originals / f"{name}.jpg")
        file.symlink_to(f"{ON_THE_RUNNER}/pics-full/{name}.jpg")

    _succeeded(job.run())

    assert servers.listing(server, bucket).keys() >= gallery.keys()
    assert _succeeded(job.run()).outputs["changes"] == "false"


@pytest.mark.parametrize("target", ["/etc/passwd", "/app/entrypoint.py", "../../../etc/passwd"])
def test_a_link_out_of_the_workspace_is_refused(job, server, bucket, gallery, target):
    """Nothing of the container gets into the bucket; the message names the link."""
    (gallery.site / "page.html").symlink_to(target)

    run = job.run()

    assert run.status == 1
    assert run.outputs["failure-reason"] == "config"
    assert "prod/site/page.html" in run.stdout
    assert servers.listing(server, bucket) == {}


def test_modules_of_the_workspace_are_not_imported(job, gallery):
    """The working directory is the user's: its files must not shadow ours or Python's."""
    trap = "raise SystemExit('imported from the workspace')\n"
    for name in ("json", "boto3", "site", "sitecustomize", "usercustomize", "entrypoint"):
        (gallery.root / f"{name}.py").write_text(trap)
    (gallery.root / "galleria_action").mkdir()
    for name in ("__init__", "__main__", "main"):
        (gallery.root / f"galleria_action/{name}.py").write_text(trap)
    job.environ |= {"PYTHONPATH": "/github/workspace", "PYTHONSTARTUP": "/github/workspace/json.py"}

    run = _succeeded(job.run(dry_run="true"))

    assert "imported from the workspace" not in run.stdout + run.stderr


def test_inputs_reach_the_program_as_they_are(job, server, bucket, gallery):
    """Hyphens in names, and values that a shell would take apart, expand or run."""
    prefix = "a b/$HOME/`id`/$(id)/*;'\""
    _succeeded(job.run(site_prefix=prefix, site_only="true", exclude="*.css\njs"))
    site = servers.listing(server, bucket).keys() - {LEDGER}
    assert site == {f"{prefix}/index.html", f"{prefix}/data/photos.json"}


@pytest.mark.parametrize("send", ["TERM to the container", "INT to the client"])
def test_a_cancelled_run_ends_in_time(job, server, gallery, send):
    """While uploads hang: status 130 and `cancelled` before the runner would kill it.

    `docker stop` sends SIGTERM to the program; a cancelled step's runner sends SIGINT to the
    client, which hands it on.
    """
    uploading = threading.Event()
    with proxy(server) as between:

        def slow(request):
            if request.method == "PUT":
                uploading.set()
                between.ended.wait(60)

        between.before = slow
        job.inputs["s3-endpoint"] = between.server.endpoint
        step = job.start()
        assert uploading.wait(60)
        began = time.monotonic()
        if send.startswith("TERM"):
            step.signal("TERM")
        else:
            step.process.send_signal(signal.SIGINT)
        run = step.finish()
        seconds = time.monotonic() - began

    assert (run.status, run.outputs["failure-reason"]) == (130, "cancelled"), run.stdout
    assert seconds < CANCEL_SECONDS
    assert "gallery-metadata.json" not in between.puts()


def test_a_cancelled_run_is_taken_up_by_the_next(job, server, bucket, gallery):
    """Cancelled half-way, then run again: the bucket is whole, and nothing more to do."""
    uploading = threading.Event()
    with proxy(server) as between:

        def slow(request):
            if request.key.endswith("c.jpg"):
                uploading.set()
                between.ended.wait(60)

        between.before = slow
        endpoint = job.inputs["s3-endpoint"]
        job.inputs["s3-endpoint"] = between.server.endpoint
        step = job.start()
        assert uploading.wait(60)
        step.signal("TERM")
        assert step.finish().status == 130

    job.inputs["s3-endpoint"] = endpoint
    _succeeded(job.run())
    assert servers.listing(server, bucket).keys() >= gallery.keys() | SITE
    assert _succeeded(job.run()).outputs["changes"] == "false"
