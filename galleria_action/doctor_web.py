"""Requests as a visitor's browser makes them: without credentials, and redirects are not followed.

Through the proxy and with the certificates of this machine's environment, see `route`.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

from galleria_action import __version__, route

SECONDS = 20
LARGEST = 1 << 20


class Answer(NamedTuple):
    """Status 0: there was none, and ``why`` says why. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    why: str = ""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to one request."""
    request = urllib.request.Request(  # noqa: S310  http and https only, by the configuration
        url,
        headers={"User-Agent": f"galleria-deploy/{__version__}", **(headers or {})},
        method=method,
    )
    handlers: list[Any] = [_Stay]
    try:
        if url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=route.trust()))
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read(LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(0, {}, why=str(getattr(error, "reason", "") or error))


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
