"""Asking for the job's token, of a server that gives them as GitHub does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from support import oidc
from support.oidc import SECRET, Answer

from galleria_action import id_token
from galleria_action.errors import FailureReason, StoreError
from galleria_action.id_token import Issuer
from galleria_action.retry import Retries
from galleria_action.role import claims

SERVER_ERRORS = [408, 429, 500, 502, 503]
CREDENTIALS, NETWORK = FailureReason.CREDENTIALS, FailureReason.NETWORK


@pytest.fixture
def server() -> Iterator[oidc.Issuer]:
    with oidc.issuer() as made:
        yield made


@pytest.fixture
def issuer(server) -> Issuer:
    """As the runner's environment says it."""
    found = id_token.issuer(server.environ)
    assert found is not None
    return found


def fetch(issuer: Issuer, audience: str = "sts.amazonaws.com") -> str:
    """Without the pauses between the attempts."""
    return id_token.fetch(issuer, audience, Retries())


def failure(issuer: Issuer) -> StoreError:
    with pytest.raises(StoreError) as caught:
        fetch(issuer)
    assert SECRET not in caught.value.text()
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("audience", ["sts.amazonaws.com", "a b&audience=c#d/é", "https://x/?y=z"])
def test_a_token(server, issuer, audience):
    """For the audience that was asked for, letter by letter; another one each time."""
    first, second = fetch(issuer, audience), fetch(issuer, audience)
    assert server.asked == [audience, audience]
    assert claims(first).audience == audience
    assert claims(first).issuer == server.url
    assert first != second


def test_no_issuer():
    """Both variables are there, or there is nobody to ask."""
    assert id_token.issuer({}) is None
    assert id_token.issuer({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}) is None
    assert id_token.issuer({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}) is None


def test_the_secret_is_in_no_representation(issuer):
    """Not in a log, not in a traceback."""
    assert SECRET not in repr(issuer)


@pytest.mark.parametrize("status", SERVER_ERRORS)
def test_a_fault_that_passes(server, issuer, status):
    """Asked again."""
    server.hook = lambda number: Answer(status) if number < 3 else None
    assert fetch(issuer) in server.tokens
    assert server.requests == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_fault_that_stays(server, issuer, status):
    """A few times, and then it is the network's."""
    server.hook = lambda _: Answer(status)
    error = failure(issuer)
    assert error.reason is NETWORK
    assert f"did not manage to give this job a token ({status})" in error.headline
    assert server.requests == 5


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404])
def test_a_refusal(server, issuer, status):
    """Asked once; redirects are refusals, too, and nobody else gets the secret."""
    with oidc.issuer() as elsewhere:
        server.hook = lambda _: Answer(status, location=f"{elsewhere.url}{oidc.PATH}")
        error = failure(issuer)
        assert elsewhere.requests == 0
    assert error.reason is CREDENTIALS
    assert f"127.0.0.1 gives this job no token ({status})" in error.headline
    assert "id-token: write" in error.paste
    assert server.requests == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"value": 7}',
        b'{"value": "a.b"}',
        b'{"value": ""}',
        json.dumps({"value": "x" * (2 << 20)}).encode(),
        b"\xff",
    ],
)
def test_answers_without_a_token(server, issuer, body):
    """Whatever it is, it is said in words, and what came is not shown."""
    server.hook = lambda _: Answer(200, body)
    error = failure(issuer)
    assert error.reason is NETWORK
    assert error.headline == "Error: Could not sign in: the answer of 127.0.0.1 has no token"


def test_nobody_there():
    """The host is named, its secret address is not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/hidden?api-version=2.0"
    error = failure(Issuer(url, SECRET))
    assert error.reason is NETWORK
    assert "no connection to 127.0.0.1" in error.headline
    assert "hidden" not in error.text()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "nonsense", "http://"])
def test_addresses_that_are_none(url):
    """Nothing but the web is asked."""
    assert failure(Issuer(url, SECRET)).reason is NETWORK
