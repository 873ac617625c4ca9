"""One connection to a store: opened, secured and used without ever blocking.

What takes time is a generator that yields the events to wait for (of `select.epoll`) and is sent
those that came: so one thread can wait for many connections, and a signal interrupts it.
"""

from __future__ import annotations

import base64
import select
import socket
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from galleria_action import http1
from galleria_action.http1 import Incoming, Malformed, Response

if TYPE_CHECKING:  # slow to import, and not needed for plain HTTP
    import ssl

R = TypeVar("R")

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
Steps = Generator[int, int, R]
"""Yields the events to wait for, is sent those that came, and returns an R."""

CONNECT_SECONDS = 10.0
QUIET_SECONDS = 60.0
"""Without a byte in either direction; as long as boto3's limit for reading."""

_TOGETHER = 32 << 10
"""Bytes of a body that are sent in one piece with its head."""
_RECEIVED = 256 << 10


class Lost(Exception):
    """The connection, or what came through it, is of no use.

    ``unanswered``: nothing had come back, on a connection that was used before; the other side
    may have closed it while it was idle.
    """

    def __init__(self, why: str, *, unanswered: bool = False) -> None:
        super().__init__(why)
        self.unanswered = unanswered


@dataclass(frozen=True)
class Origin:
    """Where a store is and how to get there.

    base
        The path that all others start with, without a slash at its end.
    tls
        None for plain HTTP.
    proxy
        The URL of an HTTP proxy, None for the direct way.
    """

    host: str
    port: int
    base: str
    tls: ssl.SSLContext | None = None
    proxy: str | None = None

    @classmethod
    def of(cls, url: str, tls: ssl.SSLContext | None, proxy: str | None) -> Origin:
        """The origin of a bucket's ``url``; raises :class:`ValueError` for what is none."""
        place = urlsplit(url)
        if not place.hostname or (proxy and not urlsplit(proxy).hostname):
            raise ValueError(url)
        port = place.port or (443 if tls else 80)
        return cls(place.hostname, port, place.path.rstrip("/"), tls, proxy)

    @cached_property
    def blocked(self) -> tuple[type[Exception], ...]:
        """What a socket raises where others would wait."""
        if not self.tls:
            return (BlockingIOError,)
        from ssl import SSLWantReadError, SSLWantWriteError

        return BlockingIOError, SSLWantReadError, SSLWantWriteError

    @property
    def authority(self) -> str:
        """As the header Host has it: the port only if it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def prefix(self) -> str:
        """What stands before a path in a request: a proxy is told where the rest goes."""
        return f"http://{self.authority}" if self.proxy and not self.tls else ""

    @property
    def tunnel(self) -> bytes:
        """The request for a tunnel through the proxy, if one is needed."""
        if not (self.proxy and self.tls):
            return b""
        where = f"{self.authority}:443" if self.port == 443 else self.authority
        return http1.request("CONNECT", where, [("host", where), *self.proxy_headers])

    @property
    def proxy_headers(self) -> list[tuple[str, str]]:
        """What the proxy wants to know of us."""
        place = urlsplit(self.proxy or "")
        if place.username is None:
            return []
        login = f"{unquote(place.username)}:{unquote(place.password or '')}"
        return [("proxy-authorization", f"Basic {base64.b64encode(login.encode()).decode()}")]

    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        if not self.proxy:
            return self.host, self.port
        place = urlsplit(self.proxy)
        return place.hostname or "", place.port or 80


class Connection:
    """A connection that is opened when it is first used. For one request at a time.

    ``patience`` is how many seconds it may be waited for an event just now.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._socket: socket.socket | None = None
        self._fresh = True
        self.patience = QUIET_SECONDS

    def fileno(self) -> int:
        """The descriptor to wait for; -1 before the first step."""
        return self._socket.fileno() if self._socket else -1

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and nobody has sent or closed anything unasked."""
        if self._socket is None:
            return False
        try:
            self._socket.recv(1)
        except self._origin.blocked:
            return True
        except OSError:
            return False
        return False

    def __del__(self) -> None:
        # A store has no end of its own: its idle connections go with it.
        self.close()

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def exchange(
        self, head: bytes, body: bytes = b"", *, bodyless: bool = False
    ) -> Steps[Response]:
        """Send a request and return its answer; raises :class:`Lost`, then closed."""
        incoming = Incoming(bodyless=bodyless)
        try:
            if self._socket is None:
                yield from self._open()
            answer = yield from self._send(head, body, incoming)
            if answer is None:
                answer = yield from self._receive(incoming)
        except (OSError, UnicodeError, Malformed) as error:
            unanswered = not self._fresh and not incoming.begun
            self.close()
            raise Lost(str(error), unanswered=unanswered) from None
        except BaseException:
            self.close()
            raise
        self._fresh = False
        if not answer.reusable:
            self.close()
        return answer

    def _open(self) -> Steps[None]:
        self._fresh, self.patience = True, CONNECT_SECONDS
        yield from self._connect()
        if tunnel := self._origin.tunnel:
            incoming = Incoming(bodyless=True)
            yield from self._send(tunnel, b"", incoming)
            answer = yield from self._receive(incoming)
            if answer.status != 200:
                raise Malformed(f"the proxy says {answer.status}")
        if self._origin.tls:
            yield from self._secure(self._origin.tls)
        self.patience = QUIET_SECONDS

    def _connect(self) -> Steps[None]:
        """The first of the host's addresses that takes the connection."""
        error: OSError = OSError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            *self._origin.address(), type=socket.SOCK_STREAM
        ):
            attempt = self._socket = socket.socket(family, kind, protocol)
            attempt.setblocking(False)
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(BlockingIOError):
                attempt.connect(address)
            yield WRITE
            status = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not status:
                return
            error = OSError(status, "no connection")
            self.close()
        raise error

    def _secure(self, context: ssl.SSLContext) -> Steps[None]:
        from ssl import SSLWantReadError, SSLWantWriteError

        assert self._socket
        secured = context.wrap_socket(
            self._socket, server_hostname=self._origin.host, do_handshake_on_connect=False
        )
        self._socket = secured
        while True:
            try:
                secured.do_handshake()
            except SSLWantReadError:
                yield READ
            except SSLWantWriteError:
                yield WRITE
            else:
                return

    def _send(self, head: bytes, body: bytes, incoming: Incoming) -> Steps[Response | None]:
        """Send all of it, unless an answer comes before: that is returned."""
        assert self._socket
        pieces = [head + body] if len(body) <= _TOGETHER else [head, body]
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except self._origin.blocked:
                    if (yield READ | WRITE) & READ:
                        early = self._early(incoming)
                        if early or incoming.begun:
                            return early or (yield from self._receive(incoming))
                except (BrokenPipeError, ConnectionResetError):
                    # It may have said why before it hung up.
                    return (yield from self._receive(incoming))._replace(reusable=False)
        return None

    def _early(self, incoming: Incoming) -> Response | None:
        """An answer to a request that has not been sent to its end."""
        assert self._socket
        try:
            data = self._socket.recv(_RECEIVED)
        except self._origin.blocked:
            return None
        answer = incoming.feed(data) if data else incoming.end()
        return answer and answer._replace(reusable=False)

    def _receive(self, incoming: Incoming) -> Steps[Response]:
        assert self._socket
        answer = None
        while answer is None:
            try:
                data = self._socket.recv(_RECEIVED)
            except self._origin.blocked:
                yield READ
            else:
                answer = incoming.feed(data) if data else incoming.end()
        return answer


def finish(connection: Connection, steps: Steps[R]) -> R:
    """Make the ``steps`` of one connection, waiting in this thread; raises :class:`Lost`."""
    events = 0
    try:
        while True:
            wanted = steps.send(events) if events else next(steps)
            events = _waited(connection, wanted)
            if not events:
                steps.close()
                connection.close()
                raise Lost("no byte for too long")
    except StopIteration as stop:
        result: R = stop.value
        return result


def _waited(connection: Connection, wanted: int) -> int:
    """The events that came; 0 if none did for too long."""
    poll = select.poll()  # unlike select() good for any descriptor
    poll.register(connection.fileno(), wanted)
    deadline = time.monotonic() + connection.patience
    while (left := deadline - time.monotonic()) > 0:
        for _, events in poll.poll(left * 1000):
            return events
    return 0
