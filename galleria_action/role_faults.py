"""Why a role was not taken, in words, with what to paste.

Sources: AssumeRoleWithWebIdentity in the AWS STS API Reference, and what Ceph and MinIO answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from galleria_action.errors import FailureReason, Problem, StoreError
from galleria_action.role import DURATION, Claims, Role, provider_arn, trust_policy
from galleria_action.text import shortened

_PERMISSION = """\
permissions:
  contents: read
  id-token: write"""


class Refusal(NamedTuple):
    """An answer of the STS at ``where``, a URL, that gives no credentials.

    ``code`` and ``message`` are '' if the answer was not one of an STS; ``status`` may be 0 then.
    """

    status: int
    code: str
    message: str
    where: str


def unreached(why: str, advice: str) -> StoreError:
    """The error where nobody said no."""
    return StoreError(FailureReason.NETWORK, f"Error: Could not sign in: {why}", advice=advice)


def no_token(why: str) -> StoreError:
    """The error for a job that gets no token."""
    return _failed(
        why,
        "Pull requests from forks never get one; they get a plan if public-url is set. Give any "
        "other job this permission, and so the job that calls it, if it is a called workflow:",
        _PERMISSION,
    )


def no_job() -> StoreError:
    """The error for a run that no job of GitHub's started."""
    return _failed(
        "only a job of GitHub Actions has a token for role-to-assume",
        "On your computer leave role-to-assume out, and use an AWS profile (AWS_PROFILE) or keys.",
    )


def refused(answer: Refusal, role: Role, said: Claims) -> StoreError:
    """The error for an answer without credentials, to a request with a token that ``said``."""
    if answer.status == 429 or answer.status >= 500:
        return unreached(
            f"{answer.where} did not manage to answer, several times in a row ({answer.status})",
            "Look at the provider's status page and run again; what arrived is not sent again.",
        )
    explain = _BY_CODE.get(answer.code.removesuffix("Exception"))
    if explain is None:
        explain = _denied if answer.status in (401, 403) else _not_understood
    return explain(answer, role, said)


def _failed(why: str, advice: str, paste: str = "", problems: Sequence[Problem] = ()) -> StoreError:
    return StoreError(
        FailureReason.CREDENTIALS,
        f"Error: Could not sign in: {why}",
        problems=problems,
        advice=advice,
        paste=paste,
    )


def _denied(answer: Refusal, role: Role, said: Claims) -> StoreError:
    if not said.subject:
        return _token(answer, role, said)
    # Ceph says no more than that, whatever it was.
    provider = "" if answer.message else (
        f" Its identity provider {provider_arn(role, said)} must exist, know this audience and "
        "have the issuer's certificate."
    )  # fmt: skip
    return _failed(
        f"the role does not trust this job ({answer.code or answer.status})",
        f"Is {role.arn} the right role? It does not exist, or needs another trust policy."
        f"{provider} This policy trusts exactly such jobs:",
        trust_policy(role, said),
        [
            Problem(f"the job's token says sub: {said.subject}"),
            Problem(f"the job's token says aud: {said.audience}"),
        ],
    )


def _token(answer: Refusal, role: Role, said: Claims) -> StoreError:
    message = answer.message.lower()
    audience, provider = said.audience or role.audience, provider_arn(role, said)
    if "audience" in message:
        return _failed(
            f"the identity provider does not know the audience {audience}",
            f"Set the input audience to one that {provider} knows, or let it know this one:",
            "aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {provider} --client-id {audience}",
        )
    if "provider" in message and "found" in message:
        return _failed(
            f"the account has no identity provider for {said.issuer}",
            "Is the account's number in role-to-assume right? If it is, make the provider there, "
            "once:",
            f"aws iam create-open-id-connect-provider --url {said.issuer} "
            f"--client-id-list {audience}",
        )
    return _failed(
        f"the service does not accept the job's token ({_says(answer)})",
        f"It was issued by {said.issuer or 'nobody it names'}. Can the service reach the issuer, "
        "and does it know the issuer's present keys?",
    )


def _expired(answer: Refusal, _: Role, __: Claims) -> StoreError:
    return _failed(
        f"the job's token had expired when it arrived ({answer.code})",
        "Such a token is good for a few minutes, and this one was new: one of the clocks is "
        "wrong. Run again.",
    )


def _invalid(answer: Refusal, role: Role, said: Claims) -> StoreError:
    too_long = "durationseconds" in answer.message.lower()
    if not too_long and (answer.message or role.duration <= DURATION):
        return _not_understood(answer, role, said)
    return _failed(
        f"role-duration ({role.duration}) is longer than the role allows",
        "Leave role-duration out: the program signs in again by itself before an hour is over. Or "
        "raise the limit:",
        f"aws iam update-role --role-name {role.name} --max-session-duration {role.duration}",
    )


def _region(answer: Refusal, _: Role, __: Claims) -> StoreError:
    return _failed(
        f"the account does not use STS in this region ({answer.where})",
        "Activate the region's STS endpoint in the account settings of IAM.",
    )


def _unreachable(answer: Refusal, _: Role, said: Claims) -> StoreError:
    return unreached(
        f"the service cannot reach {said.issuer} ({answer.code})",
        "That passes, mostly: run again. What arrived is not sent again.",
    )


def _not_understood(answer: Refusal, role: Role, said: Claims) -> StoreError:
    if answer.code and answer.status == 400:
        return _failed(
            f"the service does not understand the request ({_says(answer)})",
            f"Check role-to-assume, which is {role.arn}, and the audience, which is "
            f"{said.audience or role.audience}.",
        )
    return _failed(
        f"{answer.where} has no sign-in with roles ({answer.code or answer.status or 'no STS'})",
        "role-to-assume works at AWS, and at a Ceph or MinIO whose STS is set up. Elsewhere use "
        "s3-access-key and s3-secret-key.",
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
