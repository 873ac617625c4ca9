"""The inputs about a CDN: what is missing or wrong is said at once."""

from __future__ import annotations

import pytest

from galleria_action import config as configuration
from galleria_action.errors import DeployError, FailureReason
from galleria_action.event import Event
from galleria_action.invalidation import Provider
from galleria_action.sources import Sources

BUCKET = {"s3-bucket": "gallery"}
CLOUDFLARE = {
    "invalidate-cdn": "true",
    "cdn-provider": "cloudflare",
    "cdn-id": "023e105f4ecef8ad9ca31a8372d0c353",
    "cdn-token": "hidden-token",
    "public-url": "https://photos.example.org",
}
PUSH = Event("push")
FORK = Event("pull_request", from_fork=True)


def parsed(event=PUSH, **changes):
    given = BUCKET | CLOUDFLARE | {name.replace("_", "-"): text for name, text in changes.items()}
    return configuration.parse(Sources(given, {}), event)


def faults(event=PUSH, **changes):
    with pytest.raises(DeployError) as caught:
        parsed(event, **changes)
    assert caught.value.reason is FailureReason.CONFIG
    assert "hidden" not in caught.value.text()
    return [each.message for each in caught.value.problems]


def test_everything_given():
    """All of it arrives."""
    config = parsed()
    assert config.invalidate_cdn
    assert config.cdn_provider is Provider.CLOUDFLARE
    assert (config.cdn_id, config.cdn_token) == (CLOUDFLARE["cdn-id"], "hidden-token")


def test_everything_missing():
    """Four inputs, four sentences."""
    missing = dict.fromkeys(("cdn_provider", "cdn_id", "cdn_token", "public_url"), "")
    assert [each.partition(":")[0] for each in faults(**missing)] == [
        "invalidate-cdn needs cdn-provider",
        "invalidate-cdn needs public-url",
        "invalidate-cdn needs cdn-id",
        "invalidate-cdn needs cdn-token",
    ]


@pytest.mark.parametrize(
    ("provider", "number", "fits"),
    [
        ("bunny", "123456", True),
        ("bunny", "my-zone", False),
        ("bunny", "1/../2", False),
        ("cloudflare", "023E105F4ECEF8AD9CA31A8372D0C353", True),
        ("cloudflare", "example.org", False),
        ("cloudfront", "E2EXAMPLE123", True),
        ("cloudfront", "d111111abcdef8.cloudfront.net", False),
    ],
)
def test_ids(provider, number, fits):
    """Each provider has another kind of ID; it becomes a part of an address."""
    if fits:
        assert parsed(cdn_provider=provider, cdn_id=number).cdn_id == number
    else:
        (said,) = faults(cdn_provider=provider, cdn_id=number)
        assert said.startswith("cdn-id must be ")


def test_unknown_provider():
    """Named with those that there are."""
    assert faults(cdn_provider="fastly") == [
        "cdn-provider must be one of bunny, cloudfront, cloudflare, not 'fastly'"
    ]


@pytest.mark.parametrize("token", ["hidden\ntoken", "hidden token", "hidden-tökén"])
def test_a_token_that_no_header_can_carry(token):
    """A mistake when it was pasted; it is not repeated."""
    assert faults(cdn_token=token) == ["cdn-token has letters that no key has: paste it again"]


def test_cloudfront_needs_no_token():
    """It signs in as AWS does."""
    config = parsed(cdn_provider="cloudfront", cdn_id="E2EXAMPLE123", cdn_token="")
    assert config.cdn_token is None


@pytest.mark.parametrize("event", [PUSH, FORK])
def test_a_plan_needs_no_token(event):
    """A dry run shows what would be purged and asks nobody; forks have no secrets."""
    assert parsed(event, cdn_token="", dry_run="true").invalidate_cdn


def test_a_fork_may_not_know_the_id():
    """It may be a secret. What is plain text is there for forks, too."""
    assert parsed(FORK, cdn_token="", cdn_id="").invalidate_cdn
    assert faults(PUSH, dry_run="true", cdn_id="")
    assert faults(FORK, cdn_provider="")


def test_without_invalidate_cdn_nothing_is_needed():
    """The other inputs may stay where they are."""
    config = parsed(invalidate_cdn="false", cdn_id="", cdn_token="", public_url="")
    assert not config.invalidate_cdn
    assert config.cdn_provider is Provider.CLOUDFLARE


def test_no_cdn():
    """What nobody asks for is not there."""
    config = configuration.parse(Sources(BUCKET, {}), Event())
    assert (config.invalidate_cdn, config.cdn_provider, config.cdn_id) == (False, None, None)
