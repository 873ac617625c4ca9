"""Serves a published gallery to a browser, object by object, straight from its bucket.

Knows HTTP and nothing about S3: objects come through a callable.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Get = Callable[[str], tuple[bytes, dict[str, str]] | None]
"""Key to body and headers; None where the bucket has no such object."""

PASSED = ("content-type", "content-encoding", "cache-control", "etag", "last-modified")
"""Headers of an object that a browser is to see; lengths and connections are this server's."""


def serve(get: Get, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Bind a server for the objects that `get` returns; port 0 takes a free one.

    The caller runs it (``serve_forever()``, here or in a thread), ends it (``shutdown()``,
    ``server_close()``) and finds its address in ``server_port``.
    """

    class Handler(_Handler):
        objects = staticmethod(get)

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def key_of(target: str) -> str:
    """The key that a request's target means: decoded, without query, folders as their index."""
    # A target may start with two slashes, which urlsplit alone would take for a host.
    key = unquote(urlsplit("//host" + target).path if target.startswith("/") else target).lstrip(
        "/"
    )
    return key + "index.html" if not key or key.endswith("/") else key


class _Handler(BaseHTTPRequestHandler):
    objects: Get
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        try:
            status, found = HTTPStatus.OK, self.objects(key_of(self.path))
            if found is None:
                status, found = HTTPStatus.NOT_FOUND, self.objects("404.html")
        except Exception as error:  # noqa: BLE001 (whatever the bucket does, the server goes on)
            status, found = HTTPStatus.BAD_GATEWAY, _plain(f"The bucket did not answer: {error}")
        body, headers = found or _plain("Not found")
        known = {name.lower(): value for name, value in headers.items()}
        fresh = status is HTTPStatus.OK and known.get("etag", "") in self._validators()
        self.send_response(HTTPStatus.NOT_MODIFIED if fresh else status)
        for name in PASSED:
            if name in known:
                self.send_header(name.title(), known[name])
        if fresh:
            self.end_headers()
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _validators(self) -> list[str]:
        """The entity tags of If-None-Match; never one that is empty."""
        tags = self.headers.get("If-None-Match", "").split(",")
        return [tag.strip().removeprefix("W/") for tag in tags if tag.strip()]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base)
        """Keep quiet: the demo's own output is what is to be read."""


def _plain(text: str) -> tuple[bytes, dict[str, str]]:
    return f"{text}\n".encode(), {"content-type": "text/plain; charset=utf-8"}
