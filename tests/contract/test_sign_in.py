"""Credentials of a role: taken once, renewed in time, by the engine's way and by boto3's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from support import oidc, servers, sts
from support.oidc import Issuer
from support.servers import Hurried
from support.sts import ROLE, Sts

from galleria_action import aws, id_token
from galleria_action.bucket import Bucket
from galleria_action.errors import FailureReason, StoreError
from galleria_action.fast_store import FastStore
from galleria_action.headers import Headers
from galleria_action.role import Role
from galleria_action.sign_in import NEED_SECONDS, SignIn

HEADERS = Headers("image/jpeg", "no-store")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with oidc.issuer() as made:
        yield made


@pytest.fixture
def service(moto, issuer) -> Iterator[Sts]:
    with sts.sts(moto, issuer) as made:
        yield made


@pytest.fixture
def masked() -> list[str]:
    return []


@pytest.fixture
def sign_in(issuer, masked) -> SignIn:
    source = id_token.issuer(issuer.environ)
    return SignIn(
        Role(ROLE),
        lambda audience, retries: id_token.fetch(source, audience, retries),
        masked.extend,
    )


@pytest.fixture
def store(service, moto, sign_in) -> FastStore:
    bucket = Bucket(servers.make_bucket(moto), service.server.endpoint)
    made = aws.store(bucket, 4, Hurried(), sign_in)
    assert isinstance(made, FastStore)
    return made


def test_nothing_is_asked_before_it_is_needed(store, service, issuer):
    """A store is made before the manifest is read; the first request signs in."""
    assert (issuer.requests, service.requests) == (0, 0)
    store.put("a", b"x", HEADERS)
    assert (issuer.requests, service.requests) == (1, 1)


def test_both_ways_use_one_session(store, service):
    """The engine's requests and boto3's are signed with the same credentials."""
    store.put("a", b"x", HEADERS)
    store.careful.put("b", b"x", HEADERS)
    store.delete(["a"])
    (session,) = service.sessions
    assert session.uses == 3
    assert service.strangers == []


def test_many_threads_sign_in_once(store, service):
    """Whoever comes while the first is at it waits, and uses what it got."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: store.put(str(number), b"x", HEADERS), range(32)))
    assert len(service.sessions) == 1
    assert service.sessions[0].uses == 32


def test_many_threads_are_refused_once(store, service):
    """A refusal is final: nobody asks a second time, and all are told the same."""
    service.roles.clear()
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(store.put, str(number), b"x", HEADERS) for number in range(32)]
    errors = {each.exception() for each in waiting}
    (error,) = errors
    assert isinstance(error, StoreError)
    assert error.reason is FailureReason.CREDENTIALS
    assert service.requests == 1


def test_the_engine_renews(store, service, issuer, monkeypatch):
    """Credentials that will expire soon are replaced by new ones, from a new token."""
    monkeypatch.setattr(aws, "CREDENTIALS_FOR", timedelta(seconds=-1))  # asked for every time
    service.lifetime = NEED_SECONDS + 100
    for number in range(4):
        store.put(str(number), b"x", HEADERS)
    assert store._made is None  # boto3's store was not needed
    assert [each.uses for each in service.sessions] == [1, 1, 1, 1]
    assert len(set(issuer.tokens)) == 4


def test_boto3_renews(store, service, issuer):
    """Likewise."""
    service.lifetime = NEED_SECONDS + 100
    for number in range(4):
        store.careful.put(str(number), b"x", HEADERS)
    assert [each.uses for each in service.sessions[-3:]] == [1, 1, 1]
    assert len(set(issuer.tokens)) == len(service.sessions) > 3


@pytest.mark.parametrize("seconds", [900, 3600])
def test_new_sessions_are_kept(store, service, monkeypatch, seconds):
    """Neither an hour nor the shortest session is renewed all the time."""
    monkeypatch.setattr(aws, "CREDENTIALS_FOR", timedelta(seconds=-1))
    service.lifetime = seconds
    for number in range(4):
        store.put(str(number), b"x", HEADERS)
    assert [each.uses for each in service.sessions] == [4]


def test_what_is_kept_is_never_old():
    """The engine keeps credentials for less time than they are good for, when they are given."""
    assert timedelta(seconds=NEED_SECONDS) > aws.CREDENTIALS_FOR


def test_nobody_there(issuer):
    """An STS that cannot be reached is named, and the network is the reason."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    bucket = Bucket("my-bucket", endpoint)
    source = id_token.issuer(issuer.environ)
    sign_in = SignIn(
        Role(ROLE), lambda audience, retries: id_token.fetch(source, audience, retries), list
    )
    with pytest.raises(StoreError) as caught:
        aws.store(bucket, 4, Hurried(), sign_in).get("a")
    assert caught.value.reason is FailureReason.NETWORK
    assert caught.value.headline == f"Error: Could not sign in: no connection to {endpoint}"


def test_everything_is_masked(store, service, issuer, masked):
    """The token before it is used, the credentials before they are."""
    store.put("a", b"x", HEADERS)
    (session,) = service.sessions
    assert masked == [*issuer.tokens, session.access_key, session.secret_key, session.token]


def test_keys_of_the_machine_are_not_used(service, sign_in, monkeypatch):
    """A role that is refused is not replaced by what boto3 would find elsewhere."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.server.endpoint)
    service.roles.clear()
    store = aws.store(Bucket("my-bucket", region="eu-central-1"), 4, Hurried(), sign_in)
    with pytest.raises(StoreError, match="the role does not trust this job"):
        store.get("a")
    assert service.strangers == []


@pytest.mark.parametrize(
    ("bucket", "endpoint"),
    [
        (Bucket("b"), "https://sts.us-east-1.amazonaws.com"),
        (Bucket("b", region="eu-central-1"), "https://sts.eu-central-1.amazonaws.com"),
        (Bucket("b", region="cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn"),
        (
            Bucket("b", "https://s3.eu-west-3.amazonaws.com"),
            "https://sts.eu-west-3.amazonaws.com",
        ),
        (Bucket("b", "https://ceph.example.org"), "https://ceph.example.org"),
        (Bucket("b", "http://127.0.0.1:9000", "garage"), "http://127.0.0.1:9000"),
        (
            Bucket("b", "https://s3.amazonaws.com.example.org"),
            "https://s3.amazonaws.com.example.org",
        ),
    ],
)
def test_who_is_asked(bucket, endpoint):
    """AWS's STS in the bucket's region; anywhere else the bucket's service itself."""
    session = aws._session(bucket)
    assert aws._sts(session, bucket).meta.endpoint_url == endpoint
