"""What is in the image, and what is not."""

from __future__ import annotations

import json
import subprocess

import pytest
from container.step import docker

from galleria_action import __version__

ENTRYPOINT = ["/app/bin/python", "-I", "/app/entrypoint.py"]

LOOK = """
import importlib.util, os, pathlib, sys, sysconfig

folders = [pathlib.Path(sysconfig.get_path("stdlib")), pathlib.Path("/app")]
sources = [path for folder in folders for path in folder.rglob("*.py")]
uncompiled = []
for path in sources:
    cache = pathlib.Path(importlib.util.cache_from_source(str(path)))
    # PEP 552: flags 1 = by hash, never checked against the source
    if not cache.exists() or cache.read_bytes()[4:8] != b"\\x01\\0\\0\\0":
        uncompiled.append(str(path))
packages = pathlib.Path(sysconfig.get_path("purelib"))
answer = {
    "path": sys.path,
    "modules": len(sources),
    "uncompiled": uncompiled,
    "services": sorted(each.name for each in (packages / "botocore/data").iterdir() if each.is_dir()),
    "shells": [name for name in ("sh", "bash", "dash", "busybox", "apt-get", "dpkg", "perl", "pip")
               for folder in ("/bin", "/usr/bin", "/usr/local/bin", "/app/bin")
               if os.path.lexists(f"{folder}/{name}")],
    "unwanted": [name for name in ("pip", "setuptools", "ensurepip", "test", "tkinter", "cryptography")
                 if importlib.util.find_spec(name)],
    "pictures": sorted(path.name.partition("-")[0] for path in packages.glob("pillow.libs/lib*")
                       if path.name.startswith(("libavif", "libfreetype", "libharfbuzz", "liblcms"))),
    "leftovers": [str(path) for folder in folders for path in folder.rglob("*")
                  if path.suffix in (".pyi", ".whl", ".exe") or path.name in ("tests", "testing")],
}
import json
print(json.dumps(answer))
"""

USE = """
import github, jsonschema, piexif, ssl, tqdm
import boto3
from actions_toolkit import core

store = ssl.create_default_context().cert_store_stats()
assert store["x509_ca"] > 100, store
session = boto3.session.Session("key", "secret", region_name="eu-central-1")
addresses = [session.client(name).meta.endpoint_url for name in ("s3", "sts", "cloudfront")]
session.client("s3").get_paginator("list_objects_v2")
for name in ("s3", "sts", "cloudfront"):
    service = session.client(name).meta.service_model
    assert service.client_context_parameters is not None
    for operation in service.operation_names:
        model = service.operation_model(operation)
        assert model.static_context_parameters is not None
        assert model.context_parameters is not None
        assert model.documentation == ""
github.Github(auth=github.Auth.Token("token"), base_url="https://github.example.com/api/v3")

import io
from PIL import Image
from galleria_action import thumbnail
from galleria_action.page.parts import part, source

for kind in ("JPEG", "PNG", "WEBP"):
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, kind, exif=Image.Exif())
    assert thumbnail.make(file.getvalue(), 128)[:2] == (192, 128), kind
assert source("report.css") and source("report.js") and part("report")
print(*addresses)
"""


def _python(image: str, program: str) -> str:
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/app/bin/python"]
    done = subprocess.run(
        [*command, image, "-I", "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def settings(image) -> dict:
    """The image's configuration."""
    (found,) = json.loads(docker("image", "inspect", image))
    return found["Config"]


@pytest.fixture(scope="module")
def content(image) -> dict:
    return json.loads(_python(image, LOOK))


def test_it_starts_without_a_shell(settings):
    """The exec form, so that signals and inputs with hyphens arrive; isolated from the workspace."""
    assert settings["Entrypoint"] == ENTRYPOINT
    assert not settings.get("Cmd")


def test_it_runs_as_root(settings):
    """Which GitHub requires: the files for outputs are not writable by another user."""
    assert settings["User"] in ("", "root", "0")


def test_it_says_where_it_comes_from(settings):
    """The labels that registries and scanners read."""
    labels = settings["Labels"]
    assert labels["org.opencontainers.image.source"] == "https://github.com/galleria/deploy"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert {"title", "description", "version", "revision"} <= {
        name.removeprefix("org.opencontainers.image.") for name in labels
    }


def test_it_holds_only_what_the_action_uses(content):
    """No shell, no package manager, no tests; of botocore's hundreds of services, three."""
    assert content["services"] == ["cloudfront", "s3", "sts"]
    assert content["shells"] == []
    assert content["unwanted"] == []
    assert content["leftovers"] == []
    assert content["pictures"] == []  # none of the libraries of Pillow that nothing here calls


def test_all_modules_are_compiled(content):
    """Nothing is compiled at each start, nor looked up whether it changed."""
    assert content["modules"] > 500
    assert content["uncompiled"] == []


def test_the_working_directory_is_not_on_the_import_path(content):
    assert all(path.startswith(("/usr/", "/app/")) for path in content["path"])


def test_what_is_left_is_enough(image):
    """Clients of the three services, certificates, validation, a GitHub client, pictures of the
    three formats that are decoded, and the page that shows them."""
    addresses = _python(image, USE).split()
    assert addresses == [
        "https://s3.eu-central-1.amazonaws.com",
        "https://sts.eu-central-1.amazonaws.com",
        "https://cloudfront.amazonaws.com",
    ]


def test_it_is_this_version(image):
    assert docker("run", "--rm", image, "--version") == f"galleria-deploy {__version__}\n"
