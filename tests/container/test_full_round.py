"""The whole way of a change, on real servers: plan on the pull request, approval by the plan's
hash, deployment without keys, purge of the CDN, and a visitor who sees the pictures.

The workflows are those of examples/workflows, run by act; bucket and sign-in are a Ceph Object
Gateway over TLS, which verifies the token of the job. Visitors come through a cache, which forgets
what its provider is asked to purge.
"""

from __future__ import annotations

import re
import shutil
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from container import workflows
from container.workflows import NAME, ROOT, Repository
from support import cdns, ceph_role, oidc, servers
from support.cdns import BunnyApi, Cache
from support.ceph_role import CephRole
from support.github import JOB_TOKEN, GitHub, github
from support.oidc import Issuer
from support.scripted import scripted
from support.servers import Server
from support.visit import visit

sys.path.append(str(ROOT / "examples/demo"))  # the demo is run as a script

import gallery as demo

PHOTOS = 3
NUMBER = 7
NEW_TITLE = "What a day"
KEYS = """\
          s3-access-key: ${{ secrets.S3_ACCESS_KEY }}
          s3-secret-key: ${{ secrets.S3_SECRET_KEY }}
"""


CDN = f"""
          invalidate-cdn: true
          cdn-provider: bunny
          cdn-id: {cdns.PULL_ZONE}
          cdn-token: ${{{{ secrets.CDN_TOKEN }}}}
          verify: true
"""


@pytest.fixture
def server(ceph_with_roles) -> Server:
    return ceph_with_roles


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Gives tokens to jobs of the environment `production`."""
    with oidc.issuer(f"repo:{NAME}:environment:production") as made:
        yield made


@pytest.fixture
def role(server, issuer) -> Iterator[CephRole]:
    with ceph_role.made(server, issuer) as made:
        yield made


@pytest.fixture
def api() -> Iterator[GitHub]:
    """GitHub's API, with the pull request that brings the photos."""
    with github() as made:
        made.add_pull(NUMBER)
        yield made


@dataclass
class Cdn:
    """Where visitors find the bucket, the provider's API, and the way to it."""

    address: str
    cache: Cache
    bunny: BunnyApi
    proxy: str
    authority: str


@pytest.fixture
def cdn(server, bucket) -> Iterator[Cdn]:
    servers.publish(server, bucket)  # the cache is one of the public
    cache = Cache(server, bucket)
    bunny = BunnyApi(cache)
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.bunny.net").configure_cert(tls)
    with scripted(cache.answer) as visitors, scripted(bunny.answer, tls) as proxy:
        trusted = authority.cert_pem.bytes().decode()
        yield Cdn(visitors.address, cache, bunny, proxy.address, trusted)


@pytest.fixture
def repository(act, image, tmp_path, server, bucket, issuer, role, api, cdn) -> Repository:
    """A photographer's repository: a gallery, and the examples with their own values put in."""
    user = Repository(act, tmp_path / "gallery", tmp_path)
    user.use(server, bucket)
    # Whoever approves gives a role to the job, and nobody has keys that may write.
    del user.secrets["S3_ACCESS_KEY"], user.secrets["S3_SECRET_KEY"]
    user.secrets["GITHUB_TOKEN"] = JOB_TOKEN
    user.secrets["CDN_TOKEN"] = cdns.BUNNY_KEY
    user.environ = issuer.environ | {
        "GITHUB_API_URL": api.url,
        "AWS_CA_BUNDLE": "authority.crt",
        "HTTPS_PROXY": cdn.proxy,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    demo.make(tmp_path / "made", PHOTOS)
    shutil.copytree(tmp_path / "made/prod", user.root / "made/prod")  # and what is linked there
    user.write("authority.crt", Path(server.ca_bundle).read_text() + cdn.authority)
    user.write("make-gallery.sh", "#!/bin/sh\nset -e\nrm -rf prod\ncp -R made/prod prod\n", 0o755)
    for name in ("plan", "approval"):
        text = (ROOT / f"examples/workflows/{name}.yml").read_text("utf-8")
        text = text.replace(
            "https://photos.example.org", cdn.address + (CDN if name == "approval" else "")
        )
        user.write(f".github/workflows/{name}.yml", with_role(text, role.arn))
    user.commit()
    workflows.write_action(tmp_path / "action", image)
    user.actions["galleria/deploy@v1"] = tmp_path / "action"
    return user


def with_role(text: str, arn: str) -> str:
    """The workflow without keys that may write, changed as the README says."""
    before, keys, after = text.partition(KEYS)
    if not keys:
        return text
    before = before[::-1].replace(
        "      contents: read\n"[::-1], "      contents: read\n      id-token: write\n"[::-1], 1
    )[::-1]
    return f"{before}          role-to-assume: {arn}\n{after}"


def run(repository: Repository, event: str, workflow: str, **given: object) -> str:
    ran = repository.run(event, f".github/workflows/{workflow}.yml", **given)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def outputs(log: str, job: str) -> dict[str, str]:
    """What the steps of a job have set, as act's log tells."""
    return dict(re.findall(rf"/{job}\] +\S+ +::set-output:: ([\w-]+)=(.*)", log))


@pytest.mark.ceph
def test_from_the_pull_request_to_the_visitor(repository, server, bucket, issuer, api, cdn):
    """The plan that was looked at is deployed by a job that has no keys, and can be seen."""
    event = api.event(NUMBER)
    for side in ("head", "base"):
        event["pull_request"][side] |= {"sha": "0" * 40}
    log = run(repository, "pull_request", "plan", payload=event)
    planned = outputs(log, "plan")["plan-hash"]
    (comment,) = api.bodies(NUMBER)
    assert planned in comment
    assert f"**{PHOTOS} photos** to upload" in comment
    assert servers.listing(server, bucket) == {}
    assert issuer.requests == 0

    log = run(repository, "push", "approval")
    assert outputs(log, "plan")["plan-hash"] == planned
    done = outputs(log, "deploy")
    assert (done["plan-hash"], done["failure-reason"]) == (planned, "")
    assert done["url"] == cdn.address
    assert issuer.tokens
    shown = (*issuer.tokens, server.secret_key, oidc.SECRET, cdns.BUNNY_KEY)
    assert not [each for each in shown if each in log]

    seen = visit(f"{done['url']}/index.html")
    assert seen.title == demo.TITLE
    assert len(seen.pictures) == PHOTOS
    assert all(picture.width > 0 for picture in seen.pictures), seen.pictures
    assert all(picture.url.startswith(f"{cdn.address}/photos/") for picture in seen.pictures)
    assert seen.errors == ()

    log = run(repository, "push", "approval")
    assert outputs(log, "plan")["changes"] == "false"
    assert "/deploy]" not in log

    for name in ("index.html", "gallery.json"):
        file = repository.root / "made/prod/site" / name
        file.write_text(file.read_text("utf-8").replace(demo.TITLE, NEW_TITLE), "utf-8")
    repository.commit()
    assert visit(f"{cdn.address}/index.html").title == demo.TITLE
    log = run(repository, "push", "approval")
    assert outputs(log, "deploy")["failure-reason"] == ""
    assert set(cdn.bunny.purged) == {
        f"{cdn.address}/{each}" for each in ("", "index.html", "gallery.json")
    }
    assert visit(f"{cdn.address}/index.html").title == NEW_TITLE

    cdn.cache.held.clear()
    for variant, ending in (("thumb", "webp"), ("web", "jpg")):
        key = f"photos/{variant}/{demo.name_of(0)}.{ending}"
        servers.client(server).delete_object(Bucket=bucket, Key=key)
    seen = visit(f"{done['url']}/index.html")
    assert [picture.width > 0 for picture in seen.pictures] == [False, True, True]
    assert seen.errors
