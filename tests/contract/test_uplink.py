"""Puts through the engine's lanes, and which of them boto3 makes again."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest
from support import scripted, servers
from support.scripted import Answer, fault, taken

from galleria_action.errors import FailureReason, StoreError
from galleria_action.fast_store import MOST_FAILURES, FastStore
from galleria_action.headers import Headers
from galleria_action.store import Uplink

HEADERS = Headers("text/plain; charset=utf-8", "public, max-age=60")
SECONDS = 30

Answers = Callable[[scripted.Request], Answer]


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as made:
        yield made


class NoThreads(Executor):
    """Of no use to anybody."""

    def submit(self, *_: object) -> Future:
        pytest.fail("boto3 was asked")


def finish(uplink: Uplink, *futures: Future[str]) -> None:
    """Turn until all have ended, well or badly."""
    deadline = time.monotonic() + SECONDS
    for each in futures:
        each.add_done_callback(lambda _: uplink.wake())
    while not all(each.done() for each in futures):
        assert time.monotonic() < deadline
        uplink.turn(0.2)


def by_turns(store: FastStore, executor: Executor, *keys: str) -> list[str]:
    """Puts each key with itself as data, one after the other; the ETags."""
    etags = []
    with store.uplink(executor) as uplink:
        for key in keys:
            future = uplink.put(key, key.encode(), HEADERS)
            finish(uplink, future)
            etags.append(future.result())
    return etags


def md5(key: str) -> str:
    return hashlib.md5(key.encode()).hexdigest()


def who(script: scripted.Script) -> list[tuple[str, str]]:
    """Key and maker of each request."""
    return [
        (each.target.removeprefix("/bucket/"), "boto3" if each.by_boto3 else "engine")
        for each in script.requests
    ]


def of_engine(*answers: Answer | None) -> Answers:
    """What the engine is told, one after the other (None: it is taken); boto3's puts are taken."""
    rest = iter(answers)

    def answer(request: scripted.Request) -> Answer:
        said = None if request.by_boto3 else next(rest, None)
        return said or taken(request)

    return answer


NO_ANSWER = Answer(headers={"Content-Length": "nonsense"})
BUSY, BROKEN = fault(503, "SlowDown"), fault(500, "InternalError")


# What goes well


def test_puts(server, bucket):
    """On every server, over HTTP and over TLS: all arrive, and boto3 is not even loaded."""
    store = servers.store(server, bucket)
    store._made = None
    store._make = lambda: pytest.fail("boto3 was asked")
    data = {f"full/{number} ü+%.jpg": bytes([number]) * number * 300 for number in range(32)}
    with store.uplink(NoThreads()) as uplink:
        futures = {key: uplink.put(key, body, HEADERS) for key, body in data.items()}
        finish(uplink, *futures.values())

    found = servers.listing(server, bucket)
    assert {key: each.etag for key, each in found.items()} == {
        key: each.result() for key, each in futures.items()
    }
    key = "full/31 ü+%.jpg"
    assert servers.body(server, bucket, key) == data[key]
    stored = servers.client(server).head_object(Bucket=bucket, Key=key)
    assert stored["ContentType"] == HEADERS.content_type
    assert stored["CacheControl"] == HEADERS.cache_control


def test_one_connection_for_what_follows():
    """Puts that follow each other share a connection."""
    threads: list[int] = []

    def answer(request: scripted.Request) -> Answer:
        threads.append(threading.get_ident())
        return taken(request)

    with scripted.scripted(answer) as script:
        keys = [f"k{number}" for number in range(20)]
        found = by_turns(scripted.store(script.address), NoThreads(), *keys)

    assert found == [md5(key) for key in keys]
    assert len(threads) == 20
    assert len(set(threads)) == 1


def test_results_are_futures():
    """They are under way at once, and cannot be called back."""
    answered = threading.Event()

    def answer(request: scripted.Request) -> Answer:
        assert answered.wait(SECONDS)
        return taken(request)

    with scripted.scripted(answer) as script:
        store = scripted.store(script.address)
        with store.uplink(NoThreads()) as uplink:
            future = uplink.put("a", b"a", HEADERS)
            assert not future.cancel()
            assert future.running()
            uplink.turn(0.05)
            assert not future.done()
            answered.set()
            finish(uplink, future)

    assert future.result() == md5("a")
    assert not future.cancelled()


def test_a_hash_that_is_known():
    """It is signed in the place of one that would have to be computed."""
    digest = hashlib.sha256(b"a").hexdigest()
    with scripted.scripted(taken) as script:
        store = scripted.store(script.address)
        with store.uplink(NoThreads()) as uplink:
            futures = [uplink.put("a", b"a", HEADERS, known) for known in (digest, "")]
            finish(uplink, *futures)

    assert {each.headers["X-Amz-Content-SHA256"] for each in script.requests} == {digest}


# What does not


@pytest.mark.parametrize(
    ("told", "makers"),
    [
        ([None], ["engine"]),
        ([BROKEN], ["engine", "engine"]),
        ([NO_ANSWER], ["engine", "engine"]),
        ([BROKEN, BROKEN], ["engine", "engine", "boto3"]),
        ([BROKEN, BUSY], ["engine", "engine", "boto3"]),
        ([NO_ANSWER, BROKEN], ["engine", "engine", "boto3"]),
        ([BUSY], ["engine", "boto3"]),
        ([fault(502, "BadGateway")], ["engine", "boto3"]),
        ([fault(429, "TooManyRequests")], ["engine", "boto3"]),
        ([fault(400, "RequestTimeout")], ["engine", "boto3"]),
        ([fault(403, "AccessDenied")], ["engine", "boto3"]),
        ([fault(404, "NoSuchBucket")], ["engine", "boto3"]),
        ([fault(307, "TemporaryRedirect", Location="http://127.0.0.1:9/")], ["engine", "boto3"]),
        ([Answer(200)], ["engine", "boto3"]),
        ([Answer(204, {"ETag": f'"{md5("a")}"'})], ["engine", "boto3"]),
    ],
    ids=lambda each: (
        str([said and said.status for said in each]) if isinstance(each[0], Answer) else None
    ),
)
def test_who_makes_it_again(executor, told, makers):
    """The engine once more where that may help at once, boto3 in every other case."""
    with scripted.scripted(of_engine(*told)) as script:
        assert by_turns(scripted.store(script.address), executor, "a") == [md5("a")]

    assert who(script) == [("a", maker) for maker in makers]
    assert {each.body for each in script.requests} == {b"a"}


def test_an_etag_that_is_not_the_md5(executor):
    """It proves nothing: boto3 sends this again with Content-MD5, and everything that follows."""
    answer = lambda _: Answer(headers={"ETag": '"no-md5"'})  # noqa: E731
    with scripted.scripted(answer) as script:
        found = by_turns(scripted.store(script.address), executor, "a", "b", "c")

    assert found == ["no-md5"] * 3
    assert who(script) == [("a", "engine"), ("a", "boto3"), ("b", "boto3"), ("c", "boto3")]
    assert all(each.headers["Content-MD5"] for each in script.from_boto3)


def test_an_etag_of_damaged_bytes_among_others(executor):
    """Those that were on their way with it are proven by their own."""
    wrong = Answer(headers={"ETag": f'"{md5("b")}"'})
    together = threading.Barrier(4)

    def answer(request: scripted.Request) -> Answer:
        if request.by_boto3:
            return taken(request)
        together.wait(SECONDS)
        return wrong if request.target.endswith("/k0") else taken(request)

    with scripted.scripted(answer) as script:
        store = scripted.store(script.address)
        with store.uplink(executor) as uplink:
            futures = [uplink.put(f"k{number}", b"k%d" % number, HEADERS) for number in range(4)]
            finish(uplink, *futures)

    assert [each.result() for each in futures] == [md5(f"k{number}") for number in range(4)]
    assert [each.target for each in script.from_boto3] == ["/bucket/k0"]


def test_after_failures_in_a_row(executor):
    """The engine is given up for the rest of the run."""
    keys = [f"k{number}" for number in range(MOST_FAILURES + 4)]
    with scripted.scripted(of_engine(*[BUSY] * 100)) as script:
        store = scripted.store(script.address)
        found = by_turns(store, executor, *keys)
        found += by_turns(store, executor, "later")

    assert found == [md5(key) for key in [*keys, "later"]]
    assert [key for key, maker in who(script) if maker == "engine"] == keys[:MOST_FAILURES]
    assert len(script.from_boto3) == len(keys) + 1


def test_a_time_to_wait(executor):
    """It passes before boto3 makes the next attempt, also where another would do at once."""
    stopped = servers.Hurried()
    told = [fault(503, "SlowDown", Retry_After="7"), fault(500, "InternalError", Retry_After="8")]
    with scripted.scripted(of_engine(*told)) as script:
        by_turns(scripted.store(script.address, stopped), executor, "a", "b")

    assert who(script) == [("a", "engine"), ("a", "boto3"), ("b", "engine"), ("b", "boto3")]
    assert [int(each) for each in stopped.pauses] == [7, 8]


def test_second_attempts_count(executor):
    """As failures, and as what ends a row of them; none is made once the engine is given up."""
    told = [BROKEN] * (MOST_FAILURES - 1) + [None] + [BROKEN] * 100
    with scripted.scripted(of_engine(*told)) as script:
        keys = [f"k{number}" for number in range(10)]
        assert by_turns(scripted.store(script.address), executor, *keys) == list(map(md5, keys))

    assert len(script.from_engine) == MOST_FAILURES + MOST_FAILURES


def test_failures_now_and_then(executor):
    """Only those in a row count."""
    told = ([BUSY] * (MOST_FAILURES - 1) + [None]) * 4
    with scripted.scripted(of_engine(*told)) as script:
        keys = [f"k{number}" for number in range(len(told))]
        by_turns(scripted.store(script.address), executor, *keys)

    assert len(script.from_engine) == len(told)
    assert len(script.from_boto3) == told.count(BUSY)


@pytest.mark.parametrize("key", ["a//b", "a/./b", "/a", "../a"])
def test_keys_that_only_boto3_sends(executor, key):
    """They are no failures of the engine, however many."""
    with scripted.scripted(taken) as script:
        store = scripted.store(script.address)
        with store.uplink(executor) as uplink:
            futures = [uplink.put(key, b"x", HEADERS) for _ in range(MOST_FAILURES + 1)]
            futures.append(uplink.put("a", b"x", HEADERS))
            finish(uplink, *futures)

    assert len(script.from_boto3) == MOST_FAILURES + 1
    assert len(script.from_engine) == 1


def test_what_boto3_raises(executor):
    """It is raised by the result; the puts beside it are no worse for it."""
    denied = fault(403, "AccessDenied")
    answer = lambda request: denied if "bad" in request.target else taken(request)  # noqa: E731
    with scripted.scripted(answer) as script:
        store = scripted.store(script.address)
        with store.uplink(executor) as uplink:
            bad, good = uplink.put("bad", b"x", HEADERS), uplink.put("good", b"good", HEADERS)
            finish(uplink, bad, good)

    assert good.result() == md5("good")
    with pytest.raises(StoreError) as raised:
        bad.result()
    assert raised.value.reason is FailureReason.CREDENTIALS


def test_a_store_that_is_not_there(executor):
    """boto3 says what is wrong."""
    store = scripted.store(f"http://{servers.HOST}:{servers.free_port()}")
    with store.uplink(executor) as uplink:
        future = uplink.put("a", b"x", HEADERS)
        finish(uplink, future)

    assert isinstance(future.exception(), StoreError)


def test_given_up():
    """What is on its way when the block ends is not waited for, and its result never comes."""
    done = threading.Event()

    def answer(request: scripted.Request) -> Answer:
        done.wait(SECONDS)
        return taken(request)

    with scripted.scripted(answer) as script:
        store = scripted.store(script.address)
        begun = time.monotonic()
        with store.uplink(NoThreads()) as uplink:
            future = uplink.put("a", b"x", HEADERS)
            uplink.turn(0.05)
        ended = time.monotonic()
        done.set()

    assert ended - begun < SECONDS / 2
    assert future.running()


def test_boto3_that_cannot_be_had(executor):
    """What goes wrong on the way to it is the put's failure, not that of whoever waits."""

    def broken() -> None:
        raise ImportError("no boto3")

    with scripted.scripted(lambda _: fault(503, "SlowDown")) as script:
        store = scripted.store(script.address)
        store._make = broken
        with store.uplink(executor) as uplink:
            future = uplink.put("a", b"x", HEADERS)
            finish(uplink, future)

    with pytest.raises(ImportError, match="no boto3"):
        future.result()
