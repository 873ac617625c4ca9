"""The role to take: its inputs, the claims of a token, the trust policy made of them."""

from __future__ import annotations

import base64
import json

import pytest

from galleria_action import config as configuration
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason
from galleria_action.event import Event
from galleria_action.role import Claims, Role, claims, provider_arn, trust_policy
from galleria_action.sources import Sources

ARN = "arn:aws:iam::111122223333:role/gallery-deploy"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:someone/gallery:ref:refs/heads/main"


def parse(event: Event | None = None, **flags: str) -> Config:
    given = {name.replace("_", "-"): text for name, text in flags.items()}
    return configuration.parse(Sources({"s3-bucket": "gallery", **given}, {}), event or Event())


def faults(**flags: str) -> str:
    with pytest.raises(DeployError) as caught:
        parse(**flags)
    assert caught.value.reason is FailureReason.CONFIG
    return caught.value.text()


def token(said: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{part}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        "arn:aws-cn:iam::111122223333:role/gallery",
        "arn:aws:iam::111122223333:role/teams/photos/gallery.deploy+x@y",
        "arn:aws:iam:::role/gallery",
        "arn:aws:iam::tenant:role/gallery",
        "arn:minio:iam:::role/idJSPHlUfTiBbw46Sk6TwVZVsAo",
    ],
)
def test_roles(arn):
    """ARNs of AWS, of Ceph with and without a tenant, and of MinIO."""
    assert parse(role_to_assume=arn).role == Role(arn)


def test_no_role():
    """Without `role-to-assume` the other three are of no consequence."""
    assert parse(audience="a", role_session_name="bb", role_duration="900").role is None


def test_everything_given():
    """All four inputs make the role."""
    made = parse(
        role_to_assume=ARN, audience="gallery", role_session_name="me", role_duration="43200"
    )
    assert made.role == Role(ARN, "gallery", "me", 43_200)


@pytest.mark.parametrize(
    "text",
    [
        "gallery-deploy",
        "111122223333",
        "arn:aws:iam::111122223333:user/me",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/a b",
        f"{ARN}\narn:aws:iam::1:role/b",
    ],
)
def test_not_a_role(text):
    """The name, an account, a user, a bucket: the message shows what an ARN looks like."""
    said = faults(role_to_assume=text)
    assert f"must be the ARN of a role, such as {ARN}" in said
    assert repr(text) in said


@pytest.mark.parametrize("text", ["899", "43201", "1h", "-1", "3600.5", "٣٦٠٠", "99999999999"])
def test_wrong_durations(text):
    """What no role allows, and what is no number."""
    assert "role-duration must be seconds from 900 to 43200" in faults(role_duration=text)


@pytest.mark.parametrize("text", ["a", "with blank", "x" * 65, "ü" * 3, "a/b"])
def test_wrong_session_names(text):
    """What STS would refuse."""
    assert "role-session-name must have 2 to 64" in faults(role_session_name=text)


@pytest.mark.parametrize("name", ["s3_access_key", "s3_secret_key"])
def test_role_and_keys(name):
    """Which of the two was meant cannot be known; neither text is repeated."""
    said = faults(role_to_assume=ARN, **{name: "hidden"})
    assert "role-to-assume and s3-access-key exclude each other" in said
    assert "hidden" not in said


def test_fork_with_a_role():
    """There is no token for it, so it is a dry run without a sign-in."""
    made = parse(Event("pull_request", from_fork=True), role_to_assume=ARN)
    assert made.dry_run
    assert made.bucket.access_key is None


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"iss": ISSUER, "sub": SUBJECT, "aud": "a"}, Claims(ISSUER, SUBJECT, "a")),
        ({"iss": ISSUER, "sub": SUBJECT, "aud": ["a"]}, Claims(ISSUER, SUBJECT, "a")),
        ({"sub": 7, "aud": ["a", "b"], "iss": None}, Claims()),
        (["sub"], Claims()),
        ("sub", Claims()),
    ],
)
def test_claims(said, found):
    """Texts alone count; everything else is as if it were not there."""
    assert claims(token(said)) == found


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.@@.c", "a.e30", "...", "a.bm90IGpzb24.c"])
def test_no_claims(text):
    """What is no token says nothing, and is no error: the service judges it."""
    assert claims(text) == Claims()


@pytest.mark.parametrize(
    ("arn", "issuer", "provider"),
    [
        (ARN, ISSUER, "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"),
        (
            "arn:aws-cn:iam::111122223333:role/a",
            f"{ISSUER}/my-company",
            "arn:aws-cn:iam::111122223333:oidc-provider/token.actions.githubusercontent.com/my-company",
        ),
        (
            "arn:aws:iam:::role/a",
            "https://github.example.org/_services/token",
            "arn:aws:iam:::oidc-provider/github.example.org/_services/token",
        ),
    ],
)  # fmt: skip
def test_providers(arn, issuer, provider):
    """In the role's account and partition, named like the issuer."""
    assert provider_arn(Role(arn), Claims(issuer)) == provider


@pytest.mark.parametrize(
    "subject",
    [
        SUBJECT,
        "repo:someone@123456/gallery@456789:environment:production",
        'repo:someone/gallery:ref:refs/heads/"*"',
    ],
)
def test_trust_policy(subject):
    """JSON that trusts this subject and this audience, word for word, and nobody else."""
    policy = json.loads(trust_policy(Role(ARN), Claims(ISSUER, subject, "sts.amazonaws.com")))
    (statement,) = policy["Statement"]
    assert policy["Version"] == "2012-10-17"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subject,
        }
    }
