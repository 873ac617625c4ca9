"""Invalidations at Amazon CloudFront. Source: "Invalidate files to remove content" of the Amazon
CloudFront Developer Guide and CreateInvalidation of its API Reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore import exceptions as boto

from galleria_action import cdn
from galleria_action.cdn import CdnError, Patience
from galleria_action.invalidation import Call
from galleria_action.retry import Retries, Verdict
from galleria_action.text import shortened

IN_PROGRESS = "TooManyInvalidationsInProgress"
PAUSE = 30.0
"""Seconds until another invalidation may have ended; one takes a minute or two."""
ATTEMPTS = 10
_PASSING = frozenset({"Throttling", "ThrottlingException", "ServiceUnavailable", "InternalError"})
_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
)
_MAY = (
    "The credentials need cloudfront:CreateInvalidation for the distribution. They are those of "
    "the bucket if it is at AWS, and else what the environment has (AWS_ACCESS_KEY_ID and so on)."
)


class CloudFront:
    """One distribution. See :class:`galleria_action.cdn.Cdn`.

    ``connect`` makes the boto3 client; what goes wrong with that is the purge's failure.
    """

    def __init__(self, distribution: str, connect: Callable[[], Any], patience: Patience) -> None:
        self._distribution = distribution
        self._connect = cache(connect)
        self._patience = patience
        self._retries = Retries(attempts=ATTEMPTS, sleep=patience.sleep)

    def purge(self, call: Call) -> None:
        # The same reference with each attempt: none of them makes a second invalidation.
        batch = {
            "Paths": {"Quantity": len(call.addresses), "Items": list(call.addresses)},
            "CallerReference": f"galleria-{uuid.uuid4()}",
        }
        try:
            self._retries.call(
                lambda: self._connect().create_invalidation(
                    DistributionId=self._distribution, InvalidationBatch=batch
                ),
                lambda error: self._patience.limit(_judge(error)),
            )
        except (boto.BotoCoreError, boto.ClientError) as error:
            raise _explained(error) from None


def _code(error: Exception) -> str:
    return (
        str(error.response["Error"].get("Code", "")) if isinstance(error, boto.ClientError) else ""
    )


def _status(error: Exception) -> int:
    if not isinstance(error, boto.ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _judge(error: Exception) -> Verdict:
    if _code(error) == IN_PROGRESS:
        return Verdict(again=True, after=PAUSE)
    connection = isinstance(error, boto.ConnectionError | boto.HTTPClientError)
    status = _status(error)
    return Verdict(connection or _code(error) in _PASSING or status == 429 or status >= 500)


def _explained(error: Exception) -> CdnError:
    code = _code(error)
    said = shortened(str(error), 300)
    if isinstance(error, _CREDENTIALS):
        return cdn.failed("cloudfront", "cannot be asked: there are no AWS credentials", _MAY)
    if code in ("AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"):
        return cdn.failed("cloudfront", f"does not allow it ({said})", _MAY)
    if code == "NoSuchDistribution":
        return cdn.failed("cloudfront", f"knows no such distribution ({said})", "Check cdn-id.")
    if code == IN_PROGRESS:
        return cdn.failed("cloudfront", f"is still busy with other invalidations ({said})", "Wait.")
    return cdn.failed("cloudfront", f"says: {said}", "Look into the CloudFront console.")
