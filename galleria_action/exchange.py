"""One HTTP request and its answer: no redirect is followed, and there is a bound to everything.

Loaded when it is due, for it takes longer to load than a small gallery to plan.
"""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import IO, Any

from galleria_action import __version__, route
from galleria_action.values import Struct

SECONDS = 30
"""How long a server may be silent; with ``seconds`` also how long a whole answer may take."""
PIECE = 1 << 16


class Answer(Struct, frozen=True):
    """What a server said; names of ``headers`` are in small letters.

    ``body`` ends after the most that was asked for; then ``whole`` is False.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others: secrets and questions are for one host only."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    most: int,
    seconds: float = SECONDS,
) -> Answer:
    """The answer of any status, at most ``most`` bytes of its body.

    Raises :class:`OSError` if there is none, or if it takes too long. Proxies and certificate
    authorities are those of the environment.
    """
    deadline = time.monotonic() + seconds
    headers = {"User-Agent": f"galleria-deploy/{__version__}", **headers}
    try:
        request = urllib.request.Request(  # noqa: S310  http and https only, by the callers
            url, data=body, method=method, headers=headers
        )
        with _open(request, min(seconds, SECONDS)) as found:
            return _answer(found, most, deadline)
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"the answer makes no sense ({type(error).__name__})") from None


@cache
def _trust(bundle: str | None, _machine: str | None) -> ssl.SSLContext:
    """The authorities of the machine, and those that are set for the bucket: it may have its own.

    They take longer to load than an answer to come.
    """
    context = ssl.create_default_context()
    if bundle:
        with suppress(OSError):
            context.load_verify_locations(bundle)
    return context


def _open(request: urllib.request.Request, seconds: float) -> Any:
    """The response of any status."""
    trust = _trust(route.ca_bundle(), os.environ.get("SSL_CERT_FILE"))
    trusting = urllib.request.HTTPSHandler(context=trust)
    try:
        return urllib.request.build_opener(_NoRedirects, trusting).open(request, timeout=seconds)
    except urllib.error.HTTPError as found:
        return found


def _answer(found: Any, most: int, deadline: float) -> Answer:
    body = b""
    while len(body) <= most and (piece := _read(found, min(PIECE, most + 1 - len(body)))):
        body += piece
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    headers = {name.lower(): text for name, text in found.headers.items()}
    return Answer(found.status, headers, body[:most], len(body) <= most)


def _read(found: IO[bytes] | Any, size: int) -> bytes:
    """What has arrived; a slow server is not waited for until a piece is full."""
    piece: bytes = found.read1(size) if hasattr(found, "read1") else found.read(size)
    return piece
