"""One connection to a store: opened, secured and used without ever blocking.

What takes time is a generator that yields the events to wait for (of `select.poll`) and is sent
those that came, or is thrown :class:`TimeoutError`: so one thread can wait for many connections,
and a signal interrupts it.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from galleria_action.http1 import MOST_BODY, Incoming, Malformed, Response
from galleria_action.origin import Origin

if TYPE_CHECKING:  # slow to import, and not needed for plain HTTP
    import ssl

R = TypeVar("R")

READ, WRITE = select.POLLIN, select.POLLOUT
Steps = Generator[int, int, R]
"""Yields the events to wait for, is sent those that came, and returns an R."""

CONNECT_SECONDS = 10.0
"""For a connection, however many addresses are tried, and for each step of making it secure."""
QUIET_SECONDS = 60.0
"""Without a byte in either direction; as long as boto3's limit for reading."""

_TOGETHER = 32 << 10
"""Bytes of a body that are sent in one piece with its head."""
_RECEIVED_FIRST, _RECEIVED = 16 << 10, 256 << 10
"""Bytes that are asked for: most answers are short, and room for long ones takes time to make."""


class Lost(Exception):
    """The connection, or what came through it, is of no use.

    ``unanswered``: nothing had come back, on a connection that was used before; the other side
    may have closed it while it was idle.
    """

    def __init__(self, why: str, *, unanswered: bool = False) -> None:
        super().__init__(why)
        self.unanswered = unanswered


class Connection:
    """A connection that is opened when it is first used. For one request at a time.

    ``patience`` is how many seconds it may be waited for an event just now.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._socket: socket.socket | None = None
        self._fresh = True
        self._answer: Response | None = None
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
        self, head: bytes, body: bytes = b"", *, bodyless: bool = False, most: int = MOST_BODY
    ) -> Steps[Response]:
        """Send a request and return its answer; raises :class:`Lost`, then closed."""
        incoming = Incoming(bodyless=bodyless, most=most)
        try:
            if self._socket is None:
                yield from self._open()
            sent = yield from self._send(head, body, incoming)
            answer = yield from self._receive(incoming)
            if not sent:
                answer = answer._replace(reusable=False)
        except TimeoutError:
            self.close()
            raise Lost("no byte for too long") from None
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
        self._fresh = True
        yield from self._connect()
        self.patience = CONNECT_SECONDS
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
        """The first of the host's addresses that takes the connection; the last to do so first."""
        error = OSError("no address")
        reached = self._origin.reached
        host, port = self._origin.address()
        # For text Python loads all that is known of the alphabets of the world.
        name = host.encode() if host.isascii() else host
        places = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        places.sort(key=lambda place: place[4] not in reached)
        for family, kind, protocol, _, address in places:
            self.patience = CONNECT_SECONDS / len(places)
            try:
                yield from self._reach(family, kind, protocol, address)
            except OSError as why:
                self.close()
                error = why
            else:
                reached[:] = [address]
                return
        raise error

    def _reach(self, family: int, kind: int, protocol: int, address: Any) -> Steps[None]:
        attempt = self._socket = socket.socket(family, kind, protocol)
        attempt.setblocking(False)
        attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            attempt.connect(address)
        yield WRITE
        if status := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(status, os.strerror(status))

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

    def _send(self, head: bytes, body: bytes, incoming: Incoming) -> Steps[bool]:
        """Send all of it, until an answer begins to come; whether all was sent."""
        assert self._socket
        for piece in [head + body] if len(body) <= _TOGETHER else [head, body]:
            rest = memoryview(piece)
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except self._origin.blocked:
                    if (yield READ | WRITE) & READ and self._hears(incoming):
                        return False
                except (BrokenPipeError, ConnectionResetError):
                    return False  # it may have said why before it hung up
        return True

    def _hears(self, incoming: Incoming) -> bool:
        """Whether there is an answer to a request that has not been sent to its end."""
        assert self._socket
        try:
            data = self._socket.recv(_RECEIVED)
        except self._origin.blocked:
            return False
        self._answer = incoming.feed(data) if data else incoming.end()
        return self._answer is not None or incoming.begun  # else it was only announced

    def _receive(self, incoming: Incoming) -> Steps[Response]:
        assert self._socket
        answer, self._answer = self._answer, None
        most = _RECEIVED_FIRST
        if answer is None and not incoming.begun:
            yield READ  # no server answers before it is asked
        while answer is None:
            try:
                data = self._socket.recv(most)
            except self._origin.blocked:
                yield READ
            else:
                answer = incoming.feed(data) if data else incoming.end()
                most = _RECEIVED
        return answer


def finish(connection: Connection, steps: Steps[R]) -> R:
    """Make the ``steps`` of one connection, waiting in this thread; raises :class:`Lost`."""
    try:
        wanted = next(steps)
        while True:
            events = _waited(connection, wanted)
            wanted = steps.send(events) if events else steps.throw(TimeoutError())
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
