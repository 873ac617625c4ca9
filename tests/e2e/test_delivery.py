"""Behind a CDN: the program as a process, real buckets, and CDNs that answer in their own names.

The hosts of the providers and of the gallery are played behind a proxy, over TLS: the program
believes to speak with them.
"""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Iterator

import boto3
import pytest
from support import cdns, failure
from support.internet import HOST, Internet, served
from support.process import Job
from support.scripted import Answer
from support.servers import Server

MANIFEST = "gallery-metadata.json"
ODD = "it's #1? 100% (ü+ü)"
SECONDS = 30

TOKENS = {"bunny": cdns.BUNNY_KEY, "cloudflare": cdns.CLOUDFLARE_TOKEN}
IDS = {"bunny": cdns.PULL_ZONE, "cloudflare": cdns.ZONE}

on_ceph_too = pytest.mark.parametrize(
    "server", ["moto", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)
on_moto = pytest.mark.parametrize("server", ["moto"], indirect=True)
each_provider = pytest.mark.parametrize("provider", ["bunny", "cloudflare"])


@pytest.fixture
def internet(server: Server, bucket: str, job: Job, tmp_path) -> Iterator[Internet]:
    """The job's way out is a proxy, and it trusts the authority of those behind."""
    with served(server, bucket) as made:
        (tmp_path / "authority.pem").write_text(made.authority)
        job.environ |= made.environ | {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}
        job.inputs["public-url"] = f"https://{HOST}"
        yield made


def use(job: Job, provider: str) -> None:
    job.inputs |= {
        "invalidate-cdn": "true",
        "cdn-provider": provider,
        "cdn-id": IDS[provider],
        "cdn-token": TOKENS[provider],
    }


@pytest.fixture
def seen(job, internet, gallery) -> dict[str, bytes]:
    """A deployed gallery that everybody has looked at: path to what the caches hold."""
    gallery.add(ODD)
    gallery.write()
    assert job.run().status == 0
    for path in PATHS:
        internet.see(path)
    return {path: internet.see(path) for path in PATHS}


PATHS = (
    "/",
    "/index.html",
    f"/{MANIFEST}",
    "/style.css",
    "/photos/full/a.jpg",
    "/photos/full/b.jpg",
    "/photos/full/it's%20%231%3F%20100%25%20(%C3%BC+%C3%BC).jpg",
    "/photos/full/it%27s%20%231%3F%20100%25%20%28%C3%BC%2B%C3%BC%29.jpg",
)
CHANGED = {path for path in PATHS if path != "/style.css"}


def change(gallery) -> None:
    gallery.add("a", seed="another picture")
    gallery.add(ODD, seed="another one")
    gallery.add("new")
    gallery.remove("b")
    gallery.write()
    (gallery.site / "index.html").write_bytes(b"<!doctype html><title>Changed</title>")


def secrets_are_hidden(job, run) -> None:
    failure.check_secrets(run, job)
    token = job.inputs["cdn-token"]
    assert token not in run.visible
    assert f"::add-mask::{token}" in run.stdout


@on_ceph_too
@each_provider
def test_visitors_see_the_new_pictures_at_once(job, internet, gallery, seen, provider):
    """Everything that changed is fresh, in every spelling of its address; the rest stays cached;
    and the deployment sees for itself what visitors get."""
    change(gallery)
    assert {path: internet.see(path) for path in PATHS} == seen
    use(job, provider)

    run = job.run(verify="true")

    assert (run.status, run.stderr) == (0, ""), run.stdout
    assert {path for path in PATHS if internet.see(path) != seen[path]} == CHANGED
    assert internet.see("/photos/full/b.jpg") == b""
    assert any(line.startswith("CDN: ") and line.endswith("purged") for line in run.log)
    assert any("all as it was sent" in line for line in run.log), run.stdout
    assert "200, as it was sent" in run.summary
    asked = internet.to(f"api.{provider}")
    assert asked
    assert all(TOKENS[provider] in str(each.headers) for each in asked)
    assert TOKENS[provider] not in "".join(str(each.headers) for each in internet.to(HOST))
    secrets_are_hidden(job, run)

    internet.script.requests.clear()
    run = job.run()
    assert run.status == 0
    assert internet.script.requests == []


@on_moto
@each_provider
def test_a_dry_run_says_what_would_be_purged(job, internet, gallery, seen, provider):
    """In plan.json, and to nobody else; it needs no token."""
    change(gallery)
    use(job, provider)
    job.inputs["cdn-token"] = ""
    internet.script.requests.clear()
    run = job.run(dry_run="true")
    assert run.status == 0, run.stdout
    assert internet.script.requests == []
    plan = json.loads((job.workspace / run.outputs["plan-path"]).read_bytes())
    assert plan["purge"]["provider"] == provider
    for path in CHANGED:
        assert f"https://{HOST}{path}" in plan["purge"]["addresses"]


@on_moto
@each_provider
def test_a_wrong_token(job, internet, gallery, seen, provider):
    """The deployment is complete; the reason is `cdn`; the next run has nothing else to do, and
    purges."""
    change(gallery)
    use(job, provider)
    right, job.inputs["cdn-token"] = job.inputs["cdn-token"], "wrong-token-1234567890"
    run = job.run(verify="true")
    assert run.status == 1
    assert run.outputs["failure-reason"] == "cdn"
    assert run.outputs["deleted-files"] == "3"
    (headline,) = (line for line in run.log if line.startswith("Error: "))
    assert headline.startswith(f"Error: The CDN was not purged: {provider} does not accept")
    assert "Deployed, but a step after it failed: cdn" in run.summary
    assert "Not deployed" not in run.summary
    secrets_are_hidden(job, run)

    job.inputs["cdn-token"] = right
    run = job.run(verify="true")
    assert run.status == 0, run.stdout
    assert (run.outputs["changes"], run.outputs["uploaded-files"]) == ("false", "0")
    assert {path for path in PATHS if internet.see(path) != seen[path]} == CHANGED


@on_ceph_too
def test_killed_between_commit_and_purge(job, internet, gallery, seen):
    """The new gallery is live, and caches hold the old one: the next run purges them."""
    change(gallery)
    use(job, "cloudflare")
    internet.holding = True
    step = job.start()
    assert internet.held.wait(SECONDS), step.finish()
    step.process.send_signal(signal.SIGKILL)
    step.finish()
    assert {path: internet.see(path) for path in PATHS} == seen

    internet.holding = False
    run = job.run()
    assert run.status == 0, run.stdout
    assert run.outputs["uploaded-files"] == "0"
    assert {path for path in PATHS if internet.see(path) != seen[path]} == CHANGED


@on_moto
def test_cancelled_while_it_waits_for_the_cdn(job, internet, gallery, seen):
    """It ends at once, and the next run purges."""
    change(gallery)
    use(job, "bunny")
    internet.holding = True
    step = job.start()
    assert internet.held.wait(SECONDS), step.finish()
    step.process.send_signal(signal.SIGTERM)
    run = step.finish()
    assert (run.status, run.outputs["failure-reason"]) == (130, "cancelled")
    internet.holding = False
    assert job.run().status == 0
    assert {path for path in PATHS if internet.see(path) != seen[path]} == CHANGED


@on_moto
def test_a_stale_cache_is_told_apart(job, internet, gallery, seen):
    """verify without a purge: the bucket is right, and visitors get what was there before."""
    change(gallery)
    run = job.run(verify="true")
    assert run.status == 1
    assert run.outputs["failure-reason"] == "verify"
    assert run.outputs["uploaded-files"] == "11"
    assert any("visitors: index.html: visitors still get the old file" in each for each in run.log)
    assert any("invalidate-cdn purges them" in each for each in run.log)
    assert "Deployed, but a step after it failed: verify" in run.summary


@on_moto
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(403), "403: visitors may not read it"),
        (Answer(404), "404: visitors do not find it"),
        (
            Answer(301, {"Location": "https://www.example.org/"}),
            "leads to https://www.example.org/",
        ),
        (Answer(200, {"Content-Type": "text/html"}, b"<h1>Parked</h1>"), "has other bytes"),
        (Answer(200, {"Content-Type": "text/html"}, b"x" * 5_000_000), "more than"),
        (Answer(502), "the answer is 502"),
    ],
)
def test_what_visitors_get_instead(job, internet, answer, said):
    """Public access is off, public-url is wrong, and so on: said in words, also when nothing had
    to be deployed."""
    internet.cache.get = lambda _: answer
    for _ in range(2):
        run = job.run(verify="true")
        assert (run.status, run.outputs["failure-reason"]) == (1, "verify"), run.stdout
        assert any(said in line for line in run.log), run.stdout
        assert "Traceback" not in run.visible


@on_moto
def test_nobody_at_the_address(job, gallery):
    """An address that does not exist."""
    run = job.run(verify="true", public_url="http://127.0.0.1:9")
    assert run.outputs["failure-reason"] == "verify"
    assert any("no answer" in line for line in run.log)


@on_moto
def test_verify_without_an_address(job, gallery):
    """The bucket alone is looked at."""
    run = job.run(verify="true")
    assert run.status == 0, run.stdout
    assert any("read back from the bucket: all as it was sent" in line for line in run.log)


@on_moto
def test_cloudfront(job, server, gallery):
    """Invalidations of a real distribution of moto's, with the AWS keys of the environment."""
    keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "of-the-environment"}
    client = boto3.client(
        "cloudfront", endpoint_url=server.endpoint, region_name="us-east-1", **keys
    )
    number = client.create_distribution(DistributionConfig=_distribution())["Distribution"]["Id"]
    job.environ |= {
        "AWS_ENDPOINT_URL_CLOUDFRONT": server.endpoint,
        **{name.upper(): value for name, value in keys.items()},
    }
    job.inputs |= {
        "public-url": f"https://{HOST}",
        "invalidate-cdn": "true",
        "cdn-provider": "cloudfront",
        "cdn-id": number,
    }
    assert job.run().status == 0
    (gallery.site / "index.html").write_bytes(b"<!doctype html><title>Changed</title>")
    run = job.run()
    assert run.status == 0, run.stdout
    gallery.add("a", seed="another picture")
    gallery.add("b", seed="another one")
    gallery.remove("c")
    gallery.write()
    run = job.run()
    assert run.status == 0, run.stdout
    assert run.stderr == ""

    listed = client.list_invalidations(DistributionId=number)["InvalidationList"]["Items"]
    found = [
        client.get_invalidation(DistributionId=number, Id=each["Id"])["Invalidation"]
        for each in listed
    ]
    paths = sorted(each["InvalidationBatch"]["Paths"]["Items"] for each in found)
    assert paths == [
        ["/", "/index.html"],
        [f"/{MANIFEST}", *(f"/photos/{each}" for each in _variants("a", "b"))],
        [f"/photos/{each}" for each in _variants("c")],
    ]


def _variants(*names: str) -> list[str]:
    shapes = ("full/{}.jpg", "thumb/{}.webp", "web/{}.jpg")
    return [shape.format(name) for shape in shapes for name in names]


def _distribution() -> dict:
    origin = {"OriginAccessIdentity": ""}
    origins = [{"Id": "o", "DomainName": "gallery.s3.amazonaws.com", "S3OriginConfig": origin}]
    return {
        "CallerReference": uuid.uuid4().hex,
        "Origins": {"Quantity": 1, "Items": origins},
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "MinTTL": 0,
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        },
        "Comment": "",
        "Enabled": True,
    }
