"""What a store makes of faults: a retry, or a StoreError with the reason a person can act on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support import scripted, servers
from support.scripted import Answer, fault, taken
from support.servers import HOST, Server

from galleria_action.errors import FailureReason, StoreError
from galleria_action.headers import Headers
from galleria_action.retry import Retries
from galleria_action.storage import S3Store
from galleria_action.store import Store

HEADERS = Headers("text/plain", "no-store")
OPERATIONS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get("a"),
    "head": lambda store: store.head("a"),
    "put": lambda store: store.put("a", b"x", HEADERS),
    "put_parts": lambda store: store.put_parts("a", iter([b"x"]), HEADERS),
    "list": lambda store: list(store.list("")),
    "delete": lambda store: store.delete(["a"]),
}


@pytest.fixture
def strict(server) -> Server:
    """The servers that check signatures."""
    if not server.signatures:
        pytest.skip(f"{server.name} does not check signatures")
    return server


def _error(store: Store, operation: str) -> StoreError:
    with pytest.raises(StoreError) as raised:
        OPERATIONS[operation](store)
    return raised.value


def _reasons(store: Store, *but: str) -> set[FailureReason]:
    """Why each operation failed, those named in ``but`` apart."""
    return {_error(store, each).reason for each in OPERATIONS.keys() - set(but)}


def test_a_wrong_secret_key(strict):
    """Every request says that the credentials are at fault, and does nothing."""
    bucket = servers.make_bucket(strict)
    store = servers.store(strict, bucket, secret_key="an0ther/secret")

    assert _reasons(store) == {FailureReason.CREDENTIALS}
    assert "an0ther/secret" not in _error(store, "list").text()
    assert servers.listing(strict, bucket) == {}


def test_an_unknown_key_id(strict):
    """Likewise for a key that the service has never seen."""
    bucket = servers.make_bucket(strict)
    store = servers.store(strict, bucket, access_key="NOBODYSKEY")

    assert _reasons(store) == {FailureReason.CREDENTIALS}
    assert servers.listing(strict, bucket) == {}


def test_a_bucket_that_is_not_there(server):
    """It is named, and never taken for an absent object; HEAD alone cannot tell them apart."""
    store = servers.store(server, "no-such-bucket")

    assert _reasons(store, "head") == {FailureReason.BUCKET}
    message = _error(store, "list").text()
    assert "no-such-bucket" in message
    assert server.endpoint in message


def test_no_server():
    """Nobody listens at the endpoint: the network is at fault."""
    nobody = Server("nobody", f"http://{HOST}:{servers.free_port()}")
    store = servers.store(nobody, "bucket")

    assert _reasons(store) == {FailureReason.NETWORK}
    assert nobody.endpoint in _error(store, "list").text()


def test_a_certificate_that_is_not_trusted(ceph):
    """It is no reason to go on without one, nor to try again."""
    stranger = Server("stranger", ceph.endpoint)

    error = _error(servers.store(stranger, "bucket"), "list")

    assert error.reason is FailureReason.NETWORK
    assert "AWS_CA_BUNDLE" in error.text()


@pytest.fixture
def checking(server) -> Server:
    """The servers that hold a put against its Content-MD5."""
    if not server.digests:
        pytest.skip(f"{server.name} does not check Content-MD5")
    return server


@contextmanager
def _damaged(store: S3Store, times: int) -> Iterator[list[bytes]]:
    """Change the bytes of the next ``times`` puts on their way; the bytes that were sent."""
    sent: list[bytes] = []

    def change(request, **_) -> None:
        data = request.body if isinstance(request.body, bytes) else request.body.read()
        request.body = b"Q" + data[1:] if len(sent) < times else data
        sent.append(request.body)

    events = store._client.meta.events
    events.register("before-send.s3.PutObject", change)
    yield sent
    events.unregister("before-send.s3.PutObject", change)


def test_bytes_damaged_on_their_way_are_sent_again(checking):
    """The server compares them with Content-MD5, and the second attempt arrives whole."""
    store = servers.store(checking, servers.make_bucket(checking)).careful

    with _damaged(store, 1) as sent:
        store.put("a.jpg", b"picture", HEADERS)

    assert sent == [b"Qicture", b"picture"]
    assert store.get("a.jpg").data == b"picture"


def test_bytes_that_always_arrive_damaged_are_never_stored(checking):
    """After the last attempt it is an error, and the bucket has no such object."""
    bucket = servers.make_bucket(checking)
    store = servers.store(checking, bucket).careful

    with _damaged(store, 99) as sent:
        error = _error(store, "put")

    assert len(sent) == Retries().attempts
    assert error.reason in (FailureReason.UPLOAD, FailureReason.NETWORK)
    assert servers.listing(checking, bucket) == {}


# Answers that are none


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("get", b"<Error><Code>InternalError</Code></Error>"),
        ("head", b""),
        ("put", b"<Error><Code>InternalError</Code></Error>"),
        ("put_parts", b"<Error><Code>InternalError</Code></Error>"),
        ("list", b""),
        ("list", b"<ListBucketResult/>"),
        ("list", b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        ("list", b"<Error><Code>InternalError</Code></Error>"),
        ("delete", b"<Error><Code>InternalError</Code></Error>"),
    ],
)
def test_success_without_what_makes_it_one(operation, body):
    """A 200 that lacks an ETag, or the end of a listing, is tried again and then explained."""
    with scripted.scripted(lambda _: Answer(body=body)) as script:
        error = _error(scripted.store(script.address).careful, operation)

    assert error.reason is FailureReason.NETWORK
    assert len(script.requests) == Retries().attempts


def _deleted(*keys: str) -> Answer:
    told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
    return Answer(body=f"<DeleteResult>{told}</DeleteResult>".encode())


@pytest.mark.parametrize("told", [(), ("a",), ("a", "b"), ("a", "b", "c", "of others")])
def test_a_delete_that_the_answer_does_not_name(told):
    """It is not believed: such objects are deleted one by one."""

    def answer(request: scripted.Request) -> Answer:
        return _deleted(*told) if request.method == "POST" else Answer(204)

    with scripted.scripted(answer) as script:
        assert scripted.store(script.address).delete(["a", "b", "c"]) == {}

    singly = [each.target[-1] for each in script.requests if each.method == "DELETE"]
    assert singly == [key for key in "abc" if key not in told]


def test_a_put_of_which_nothing_is_told():
    """An answer without an ETag is no proof: the object is sent again."""
    numbers = iter([Answer()])
    with scripted.scripted(lambda request: next(numbers, None) or taken(request)) as script:
        etag = scripted.store(script.address).careful.put("a", b"x", HEADERS)

    assert etag == "9dd4e461268c8034f5c8564e155c67a6"
    assert len(script.requests) == 2


PARTS = [b"one", b"two"]
WHOLE = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in PARTS)).hexdigest() + "-2"


@pytest.mark.parametrize(("there", "arrived"), [(WHOLE, True), ("0" * 32, False)])
def test_the_end_of_an_upload_that_was_not_told(there, arrived):
    """The upload is gone at the second attempt: what is there shows whether the first did it."""
    ends = iter([fault(500, "InternalError")])

    def answer(request: scripted.Request) -> Answer:
        if request.target.endswith("?uploads"):
            return Answer(body=b"<R><UploadId>u</UploadId></R>")
        if request.method == "POST":
            return next(ends, fault(404, "NoSuchUpload"))
        return Answer(headers={"ETag": there}) if request.method == "HEAD" else taken(request)

    with scripted.scripted(answer) as script:
        store = scripted.store(script.address)
        if arrived:
            assert store.put_parts("a", iter(PARTS), HEADERS) == WHOLE
        else:
            with pytest.raises(StoreError, match="finish the upload of a"):
                store.put_parts("a", iter(PARTS), HEADERS)

    assert ("DELETE" in {each.method for each in script.requests}) is not arrived
