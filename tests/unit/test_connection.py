"""One connection to a server that does what servers do: answer early, hang up, say nothing."""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import trustme

from galleria_action import connection, http1
from galleria_action.connection import Connection, Lost, finish
from galleria_action.origin import Origin

HOST = "127.0.0.1"
GET = http1.request("GET", "/", [("host", HOST)])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied"
LARGE = bytes(range(256)) * (5 << 12)
"""5 MB, more than the buffers of a socket."""

Act = Callable[[socket.socket], None]


def put(body: bytes) -> bytes:
    return http1.request("PUT", "/", [("host", HOST), ("content-length", str(len(body)))])


@contextmanager
def server(*acts: Act, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server whose connections go as the ``acts`` say, one after the other; its port."""
    errors: list[Exception] = []
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(10)

        def run() -> None:
            for act in acts:
                accepted, _ = listener.accept()
                accepted.settimeout(10)
                with accepted:
                    try:
                        _perform(accepted, act, tls)
                    except Exception as error:
                        errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(20)
            assert not thread.is_alive()
            assert errors == []  # also where that is why something else failed


def _perform(accepted: socket.socket, act: Act, tls: ssl.SSLContext | None) -> None:
    if tls is None:
        act(accepted)
        return
    # Refused certificates are the client's business.
    with suppress(ssl.SSLError, ConnectionError), tls.wrap_socket(accepted, server_side=True) as it:
        act(it)


def read_head(sock: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what has come of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(1 << 16)
        assert piece, "hung up within a head"
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def read_request(sock: socket.socket) -> bytes:
    """The body of a request."""
    head, body = read_head(sock)
    found = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
    length = int(found[0].partition(b" ")[2]) if found else 0
    while len(body) < length:
        piece = sock.recv(1 << 20)
        assert piece, "hung up within a body"
        body += piece
    return body


def answers(*each: bytes) -> Act:
    """Reads a request before each of the answers, then hangs up."""

    def act(sock: socket.socket) -> None:
        for answer in each:
            read_request(sock)
            sock.sendall(answer)

    return act


def until_hung_up(sock: socket.socket) -> None:
    """Wait for the other side to close, whatever it says before."""
    with suppress(ConnectionError):
        while sock.recv(1 << 20):
            pass


def origin(port: int, tls: ssl.SSLContext | None = None) -> Origin:
    return Origin(HOST, port, "", tls)


def ask(used: Connection, head: bytes = GET, body: bytes = b"") -> http1.Response:
    return finish(used, used.exchange(head, body))


def readable(used: Connection) -> None:
    """Wait until the other side has said or closed something."""
    assert select.select([used], [], [], 10)[0]


# Answers


def test_one_after_the_other():
    """A connection is opened by its first request and goes on with the next."""
    with server(answers(OK, DENIED, OK)) as port:
        used = Connection(origin(port))
        assert used.fileno() == -1
        found = [ask(used).status for _ in range(3)]
        used.close()

    assert found == [200, 403, 200]


def test_an_answer_in_pieces():
    """Each byte by itself."""

    def act(sock: socket.socket) -> None:
        read_request(sock)
        for byte in OK:
            sock.sendall(bytes([byte]))

    with server(act) as port:
        assert ask(Connection(origin(port))).body == b"ok"


def test_the_last_answer():
    """After one that ends the connection, the next request opens another."""
    last = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with server(answers(last), answers(OK)) as port:
        used = Connection(origin(port))
        assert ask(used).body == b"ok"
        assert used.fileno() == -1
        assert ask(used).body == b"ok"
        assert used.fileno() >= 0
        used.close()


def test_a_large_body_there_and_back():
    """It is taken and given in pieces, and nothing is lost between them."""

    def act(sock: socket.socket) -> None:
        body = read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with server(act) as port:
        answer = ask(Connection(origin(port)), put(LARGE), LARGE)

    assert hashlib.md5(answer.body).digest() == hashlib.md5(LARGE).digest()


def test_an_announcement_within_a_body():
    """100 Continue is no answer: the body is sent to its end."""
    arrived: list[bytes] = []

    def act(sock: socket.socket) -> None:
        _, rest = read_head(sock)
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(rest) < len(LARGE):
            rest += sock.recv(1 << 20)
        arrived.append(rest)
        sock.sendall(OK)

    with server(act) as port:
        answer = ask(Connection(origin(port)), put(LARGE), LARGE)

    assert answer.status == 200
    assert arrived == [LARGE]


# Answers that come too early


def _hangs_up(sock: socket.socket, _: threading.Event) -> None:
    read_head(sock)
    sock.sendall(DENIED)


def _half_hangs_up(sock: socket.socket, done: threading.Event) -> None:
    _hangs_up(sock, done)
    sock.shutdown(socket.SHUT_WR)
    assert done.wait(10)


def _stays(sock: socket.socket, done: threading.Event) -> None:
    _hangs_up(sock, done)
    # It waits for the rest of the body, and would take any other request for that.
    assert done.wait(10)


def _stays_and_answers_slowly(sock: socket.socket, done: threading.Event) -> None:
    read_head(sock)
    head, _, body = DENIED.partition(b"\r\n\r\n")
    for piece in (head, b"\r\n\r\n", body):
        sock.sendall(piece)
        time.sleep(0.05)
    assert done.wait(10)


@pytest.mark.parametrize(
    "act",
    [_hangs_up, _half_hangs_up, _stays, _stays_and_answers_slowly],
    ids=lambda act: act.__name__,
)
def test_an_answer_before_the_request_has_been_sent(act):
    """It is the answer; and the connection, in the middle of a body, is of no more use."""
    body, done = LARGE * 4, threading.Event()
    with server(lambda sock: act(sock, done)) as port:
        used = Connection(origin(port))
        answer = ask(used, put(body), body)
        descriptor = used.fileno()
        used.close()
        done.set()

    assert (answer.status, answer.body) == (403, b"denied")
    assert not answer.reusable
    assert descriptor == -1


# Lost


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"SSH-2.0-OpenSSH\r\n\r\n"]
)
def test_a_first_request_that_is_not_answered(said):
    """Lost, and no reason to believe that it did not arrive."""
    with server(answers(said)) as port:
        used = Connection(origin(port))
        with pytest.raises(Lost) as raised:
            ask(used)

    assert not raised.value.unanswered
    assert used.fileno() == -1


@pytest.mark.parametrize("body", [b"", b"x" * 100_000, LARGE], ids=["no body", "100 kB", "5 MB"])
def test_a_connection_that_was_closed_while_it_was_idle(body):
    """The request may be made again: nobody has seen it."""
    with server(answers(OK)) as port:
        used = Connection(origin(port))
        ask(used)
        readable(used)
        with pytest.raises(Lost) as raised:
            ask(used, put(body), body)

    assert raised.value.unanswered
    assert used.fileno() == -1


def test_an_answer_that_breaks_off_on_a_used_connection():
    """Somebody has seen that request."""
    with server(answers(OK, OK[:-1])) as port:
        used = Connection(origin(port))
        ask(used)
        with pytest.raises(Lost) as raised:
            ask(used)

    assert not raised.value.unanswered


def test_after_a_loss():
    """The next request opens a connection of its own, which is new again."""
    with server(answers(OK), answers(OK), answers(b"")) as port:
        used = Connection(origin(port))
        ask(used)
        readable(used)
        with pytest.raises(Lost) as first:
            ask(used)
        assert ask(used).status == 200
        used.close()
        with pytest.raises(Lost) as second:
            ask(used)

    assert (first.value.unanswered, second.value.unanswered) == (True, False)


def test_steps_that_are_given_up():
    """Whoever does not go on with a request hangs up."""
    hung_up: list[bytes] = []
    with server(lambda sock: hung_up.append(sock.recv(1))) as port:
        used = Connection(origin(port))
        steps = used.exchange(GET)
        next(steps)
        assert used.fileno() >= 0
        steps.close()
        assert used.fileno() == -1

    assert hung_up == [b""]


# Idle


def test_idle():
    """Open, and nobody has said a word."""
    said = threading.Event()

    def act(sock: socket.socket) -> None:
        answers(OK)(sock)
        assert said.wait(10)

    with server(act) as port:
        used = Connection(origin(port))
        assert not used.is_idle
        ask(used)
        assert used.is_idle
        assert used.is_idle
        said.set()
        readable(used)
        assert not used.is_idle
        used.close()
        assert not used.is_idle


def test_bytes_unasked():
    """An answer to nobody's question makes the connection useless."""
    with server(answers(OK, DENIED)) as port:
        used = Connection(origin(port))
        ask(used)
        used._socket.sendall(GET)  # whose answer would be taken for the next one
        readable(used)
        assert not used.is_idle
        used.close()


# Addresses

Address = tuple[int, int, int, str, tuple[str, int]]


def _addresses(monkeypatch, *places: tuple[str, int]) -> None:
    """What the host's name stands for."""
    found: list[Address] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def _refusing() -> tuple[str, int]:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        return unused.getsockname()


UNREACHABLE = ("255.255.255.255", 80)
"""Refused by the system itself, as any address without a way there, at once."""


@pytest.mark.parametrize(
    "first", [[_refusing], [lambda: UNREACHABLE], [_refusing, lambda: UNREACHABLE, _refusing]]
)
def test_another_address(monkeypatch, first):
    """The first that takes the connection, whatever is wrong with those before."""

    def act(sock: socket.socket) -> None:
        if sock.recv(1 << 16):
            sock.sendall(OK)

    with server(act) as port:
        _addresses(monkeypatch, *(each() for each in first), (HOST, port))
        used = Connection(Origin("store.example", 80, ""))
        try:
            found: object = ask(used).status
        except Lost as lost:
            found = lost
            socket.create_connection((HOST, port)).close()  # the server waits for it
        used.close()

    assert found == 200


@contextmanager
def _silent() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none, as behind many a firewall."""
    with socket.socket() as listening, ExitStack() as stack:
        listening.bind((HOST, 0))
        listening.listen(0)
        for _ in range(8):  # its queue is full then
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()


def test_an_address_that_never_answers(monkeypatch):
    """It has a share of the time; the next is tried, and is the first one for what follows."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.4)
    with server(answers(OK), answers(OK)) as port, _silent() as silent:
        _addresses(monkeypatch, silent, (HOST, port))
        store = Origin("store.example", 80, "")
        tried: list[object] = []
        reach = Connection._reach

        def _noted(self, *place):
            tried.append(place[-1])
            return reach(self, *place)

        monkeypatch.setattr(Connection, "_reach", _noted)
        for _ in range(2):
            used = Connection(store)
            assert ask(used).status == 200
            used.close()

    assert tried == [silent, (HOST, port), (HOST, port)]


@pytest.mark.parametrize("places", [[], [_refusing], [lambda: UNREACHABLE], [_refusing, _refusing]])
def test_no_address(monkeypatch, places):
    """None, or none that takes the connection."""
    _addresses(monkeypatch, *(each() for each in places))
    used = Connection(Origin("store.example", 80, ""))
    with pytest.raises(Lost) as raised:
        ask(used)

    assert not raised.value.unanswered
    assert used.fileno() == -1


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "bücket..example"])
def test_a_host_that_has_no_name(host):
    """It never gets as far as a look-up."""
    with pytest.raises(Lost):
        ask(Connection(Origin(host, 80, "")))


# Silence


def test_silence(monkeypatch):
    """After a while the request is given up, on a new connection and on a used one."""
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.1)

    def act(sock: socket.socket) -> None:
        answers(OK)(sock)
        until_hung_up(sock)

    with server(act, until_hung_up) as port:
        used = Connection(origin(port))
        ask(used)
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(Lost) as raised:
                ask(used)
            assert 0.1 <= time.monotonic() - begun < 5
            assert used.fileno() == -1
            assert not raised.value.unanswered


def test_silence_within_a_body(monkeypatch):
    """A server that does not read is as silent as one that does not answer."""
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.1)
    done = threading.Event()
    with server(lambda _: done.wait(10) or None) as port:
        with pytest.raises(Lost):
            ask(Connection(origin(port)), put(LARGE), LARGE * 4)
        done.set()


def test_a_slow_answer(monkeypatch):
    """What arrives little by little is waited for."""
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.2)

    def act(sock: socket.socket) -> None:
        read_request(sock)
        for place in range(0, len(OK), 8):
            time.sleep(0.06)
            sock.sendall(OK[place : place + 8])

    with server(act) as port:
        assert ask(Connection(origin(port))).body == b"ok"


def test_silence_before_tls(monkeypatch, authority):
    """A server that never says who it is has less time."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.1)
    with server(until_hung_up) as port, pytest.raises(Lost):
        ask(Connection(origin(port, _trusting(authority))))


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _proving(authority: trustme.CA, name: str = HOST) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def trusting(request, authority) -> ssl.SSLContext:
    """For each version of the protocol."""
    context = _trusting(authority)
    context.minimum_version = context.maximum_version = request.param
    return context


def test_tls(authority, trusting):
    """One request after the other on a connection that is idle between them."""
    with server(answers(OK, DENIED), tls=_proving(authority)) as port:
        used = Connection(origin(port, trusting))
        assert ask(used).status == 200
        assert used.is_idle
        assert ask(used).status == 403
        used.close()


def test_a_large_body_over_tls(authority, trusting):
    """There and back, whole."""

    def act(sock: socket.socket) -> None:
        body = read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with server(act, tls=_proving(authority)) as port:
        used = Connection(origin(port, trusting))
        answer = ask(used, put(LARGE), LARGE)
        used.close()

    assert hashlib.md5(answer.body).digest() == hashlib.md5(LARGE).digest()


@pytest.mark.parametrize("act", [_stays, _stays_and_answers_slowly], ids=lambda act: act.__name__)
def test_an_early_answer_over_tls(authority, trusting, act):
    """As without TLS."""
    body, done = LARGE * 4, threading.Event()
    with server(lambda sock: act(sock, done), tls=_proving(authority)) as port:
        used = Connection(origin(port, trusting))
        answer = ask(used, put(body), body)
        descriptor = used.fileno()
        used.close()
        done.set()

    assert (answer.status, answer.body, descriptor) == (403, b"denied", -1)


def test_closed_while_idle_over_tls(authority, trusting):
    """As without TLS."""
    with server(answers(OK), tls=_proving(authority)) as port:
        used = Connection(origin(port, trusting))
        ask(used)
        readable(used)
        assert not used.is_idle
        with pytest.raises(Lost) as raised:
            ask(used)

    assert raised.value.unanswered


def test_a_certificate_for_another_host(authority, trusting):
    """Not a byte of the request is sent."""
    arrived: list[bytes] = []
    act = lambda sock: arrived.append(sock.recv(1))  # noqa: E731
    with server(act, tls=_proving(authority, "elsewhere.example")) as port:
        used = Connection(origin(port, trusting))
        with pytest.raises(Lost, match="IP address mismatch"):
            ask(used)

    assert used.fileno() == -1
    assert b"G" not in arrived


def test_an_authority_that_is_not_trusted(trusting):
    """Whatever name it has certified."""
    arrived: list[bytes] = []
    act = lambda sock: arrived.append(sock.recv(1))  # noqa: E731
    with server(act, tls=_proving(trustme.CA())) as port:
        used = Connection(origin(port, trusting))
        with pytest.raises(Lost, match="certificate verify failed"):
            ask(used)

    assert used.fileno() == -1
    assert b"G" not in arrived


def test_no_tls(trusting):
    """A server that speaks plain HTTP where it should not."""
    with server(lambda sock: sock.sendall(OK)) as port, pytest.raises(Lost):
        ask(Connection(origin(port, trusting)))


# Origins


@pytest.mark.parametrize(
    ("url", "secure", "expected"),
    [
        ("http://h", False, ("h", 80, "", "h")),
        ("http://h/", False, ("h", 80, "", "h")),
        ("http://h/bucket", False, ("h", 80, "/bucket", "h")),
        ("http://h:80/a/b/", False, ("h", 80, "/a/b", "h")),
        ("http://h:443/b", False, ("h", 443, "/b", "h:443")),
        ("http://H:9000/B", False, ("h", 9000, "/B", "h:9000")),
        ("https://h/b", True, ("h", 443, "/b", "h")),
        ("https://h:443/b", True, ("h", 443, "/b", "h")),
        ("https://h:80/b", True, ("h", 80, "/b", "h:80")),
        ("http://[::1]/b", False, ("::1", 80, "/b", "[::1]")),
        ("http://[::1]:9000/b", False, ("::1", 9000, "/b", "[::1]:9000")),
    ],
)
def test_origins(url, secure, expected):
    """Host, port and path, and the name that a request has for them."""
    found = Origin.of(url, ssl.create_default_context() if secure else None, None)

    assert (found.host, found.port, found.base, found.authority) == expected
    assert (found.prefix, found.tunnel, found.address()) == ("", b"", expected[:2])


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://", None),
        ("http:///bucket", None),
        ("bucket", None),
        ("http://h:port", None),
        ("http://h:65536", None),
        ("http://[::1", None),
        ("http://h", "http://"),
        ("http://h", "proxy"),
    ],
)
def test_urls_that_lead_nowhere(url, proxy):
    """Of a store or of a proxy."""
    with pytest.raises(ValueError):  # noqa: PT011  whichever words it has
        Origin.of(url, None, proxy)
