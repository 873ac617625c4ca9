"""What answers of an STS mean: every code that AWS documents, and what others answer."""

from __future__ import annotations

import pytest

from galleria_action import role_faults
from galleria_action.errors import FailureReason
from galleria_action.role import Claims, Role, trust_policy
from galleria_action.role_faults import Refusal

ROLE = Role("arn:aws:iam::111122223333:role/photos/gallery-deploy", duration=7200)
SHORT = Role(ROLE.arn)
ISSUER = "https://token.actions.githubusercontent.com"
SAID = Claims(ISSUER, "repo:someone/gallery:pull_request", "sts.amazonaws.com")
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
WHERE = "https://sts.eu-central-1.amazonaws.com"
CREDENTIALS, NETWORK = FailureReason.CREDENTIALS, FailureReason.NETWORK
DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def refused(status: int, code: str = "", message: str = "", role: Role = ROLE, said: Claims = SAID):
    return role_faults.refused(Refusal(status, code, message, WHERE), role, said)


@pytest.mark.parametrize(
    ("status", "code", "message", "reason", "headline"),
    [
        (403, "AccessDenied", DENIED, CREDENTIALS, "the role does not trust this job (AccessDenied)"),
        (403, "", "", CREDENTIALS, "the role does not trust this job (403)"),
        (401, "Strange", "", CREDENTIALS, "the role does not trust this job (Strange)"),
        (400, "InvalidIdentityToken", "Incorrect token audience", CREDENTIALS, "the identity provider does not know the audience sts.amazonaws.com"),
        (400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {ISSUER}", CREDENTIALS, f"the account has no identity provider for {ISSUER}"),
        (400, "InvalidIdentityToken", "Couldn't retrieve verification key", CREDENTIALS, "the service does not accept the job's token (InvalidIdentityToken: Couldn't retrieve verification key)"),
        (403, "IDPRejectedClaim", "revoked", CREDENTIALS, "the service does not accept the job's token (IDPRejectedClaim: revoked)"),
        (400, "IDPCommunicationError", "", NETWORK, f"the service cannot reach {ISSUER} (IDPCommunicationError)"),
        (400, "ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1", CREDENTIALS, "the job's token had expired when it arrived (ExpiredTokenException)"),
        (400, "ExpiredToken", "", CREDENTIALS, "the job's token had expired when it arrived (ExpiredToken)"),
        (400, "ValidationError", TOO_LONG, CREDENTIALS, "role-duration (7200) is longer than the role allows"),
        (400, "InvalidArgument", "", CREDENTIALS, "role-duration (7200) is longer than the role allows"),
        (400, "ValidationError", "Request ARN is invalid", CREDENTIALS, "the service does not understand the request (ValidationError: Request ARN is invalid)"),
        (400, "InvalidParameterValue", "Role does not exist", CREDENTIALS, "the service does not understand the request (InvalidParameterValue: Role does not exist)"),
        (403, "RegionDisabledException", "STS is not activated in this region", CREDENTIALS, f"the account does not use STS in this region ({WHERE})"),
        (404, "NoSuchBucket", "", CREDENTIALS, f"{WHERE} has no sign-in with roles (NoSuchBucket)"),
        (405, "MethodNotAllowed", "", CREDENTIALS, f"{WHERE} has no sign-in with roles (MethodNotAllowed)"),
        (501, "NotImplemented", "", NETWORK, f"{WHERE} did not manage to answer, several times in a row (501)"),
        (503, "", "", NETWORK, f"{WHERE} did not manage to answer, several times in a row (503)"),
        (429, "Throttling", "", NETWORK, f"{WHERE} did not manage to answer, several times in a row (429)"),
        (0, "", "", CREDENTIALS, f"{WHERE} has no sign-in with roles (no STS)"),
        (400, "", "", CREDENTIALS, f"{WHERE} has no sign-in with roles (400)"),
    ],
)  # fmt: skip
def test_meanings(status, code, message, reason, headline):
    """Each with a reason, and something to do."""
    error = refused(status, code, message)
    assert error.headline == f"Error: Could not sign in: {headline}"
    assert error.reason is reason
    assert error.advice


@pytest.mark.parametrize(
    ("code", "message", "paste"),
    [
        ("AccessDenied", DENIED, trust_policy(ROLE, SAID)),
        ("InvalidIdentityToken", "Incorrect token audience", f"aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {PROVIDER} --client-id sts.amazonaws.com"),
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account", f"aws iam create-open-id-connect-provider --url {ISSUER} --client-id-list sts.amazonaws.com"),
        ("ValidationError", TOO_LONG, "aws iam update-role --role-name gallery-deploy --max-session-duration 7200"),
    ],
)  # fmt: skip
def test_what_to_paste(code, message, paste):
    """A policy or a command, whole, for this role and this job; it comes last."""
    error = refused(403 if code == "AccessDenied" else 400, code, message)
    assert error.paste == paste
    assert error.text().endswith(f":\n\n{paste}")


def test_who_the_job_is():
    """A refusal shows what the token said, so that it can be held against the policy."""
    assert [str(each) for each in refused(403, "AccessDenied", DENIED).problems] == [
        "the job's token says sub: repo:someone/gallery:pull_request",
        "the job's token says aud: sts.amazonaws.com",
    ]


def test_a_service_that_gives_no_reasons():
    """Ceph says AccessDenied for everything; then all that it may be is said."""
    assert f"Its identity provider {PROVIDER} must exist" in refused(403, "AccessDenied").advice
    assert "identity provider" not in refused(403, "AccessDenied", DENIED).advice


def test_a_short_session_is_not_too_long():
    """What every role allows cannot be the reason."""
    error = refused(400, "InvalidArgument", "", SHORT)
    assert "does not understand the request (InvalidArgument)" in error.headline


def test_a_token_that_says_nothing():
    """Without claims there is no policy to show."""
    error = refused(403, "AccessDenied", DENIED, said=Claims())
    assert "does not accept the job's token" in error.headline
    assert error.paste == ""


def test_an_answer_of_any_length():
    """What a service says is other people's text: one line, not too long."""
    error = refused(400, "ValidationError", "x\n" * 5000)
    assert "\n" not in error.headline
    assert len(error.headline) < 400
