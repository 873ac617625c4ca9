"""The engine makes the first attempt, boto3 all others: who is asked, and what is believed."""

from __future__ import annotations

import base64
import hashlib
import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from support import galleries, process, scripted, servers
from support.scripted import Answer, fault, taken
from support.servers import Hurried, Server

from galleria_action import connection
from galleria_action.errors import ConditionFailed, FailureReason, StoreError
from galleria_action.fast_store import MOST_FAILURES
from galleria_action.headers import Headers
from galleria_action.store import Condition

HEADERS = Headers("text/plain; charset=utf-8", "public, max-age=60")

Answers = Callable[[scripted.Request], Answer]


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


# Proof of arrival


def _other_etag(request: scripted.Request) -> Answer:
    return Answer(headers={"ETag": '"not-an-md5"'})


def test_an_etag_that_proves_nothing():
    """Sent again with Content-MD5, and so is every other object of the run."""
    with scripted.scripted(_other_etag) as script:
        store = scripted.store(script.address)
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
            scripted.store(script.address).put("a", b"x", HEADERS, condition)

    conditions = [
        (each.headers["If-Match"], each.headers["If-None-Match"]) for each in script.requests
    ]
    assert conditions == [
        (None, "*"),
        ('"not-an-md5"', None),
        ('"seen"', None),
        ('"not-an-md5"', None),
    ]


@pytest.mark.parametrize("condition", [None, Condition(None), Condition("seen")])
def test_what_others_rely_on_is_never_there_damaged(condition):
    """The engine sends Content-MD5 with manifest and ledger: the store compares it first."""
    with scripted.scripted(taken) as script:
        scripted.store(script.address).put("a", b"picture", HEADERS, condition)

    digest = base64.b64encode(hashlib.md5(b"picture").digest()).decode() if condition else None
    assert [each.headers["Content-MD5"] for each in script.from_engine] == [digest]


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


def _damaging(*requests: int) -> Answers:
    """A store that ignores Content-MD5 and gets other bytes in the puts of these numbers."""
    numbers = itertools.count()

    def answer(request: scripted.Request) -> Answer:
        damaged = next(numbers) in requests
        return taken(request._replace(body=b"Q" + request.body[1:]) if damaged else request)

    return answer


@pytest.mark.parametrize("condition", [None, Condition(None)])
def test_damaged_again_on_the_second_way(condition):
    """Where ETags are known to be MD5s they are believed more than a silent Content-MD5."""
    with scripted.scripted(_damaging(1, 2, 3)) as script:
        store = scripted.store(script.address)
        store.put("a", b"first", HEADERS)
        etag = store.put("b", b"picture", HEADERS, condition)
        store.put("c", b"third", HEADERS)

    assert etag == hashlib.md5(b"picture").hexdigest()
    assert [each.by_boto3 for each in script.requests] == [False, False, True, True, True, False]
    if condition:
        replaced = hashlib.md5(b"Qicture").hexdigest()
        seen = [each.headers["If-Match"] for each in script.requests[2:5]]
        assert seen == [f'"{replaced}"'] * 3


def test_always_damaged():
    """It is an error, and no success, when what was sent never arrives."""
    with scripted.scripted(_damaging(*range(1, 99))) as script:
        store = scripted.store(script.address)
        store.put("a", b"first", HEADERS)
        with pytest.raises(StoreError) as raised:
            store.put("b", b"picture", HEADERS)

    assert raised.value.reason is FailureReason.NETWORK
    assert "not what was sent" in raised.value.headline


def _stored(data: bytes, etag: str = "") -> Answer:
    return Answer(headers={"ETag": f'"{etag or hashlib.md5(data).hexdigest()}"'}, body=data)


def test_a_damaged_object_is_read_again():
    """The ETag tells, by the engine's way and by boto3's."""
    good, bad = _stored(b"ledger"), _stored(b"Qedger", hashlib.md5(b"ledger").hexdigest())
    for answers, asked in [([bad, good], 3), ([bad, bad._replace(body=b"Other"), bad, good], 4)]:
        queue = iter(answers)
        with scripted.scripted(lambda _, queue=queue: Answer(*next(queue, good))) as script:
            assert scripted.store(script.address).get("a").data == b"ledger"
        assert len(script.requests) == asked


def test_an_object_whose_etag_is_no_md5_is_read_twice():
    """Two equal answers are as good a proof."""
    with scripted.scripted(lambda _: _stored(b"ledger", "opaque")) as script:
        assert scripted.store(script.address).get("a").data == b"ledger"

    assert [each.by_boto3 for each in script.requests] == [False, False]


def test_an_object_that_is_another_each_time():
    """No attempt is believed."""
    numbers = itertools.count()
    answer = lambda _: _stored(b"%d" % next(numbers), "opaque")  # noqa: E731
    with scripted.scripted(answer) as script, pytest.raises(StoreError) as raised:
        scripted.store(script.address).get("a")

    assert raised.value.reason is FailureReason.NETWORK


# Faults


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.get("a"),
        lambda store: store.put("a", b"x", HEADERS),
        lambda store: list(store.list("")),
    ],
)
def test_the_engine_honours_retry_after(ask):
    """What it was asked to wait is waited before boto3 makes the next attempt."""
    page = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    def answer(request: scripted.Request) -> Answer:
        if not request.by_boto3:
            return fault(503, "SlowDown", Retry_After="7")
        if "list-type" in request.target:
            return Answer(body=page)
        return taken(request)

    with scripted.scripted(answer) as script:
        stopped = Hurried()
        ask(scripted.store(script.address, stopped))

    assert [each.by_boto3 for each in script.requests] == [False, True]
    assert len(stopped.pauses) == 1
    assert stopped.pauses[0] >= 7


def test_retry_after_behind_a_failing_engine():
    """The engine's failure is nobody's business; boto3's answer is judged as ever."""
    answers = iter([fault(503, "SlowDown"), fault(503, "SlowDown", Retry_After="7")])
    with scripted.scripted(lambda request: next(answers, None) or taken(request)) as script:
        stopped = Hurried()
        store = scripted.store(script.address, stopped)
        store.put("a", b"x", HEADERS)

    assert [each.by_boto3 for each in script.requests] == [False, True, True]
    assert len(stopped.pauses) == 1
    assert stopped.pauses[0] >= 7


def test_an_engine_that_fails_again_and_again_is_given_up():
    """Requests that cannot succeed are not made for the rest of the run."""
    answers = _faults_of_engine(lambda _: fault(403, "AccessDenied"))
    with scripted.scripted(answers) as script:
        store = scripted.store(script.address)
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
        store = scripted.store(script.address)
        for number in range(1, 12):
            store.put(str(number % MOST_FAILURES or 3), b"x", HEADERS)

    assert len(script.from_engine) == 11


@pytest.mark.parametrize("ask", [lambda store: store.get("a"), lambda store: store.head("a")])
def test_what_is_absent_is_no_fault(ask):
    """However often it is asked for."""
    with scripted.scripted(lambda _: fault(404, "NoSuchKey")) as script:
        store = scripted.store(script.address)
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
        scripted.store(script.address).get("a")

    assert raised.value.reason is reason


def test_a_condition_that_does_not_hold_is_no_fault():
    """boto3 looks why, and says so; the engine goes on."""
    with scripted.scripted(lambda _: fault(412, "PreconditionFailed")) as script:
        store = scripted.store(script.address)
        for _ in range(MOST_FAILURES + 2):
            with pytest.raises(ConditionFailed):
                store.put("a", b"x", HEADERS, Condition(None))

    assert len(script.from_engine) == MOST_FAILURES + 2


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_store_that_does_not_answer_the_engine(monkeypatch, method):
    """It is left to boto3 when the time is up, for a put as for what is only asked."""
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.1)
    asked = threading.Event()

    def silence(request: scripted.Request) -> Answer:
        if request.by_boto3:
            asked.set()
        assert asked.wait(30)
        return taken(request)

    with scripted.scripted(silence) as script:
        store = scripted.store(script.address)
        store.put("a", b"", HEADERS) if method == "PUT" else store.get("a")

    assert [each.by_boto3 for each in script.requests] == [False, True]


class _Interrupted(BaseException):
    """As :class:`galleria_action.errors.Cancelled`."""


def test_waiting_for_the_engine_can_be_interrupted():
    """A signal is handled while the store has not answered, not after its time limit."""
    came, interrupted, answered = threading.Event(), threading.Event(), threading.Event()

    def silence(request: scripted.Request) -> Answer:
        came.set()
        interrupted.wait(10)
        answered.set()
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
                scripted.store(script.address).put("a", b"x", HEADERS)
            assert not answered.is_set()
            interrupted.set()
    finally:
        signal.signal(signal.SIGUSR1, before)
