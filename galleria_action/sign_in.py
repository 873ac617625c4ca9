"""Signs in without keys: takes a role with the job's token, and again before that expires."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from botocore.credentials import CredentialProvider, RefreshableCredentials
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from galleria_action import role_faults, s3_faults
from galleria_action.errors import FailureReason, StoreError
from galleria_action.retry import Retries, Verdict
from galleria_action.role import Claims, Role, claims
from galleria_action.role_faults import Refusal

RENEW_SECONDS = 300
"""Before they expire, new credentials are asked for; meanwhile the old ones are used."""
NEED_SECONDS = 120
"""Before they expire, the old ones are used no more."""
_NOT_OF_AN_STS = (ResponseParserError, KeyError, AttributeError)
"""What botocore, or reading what it returns, makes of other answers."""


class SignIn:
    """The credentials of ``role``, first asked for when they are first needed.

    token
        Gives a new token of this job for an audience; raises :class:`StoreError`.
    mask
        Hides texts from the log, called before anything can show them.
    """

    def __init__(
        self,
        role: Role,
        token: Callable[[str, Retries], str],
        mask: Callable[[Iterable[str]], None],
    ) -> None:
        self._role = role
        self._token = token
        self._mask = mask
        self._refusal: StoreError | None = None

    def provider(self, sts: Callable[[], Any], retries: Retries) -> CredentialProvider:
        """For a boto3 session; ``sts`` makes the client to take the role with."""
        return _Provider(lambda: self._renewed(sts, retries))

    def _renewed(self, sts: Callable[[], Any], retries: Retries) -> dict[str, str]:
        """The role's credentials, as botocore's refreshable ones want them."""
        if self._refusal:
            raise self._refusal  # many threads need them, and none of them fares better
        try:
            return self._take(sts(), retries)
        except StoreError as error:
            if error.reason is FailureReason.CREDENTIALS:
                self._refusal = error
            raise

    def _take(self, sts: Any, retries: Retries) -> dict[str, str]:
        role = self._role
        token = self._token(role.audience, retries)
        self._mask([token])

        def request() -> Any:
            return sts.assume_role_with_web_identity(
                RoleArn=role.arn,
                RoleSessionName=role.session_name,
                DurationSeconds=role.duration,
                WebIdentityToken=token,
            )

        try:
            found = retries.call(request, _judge)["Credentials"]
            keys = [found[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
            expires = found["Expiration"].isoformat()
        except Exception as error:  # noqa: BLE001  all of them are explained, or raised again
            raise _explained(error, role, claims(token), sts.meta.endpoint_url) from None
        self._mask(keys)
        return dict(zip(("access_key", "secret_key", "token"), keys, strict=True)) | {
            "expiry_time": expires
        }


class _Provider(CredentialProvider):  # type: ignore[misc]
    METHOD = "assume-role-with-web-identity"

    def __init__(self, renewed: Callable[[], dict[str, str]]) -> None:
        self._renewed = renewed

    def load(self) -> RefreshableCredentials:
        """Credentials that have expired, so that the first use renews them."""
        return RefreshableCredentials(
            access_key="",
            secret_key="",
            token="",
            expiry_time=datetime.fromtimestamp(0, UTC),
            refresh_using=self._renewed,
            method=self.METHOD,
            time_fetcher=lambda: datetime.now(UTC),
            advisory_timeout=RENEW_SECONDS,
            mandatory_timeout=NEED_SECONDS,
        )


def _judge(error: Exception) -> Verdict:
    # "Retry the request a limited number of times" (AWS STS API Reference)
    if s3_faults.code_of(error) == "IDPCommunicationError":
        return Verdict(again=True)
    if isinstance(error, ResponseParserError):
        return Verdict(again=False)
    return s3_faults.judge(error)


def _explained(error: Exception, role: Role, said: Claims, where: str) -> Exception:
    if isinstance(error, ClientError):
        status = s3_faults.status_of(error)
        # Ceph answers in the form of S3, which botocore leaves as it is.
        told = error.response.get("Error") or error.response
        code, message = (str(told.get(name) or "") for name in ("Code", "Message"))
        code = "" if code == str(status) else code  # which botocore puts where there is no body
        return role_faults.refused(Refusal(status, code, message, where), role, said)
    if isinstance(error, _NOT_OF_AN_STS):
        return role_faults.refused(Refusal(0, "", "", where), role, said)
    return s3_faults.explain(error, "sign in", "", where)
