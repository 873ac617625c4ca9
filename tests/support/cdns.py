"""CDNs on loopback: a cache before a bucket, and the providers' documented APIs that purge it.

Written from the documentation, not from the program: what is not documented is refused.

- https://docs.bunny.net/api-reference/core/purge/purge-url
- https://docs.bunny.net/cdn/purge-cache and https://docs.bunny.net/docs/cdn-api-purge-rate-limits
- https://developers.cloudflare.com/api/resources/cache/methods/purge/
- https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from support import servers
from support.scripted import Answer, Request
from support.servers import Server

BUNNY_KEY = "c24347cf-1bc0-4900-8d60-86b1c7701f53-test-0123456789ab"
CLOUDFLARE_TOKEN = "v1.0-te5t_token-of.the_zone"
ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
PULL_ZONE = "123456"


@dataclass
class Cache:
    """What a CDN holds: it asks the bucket once, and then answers by itself until it is purged."""

    server: Server
    bucket: str
    held: dict[str, Answer] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        return self.get(urlsplit(request.target).path)

    def get(self, path: str) -> Answer:
        if path not in self.held:
            self.held[path] = self._fetch(path)
        return self.held[path]

    def _fetch(self, path: str) -> Answer:
        # S3 has no index at a folder's address; those who serve sites add it.
        key = unquote(path[1:]) + ("index.html" if path.endswith("/") else "")
        client = servers.client(self.server)
        try:
            found = client.get_object(Bucket=self.bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return Answer(404)
        headers = {
            "Content-Type": found["ContentType"],
            "Cache-Control": found["CacheControl"],
            "ETag": found["ETag"],
        }
        return Answer(200, headers, found["Body"].read())

    def forget(self, url: str) -> None:
        """Forget one address, in the spelling in which it was asked for."""
        self.held.pop(urlsplit(url).path, None)

    def forget_below(self, path: str) -> None:
        for each in [one for one in self.held if one.startswith(path)]:
            del self.held[each]


def _json(status: int, document: object, **headers: str) -> Answer:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(
        status, {"Content-Type": "application/json", **names}, json.dumps(document).encode()
    )


@dataclass
class BunnyApi:
    """api.bunny.net: a key of 120 exact and 20 folder purges that refill only when waited for."""

    cache: Cache | None = None
    exact: int = 120
    folders: int = 20
    purged: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.headers["AccessKey"] != BUNNY_KEY:
            return Answer(401, {}, b"")
        target = urlsplit(request.target)
        if (request.method, target.path) == ("POST", "/purge"):
            return self._url(parse_qs(target.query, strict_parsing=True))
        if found := re.fullmatch(r"/pullzone/(\d+)/purgeCache", target.path):
            return self._zone(found[1]) if request.method == "POST" else Answer(405)
        return Answer(404)

    def _url(self, query: dict[str, list[str]]) -> Answer:
        (url,) = query.pop("url")
        exact = query.pop("exactPath", ["false"]) == ["true"]
        if query or not url.startswith(("https://", "http://")):
            error = {
                "ErrorKey": "purge.urls_invalid",
                "Field": "Urls",
                "Message": "The purge request must contain at least one and no more than 50 URLs",
            }
            return _json(400, error)
        folder = url.endswith(("/", "*"))
        if (self.folders if folder else self.exact) < 1:
            return Answer(429, {"Retry-After": "3"})
        if folder:
            self.folders -= 1
        else:
            self.exact -= 1
        self.purged.append(url)
        if self.cache and folder and not exact:
            self.cache.forget_below(urlsplit(url).path)
        elif self.cache:
            self.cache.forget(url)
        return Answer(200)

    def _zone(self, number: str) -> Answer:
        if number != PULL_ZONE:
            error = {
                "ErrorKey": "pullZone.not_found",
                "Field": "PullZone",
                "Message": "The requested Pull Zone was not found",
            }
            return _json(404, error)
        self.purged.append("*")
        if self.cache:
            self.cache.held.clear()
        return Answer(204)


@dataclass
class CloudflareApi:
    """api.cloudflare.com: purges of one zone by address, or by prefix, at most 30 of them."""

    cache: Cache | None = None
    purged: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.headers["Authorization"] != f"Bearer {CLOUDFLARE_TOKEN}":
            return self._error(403, 10000, "Authentication error")
        found = re.fullmatch(
            r"/client/v4/zones/([0-9a-f]{32})/purge_cache", urlsplit(request.target).path
        )
        if not found or found[1] != ZONE:
            return self._error(
                404, 7003, "Could not route to /zones, perhaps your object identifier is invalid?"
            )
        if request.method != "POST" or request.headers["Content-Type"] != "application/json":
            return self._error(405, 10405, "Method not allowed")
        return self._purge(json.loads(request.body))

    def _purge(self, document: dict[str, list[str]]) -> Answer:
        ((kind, values),) = document.items()
        if kind not in ("files", "prefixes") or not 1 <= len(values) <= 30:
            return self._error(400, 1094, "Unable to purge: 30 values at most")
        for each in values:
            if kind == "files" and not each.startswith(("https://", "http://")):
                return self._error(400, 1016, f"Unable to purge {each}")
            if kind == "prefixes" and ("://" in each or each.endswith("/")):
                return self._error(400, 1132, f"Invalid prefix {each}")
        for each in values:
            self.purged.append(each)
            if self.cache and kind == "files":
                self.cache.forget(each)
            elif self.cache:
                self.cache.forget_below("/" + each.partition("/")[2])
        return _json(200, {"success": True, "errors": [], "messages": [], "result": {"id": ZONE}})

    def _error(self, status: int, code: int, message: str) -> Answer:
        error = {"code": code, "message": message}
        return _json(status, {"success": False, "errors": [error], "messages": [], "result": None})
