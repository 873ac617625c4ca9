"""What the engine sends, and the way it takes: headers, environment, proxies, authorities, AWS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta

import pytest
import trustme
from botocore.credentials import ReadOnlyCredentials
from support import scripted, servers
from support.scripted import taken
from support.servers import ACCESS_KEY, Hurried

from galleria_action import __version__, aws
from galleria_action.bucket import Bucket
from galleria_action.engine import Failed
from galleria_action.fast_store import FastStore
from galleria_action.headers import Headers

HEADERS = Headers("text/plain; charset=utf-8", "public, max-age=60")
KEYS = {"access_key": "AKEY", "secret_key": "a/s3cret+key="}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
PROXIES = (*PROXIES, *map(str.lower, PROXIES))


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    """As on a machine that says nothing of authorities and proxies, not even of loopback."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", *PROXIES):
        monkeypatch.delenv(name, raising=False)


def _arrived(environ: dict[str, str], monkeypatch, **access: str) -> scripted.Request:
    """What the engine sends to a store that is made in this environment."""
    with scripted.scripted(taken) as script:
        for name, text in environ.items():
            monkeypatch.setenv(name, text.replace("ADDRESS", script.address))
        scripted.store(script.address, **access).put("k.txt", b"data", HEADERS)
        (request,) = script.requests
    return request


PLAIN = {
    "cache-control": HEADERS.cache_control,
    "content-length": "4",
    "content-type": HEADERS.content_type,
    "user-agent": f"galleria-deploy/{__version__}",
    "x-amz-content-sha256": "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7",
}


def _sent(request: scripted.Request) -> dict[str, str]:
    """The headers that are the same each time."""
    names = {"authorization", "host", "x-amz-date"}
    found = {name.lower(): text for name, text in request.headers.items()}
    assert names <= found.keys()
    return {name: text for name, text in found.items() if name not in names}


def test_headers_and_nothing_else(monkeypatch):
    """The two that are stored; over HTTP the hash of the body is signed."""
    request = _arrived({}, monkeypatch)

    assert (request.method, request.target) == ("PUT", "/bucket/k.txt")
    assert _sent(request) == PLAIN
    assert "/us-east-1/s3/aws4_request" in request.headers["Authorization"]


def test_a_session_token(monkeypatch):
    """It is sent and signed."""
    request = _arrived({}, monkeypatch, session_token="t0ken")

    assert _sent(request) == {**PLAIN, "x-amz-security-token": "t0ken"}
    assert "x-amz-security-token" in request.headers["Authorization"]


AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "OTHERKEY",
    "AWS_SECRET_ACCESS_KEY": "other",
    "AWS_SESSION_TOKEN": "leaked",
    "AWS_TOKEN": "leaked",
    "AWS_REGION": "mars-1",
    "AWS_DEFAULT_REGION": "mars-1",
    "AWS_BUCKET": "other",
    "AWS_BUCKET_NAME": "other",
    "AWS_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    "AWS_S3_EXPRESS": "true",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_UNSIGNED_PAYLOAD": "true",
    "AWS_CHECKSUM_ALGORITHM": "SHA256",
    "AWS_SERVER_SIDE_ENCRYPTION": "AES256",
    "AWS_REQUEST_PAYER": "true",
    "AWS_CONDITIONAL_PUT": "disabled",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9",
    "AWS_ALLOW_HTTP": "false",
    "AWS_PROXY_URL": "http://127.0.0.1:9",
    "AWS_TIMEOUT": "1ns",
    "AWS_USER_AGENT": "other",
    "AWS_DEFAULT_CONTENT_TYPE": "other/type",
}


def test_the_environment_does_not_interfere(monkeypatch):
    """Not one of the variables that S3 clients take their configuration from."""
    request = _arrived(AWS_ENVIRONMENT, monkeypatch)

    assert request.target == "/bucket/k.txt"
    assert _sent(request) == PLAIN
    signed = request.headers["Authorization"]
    assert f"Credential={ACCESS_KEY}/" in signed
    assert "/us-east-1/s3/aws4_request" in signed


# The way there


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("proxy_url", ["{}", "//{}", "http://{}", "http://user:pass@{}"])
def test_through_a_proxy(monkeypatch, name, proxy_url):
    """The proxy is asked for the store's URL, by the engine as by boto3."""
    with scripted.scripted(taken) as script:
        address = script.address.removeprefix("http://")
        monkeypatch.setenv(name, proxy_url.format(address))
        store = scripted.store("http://store.example")
        first, second = (each.put("a", b"x", HEADERS) for each in (store, store.careful))

    assert first == second
    assert {each.target for each in script.requests} == {"http://store.example/bucket/a"}
    assert [each.by_boto3 for each in script.requests] == [False, True]
    authorization = {each.headers["Proxy-Authorization"] for each in script.requests}
    assert authorization == ({"Basic dXNlcjpwYXNz"} if "user" in proxy_url else {None})


@pytest.mark.parametrize("bypass", ["127.0.0.1", "example.org, 127.0.0.1", "*"])
def test_past_a_proxy(monkeypatch, bypass):
    """NO_PROXY names hosts that are reached directly."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.setenv("NO_PROXY", bypass)
    with scripted.scripted(taken) as script:
        scripted.store(script.address).put("a", b"x", HEADERS)

    assert [each.by_boto3 for each in script.requests] == [False]


@pytest.fixture
def strangers(tmp_path) -> str:
    """The file of an authority that signed nothing."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "strangers.crt")
    return str(tmp_path / "strangers.crt")


@pytest.mark.ceph
@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority(ceph, monkeypatch, name):
    """Trusted by the variables of boto3, and by that of OpenSSL."""
    monkeypatch.setenv(name, str(ceph.ca_bundle))
    store = scripted.store(ceph.endpoint)

    assert store._engine.head("a") is None


@pytest.mark.ceph
@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_only_the_authority_that_is_named(ceph, monkeypatch, strangers, name):
    """A bundle takes the place of the machine's authorities, it does not add to them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ceph.ca_bundle))
    monkeypatch.setenv(name, strangers)
    store = scripted.store(ceph.endpoint)

    with pytest.raises(Failed):
        store._engine.head("a")


def test_a_machine_without_authorities(monkeypatch, strangers):
    """The engine cannot be had there; boto3 brings its own."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, f"{strangers}/absent")

    store = aws.store(Bucket("bucket", "https://localhost:9", **KEYS), 4, Hurried())

    assert not isinstance(store, FastStore)


# AWS


@pytest.fixture
def amazon(monkeypatch, tmp_path) -> Iterator[scripted.Script]:
    """A proxy that answers in the place of AWS; the job has credentials in its environment."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("*.s3.eu-central-1.amazonaws.com").configure_cert(context)
    with scripted.scripted(taken, context) as script:
        monkeypatch.setenv("HTTPS_PROXY", script.address)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.crt"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAKEY")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "t0ken")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield script


def test_aws(amazon):
    """The bucket is a host of its own, and boto3's chain of credentials signs for both."""
    store = aws.store(Bucket("my-bucket"), 4, Hurried())
    store.put("a b.jpg", b"x", HEADERS)
    store.careful.put("a b.jpg", b"x", HEADERS)

    assert set(amazon.tunnels) == {"my-bucket.s3.eu-central-1.amazonaws.com:443"}
    first, second = amazon.requests
    assert (first.by_boto3, second.by_boto3) == (False, True)
    for name in ("Host", "X-Amz-Security-Token", "X-Amz-Content-Sha256"):
        assert first.headers[name] == second.headers[name]
    assert first.target == second.target == "/a%20b.jpg"
    assert first.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIAKEY/")
    assert "/eu-central-1/s3/aws4_request" in first.headers["Authorization"]


def test_keys_of_the_job_at_aws(amazon):
    """Keys that are given go before those of the environment, and without its token."""
    store = aws.store(Bucket("my-bucket", **KEYS), 4, Hurried())
    store.put("a", b"x", HEADERS)

    (request,) = amazon.requests
    assert "Credential=AKEY/" in request.headers["Authorization"]
    assert request.headers["X-Amz-Security-Token"] is None


@pytest.mark.parametrize(("good_for", "tokens"), [(600, 1), (-1, 3)])
def test_credentials_of_aws_stay_fresh(amazon, monkeypatch, good_for, tokens):
    """boto3 is asked for them again when those at hand may expire, and not for every request."""
    monkeypatch.setattr(aws, "CREDENTIALS_FOR", timedelta(seconds=good_for))
    numbers = iter(range(100))
    monkeypatch.setattr(
        "botocore.credentials.Credentials.get_frozen_credentials",
        lambda _: ReadOnlyCredentials("ASIAKEY", "secret", f"token {next(numbers)}"),
    )
    store = aws.store(Bucket("my-bucket"), 4, Hurried())
    for _ in range(3):
        store.put("a", b"x", HEADERS)

    assert len({each.headers["X-Amz-Security-Token"] for each in amazon.requests}) == tokens


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("my-bucket", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
        ("my-bucket", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}),
        ("with.dots", {}),
        ("Old_Style", {}),
        ("zonal--euc1-az1--x-s3", {}),
    ],
)
def test_what_only_boto3_knows_at_aws(amazon, monkeypatch, name, variables):
    """Endpoints of the environment, and buckets that are not a host's name or no plain ones."""
    for each, text in variables.items():
        monkeypatch.setenv(each, text)

    assert not isinstance(aws.store(Bucket(name), 4, Hurried()), FastStore)
