"""Where a store is and how to get there, as a value."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from galleria_action import http1
from galleria_action.values import Discreet, field

if TYPE_CHECKING:  # slow to import, and not needed for plain HTTP
    import ssl


class Origin(Discreet, frozen=True, dict=True):
    """Where a store is and how to get there.

    base
        The path that all others start with, without a slash at its end.
    tls
        None for plain HTTP.
    proxy
        The URL of an HTTP proxy, None for the direct way.
    reached
        The address that took the last connection, if one did: a note for the next.
    """

    unshown = frozenset({"reached"})

    host: str
    port: int
    base: str
    tls: ssl.SSLContext | None = None
    proxy: str | None = None
    reached: list[Any] = field(default_factory=list)

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
