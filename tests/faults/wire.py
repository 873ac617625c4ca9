"""A proxy that does to requests and answers what a script says, over TLS on both sides.

It is the way to the store and everything that may go wrong on it, the store's own servers included.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import trustme
from support import listening
from support.proxy import connection_to
from support.servers import HOST, Server

from faults.hurried import PACE
from faults.kinds import RECORDS, SLOW, Fault, Phase, Request
from faults.script import Outage, Script
from faults.witness import Witness

QUIET_SECONDS = 60 * PACE
ASKED_SECONDS = 2
MOST_STALLS = 5
"""Of one run, so that its time is bounded."""
_ERROR = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>injected</Message></Error>'
_CODES = {500: b"InternalError", 502: b"BadGateway", 503: b"SlowDown", 429: b"TooManyRequests"}


class Hangup(Exception):
    """The connection ends here."""


class Answer(NamedTuple):
    """``length`` is what its head says; None: nothing."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    length: int | None

    @classmethod
    def error(cls, status: int, code: bytes, *headers: tuple[str, str]) -> Answer:
        body = _ERROR % code
        return cls(status, [("Content-Type", "application/xml"), *headers], body, len(body))


@dataclass
class Wire:
    """A way to ``upstream``; ``server`` is what to deploy to.

    happened
        How often each fault did.
    hit
        For each method and key, how many faults its requests met.
    moment
        Is told of every request: when all of it has come, and when it has been done.
    admits
        Whether a request's credentials, told from its headers, are (still) good.
    """

    server: Server
    upstream: Server
    witness: Witness
    script: Script = field(default_factory=Script)
    happened: Counter[Fault] = field(default_factory=Counter)
    hit: Counter[tuple[str, str]] = field(default_factory=Counter)
    moment: Callable[[Request, bool], None] = lambda _request, _done: None
    hasty: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    tunnels: bool = False
    """Whether it is taken as a proxy (CONNECT), not as the store."""
    admits: Callable[[Mapping[str, str]], bool] = lambda _headers: True
    _asked: Counter[tuple[Phase, str, str]] = field(default_factory=Counter)
    _resting: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _recent: deque[tuple[Request, Answer]] = field(default_factory=lambda: deque(maxlen=12))
    _outage_left: int | None = None
    _busy: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self.script = Script()
        self._outage_left = 0
        self.moment = lambda _request, _done: None
        self.hasty, self._resting = [], {}

    def fault(self, request: Request) -> Fault | None:
        """What is to happen to the request; counted."""
        with self._lock:
            found = self._outage(request) or self.script.fault(request)
            if found in SLOW and sum(self.happened[each] for each in SLOW) >= MOST_STALLS:
                return None
            unseen = found is Fault.FLIP_UP and request.key in RECORDS and not self.upstream.digests
            if unseen:  # such a store takes a damaged manifest for a good one
                return None
            if found:
                self.happened[found] += 1
                self.hit[request.method, request.key] += 1
            return found

    def _outage(self, request: Request) -> Fault | None:
        outage = self.script.outage
        if outage is None:
            return None
        if self._outage_left is None and self._begins(outage, request):
            self._outage_left = outage.length
        if not self._outage_left:
            return None
        self._outage_left -= 1
        return outage.fault if request.may_meet(outage.fault) else None

    def _begins(self, outage: Outage, request: Request) -> bool:
        return request.phase is outage.phase and request.number >= outage.number

    def asks_for_rest(self, request: Request) -> None:
        """A request was answered with Retry-After."""
        with self._lock:
            self._resting[request[1:4]] = time.monotonic()
            self._asked[request.phase, request.key, request.query] += ASKED_SECONDS

    @property
    def asked(self) -> float:
        """Seconds that Retry-After took: requests of one phase wait at the same time."""
        longest: Counter[Phase] = Counter()
        for (phase, _, _), seconds in self._asked.items():
            longest[phase] = max(longest[phase], seconds)
        return longest.total()

    def check_rest(self, request: Request) -> None:
        """The same request comes again: not before the time that was asked for."""
        with self._lock:
            asked = self._resting.pop(request[1:4], None)
            if asked and time.monotonic() - asked < ASKED_SECONDS * PACE:
                self.hasty.append(f"{request.method} {request.key}")

    def remember(self, request: Request, answer: Answer) -> None:
        with self._lock:
            self._recent.append((request, answer))

    def another(self, request: Request) -> Answer | None:
        """An answer that was given to another request."""
        with self._lock:
            others = [
                answer
                for each, answer in self._recent
                if (each.method, each.key, each.query)
                != (request.method, request.key, request.query)
            ]
        return Random(str(request)).choice(others) if others else None

    @contextmanager
    def busy(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def drain(self) -> None:
        """Wait until nothing is on its way to the store any more."""
        deadline = time.monotonic() + 60
        while self._busy:
            assert time.monotonic() < deadline, "a request hangs in the proxy"
            time.sleep(0.01)


@contextmanager
def wire(upstream: Server, witness: Witness, authority: Authority | None) -> Iterator[Wire]:
    """A way to ``upstream``, over TLS if there is an authority."""
    listener = _Listener((HOST, 0), _Handler)
    scheme = "https" if authority else "http"
    server = replace(
        upstream,
        endpoint=f"{scheme}://localhost:{listener.server_port}",
        ca_bundle=authority.file if authority else None,
    )
    made = Wire(server, upstream, witness)
    listener.wire, listener.tls = made, authority.context if authority else None
    with listening.serving(listener):
        try:
            yield made
        finally:
            made.closing.set()


@dataclass(frozen=True)
class Authority:
    """Who vouches for the proxy: the file of its certificate, and the proxy's context."""

    file: Path
    context: ssl.SSLContext

    @classmethod
    def found(cls, folder: Path, *hosts: str) -> Authority:
        """A new authority with a certificate for ``hosts``."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(hosts or ("localhost", HOST))).configure_cert(context)
        file = folder / "proxy-ca.pem"
        authority.cert_pem.write_to_path(file)
        return cls(file, context)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news; anything else is."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def setup(self) -> None:
        if self.server.tls and not self.server.wire.tunnels:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.wire: Wire = self.server.wire
        self._upstream: HTTPConnection | None = None

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
        if self._upstream:
            self._upstream.close()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        """As the proxy of hosts that are not there, in whose place it answers."""
        self.send_response_only(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def _meet(self) -> None:
        if self._host_names_bucket:
            self.path = f"/{self.wire.witness.bucket}{self.path}"
        place = urlsplit(self.path)
        key = unquote(place.path.removeprefix("/").partition("/")[2])
        with self.wire.busy():
            request = self.wire.witness.came(self.command, key, place.query)
            self.wire.check_rest(request)
            fault = self.wire.fault(request)
            try:
                if self.wire.admits(self.headers):
                    _PERFORMED.get(fault, _Handler._pass)(self, request, fault)
                else:
                    self._body(request)
                    self._give(Answer.error(400, b"ExpiredToken"))
            except (Hangup, OSError, HTTPException):
                self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _meet  # noqa: N815

    # What may be done to a request

    def _pass(self, request: Request, _: Fault | None) -> None:
        self._give(self._ask(request, self._body(request)))

    def _status(self, request: Request, fault: Fault) -> None:
        self._body(request)
        status = int(fault.value[:3])
        asks = fault in (Fault.STATUS_503_ASKS, Fault.STATUS_429_ASKS)
        headers = [("Retry-After", str(ASKED_SECONDS))] if asks else []
        if asks:
            self.wire.asks_for_rest(request)
        self._give(Answer.error(status, _CODES[status], *headers))

    def _late_500(self, request: Request, _: Fault) -> None:
        self._ask(request, self._body(request))
        self._give(Answer.error(500, b"InternalError"))

    def _reset_before(self, *_: object) -> None:
        self._reset()

    def _reset_in(self, *_: object) -> None:
        self.rfile.read(self._length() // 2)
        self._reset()

    def _reset_after(self, request: Request, _: Fault) -> None:
        self._body(request)
        self._reset()

    def _lost(self, request: Request, _: Fault) -> None:
        self._ask(request, self._body(request))
        self._reset()

    def _stall(self, request: Request, fault: Fault) -> None:
        data = self._body(request)
        if fault is Fault.STALL_DONE:
            self._ask(request, data)
        self._wait_until_given_up()
        if fault is Fault.LATE:
            self._ask(request, data)
        raise Hangup

    def _delay(self, request: Request, _: Fault) -> None:
        data = self._body(request)
        time.sleep(Random(str(request)).uniform(0.05, 0.4))
        self._give(self._ask(request, data))

    def _cut(self, request: Request, fault: Fault) -> None:
        answer = self._ask(request, self._body(request))
        if fault is Fault.CUT_UNSIZED:
            answer = answer._replace(length=None)
        head = self._head(answer)
        if fault is Fault.CUT_HEAD:
            self.wfile.write(head[: len(head) // 2])
        else:
            self.wfile.write(head + answer.body[: len(answer.body) // 2])
        raise Hangup

    def _twice(self, request: Request, _: Fault) -> None:
        answer = self._ask(request, self._body(request))
        self._give(answer)
        self._give(answer)

    def _wrong(self, request: Request, _: Fault) -> None:
        data = self._body(request)
        answer = self.wire.another(request)
        if answer is None:
            self._give(self._ask(request, data))
            return
        body = b"" if request.method == "HEAD" else answer.body
        self._give(answer._replace(body=body, length=len(answer.body)))

    def _ok_error(self, request: Request, _: Fault) -> None:
        self._body(request)
        self._give(Answer.error(200, b"InternalError"))

    def _flip_up(self, request: Request, _: Fault) -> None:
        data = self._body(request)
        self._give(self._ask(request, _flipped(data, request)))

    def _flip_down(self, request: Request, _: Fault) -> None:
        answer = self._ask(request, self._body(request))
        self._give(answer._replace(body=_flipped(answer.body, request)))

    # How it is done

    @property
    def _host_names_bucket(self) -> bool:
        return self.headers.get("Host", "").startswith(f"{self.wire.witness.bucket}.")

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _body(self, request: Request) -> bytes:
        data = self.rfile.read(self._length())
        if len(data) < self._length():
            raise Hangup
        if request.writes:
            headers = {name.lower(): text for name, text in self.headers.items()}
            self.wire.witness.writes(request, data, headers)
        self.wire.moment(request, False)
        return data

    def _ask(self, request: Request, data: bytes) -> Answer:
        if self._upstream is None:
            self._upstream = connection_to(self.wire.upstream)
        up = self._upstream
        try:
            # The Host header stays as it was signed.
            virtual = self._host_names_bucket
            skipped = ("connection", "expect", "host" if virtual else "")
            up.putrequest(self.command, self.path, skip_host=not virtual, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in skipped:
                    up.putheader(name, value)
            up.endheaders(data)
            got = up.getresponse()
            body = got.read()
        except BaseException:
            up.close()
            self._upstream = None
            raise
        told = got.getheader("Content-Length")
        length = int(told) if told and self.command == "HEAD" else len(body)
        ours = ("connection", "transfer-encoding", "content-length")
        headers = [each for each in got.getheaders() if each[0].lower() not in ours]
        answer = Answer(got.status, headers, body, length)
        if request.writes and got.status in (200, 204):
            self.wire.witness.done(request, data, body)
        self.wire.remember(request, answer)
        self.wire.moment(request, True)
        return answer

    def _head(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {answer.status}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines += [f"Content-Length: {answer.length}"] if answer.length is not None else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _give(self, answer: Answer) -> None:
        self.wfile.write(self._head(answer) + answer.body)

    def _reset(self) -> None:
        """End the connection as a machine that crashes does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Hangup

    def _wait_until_given_up(self) -> None:
        """Without a word, until the other side hangs up."""
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP)
        deadline = time.monotonic() + 20 * QUIET_SECONDS
        while not (self.wire.closing.is_set() or time.monotonic() > deadline):
            if poll.poll(100):
                return


def _flipped(data: bytes, request: Request) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    random = Random(str(request))
    changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


_PERFORMED: dict[Fault | None, Callable[..., None]] = {
    **dict.fromkeys([each for each in Fault if each.name.startswith("STATUS")], _Handler._status),
    Fault.LATE_500: _Handler._late_500,
    Fault.RESET_BEFORE: _Handler._reset_before,
    Fault.RESET_IN: _Handler._reset_in,
    Fault.RESET_AFTER: _Handler._reset_after,
    Fault.LOST: _Handler._lost,
    **dict.fromkeys([Fault.STALL, Fault.STALL_DONE, Fault.LATE], _Handler._stall),
    Fault.DELAY: _Handler._delay,
    **dict.fromkeys([Fault.CUT_HEAD, Fault.CUT_BODY, Fault.CUT_UNSIZED], _Handler._cut),
    Fault.TWICE: _Handler._twice,
    Fault.WRONG: _Handler._wrong,
    Fault.OK_ERROR: _Handler._ok_error,
    Fault.FLIP_UP: _Handler._flip_up,
    Fault.FLIP_DOWN: _Handler._flip_down,
}
