"""The index as a process, in front of the deployment as a workflow has them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import galleries, servers
from support.process import ENTRYPOINT, ON_THE_RUNNER, REPOSITORY, RUNNER_WORKSPACE, Job

MANIFEST = "gallery-metadata.json"


@pytest.fixture
def server(moto):
    """One server is enough: the index does not know that there are any."""
    return moto


def index(job: Job, *arguments: str) -> str:
    """Run the index as a step of the job with `args: index …`; its log."""
    ran = subprocess.run(
        [sys.executable, "-I", str(ENTRYPOINT), "index", *arguments],
        cwd=job.workspace,
        env={
            "PATH": "/usr/bin:/bin",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_WORKSPACE": str(job.workspace),
            "RUNNER_WORKSPACE": RUNNER_WORKSPACE,
            "INPUT_PHOTOS-DIR": "",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    return ran.stdout


def test_index_deploy_and_nothing_to_do(job, gallery, server, bucket):
    """A gallery without a manifest gets one; what it foretells is what the bucket holds."""
    gallery.manifest.unlink()
    (gallery.root / "pics-full").mkdir()
    full = gallery.pics / "full/a.jpg"
    full.rename(gallery.root / "pics-full/IMG_1.JPG")
    full.symlink_to(f"{ON_THE_RUNNER}/pics-full/IMG_1.JPG")
    asked = ("--timestamp-offset-hours", "-4", "--target-timezone-offset-hours", "2")

    assert "Written: prod/pics/gallery-metadata.json" in index(job, *asked)
    ran = job.run()
    assert (ran.status, ran.outputs["mode"], ran.outputs["uploaded-files"]) == (0, "metadata", "14")
    assert "Warning" not in ran.stdout
    assert "foretold" not in ran.stdout
    photos = {each["id"]: each for each in json.loads(gallery.manifest.read_bytes())["photos"]}
    assert photos["a"]["original_path"] == "pics-full/IMG_1.JPG"
    client = servers.client(server)
    for photo in photos.values():
        key = f"photos/{photo['files']['full']}"
        sent = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert galleries.sha256(sent) == photo["deployment_file_hash"] != photo["file_hash"]

    assert f"Nothing to do: prod/pics/{MANIFEST} is up to date" in index(job)
    assert job.run().outputs["changes"] == "false"

    (gallery.pics / "full/b.jpg").write_bytes(galleries.jpeg("b again"))
    (gallery.pics / "full/c.jpg").unlink()
    assert "2 photos: 0 new, 1 changed, 1 removed, 1 unchanged" in index(job)
    ran = job.run()
    assert (ran.outputs["photos-to-upload"], ran.outputs["photos-to-delete"]) == ("1", "1")
    assert "Nothing to do" in index(job)
    assert job.run().outputs["changes"] == "false"
