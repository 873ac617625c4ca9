"""The hosts of a gallery and of the CDN providers, played behind a proxy, over TLS.

Whoever uses the proxy believes to speak with them.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import trustme

from support.cdns import BunnyApi, Cache, CloudflareApi
from support.scripted import Answer, Request, Script, scripted
from support.servers import Server

HOST = "photos.example.org"


@dataclass
class Internet:
    """All that lies behind the proxy.

    holding
        Whether the providers are busy; ``held`` is set when one was asked then.
    authority
        The certificate, as PEM, of who vouches for them all.
    """

    cache: Cache
    bunny: BunnyApi
    cloudflare: CloudflareApi
    held: threading.Event = field(default_factory=threading.Event)
    holding: bool = False
    script: Script = field(default_factory=Script)
    authority: str = ""

    def answer(self, request: Request) -> Answer:
        host = request.headers["Host"].partition(":")[0]
        if host == HOST:
            return self.cache.answer(request)
        if self.holding:
            self.held.set()
            return Answer(503)
        return {"api.bunny.net": self.bunny, "api.cloudflare.com": self.cloudflare}[host].answer(
            request
        )

    def to(self, host: str) -> list[Request]:
        return [each for each in self.script.requests if each.headers["Host"].startswith(host)]

    def see(self, path: str) -> bytes:
        """What a visitor gets."""
        return self.cache.get(path).body

    @property
    def environ(self) -> dict[str, str]:
        """What makes the proxy a program's way out."""
        return {"HTTPS_PROXY": self.script.address, "NO_PROXY": "127.0.0.1,localhost"}


@contextmanager
def served(server: Server, bucket: str) -> Iterator[Internet]:
    """A CDN before ``bucket`` at ``https://HOST``, and the APIs of those who offer one."""
    cache = Cache(server, bucket)
    made = Internet(cache, BunnyApi(cache), CloudflareApi(cache))
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, "api.bunny.net", "api.cloudflare.com").configure_cert(tls)
    made.authority = authority.cert_pem.bytes().decode()
    with scripted(made.answer, tls) as script:
        made.script = script
        yield made
