"""A real workflow with `uses: ./`, run by act on the Docker engine."""

from __future__ import annotations

import pytest
from container import workflows
from container.workflows import NAME, Repository
from support import galleries, servers

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
def repository(act, tmp_path, image, server, bucket) -> Repository:
    """A user's repository that holds a gallery, the workflow and this action."""
    made = Repository(act, tmp_path / "gallery", tmp_path)
    made.use(server, bucket)
    galleries.make(made.root)
    workflows.write_action(made.root, image)
    made.write(".github/workflows/gallery.yml", WORKFLOW)
    made.commit()
    return made


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "pull_request"])
def test_a_workflow_deploys_and_uses_the_outputs(repository, server, bucket, event):
    """Plan, deploy exactly that plan, and a step that reads the outputs and the report."""
    ours = {"repo": {"full_name": NAME}, "ref": "main"}
    pull_request = {"pull_request": {"number": 7, "head": ours, "base": ours}}
    ran = repository.run(event, payload=pull_request if event == "pull_request" else None)
    deploys = event != "pull_request"

    assert ran.returncode == 0, ran.stdout
    assert "to upload: 3" in ran.stdout
    assert f"uploaded: {'14' if deploys else ''}." in ran.stdout
    assert "plan: it is there" in ran.stdout
    assert bool(servers.listing(server, bucket)) == deploys
    assert server.secret_key not in ran.stdout


INDEXED = """\
name: Gallery
on: push
permissions:
  contents: read
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - id: index
        uses: ./
        with:
          args: index --timestamp-offset-hours -4 --target-timezone-offset-hours 2
      - id: deploy
        uses: ./
        with:
          s3-endpoint: ${{ vars.S3_ENDPOINT }}
          s3-bucket: ${{ vars.S3_BUCKET }}
          s3-access-key: ${{ secrets.S3_ACCESS_KEY }}
          s3-secret-key: ${{ secrets.S3_SECRET_KEY }}
          strip-gps: true
      - run: echo "index ${{ steps.index.outputs.changes }}, ${{ steps.deploy.outputs.mode }}."
"""


def test_a_step_makes_the_manifest(repository, server, bucket):
    """A gallery without a manifest gets one by a step before, and the deployment follows it."""
    (repository.root / "prod/pics/gallery-metadata.json").unlink()
    repository.write(".github/workflows/gallery.yml", INDEXED)
    ran = repository.run("push")

    assert ran.returncode == 0, ran.stdout
    assert "3 photos: 3 new" in ran.stdout
    assert "index true, metadata." in ran.stdout
    assert "foretold" not in ran.stdout
    assert "gallery-metadata.json" in servers.listing(server, bucket)
