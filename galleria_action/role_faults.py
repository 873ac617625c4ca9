"""Why a role was not taken, in words, with what to paste.

Sources: AssumeRoleWithWebIdentity in the AWS STS API Reference, and what Ceph and MinIO answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from galleria_action.errors import FailureReason, StoreError
from galleria_action.role import DURATION, Claims, Role, provider_arn, trust_policy
from galleria_action.text import shortened

PERMISSION = """\
Give the job this permission; a job that calls a workflow must give it, too:

  permissions:
    contents: read
    id-token: write

Pull requests from forks never get a token; they get a plan if public-url is set."""

# Ceph says "denied" for everything.
_PROVIDER = "\nIts identity provider must exist, know this audience, and have the issuer's keys."
_NO_STS = "role-to-assume works at AWS, and at a Ceph or MinIO whose STS is set up. Elsewhere use "


class Refusal(NamedTuple):
    """An answer of the STS at ``where``, a URL, that gives no credentials.

    ``code`` and ``message`` are '' if the answer was not one of an STS; ``status`` may be 0 then.
    """

    status: int
    code: str
    message: str
    where: str


def failed(reason: FailureReason, why: str, advice: str) -> StoreError:
    return StoreError(reason, f"Error: Could not sign in: {why}", advice=advice)


def no_token_here(*, on_github: bool) -> StoreError:
    """The error for a run that cannot ask for a token."""
    if on_github:
        return failed(
            FailureReason.CREDENTIALS, "this job may not ask GitHub for a token", PERMISSION
        )
    return failed(
        FailureReason.CREDENTIALS,
        "only a job of GitHub Actions has a token for role-to-assume",
        "On your computer leave role-to-assume out, and use an AWS profile (AWS_PROFILE) or keys.",
    )


def refused(answer: Refusal, role: Role, said: Claims) -> StoreError:
    """The error for an answer without credentials, to a request with a token that ``said``."""
    if answer.status == 429 or answer.status >= 500:
        return failed(
            FailureReason.NETWORK,
            f"{answer.where} did not manage to answer, several times in a row ({answer.status})",
            "Look at the provider's status page and run again; what arrived is not sent again.",
        )
    explain = _BY_CODE.get(answer.code.removesuffix("Exception"))
    if explain is None:
        explain = _denied if answer.status in (401, 403) else _not_understood
    return explain(answer, role, said)


def _denied(answer: Refusal, role: Role, said: Claims) -> StoreError:
    if not said.subject:
        return _token(answer, role, said)
    return failed(
        FailureReason.CREDENTIALS,
        f"the role does not trust this job ({answer.code or answer.status})",
        "The job's token says:\n"
        f"  sub: {said.subject}\n"
        f"  aud: {said.audience}\n"
        f"Is {role.arn} the right role? If it is, give it this trust policy, which trusts exactly "
        f"such jobs:\n{trust_policy(role, said)}{_PROVIDER if not answer.message else ''}",
    )


def _token(answer: Refusal, role: Role, said: Claims) -> StoreError:
    if "audience" in answer.message.lower():
        return failed(
            FailureReason.CREDENTIALS,
            f"the identity provider does not know the audience {said.audience or role.audience}",
            f"Add the audience to {provider_arn(role, said)}, or set the input audience to one "
            "that it has:\n"
            "  aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {provider_arn(role, said)} "
            f"--client-id {said.audience or role.audience}",
        )
    if "provider" in answer.message.lower() and "found" in answer.message.lower():
        return failed(
            FailureReason.CREDENTIALS,
            f"the account has no identity provider for {said.issuer}",
            "Make it once, in the account of the role, or check the account's number in "
            "role-to-assume:\n"
            f"  aws iam create-open-id-connect-provider --url {said.issuer} "
            f"--client-id-list {said.audience or role.audience}",
        )
    return failed(
        FailureReason.CREDENTIALS,
        f"the service does not accept the job's token ({_says(answer)})",
        f"It was issued by {said.issuer or 'nobody it names'}. Can the service reach the issuer, "
        "and does it know the issuer's present keys?",
    )


def _expired(answer: Refusal, _: Role, __: Claims) -> StoreError:
    return failed(
        FailureReason.CREDENTIALS,
        f"the job's token had expired when it arrived ({answer.code})",
        "Such a token is good for a few minutes, and this one was new: one of the clocks is "
        "wrong. Run again.",
    )


def _invalid(answer: Refusal, role: Role, said: Claims) -> StoreError:
    too_long = "durationseconds" in answer.message.lower()
    if not too_long and (answer.message or role.duration <= DURATION):
        return _not_understood(answer, role, said)
    return failed(
        FailureReason.CREDENTIALS,
        f"role-duration ({role.duration}) is longer than the role allows",
        "Leave role-duration out: the program signs in again by itself before an hour is over. Or "
        "raise the limit:\n"
        f"  aws iam update-role --role-name {role.name} --max-session-duration {role.duration}",
    )


def _region(answer: Refusal, _: Role, __: Claims) -> StoreError:
    return failed(
        FailureReason.CREDENTIALS,
        f"the account does not use STS in this region ({answer.where})",
        "Activate the region's STS endpoint in the account settings of IAM.",
    )


def _unreachable(answer: Refusal, _: Role, said: Claims) -> StoreError:
    return failed(
        FailureReason.NETWORK,
        f"the service cannot reach {said.issuer} ({answer.code})",
        "That passes, mostly: run again. What arrived is not sent again.",
    )


def _not_understood(answer: Refusal, role: Role, said: Claims) -> StoreError:
    if answer.code and answer.status == 400:
        return failed(
            FailureReason.CREDENTIALS,
            f"the service does not understand the request ({_says(answer)})",
            f"Check role-to-assume, which is {role.arn}, and the audience, which is "
            f"{said.audience or role.audience}.",
        )
    return failed(
        FailureReason.CREDENTIALS,
        f"{answer.where} has no sign-in with roles ({answer.code or answer.status or 'no STS'})",
        f"{_NO_STS}s3-access-key and s3-secret-key.",
    )


def _says(answer: Refusal) -> str:
    said = shortened(answer.message, 200)
    return f"{answer.code}: {said}" if said else answer.code or str(answer.status)


_BY_CODE: dict[str, Callable[[Refusal, Role, Claims], StoreError]] = {
    "AccessDenied": _denied,
    "InvalidIdentityToken": _token,
    "IDPRejectedClaim": _token,
    "InvalidClientTokenId": _token,
    "ExpiredToken": _expired,
    "ValidationError": _invalid,
    "InvalidParameterValue": _invalid,
    "InvalidArgument": _invalid,
    "RegionDisabled": _region,
    "IDPCommunicationError": _unreachable,
}
