"""Many requests over a few connections in one thread: each answered once, none forgotten."""

from __future__ import annotations

import os
import select
import signal
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme
from support import scripted, servers
from support.scripted import Answer

from galleria_action import connection, http1, lanes
from galleria_action.cancellation import signals
from galleria_action.connection import Lost
from galleria_action.errors import Cancelled
from galleria_action.http1 import Response
from galleria_action.lanes import Lanes
from galleria_action.origin import Origin

SECONDS = 30
AT_ONCE = 5
"""As many connections as the scripted server lets wait; a few more may be reset."""


class Asked:
    """Requests made through lanes, and what came back for each."""

    def __init__(self, through: Lanes) -> None:
        self._lanes = through
        self.made = 0
        self.answers: dict[str, list[Response | Lost]] = {}

    @property
    def waiting(self) -> int:
        return self.made - sum(map(len, self.answers.values()))

    def ask(self, name: str, body: bytes = b"") -> None:
        self.made += 1
        length = ("content-length", str(len(body)))
        head = http1.request("PUT", f"/{name}", [("host", "store"), length])
        told = self.answers.setdefault(name, [])
        self._lanes.send(head, body, told.append)

    def finish(self, most: int = 0) -> None:
        """Turn until no more than so many are waiting."""
        deadline = time.monotonic() + SECONDS
        while self.waiting > most:
            assert time.monotonic() < deadline
            self._lanes.turn(0.2)

    def bodies(self) -> dict[str, bytes]:
        return {
            name: each.body
            for name, (each,) in self.answers.items()
            if isinstance(each, Response) and each.status == 200
        }


@contextmanager
def opened(origin: Origin) -> Iterator[Lanes]:
    made = Lanes(origin)
    try:
        yield made
    finally:
        made.close()


def echo(request: scripted.Request) -> Answer:
    """The path and the body."""
    return Answer(body=f"{request.target} ".encode() + request.body)


def plain(script: scripted.Script) -> Origin:
    return Origin.of(script.address, None, None)


@pytest.fixture
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server called store.example, and of a client that trusts it."""
    authority = trustme.CA()
    proving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("store.example").configure_cert(proving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return proving, trusting


# Many


@pytest.mark.parametrize("secure", [False, True], ids=["HTTP", "TLS"])
def test_many_over_a_few(tls, secure):
    """Each gets its own answer, once, over as many connections as there were at a time."""
    threads: set[int] = set()

    def answer(request: scripted.Request) -> Answer:
        threads.add(threading.get_ident())  # one for each connection
        return echo(request)

    proving, trusting = tls
    expected = {}
    with scripted.scripted(answer, proving) as script:
        origin = plain(script)
        if secure:
            origin = Origin.of("https://store.example", trusting, script.address)
        with opened(origin) as many:
            asked = Asked(many)
            for number in range(400):
                name, body = f"k{number}", b"x" * (number * 37 % 3000)
                asked.ask(name, body)
                expected[name] = f"/{name} ".encode() + body
                asked.finish(most=AT_ONCE - 1)
            asked.finish()

    assert asked.bodies() == expected
    assert len(script.requests) == 400
    assert len(threads) <= AT_ONCE
    assert len(script.tunnels) == (len(threads) if secure else 0)


def test_large_and_small():
    """Bodies that do not fit into a socket's buffer hold nobody up."""
    with scripted.scripted(echo) as script, opened(plain(script)) as many:
        asked = Asked(many)
        bodies = {f"k{number}": bytes([number]) * (number % 3 << 20) for number in range(18)}
        for name, body in bodies.items():
            asked.ask(name, body)
            asked.finish(most=AT_ONCE - 1)
        asked.finish()

    assert asked.bodies() == {name: f"/{name} ".encode() + body for name, body in bodies.items()}


def test_the_next_request_of_an_answer():
    """Whoever is answered may ask again at once."""
    with scripted.scripted(echo) as script, opened(plain(script)) as many:
        told: list[bytes] = []

        def go_on(answer: Response | Lost) -> None:
            assert isinstance(answer, Response)
            told.append(answer.body)
            if len(told) < 50:
                many.send(http1.request("GET", f"/{len(told)}", [("host", "h")]), b"", go_on)

        many.send(http1.request("GET", "/0", [("host", "h")]), b"", go_on)
        deadline = time.monotonic() + SECONDS
        while len(told) < 50:
            assert time.monotonic() < deadline
            many.turn(0.2)

    assert told == [f"/{number} ".encode() for number in range(50)]


def test_errors_are_answers():
    """Of any status."""
    statuses = [200, 403, 404, 500, 503]
    answer = lambda request: Answer(int(request.target[2:5]), body=b"x")  # noqa: E731
    with scripted.scripted(answer) as script, opened(plain(script)) as many:
        asked = Asked(many)
        for number in range(50):
            asked.ask(f"k{statuses[number % 5]}-{number}")
            asked.finish(most=AT_ONCE - 1)
        asked.finish()

    found = Counter(each.status for (each,) in asked.answers.values())
    assert found == dict.fromkeys(statuses, 10)


# Connections that end


@contextmanager
def listening(serve: Callable[[socket.socket, int], None]) -> Iterator[Origin]:
    """A server that does with each connection, counted from 0, what ``serve`` says."""
    threads: list[threading.Thread] = []
    with socket.create_server((servers.HOST, 0)) as listener:

        def one(accepted: socket.socket, number: int) -> None:
            with accepted, suppress(OSError):
                accepted.settimeout(SECONDS)
                serve(accepted, number)

        def run() -> None:
            with suppress(OSError):  # the end
                while True:
                    accepted, _ = listener.accept()
                    thread = threading.Thread(target=one, args=[accepted, len(threads) - 1])
                    threads.append(thread)
                    thread.start()

        threads.append(threading.Thread(target=run))
        threads[0].start()
        try:
            yield Origin(*listener.getsockname(), "")
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)


def read_path(sock: socket.socket) -> bytes:
    """The path of the next request, which has no body; empty if there is none."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        if not (piece := sock.recv(1 << 16)):
            return b""
        data += piece
    return data.split(b" ")[1]


def say(sock: socket.socket, body: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.mark.parametrize("turns", [False, True], ids=["not noticed", "noticed"])
def test_closed_while_idle(turns):
    """The next request is made on another connection, and nobody is told of it."""
    paths: list[bytes] = []

    def once(sock: socket.socket, _: int) -> None:
        paths.append(read_path(sock))
        say(sock, paths[-1])

    with listening(once) as origin, opened(origin) as many:
        asked = Asked(many)
        for number in range(10):
            asked.ask(f"k{number}")
            asked.finish()
            (idle,) = many._idle
            assert select.select([idle.connection], [], [], SECONDS)[0]
            if turns:
                many.turn(0)
                assert not many._idle

    assert asked.bodies() == {f"k{number}": b"/k%d" % number for number in range(10)}
    assert paths == [b"/k%d" % number for number in range(10)]


def test_several_closed_while_idle():
    """All of them at once, as when a server has been started again."""
    first = threading.Barrier(9)  # eight connections and the test

    def serve(sock: socket.socket, number: int) -> None:
        say(sock, read_path(sock))
        if number < 8:
            first.wait(SECONDS)
            return
        while path := read_path(sock):
            say(sock, path)

    with listening(serve) as origin, opened(origin) as many:
        asked = Asked(many)
        for number in range(8):
            asked.ask(f"a{number}")
        asked.finish()
        first.wait(SECONDS)
        for each in many._idle:
            assert select.select([each.connection], [], [], SECONDS)[0]
        for number in range(8):
            asked.ask(f"b{number}")
        asked.finish()

    assert len(asked.bodies()) == 16


def test_hung_up_without_an_answer():
    """On a new connection that is a loss, which is told once; the others go on."""

    def serve(sock: socket.socket, _: int) -> None:
        while path := read_path(sock):
            if path == b"/lost":
                return
            say(sock, path)

    with listening(serve) as origin, opened(origin) as many:
        asked = Asked(many)
        for name in ("lost", "a", "b"):
            asked.ask(name)
        asked.finish()

    (lost,) = asked.answers["lost"]
    assert isinstance(lost, Lost)
    assert not lost.unanswered
    assert asked.bodies() == {"a": b"/a", "b": b"/b"}


def test_no_server():
    """Whether it is told at once or later, it is told once."""
    with opened(Origin(servers.HOST, servers.free_port(), "")) as many:
        asked = Asked(many)
        for number in range(20):
            asked.ask(f"k{number}")
        asked.finish()

    assert all(isinstance(each, Lost) for (each,) in asked.answers.values())


def test_no_trust(tls):
    """A certificate that proves nothing is a loss, too."""
    proving, _ = tls
    with scripted.scripted(echo, proving) as script:
        strangers = ssl.create_default_context(cadata=trustme.CA().cert_pem.bytes().decode())
        origin = Origin.of("https://store.example", strangers, script.address)
        with opened(origin) as many:
            asked = Asked(many)
            asked.ask("a")
            asked.finish()

    assert script.requests == []
    assert isinstance(asked.answers["a"][0], Lost)


# Silence


def test_silence(monkeypatch):
    """The request that is not answered is lost; those beside it, and after it, are answered."""
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(lanes, "_LOOKS", 0.05)
    done = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        while path := read_path(sock):
            if path == b"/silent":
                done.wait(SECONDS)
                return
            say(sock, path)

    with listening(serve) as origin, opened(origin) as many:
        asked = Asked(many)
        begun = time.monotonic()
        asked.ask("silent")
        number = 0
        while not asked.answers["silent"]:
            assert time.monotonic() < begun + SECONDS
            asked.ask(f"k{number}")
            asked.finish(most=1)
            number += 1
        ended = time.monotonic()
        asked.ask("last")
        asked.finish()
        done.set()

    assert isinstance(asked.answers["silent"][0], Lost)
    assert ended - begun >= 0.3
    assert len(asked.bodies()) == number + 1


# Waiting and ending


def test_a_signal_while_answers_come():
    """It is raised when they have been dealt with: none of them is lost, none comes twice."""
    with scripted.scripted(lambda _: Answer(body=b"ok")) as script, signals():
        through = Lanes(Origin.of(script.address, None, None))
        told: list[Response | Lost] = []

        def answered(answer: Response | Lost) -> None:
            signal.raise_signal(signal.SIGTERM)
            told.append(answer)

        head = http1.request("PUT", "/a", [("host", "store"), ("content-length", "0")])
        through.send(head, b"", answered)
        asked = Asked(through)
        asked.made = 1
        with pytest.raises(Cancelled):
            asked.finish()
        assert [each.body for each in told] == [b"ok"]

        through.turn(0)
        through.close()


def test_a_turn_ends_when_nothing_happens():
    """After the time that it was given."""
    with opened(Origin(servers.HOST, 9, "")) as many:
        begun = time.monotonic()
        many.turn(0.1)

    assert 0.09 <= time.monotonic() - begun < 5


def test_woken_by_another_thread():
    """A turn ends at once, and only one for any number of calls."""
    with opened(Origin(servers.HOST, 9, "")) as many:
        begun = time.monotonic()
        timer = threading.Timer(0.05, many.wake)
        timer.start()
        many.turn(SECONDS)
        timer.join()
        for _ in range(1000):
            many.wake()
        many.turn(SECONDS)
        woken = time.monotonic()
        many.turn(0.1)

    assert woken - begun < SECONDS / 2
    assert time.monotonic() - woken >= 0.09


def test_woken_after_the_end():
    """What ends later than the lanes rings nowhere: the bell's number may be another file's."""
    with opened(Origin(servers.HOST, 9, "")) as many:
        bell = many._bell
    read, write = os.pipe()
    try:
        if bell not in (read, write):
            os.dup2(write, bell)
        os.set_blocking(read, False)
        many.wake()
        with pytest.raises(BlockingIOError):
            os.read(read, 8)
    finally:
        for each in {read, write, bell}:
            os.close(each)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("secure", [False, True], ids=["HTTP", "TLS"])
def test_nothing_stays_open(tls, secure):
    """Neither what was idle nor what was under way, at any stage."""
    proving, trusting = tls
    done = threading.Event()

    def answer(request: scripted.Request) -> Answer:
        if "silent" in request.target:
            done.wait(SECONDS)
        return echo(request)

    with scripted.scripted(answer, proving) as script:
        origin = plain(script)
        if secure:
            origin = Origin.of("https://store.example", trusting, script.address)
        before = _descriptors()
        with opened(origin) as many:
            asked = Asked(many)
            for number in range(4):
                asked.ask(f"k{number}")
            asked.finish()
            asked.ask("silent")
            asked.ask("silent-in-the-middle-of-a-body", bytes(1 << 24))
            for _ in range(5):
                many.turn(0.05)
            for number in range(6):  # some of which have hardly begun
                asked.ask(f"silent{number}")
            assert _descriptors() > before
        done.set()
        deadline = time.monotonic() + SECONDS
        while _descriptors() > before and time.monotonic() < deadline:
            time.sleep(0.02)  # the server's side of them is closed by its threads

        assert _descriptors() == before
    assert not any(asked.answers[name] for name in asked.answers if "silent" in name)
