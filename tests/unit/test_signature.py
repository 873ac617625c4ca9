"""Signatures are those that botocore makes, and credentials are asked for when they are due."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.utils import percent_encode
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import signature
from galleria_action.signature import UNSIGNED, Credentials, Signer

HOST = "bucket.s3.eu-central-1.amazonaws.com"
REGION = "eu-central-1"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TOKEN = "t0ken/with+signs=="
NOON = datetime(2024, 6, 15, 12, 0, 0, tzinfo=UTC)
STORED = {"content-type": "image/jpeg", "cache-control": "public, max-age=60"}


def _signer(keys: Credentials = KEYS, *, payload: bool = True, at: datetime = NOON) -> Signer:
    return Signer(HOST, REGION, lambda: keys, payload=payload, clock=at.timestamp)


def _signed(
    method: str,
    target: str,
    given: Mapping[str, str],
    body: bytes | None,
    keys: Credentials = KEYS,
    *,
    payload: bool = True,
    at: datetime = NOON,
) -> dict[str, str]:
    """The headers by our signer."""
    return dict(_signer(keys, payload=payload, at=at).headers(method, target, given, body or b""))


def _by_botocore(
    method: str,
    target: str,
    given: Mapping[str, str],
    body: bytes | None,
    keys: Credentials = KEYS,
    *,
    payload: bool = True,
    at: datetime = NOON,
) -> dict[str, str]:
    """The headers of the same request by botocore, the names in lower case."""
    request = AWSRequest(method, f"https://{HOST}{target}", dict(given), body)
    # Nothing of an empty body is signed otherwise, whatever is configured.
    config = Config(s3={"payload_signing_enabled": payload or not body})
    request.context["client_config"] = config
    known = BotocoreCredentials(keys.access_key, keys.secret_key, keys.token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: at.replace(tzinfo=None))
        botocore.auth.S3SigV4Auth(known, "s3", REGION).add_auth(request)
    return {name.lower(): text for name, text in request.headers.items()} | {"host": HOST}


NAMES = [
    "index.html", "a b", "a+b", "100%", "a%20b", "ü", "u\u0308", "~tilde", "*", "(1)", "it's", "!",
    "📷", "写真/山", "a&b=c", "a;b", "a:b", "@", "$", ",", "#", "?", '"', "<>", "[1]", "{}", "|", "\\",
    "^", "`", "-_.~", "deep/er/and/deeper", "trailing ", "\u200b", "x" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_keys(name):
    """In the spelling of botocore, and signed as by it."""
    path = signature.path(name)
    assert path == percent_encode(name, safe="/~")

    request = ("PUT", f"/{path}", STORED, b"data")
    assert _signed(*request) == _by_botocore(*request)


QUERIES = [
    {},
    {"list-type": "2", "prefix": "full/"},
    {"prefix": "", "list-type": "2"},
    {"prefix": "a b+c%20/ü~*('📷", "list-type": "2", "delimiter": "/"},
    {"continuation-token": "1/x+y==&z", "list-type": "2", "start-after": "a=b&c"},
    {"b": "1", "a": "2", "B": "3", "a-b": "4", "a.b": "5", "a_b": "6", "ab": "7", "a~": "8"},
]


@pytest.mark.parametrize("parameters", QUERIES)
def test_queries(parameters):
    """In their order, with nothing left that could be read otherwise."""
    query = signature.query(parameters)
    request = ("GET", f"/?{query}", {}, None)

    assert _signed(*request) == _by_botocore(*request)
    assert query.isascii()
    assert "+" not in query
    # botocore sorts what it is given; here it has to be sorted already, for it is sent so
    request = AWSRequest("GET", f"https://{HOST}/", params=parameters)
    auth = botocore.auth.S3SigV4Auth(BotocoreCredentials("a", "b"), "s3", REGION)
    assert query == auth.canonical_query_string(request)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("payload", [True, False])
@pytest.mark.parametrize(
    ("method", "given", "body"),
    [
        ("GET", {}, None),
        ("HEAD", {}, None),
        ("PUT", STORED, b"data"),
        ("PUT", STORED, b""),
        ("PUT", STORED, bytes(range(256)) * 1000),
        ("PUT", {**STORED, "if-none-match": "*"}, b"data"),
        ("PUT", {**STORED, "if-match": '"d41d8cd98f00b204e9800998ecf8427e"'}, b"data"),
    ],
)
def test_requests(method, given, body, payload, token):
    """Every kind that the engine makes, over HTTP and over TLS, with and without a token."""
    request = (method, "/bucket/k.txt", given, body, KEYS._replace(token=token))

    assert _signed(*request, payload=payload) == _by_botocore(*request, payload=payload)


@pytest.mark.parametrize("text", ["a  b", " a", "a ", "public,   max-age=60", ""])
def test_spaces_in_headers(text):
    """Stores sign what is left when spaces before, behind and in a row are taken away."""
    request = ("PUT", "/k", {"cache-control": text}, b"x")

    assert _signed(*request)["authorization"] == _by_botocore(*request)["authorization"]


@pytest.mark.parametrize(
    ("body", "payload", "digest"),
    [
        (None, True, hashlib.sha256(b"").hexdigest()),
        (None, False, hashlib.sha256(b"").hexdigest()),
        (b"", False, hashlib.sha256(b"").hexdigest()),
        (b"x", True, hashlib.sha256(b"x").hexdigest()),
        (b"x", False, UNSIGNED),
    ],
)
def test_the_hash_of_the_body(body, payload, digest):
    """Over TLS it says that there is none, except for a body that is empty."""
    assert _signed("PUT", "/k", {}, body, payload=payload)["x-amz-content-sha256"] == digest


@pytest.mark.parametrize(
    ("body", "payload", "digest"),
    [
        (b"x", True, "of the caller"),
        (b"x", False, UNSIGNED),
        (b"", True, hashlib.sha256(b"").hexdigest()),
    ],
)
def test_a_hash_that_is_known(body, payload, digest):
    """It is not computed again, and used only where there is something to sign."""
    signed = dict(_signer(payload=payload).headers("PUT", "/k", {}, body, "of the caller"))

    assert signed["x-amz-content-sha256"] == digest


def test_the_example_of_the_documentation():
    """GET of a listing, on the page "Signature Calculations for the Authorization Header"."""
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    at = datetime(2013, 5, 24, tzinfo=UTC)
    signer = Signer(
        "examplebucket.s3.amazonaws.com",
        "us-east-1",
        lambda: keys,
        payload=True,
        clock=at.timestamp,
    )

    signed = dict(signer.headers("GET", "/?max-keys=2&prefix=J", {}, b""))

    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )


letters = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2099, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(
    key=letters,
    prefix=letters,
    control=values,
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60),
    token=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    body=st.none() | st.binary(max_size=50),
    payload=st.booleans(),
    at=moments,
)
def test_any_request(key, prefix, control, secret, token, body, payload, at):
    """Every signature is botocore's."""
    target = f"/{signature.path(key)}?{signature.query({'prefix': prefix, 'list-type': '2'})}"
    given = {"cache-control": control, "content-type": "text/plain"}
    request = ("PUT", target, given, body, Credentials("AKEY", secret, token))

    found = _signed(*request, payload=payload, at=at)

    assert found == _by_botocore(*request, payload=payload, at=at)


# Credentials and days


class _Issuer:
    """Gives other credentials each time, good for so long from now on."""

    def __init__(self, *good_for: timedelta | None) -> None:
        self._good_for = iter(good_for)
        self.asked = 0

    def __call__(self) -> Credentials:
        self.asked += 1
        good_for = next(self._good_for)
        expires = None if good_for is None else datetime.now(UTC) + good_for
        return Credentials(f"KEY{self.asked}", f"secret {self.asked}", None, expires)


HOUR, PAST = timedelta(hours=1), timedelta(seconds=-1)


@pytest.mark.parametrize(
    ("good_for", "used"),
    [
        ([None], ["KEY1", "KEY1", "KEY1"]),
        ([HOUR], ["KEY1", "KEY1", "KEY1"]),
        ([PAST, HOUR], ["KEY1", "KEY2", "KEY2"]),
        ([PAST, PAST, None], ["KEY1", "KEY2", "KEY3"]),
    ],
)
def test_credentials(good_for, used):
    """Asked for again when they have expired, and not before."""
    issuer = _Issuer(*good_for)
    signer = Signer(HOST, REGION, issuer, payload=True, clock=NOON.timestamp)
    assert issuer.asked == 0

    for access_key in used:
        found = dict(signer.headers("GET", "/", {}, b""))
        number = access_key.removeprefix("KEY")
        keys = Credentials(access_key, f"secret {number}")
        assert found == _by_botocore("GET", "/", {}, None, keys)

    assert issuer.asked == len(good_for)


def test_a_failure_to_get_credentials():
    """It is raised, and the next request asks again."""
    answers = iter([OSError("no role"), KEYS])

    def fetch() -> Credentials:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    signer = Signer(HOST, REGION, fetch, payload=True, clock=NOON.timestamp)
    with pytest.raises(OSError, match="no role"):
        signer.headers("GET", "/", {}, b"")

    assert dict(signer.headers("GET", "/", {}, b"")) == _by_botocore("GET", "/", {}, None)


def test_the_time_goes_on():
    """Each second has its date, each day its key; going back is no harm."""
    now = [NOON]
    signer = Signer(HOST, REGION, lambda: KEYS, payload=True, clock=lambda: now[0].timestamp())  # noqa: PLW0108
    midnight = datetime(2024, 6, 16, tzinfo=UTC)
    steps = [
        NOON,
        NOON + timedelta(seconds=0.9),
        NOON + timedelta(seconds=1),
        midnight - timedelta(seconds=1),
        midnight,
        midnight + timedelta(days=1),
        NOON,
    ]
    for now[0] in steps:
        found = dict(signer.headers("GET", "/", {}, b""))
        assert found == _by_botocore("GET", "/", {}, None, at=now[0])

    assert found["x-amz-date"] == "20240615T120000Z"
