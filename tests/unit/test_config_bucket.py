"""The bucket of a configuration: what must be given, addresses, secrets, unsafe events."""

from __future__ import annotations

import pytest

from galleria_action import config as configuration
from galleria_action.bucket import Bucket
from galleria_action.errors import DeployError, FailureReason
from galleria_action.event import Event
from galleria_action.sources import Sources

BUCKET, ACCESS, SECRET = (
    f"GALLERIA_S3_PUBLIC_{each}" for each in ("BUCKET", "ACCESS_KEY", "SECRET_KEY")
)


def parse(event=None, **flags):
    flags = {name.replace("_", "-"): text for name, text in flags.items()}
    return configuration.parse(Sources(flags, {}), event or Event())


@pytest.mark.parametrize(
    ("flags", "missing"),
    [
        ({}, [BUCKET]),
        ({"s3_endpoint": "https://s3.example.org"}, [BUCKET, ACCESS, SECRET]),
        ({"s3_endpoint": "https://s3.example.org", "s3_bucket": "b12"}, [ACCESS, SECRET]),
        ({"s3_bucket": "b12", "s3_access_key": "A"}, [SECRET]),
        ({"s3_bucket": "b12", "s3_secret_key": "S"}, [ACCESS]),
        ({"s3_bucket": " ", "s3_access_key": "A", "s3_secret_key": "S"}, [BUCKET]),
        ({"role_to_assume": "arn:aws:iam::111122223333:role/a"}, [BUCKET]),
        (
            {"s3_endpoint": "https://s3.example.org", "role_to_assume": "arn:aws:iam:::role/a"},
            [BUCKET],
        ),
    ],
)
def test_missing(flags, missing):
    """The documented error, with one missing name a line."""
    with pytest.raises(DeployError) as caught:
        parse(**flags)
    assert caught.value.reason is FailureReason.CONFIG
    lines = caught.value.text().splitlines()
    assert lines[:2] == [
        "Error: Missing S3 configuration",
        "Please configure S3 settings in settings.local.py or environment variables:",
    ]
    assert lines[2 : 2 + len(missing)] == [f"  - {name}" for name in missing]
    assert not lines[2 + len(missing)].startswith("  - ")


def test_no_keys_on_aws_mean_the_default_chain():
    """Without an endpoint the bucket alone is enough."""
    assert parse(s3_bucket="b12").bucket == Bucket("b12")


def test_everything_given():
    """All that signs requests ends in the bucket."""
    made = parse(
        s3_endpoint="https://s3.example.org/",
        s3_bucket="b12",
        s3_region="fsn1",
        s3_access_key="A",
        s3_secret_key="S",
        s3_session_token="T",
    )
    assert made.bucket == Bucket("b12", "https://s3.example.org", "fsn1", "A", "S", "T")


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("https://s3.example.org", "https://s3.example.org"),
        ("s3.example.org", "https://s3.example.org"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_endpoints(text, endpoint):
    """The URL of the service; without a scheme https is meant."""
    made = parse(s3_bucket="b12", s3_access_key="A", s3_secret_key="S", s3_endpoint=text)
    assert made.bucket.endpoint == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "ftp://s3.example.org",
        "https://s3.example.org/my-bucket",
        "https://",
        "https://me:pw@s3.example.org",
        "https://:pw@s3.example.org",
        "https://s3.example.org?x=1",
        "https://s3.example.org#x",
        "https://s3.example.org:port",
        "https://[::1",
        "https://s3.exam ple.org",
    ],
)
def test_endpoints_that_cannot_be(text):
    """Anything but the service alone is refused; the text is not repeated, it may hold a secret."""
    with pytest.raises(DeployError) as caught:
        parse(s3_bucket="b12", s3_access_key="A", s3_secret_key="S", s3_endpoint=text)
    assert "s3-endpoint must be the URL of the service alone" in caught.value.text()
    assert "pw" not in caught.value.text()


@pytest.mark.parametrize("name", ["s3://bucket", "bucket/path", "b", "-bucket", "bü"])
def test_bucket_names_that_cannot_be(name):
    """A path or a URL is no name of a bucket."""
    with pytest.raises(DeployError, match="Invalid configuration") as caught:
        parse(s3_bucket=name)
    assert "s3-bucket is not the name of a bucket" in caught.value.text()


@pytest.mark.parametrize(
    ("public_url", "prefix", "url"),
    [
        ("", "", ""),
        ("https://photos.example.org", "", "https://photos.example.org"),
        ("https://photos.example.org/", "", "https://photos.example.org"),
        ("https://photos.example.org/b", "site", "https://photos.example.org/b/site/"),
        ("https://photos.example.org", "my site", "https://photos.example.org/my%20site/"),
    ],
)
def test_url(public_url, prefix, url):
    """The site's address is public-url plus site-prefix."""
    assert parse(s3_bucket="b12", public_url=public_url, site_prefix=prefix).url == url


@pytest.mark.parametrize(
    "text", ["photos.example.org", "ftp://x", "https://a b", "https://u:p@x.org", "https://x?q=1"]
)
def test_public_urls_that_cannot_be(text):
    """Only an http(s) URL without credentials and query can be linked to."""
    with pytest.raises(DeployError) as caught:
        parse(s3_bucket="b12", public_url=text)
    assert "public-url must be a URL" in caught.value.text()


def test_secrets_are_never_shown():
    """Neither bucket nor configuration show a secret when they are printed."""
    made = parse(
        s3_bucket="b12", s3_access_key="AKIA", s3_secret_key="hush", s3_session_token="tok"
    )
    assert not any(secret in repr(made) for secret in ("AKIA", "hush", "tok"))


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_unsafe_events(name):
    """Events that run strangers' code with secrets may only show plans."""
    with pytest.raises(DeployError, match=name) as caught:
        parse(Event(name), s3_bucket="b12")
    assert caught.value.reason is FailureReason.UNSAFE_EVENT
    assert parse(Event(name), s3_bucket="b12", dry_run="true").dry_run


@pytest.mark.parametrize("event", [Event(), Event("push"), Event("pull_request")])
def test_safe_events(event):
    """Other events may deploy."""
    assert not parse(event, s3_bucket="b12").dry_run


@pytest.mark.parametrize(
    ("key", "ledger"),
    [
        ("gallery-metadata.json", ".galleria/gallery-metadata.json.ledger.json.gz"),
        ("w/a.json", ".galleria/w/a.json.ledger.json.gz"),
    ],
)
def test_ledger_key(key, ledger):
    """The manifest's key names the gallery, and so its ledger."""
    assert parse(s3_bucket="b12", metadata_key=key).ledger_key == ledger
