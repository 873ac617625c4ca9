"""What an S3 request's failure means: whether to try again, and what to tell a person.

Sources: "Error responses" of the Amazon S3 API Reference, and what Ceph, rclone, MinIO and R2
answer in the same situations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from galleria_action.errors import FailureReason, StoreError
from galleria_action.retry import Verdict, asked_seconds
from galleria_action.text import shortened
from galleria_action.values import Struct

T = TypeVar("T")

LONGEST_CODE = 80


class Meaning(Struct, frozen=True):
    """What an error code means to the user."""

    reason: FailureReason
    means: str
    advice: str


_SECRET = Meaning(
    FailureReason.CREDENTIALS,
    "the secret key does not belong to the access key",
    "Check s3-secret-key: it is often cut off or has a blank at its end. A wrong s3-region can "
    "cause this as well.",
)
_KEY_ID = Meaning(
    FailureReason.CREDENTIALS,
    "the service does not know the access key",
    "Check s3-access-key, and that s3-endpoint belongs to the same account.",
)
_EXPIRED = Meaning(
    FailureReason.CREDENTIALS,
    "the temporary credentials have expired or are not valid",
    "Get new ones in the step before, and pass s3-session-token with them. A rerun sends only "
    "what is missing.",
)
_DENIED = Meaning(
    FailureReason.CREDENTIALS,
    "these credentials may not do that",
    "The key needs s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and "
    "s3:DeleteObject on its objects; the README has the policy to paste.",
)
_CLOCK = Meaning(
    FailureReason.CREDENTIALS,
    "the clock of this machine is wrong",
    "Set the clock; requests are signed with the time.",
)
_NO_BUCKET = Meaning(
    FailureReason.BUCKET,
    "there is no such bucket",
    "Check s3-bucket and s3-endpoint, or create the bucket; deployments never do.",
)
_REGION = Meaning(
    FailureReason.BUCKET,
    "the bucket lies in another region",
    "Set s3-region to the bucket's region, and s3-endpoint to the endpoint of that region.",
)
_NAME = Meaning(
    FailureReason.BUCKET,
    "the bucket's name is not valid there",
    "Check s3-bucket: the name alone, without s3:// and without a path.",
)
_DISABLED = Meaning(
    FailureReason.BUCKET,
    "the bucket or the account is disabled",
    "Look into the console of the provider; a bill or a limit may be the cause.",
)
_BUSY = Meaning(
    FailureReason.NETWORK,
    "the service did not manage to answer, several times in a row",
    "Look at the provider's status page and run again; what arrived is not sent again.",
)

MEANINGS = {
    "SignatureDoesNotMatch": _SECRET,
    "InvalidAccessKeyId": _KEY_ID,
    "InvalidSecurity": _KEY_ID,
    "Unauthorized": _KEY_ID,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DISABLED,
    "AccountProblem": _DISABLED,
    "RequestTimeTooSkewed": _CLOCK,
    "NoSuchBucket": _NO_BUCKET,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "InvalidBucketName": _NAME,
    "QuotaExceeded": _DISABLED,
}

_PASSING_CODES = frozenset(
    {
        "BadDigest", "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable",
        "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "UnknownError",
        "XAmzContentSHA256Mismatch", "IncompleteBody",
    }
)  # fmt: skip
_CONNECTION = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    ResponseParserError,
)
_PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524})


def sensible(request: Callable[[], T]) -> Callable[[], T]:
    """The request, for which an answer without what has to be in it is one that cannot be read."""

    def attempt() -> T:
        try:
            return request()
        except boto.BotoCoreError:  # some are ValueErrors, too
            raise
        except (KeyError, ValueError) as error:
            raise ResponseParserError(f"{type(error).__name__} in an answer") from error

    return attempt


def code_of(error: Exception) -> str:
    """The error code of the service, '' if it did not answer with one."""
    if not isinstance(error, boto.ClientError):
        return ""
    return shortened(str(error.response.get("Error", {}).get("Code", "")), LONGEST_CODE)


def status_of(error: Exception) -> int:
    """The HTTP status, 0 if there was no answer."""
    if not isinstance(error, boto.ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def region_of(error: Exception) -> str:
    """The region that an answer names as the right one, '' if it names none."""
    if not isinstance(error, boto.ClientError):
        return ""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = error.response.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region")
    return str(told or "")


def is_denial(error: Exception) -> bool:
    """Whether it is this one action that the key may not do, as far as the answer tells."""
    return isinstance(error, boto.ClientError) and _answer_meaning(error, "", "")[0] is _DENIED


def judge(error: Exception) -> Verdict:
    """Whether the request may succeed when it is made again."""
    if isinstance(error, boto.ClientError):
        again = code_of(error) in _PASSING_CODES or status_of(error) in _PASSING_STATUS
        return Verdict(again, _retry_after(error))
    if isinstance(error, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Verdict(again=False)
    return Verdict(isinstance(error, _CONNECTION))


def _retry_after(error: boto.ClientError) -> float | None:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return asked_seconds(headers.get("retry-after", ""))


def explain(error: Exception, action: str, bucket: str, endpoint: str | None) -> StoreError:
    """The error to show when ``action`` (such as 'list the bucket') failed for good."""
    where = endpoint or "AWS S3"
    meaning, detail = _meaning(error, bucket, where)
    return StoreError(
        meaning.reason,
        f"Error: Could not {action}: {meaning.means}{f' ({detail})' if detail else ''}",
        advice=meaning.advice,
    )


def _meaning(error: Exception, bucket: str, where: str) -> tuple[Meaning, str]:
    if isinstance(error, boto.ClientError):
        return _answer_meaning(error, bucket, where)
    if isinstance(error, boto.SSLError):
        return Meaning(
            FailureReason.NETWORK,
            f"no secure connection to {where}",
            "The certificate is not trusted, or the endpoint speaks no TLS. For a private "
            "certificate authority set the environment variable AWS_CA_BUNDLE to its file.",
        ), ""
    if isinstance(error, _CONNECTION):
        return Meaning(
            FailureReason.NETWORK,
            f"{_trouble(error)} {where}",
            "Check s3-endpoint, and that this machine may connect to it. Run again: what "
            "arrived is not sent again.",
        ), ""
    if isinstance(error, boto.InvalidRegionError):
        return _REGION, "s3-region is not the name of one"
    if isinstance(error, boto.ParamValidationError):
        return _NAME, bucket
    if isinstance(error, boto.BotoCoreError):
        return Meaning(
            FailureReason.CREDENTIALS,
            "no usable credentials were found",
            "Set role-to-assume, or s3-access-key and s3-secret-key, or configure AWS credentials "
            "in a step before.",
        ), type(error).__name__
    raise error


def _trouble(error: Exception) -> str:
    match error:
        case (
            boto.EndpointConnectionError()
            | boto.ConnectTimeoutError()
            | boto.ProxyConnectionError()
        ):
            return "no connection to"
        case boto.ReadTimeoutError():
            return "no answer in time from"
        case ResponseParserError():
            return "an answer that is not S3's from"
    return "the connection was lost, several times in a row, to"


def _answer_meaning(error: boto.ClientError, bucket: str, where: str) -> tuple[Meaning, str]:
    code, status = code_of(error), status_of(error)
    if code in MEANINGS:
        meaning = MEANINGS[code]
        detail = f"bucket {bucket} at {where}" if meaning.reason is FailureReason.BUCKET else code
        return meaning, detail
    match status:
        case 401 | 403:
            return _DENIED, code or str(status)
        case 301 | 307 | 308:
            return _REGION, f"bucket {bucket} at {where}"
    if status in _PASSING_STATUS:
        return _BUSY, _numbers(status, code)
    return Meaning(
        FailureReason.UPLOAD,
        "the service refused it",
        "The code in brackets is the service's own; the README's notes on stores may know it.",
    ), _numbers(status, code)


def _numbers(status: int, code: str) -> str:
    """Without a body, botocore makes the status the code, too."""
    return str(status) if code in ("", str(status)) else f"{status} {code}"
