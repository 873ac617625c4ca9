"""The engine makes the first attempt, boto3 all others: what each sends, and what it is told."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import trustme
from botocore.credentials import ReadOnlyCredentials
from support import galleries, process, scripted, servers
from support.proxy import Lost, Request, proxy
from support.scripted import Answer, fault, taken
from support.servers import Hurried, Server

from galleria_action import __version__, aws
from galleria_action.config import Bucket
from galleria_action.engine import Failed
from galleria_action.errors import ConditionFailed, FailureReason, StoreError
from galleria_action.fast_store import MOST_FAILURES, FastStore
from galleria_action.headers import Headers
from galleria_action.store import Condition

HEADERS = Headers("text/plain; charset=utf-8", "public, max-age=60")
KEYS = {"access_key": "AKEY", "secret_key": "a/s3cret+key="}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

Answers = Callable[[scripted.Request], Answer]


@pytest.fixture(params=["rclone", "moto"])
def plain(request) -> Server:
    """The servers that speak HTTP."""
    return request.getfixturevalue(request.param)


def _store(endpoint: str, **access: str) -> FastStore:
    made = aws.store(Bucket("bucket", endpoint, **{**KEYS, **access}), 4, Hurried())
    assert isinstance(made, FastStore)
    return made


def _faults_of_engine(fails: Answers, works: Answers = taken) -> Answers:
    """Answers by who asks."""
    return lambda request: works(request) if request.by_boto3 else fails(request)


# Without boto3


def test_a_run_without_faults_and_deletes_does_not_load_boto3(rclone, tmp_path):
    """The whole program: first a deployment, then one that has nothing to do, then a change."""
    gallery = galleries.make(tmp_path / "workspace")
    inputs = ("s3-endpoint", "s3-access-key", "s3-secret-key", "s3-bucket")
    values = (rclone.endpoint, rclone.access_key, rclone.secret_key, servers.make_bucket(rclone))
    flags = [f"--{name}={value}" for name, value in zip(inputs, values, strict=True)]
    program = (
        "import sys; from galleria_action.__main__ import main; status = main(sys.argv[1:]);"
        "print(status, [name for name in ('boto3', 'botocore') if name in sys.modules])"
    )
    for change in ("first", "none", "another"):
        if change == "another":
            gallery.add("another")
            gallery.write()

        run = subprocess.run(
            [sys.executable, "-c", program, *flags],
            cwd=gallery.root,
            capture_output=True,
            text=True,
            timeout=process.SECONDS,
            check=True,
        )

        assert run.stdout.splitlines()[-1] == "0 []", run.stdout


def test_the_engine_alone_does_what_a_deployment_needs(server, bucket):
    """On every server, over HTTP and over TLS: what is asked most never gets to boto3."""
    store = servers.store(server, bucket)
    store._made = None
    store._make = lambda: pytest.fail("boto3 was asked")

    assert store.get("absent") is None
    assert store.head("absent") is None
    etag = store.put("full/a b%20+ü.jpg", b"picture", HEADERS)
    assert store.head("full/a b%20+ü.jpg") == etag
    assert store.get("full/a b%20+ü.jpg").data == b"picture"
    store.put("manifest", b"one", HEADERS, Condition(None))
    assert [key for key, _ in store.list("")] == ["full/a b%20+ü.jpg", "manifest"]
    assert [key for key, _ in store.list("full/")] == ["full/a b%20+ü.jpg"]
    assert list(store.list("absent/")) == []


def test_a_manifest_is_replaced_without_boto3(moto):
    """If-Match with quotes, as most stores want it; Ceph's refusal is boto3's business."""
    store = servers.store(moto, servers.make_bucket(moto))
    store._make = lambda: pytest.fail("boto3 was asked")

    first = store.put("manifest", b"one", HEADERS)
    second = store.put("manifest", b"two", HEADERS, Condition(first))

    assert store.head("manifest") == second


# What is sent


def _arrived(environ: dict[str, str], monkeypatch, **access: str) -> scripted.Request:
    """What the engine sends to a store that is made in this environment."""
    with scripted.scripted(taken) as script:
        for name, text in environ.items():
            monkeypatch.setenv(name, text.replace("ADDRESS", script.address))
        _store(script.address, **access).put("k.txt", b"data", HEADERS)
        (request,) = script.requests
    return request


PLAIN = {
    "accept": "*/*",
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
    """Not one of the variables that Rust's S3 client takes its configuration from."""
    request = _arrived(AWS_ENVIRONMENT, monkeypatch)

    assert request.target == "/bucket/k.txt"
    assert _sent(request) == PLAIN
    signed = request.headers["Authorization"]
    assert f"Credential={KEYS['access_key']}/" in signed
    assert "/us-east-1/s3/aws4_request" in signed


def test_the_environment_is_left_as_it_was(monkeypatch):
    """Other parts of the program still find what is set."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_FILE", "/other.crt")
    monkeypatch.setenv("HTTP_PROXY", "")
    before = dict(os.environ)

    aws.store(Bucket("bucket", "https://localhost:9", **KEYS), 4, Hurried())

    assert dict(os.environ) == before


# The way there


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    """As on a machine that says nothing of authorities."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def _no_proxy(monkeypatch):
    """Nor of proxies, not even that loopback needs none."""
    for name in (*PROXIES, "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("proxy_url", ["{}", "//{}", "http://{}", "http://user:pass@{}"])
def test_through_a_proxy(monkeypatch, name, proxy_url):
    """The proxy is asked for the store's URL, by the engine as by boto3."""
    with scripted.scripted(taken) as script:
        address = script.address.removeprefix("http://")
        monkeypatch.setenv(name, proxy_url.format(address))
        store = _store("http://store.example")
        engine, boto3 = (each.put("a", b"x", HEADERS) for each in (store, store.careful))

    assert engine == boto3
    assert {each.target for each in script.requests} == {"http://store.example/bucket/a"}
    assert [each.by_boto3 for each in script.requests] == [False, True]
    authorization = {each.headers["Proxy-Authorization"] for each in script.requests}
    assert authorization == ({"Basic dXNlcjpwYXNz"} if "user" in proxy_url else {None})


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize("bypass", ["127.0.0.1", "example.org, 127.0.0.1", "*"])
def test_past_a_proxy(monkeypatch, bypass):
    """NO_PROXY names hosts that are reached directly."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.setenv("NO_PROXY", bypass)
    with scripted.scripted(taken) as script:
        _store(script.address).put("a", b"x", HEADERS)

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
    store = _store(ceph.endpoint, access_key=ceph.access_key, secret_key=ceph.secret_key)

    assert store._engine.head("a") is None


@pytest.mark.ceph
@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_only_the_authority_that_is_named(ceph, monkeypatch, strangers, name):
    """A bundle takes the place of the machine's authorities, it does not add to them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ceph.ca_bundle))
    monkeypatch.setenv(name, strangers)
    store = _store(ceph.endpoint, access_key=ceph.access_key, secret_key=ceph.secret_key)

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
def amazon(monkeypatch, tmp_path, _no_proxy) -> Iterator[scripted.Script]:
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
    engine, boto3 = amazon.requests
    assert (engine.by_boto3, boto3.by_boto3) == (False, True)
    for name in ("Host", "X-Amz-Security-Token", "X-Amz-Content-Sha256"):
        assert engine.headers[name] == boto3.headers[name]
    assert engine.target == boto3.target == "/a%20b.jpg"
    scope = "/eu-central-1/s3/aws4_request"
    assert engine.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIAKEY/")
    assert scope in engine.headers["Authorization"]


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


# Proof of arrival


def _other_etag(request: scripted.Request) -> Answer:
    return Answer(headers={"ETag": '"not-an-md5"'})


def test_an_etag_that_proves_nothing(plain):
    """Sent again with Content-MD5, and so is every other object of the run."""
    with scripted.scripted(_other_etag) as script:
        store = _store(script.address)
        assert store.put("a", b"x", HEADERS) == "not-an-md5"
        assert store.put("b", b"x", HEADERS) == "not-an-md5"
        store.head("a")

    assert [(each.method, each.target, each.by_boto3) for each in script.requests] == [
        ("PUT", "/bucket/a", False),
        ("PUT", "/bucket/a", True),
        ("PUT", "/bucket/b", True),
        ("HEAD", "/bucket/a", False),
    ]
    assert all(each.headers["Content-MD5"] for each in script.from_boto3)


def test_an_etag_that_proves_nothing_on_a_condition():
    """The second attempt replaces what the first one has put, and nothing else."""
    with scripted.scripted(_other_etag) as script:
        for condition in (Condition(None), Condition("seen")):
            _store(script.address).put("a", b"x", HEADERS, condition)

    conditions = [
        (each.headers["If-Match"], each.headers["If-None-Match"]) for each in script.requests
    ]
    assert conditions == [
        (None, "*"),
        ('"not-an-md5"', None),
        ('"seen"', None),
        ('"not-an-md5"', None),
    ]


@pytest.fixture(params=["rclone", pytest.param("ceph", marks=pytest.mark.ceph)])
def checking(request) -> Server:
    """Servers that hold a put against its Content-MD5."""
    return request.getfixturevalue(request.param)


def test_bytes_damaged_on_their_way_are_replaced(checking):
    """A store that took them is sent the right ones at once."""
    store = servers.store(checking, servers.make_bucket(checking))
    put = store._engine.put
    store._engine.put = lambda key, data, *rest: put(key, b"Q" + data[1:], *rest)

    etag = store.put("a.jpg", b"picture", HEADERS)

    assert store.get("a.jpg").data == b"picture"
    assert store.head("a.jpg") == etag


# Faults


def test_retry_after_behind_a_failing_engine():
    """The engine's failure is nobody's business; boto3's answer is judged as ever."""
    answers = iter([fault(503, "SlowDown"), fault(503, "SlowDown", Retry_After="7")])
    with scripted.scripted(lambda request: next(answers, None) or taken(request)) as script:
        stopped = Hurried()
        store = aws.store(Bucket("bucket", script.address, **KEYS), 4, stopped)
        store.put("a", b"x", HEADERS)

    assert [each.by_boto3 for each in script.requests] == [False, True, True]
    assert len(stopped.pauses) == 1
    assert stopped.pauses[0] >= 7


def test_an_engine_that_fails_again_and_again_is_given_up():
    """Requests that cannot succeed are not made for the rest of the run."""
    answers = _faults_of_engine(lambda _: fault(403, "AccessDenied"))
    with scripted.scripted(answers) as script:
        store = _store(script.address)
        for number in range(MOST_FAILURES + 5):
            store.put(str(number), b"x", HEADERS)

    assert len(script.from_engine) == MOST_FAILURES
    assert len(script.from_boto3) == MOST_FAILURES + 5


def test_faults_now_and_then_do_not_end_the_engine():
    """Only those in a row count."""
    answers = _faults_of_engine(
        lambda request: taken(request) if request.target.endswith("3") else fault(500, "X")
    )
    with scripted.scripted(answers) as script:
        store = _store(script.address)
        for number in range(1, 12):
            store.put(str(number % MOST_FAILURES or 3), b"x", HEADERS)

    assert len(script.from_engine) == 11


@pytest.mark.parametrize("ask", [lambda store: store.get("a"), lambda store: store.head("a")])
def test_what_is_absent_is_no_fault(ask):
    """However often it is asked for."""
    with scripted.scripted(lambda _: fault(404, "NoSuchKey")) as script:
        store = _store(script.address)
        assert [ask(store) for _ in range(MOST_FAILURES + 2)] == [None] * (MOST_FAILURES + 2)

    assert script.from_boto3 == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fault(404, "NoSuchBucket"), FailureReason.BUCKET),
        (fault(403, "AccessDenied"), FailureReason.CREDENTIALS),
    ],
)
def test_only_a_key_is_absent(answer, reason):
    """A bucket that is missing, or may not be read, is not taken for an absent object."""
    with scripted.scripted(lambda _: answer) as script, pytest.raises(StoreError) as raised:
        _store(script.address).get("a")

    assert raised.value.reason is reason


def test_a_condition_that_does_not_hold_is_no_fault():
    """boto3 looks why, and says so; the engine goes on."""
    with scripted.scripted(lambda _: fault(412, "PreconditionFailed")) as script:
        store = _store(script.address)
        for _ in range(MOST_FAILURES + 2):
            with pytest.raises(ConditionFailed):
                store.put("a", b"x", HEADERS, Condition(None))

    assert len(script.from_engine) == MOST_FAILURES + 2


class _Interrupted(BaseException):
    """As :class:`galleria_action.errors.Cancelled`."""


def test_waiting_for_the_engine_can_be_interrupted():
    """A signal is handled while the store has not answered, not after its time limit."""
    came, ended = threading.Event(), threading.Event()

    def silence(request: scripted.Request) -> Answer:
        came.set()
        ended.wait(30)
        return taken(request)

    def interrupt(*_: object) -> None:
        raise _Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with scripted.scripted(silence) as script:
            main = threading.main_thread().ident
            threading.Thread(
                target=lambda: came.wait(30) and signal.pthread_kill(main, signal.SIGUSR1)
            ).start()
            with pytest.raises(_Interrupted):
                _store(script.address).put("a", b"x", HEADERS)
            assert not ended.is_set()
            ended.set()
    finally:
        signal.signal(signal.SIGUSR1, before)


# Listings


def test_a_listing_that_breaks_off_is_gone_on_with(moto):
    """boto3 lists what comes after the last page that arrived: nothing twice, nothing left out."""
    bucket = servers.make_bucket(moto)
    names = [f"many/{number:04}.jpg" for number in range(2100)]
    filling = servers.store(moto, bucket)
    for name in names:
        filling.put(name, b"x", HEADERS)
    with proxy(moto) as between:
        lost: list[Request] = []

        def lose(request: Request) -> None:
            if "continuation-token" in request.query and not lost:
                lost.append(request)
                raise Lost

        between.before = lose
        found = [key for key, _ in servers.store(between.server, bucket).list("many/")]

    assert lost
    assert found == names
    assert any("start-after" in each.query for each in between.requests)
    assert sum("list-type" in each.query for each in between.requests) == 4


def _page(*keys: str) -> bytes:
    objects = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><ETag>x</ETag>"
        "<LastModified>2024-06-15T18:30:45Z</LastModified></Contents>"
        for key in keys
    )
    return f"<ListBucketResult>{objects}</ListBucketResult>".encode()


@pytest.mark.parametrize(
    "keys",
    [["a/c", "a/b", "a/d"], ["a/b", "a//c"], ["a/b", "a/./c"], ["a/b", "a/b&#9;c"], ["b", "a/b"]],
    ids=["no order", "empty segment", "dot", "control character", "another folder"],
)
def test_a_listing_that_the_engine_does_not_understand(keys):
    """boto3 makes it from its beginning."""
    with scripted.scripted(lambda _: Answer(body=_page(*keys))) as script:
        found = [key for key, _ in _store(script.address).list("a/")]

    assert found == [key.replace("&#9;", "\t") for key in keys]
    assert [each.by_boto3 for each in script.requests] == [False, True]
