"""An HTTP server that answers what a test says, to show how a store takes it.

It can also be the proxy on the way to hosts that are not there: it answers in their place, over
TLS if it has a certificate for them.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from galleria_action.fast_store import FastStore
from support import listening, servers
from support.servers import HOST, Server


class Request(NamedTuple):
    """A request as it came; ``target`` is path and query, or the whole URL if sent to a proxy."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def by_boto3(self) -> bool:
        return self.headers["User-Agent"].startswith("Boto3/")


class Answer(NamedTuple):
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012
    body: bytes = b""


def taken(request: Request) -> Answer:
    """What S3 says to a put that it took."""
    return Answer(headers={"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})


def fault(status: int, code: str, **headers: str) -> Answer:
    """An error as S3 words it."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, names, f"<Error><Code>{code}</Code></Error>".encode())


@dataclass
class Script:
    """The server: its address, who came, and who is answered over TLS."""

    address: str = ""
    requests: list[Request] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)

    @property
    def from_boto3(self) -> list[Request]:
        return [each for each in self.requests if each.by_boto3]

    @property
    def from_engine(self) -> list[Request]:
        return [each for each in self.requests if not each.by_boto3]


@contextmanager
def scripted(
    answer: Callable[[Request], Answer], tls: ssl.SSLContext | None = None
) -> Iterator[Script]:
    """A server that answers each request by ``answer``, which runs in the request's thread."""
    listener = _Listener((HOST, 0), _Handler)
    script = Script(f"http://{HOST}:{listener.server_port}")
    listener.script, listener.answer, listener.tls = script, answer, tls
    with listening.serving(listener):
        yield script


def store(url: str, stopped: threading.Event | None = None, **access: str) -> FastStore:
    """The store that a deployment to the bucket called bucket at ``url`` uses."""
    return servers.store(Server("scripted", url), "bucket", stopped, **access)


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # they are waited for when the server is closed

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connections: list[socket.socket] = []

    def server_close(self) -> None:
        for each in self.connections:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def handle(self) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, self.headers, body)
        self.server.script.requests.append(request)
        answer = self.server.answer(request)
        self.send_response_only(answer.status)
        for name, text in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def do_CONNECT(self) -> None:
        self.server.script.tunnels.append(self.path)
        self.send_response_only(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.server.connections.append(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False
