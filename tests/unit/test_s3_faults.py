"""What the failures of S3 requests mean."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from galleria_action import s3_faults
from galleria_action.errors import FailureReason, StoreError

ENDPOINT = "https://s3.example.org"


def answer(code: str, status: int, **headers: str) -> boto.ClientError:
    return boto.ClientError(
        {
            "Error": {"Code": code, "Message": "words of the service"},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
        },
        "PutObject",
    )


CONNECTION = boto.EndpointConnectionError(endpoint_url=ENDPOINT)
TIMEOUT = boto.ReadTimeoutError(endpoint_url=ENDPOINT)
CLOSED = boto.ConnectionClosedError(endpoint_url=ENDPOINT)
SHORT = boto.IncompleteReadError(actual_bytes=1, expected_bytes=2)
CERTIFICATE = boto.SSLError(endpoint_url=ENDPOINT, error="[SSL: CERTIFICATE_VERIFY_FAILED] x")
HANDSHAKE = boto.SSLError(endpoint_url=ENDPOINT, error="EOF occurred")
CREDENTIALS = boto.NoCredentialsError()
REGION = boto.InvalidRegionError(region_name="eu central")


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (answer("SlowDown", 503), True),
        (answer("InternalError", 500), True),
        (answer("InternalError", 200), True),
        (answer("RequestTimeout", 400), True),
        (answer("BadDigest", 400), True),
        (answer("", 429), True),
        (answer("503", 503), True),
        (answer("", 502), True),
        (answer("OperationAborted", 409), True),
        (answer("AccessDenied", 403), False),
        (answer("403", 403), False),
        (answer("NoSuchBucket", 404), False),
        (answer("PreconditionFailed", 412), False),
        (answer("SignatureDoesNotMatch", 403), False),
        (answer("InvalidArgument", 400), False),
        (answer("", 501), False),
        (CONNECTION, True),
        (TIMEOUT, True),
        (CLOSED, True),
        (SHORT, True),
        (HANDSHAKE, True),
        (ResponseParserError("no XML"), True),
        (CERTIFICATE, False),
        (CREDENTIALS, False),
        (ValueError("a bug"), False),
    ],
)
def test_judge(error, again):
    """What may pass is tried again; what is decided is not."""
    assert s3_faults.judge(error).again is again


@pytest.mark.parametrize(
    ("header", "after"),
    [("7", 7.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("²", None)],
)
def test_retry_after(header, after):
    """Seconds that the server asks to wait; anything else is no wish."""
    error = answer("SlowDown", 503, **{"retry-after": header})
    assert s3_faults.judge(error).after == after


def test_answers_without_headers():
    """An answer may lack everything."""
    error = boto.ClientError({}, "PutObject")
    assert s3_faults.code_of(error) == ""
    assert s3_faults.status_of(error) == 0
    assert s3_faults.judge(error).again is False
    assert (s3_faults.code_of(CLOSED), s3_faults.status_of(CLOSED)) == ("", 0)


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (answer("SignatureDoesNotMatch", 403), "credentials", "secret key does not belong"),
        (answer("InvalidAccessKeyId", 403), "credentials", "does not know the access key"),
        (answer("ExpiredToken", 400), "credentials", "have expired"),
        (answer("AccessDenied", 403), "credentials", "may not do that"),
        (answer("403", 403), "credentials", "may not do that"),
        (answer("", 401), "credentials", "may not do that"),
        (answer("RequestTimeTooSkewed", 403), "credentials", "clock"),
        (answer("NoSuchBucket", 404), "bucket", "there is no such bucket"),
        (answer("PermanentRedirect", 301), "bucket", "another region"),
        (answer("301", 301), "bucket", "another region"),
        (answer("AuthorizationHeaderMalformed", 400), "bucket", "another region"),
        (answer("InvalidBucketName", 400), "bucket", "name is not valid"),
        (answer("QuotaExceeded", 403), "bucket", "disabled"),
        (answer("SlowDown", 503), "network", "several times in a row"),
        (answer("", 502), "network", "502"),
        (answer("EntityTooLarge", 400), "upload", "400 EntityTooLarge"),
        (CONNECTION, "network", "no connection to"),
        (boto.ConnectTimeoutError(endpoint_url=ENDPOINT), "network", "no connection to"),
        (TIMEOUT, "network", "no answer in time from"),
        (CLOSED, "network", "the connection was lost"),
        (SHORT, "network", "the connection was lost"),
        (ResponseParserError("x"), "network", "an answer that is not S3's"),
        (CERTIFICATE, "network", "no secure connection"),
        (CREDENTIALS, "credentials", "no usable credentials"),
        (boto.ParamValidationError(report="Invalid bucket name"), "bucket", "name is not valid"),
        (REGION, "bucket", "region"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_explain(error, reason, words):
    """Each failure has a reason, says what it means and what to do."""
    made = s3_faults.explain(error, "list the bucket", "my-gallery", ENDPOINT)
    assert isinstance(made, StoreError)
    assert made.reason is FailureReason(reason)
    assert made.headline.startswith("Error: Could not list the bucket: ")
    assert words in made.headline
    assert made.advice


def test_aws_has_no_endpoint():
    """Without an endpoint the service is AWS."""
    assert "AWS S3" in s3_faults.explain(TIMEOUT, "list the bucket", "b", None).headline


def test_a_bug_stays_a_bug():
    """An exception that no request makes is raised again, with its traceback."""
    with pytest.raises(ZeroDivisionError):
        s3_faults.explain(ZeroDivisionError(), "list the bucket", "b", ENDPOINT)


@pytest.mark.parametrize("code", sorted(s3_faults.MEANINGS))
def test_every_meaning_is_complete(code):
    """A meaning is a sentence without its capital and an advice with one."""
    meaning = s3_faults.MEANINGS[code]
    assert meaning.means[0].islower()
    assert meaning.advice[0].isupper()
    assert meaning.advice.endswith(".")
    assert "words of the service" not in s3_faults.explain(answer(code, 400), "x", "b", None).text()
