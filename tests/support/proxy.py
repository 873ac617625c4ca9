"""An HTTP proxy in front of an S3 server that shows tests every request and lets them interfere.

It makes the moments that matter happen every time: a process that is killed between two puts,
two deployments that have planned on the same state, an answer that is lost on its way.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from support import listening
from support.servers import HOST, Server


class Request(NamedTuple):
    """One request; ``key`` is '' where it is about the bucket."""

    method: str
    key: str
    query: str

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "POST", "DELETE")


class Lost(Exception):
    """Raised by a hook: the connection breaks instead of an answer."""


def _nothing(_: Request) -> None:
    pass


@dataclass
class Proxy:
    """``before`` is called before a request goes on, ``after`` before its answer goes back.

    Both run in the thread of the request: they may wait, write to the bucket, or raise `Lost`.
    """

    server: Server
    requests: list[Request] = field(default_factory=list)
    before: Callable[[Request], None] = _nothing
    after: Callable[[Request], None] = _nothing
    succeeded: list[Request] = field(default_factory=list)
    """Those that the server has answered with success, in the order of its answers."""
    ended: threading.Event = field(default_factory=threading.Event)
    open: int = 0
    """Requests that have come and are not answered yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def opened(self, request: Request) -> Iterator[None]:
        with self._lock:
            self.requests.append(request)
            self.open += 1
        try:
            yield
        finally:
            with self._lock:
                self.open -= 1

    def puts(self) -> list[str]:
        """Keys that were put, in the order in which the requests came."""
        return [each.key for each in self.requests if each.method == "PUT"]

    def stored(self) -> list[str]:
        """Keys whose put succeeded: rclone answers 500 to some of several first ones of a folder."""
        return [each.key for each in self.succeeded if each.method == "PUT"]

    def writes(self) -> list[Request]:
        return [each for each in self.requests if each.writes]


@contextmanager
def proxy(upstream: Server) -> Iterator[Proxy]:
    """A proxy of ``upstream``; ``server`` of it is what to deploy to. Waiting hooks end with it."""
    listener = ThreadingHTTPServer((HOST, 0), _Handler)
    listener.daemon_threads = True
    endpoint = f"http://{HOST}:{listener.server_port}"
    made = Proxy(replace(upstream, endpoint=endpoint, ca_bundle=None))
    listener.proxy, listener.upstream = made, upstream
    with listening.serving(listener):
        try:
            yield made
        finally:
            made.ended.set()


class Forwarder(BaseHTTPRequestHandler):
    """Passes requests on to the server's ``upstream``, and its answers back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def send(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        told = {name.lower(): value for name, value in headers}
        length = told.get("content-length", 0) if self.command == "HEAD" else len(answer)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(answer)

    def ask(self, data: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = connection_to(self.server.upstream)
        try:
            # The Host header stays as it was signed.
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(Forwarder):
    def _forward(self) -> None:
        try:
            self._exchange()
        except (Lost, ConnectionError, http.client.HTTPException):
            self.close_connection = True

    def _exchange(self) -> None:
        proxy: Proxy = self.server.proxy
        path = urlsplit(self.path)
        _, _, key = path.path.removeprefix("/").partition("/")
        request = Request(self.command, unquote(key), path.query)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with proxy.opened(request):
            proxy.before(request)
            answer = self.ask(data)
            if answer[0] < http.client.MULTIPLE_CHOICES:
                proxy.succeeded.append(request)
            proxy.after(request)
        self.send(*answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815


def connection_to(server: Server) -> http.client.HTTPConnection:
    place = urlsplit(server.endpoint)
    if place.scheme == "http":
        return http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    context = ssl.create_default_context(cafile=server.ca_bundle)
    return http.client.HTTPSConnection(place.hostname, place.port, timeout=60, context=context)
