"""An S3 server in memory that is as fast as Python allows, for cases where listing would dominate.

    python -m benchmarks.memory_server --port 9000 [--load LISTING]

PUT, GET and HEAD of objects, LIST (versions 1 and 2, no delimiter but "/"); signatures and
conditions are not looked at. `rclone serve` takes seconds to list 30,000 files, which every program
would then wait for; here a page of 1,000 keys takes less than a millisecond, because its rows are
made when objects are put. GET of `/` answers with the number of requests of each kind, as JSON.

--load reads objects from a file of JSON lines: [bucket, key, size, ETag, base64 of the bytes or
null]. Objects without bytes are listed and cannot be read.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import bisect
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

HOST = "127.0.0.1"
PAGE = 1000


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--load")
    given = parser.parse_args()
    buckets = Buckets()
    if given.load:
        buckets.load(given.load)
    asyncio.run(serve(buckets, given.port))


async def serve(buckets: Buckets, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(buckets), HOST, port, backlog=1024)
    await server.serve_forever()


@dataclass
class Bucket:
    """Keys to bytes, ETag and size, and to the rows of listings."""

    objects: dict[str, tuple[bytes | None, str, int]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    order: list[str] | None = None

    def put(self, key: str, data: bytes | None, etag: str, size: int) -> None:
        if key not in self.objects:
            self.order = None
        self.objects[key] = (data, etag, size)
        self.rows[key] = (
            f"<Contents><Key>{escape(quote(key))}</Key><LastModified>{_now()}</LastModified>"
            f"<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )

    def page(self, prefix: str, after: str, most: int) -> tuple[list[str], bool]:
        """Keys below ``prefix`` and behind ``after``; whether there are more."""
        if self.order is None:
            self.order = sorted(self.objects)
        start = bisect.bisect_left(self.order, prefix)
        if after >= prefix:
            start = bisect.bisect_right(self.order, after)
        keys = self.order[start : start + most + 1]
        below = [key for key in keys if key.startswith(prefix)]
        return below[:most], len(below) > most

    def level(self, folder: str, after: str, most: int) -> tuple[list[str], bool]:
        """The same for one folder: keys of its files, and its folders, which end with a slash."""
        found: list[str] = []
        while len(found) <= most:
            keys, _ = self.page(folder, after, 1)
            if not keys:
                break
            slash = keys[0].find("/", len(folder))
            found.append(keys[0] if slash < 0 else keys[0][: slash + 1])
            after = _behind(found[-1])
        return found[:most], len(found) > most


def _behind(shown: str) -> str:
    """What a listing goes on after: a folder's own keys are not to be shown again."""
    return shown + "\U0010ffff" if shown.endswith("/") else shown


class Buckets:
    """Everything that the server holds, and how to answer for it."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self.requests: Counter[str] = Counter()

    def load(self, path: str) -> None:
        with open(path, encoding="utf-8") as listing:
            for line in listing:
                bucket, key, size, etag, body = json.loads(line)
                data = None if body is None else base64.b64decode(body)
                self._bucket(bucket).put(key, data, etag, size)

    def _bucket(self, name: str) -> Bucket:
        return self._buckets.setdefault(name, Bucket())

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """The whole answer to one request."""
        url = urlsplit(target)
        name, _, key = unquote(url.path).removeprefix("/").partition("/")
        if key:
            self.requests[method] += 1
            return self._object(method, self._bucket(name), key, body)
        if not name:
            return _response(200, json.dumps(self.requests).encode(), "application/json")
        if method != "GET":  # create or look at a bucket
            self._bucket(name)
            return _response(200, b"")
        self.requests["LIST"] += 1
        query = {name: texts[0] for name, texts in parse_qs(url.query).items()}
        return _response(200, _listing(self._bucket(name), name, query).encode())

    def _object(self, method: str, bucket: Bucket, key: str, body: bytes) -> bytes:
        if method == "PUT":
            etag = hashlib.md5(body).hexdigest()
            bucket.put(key, body, etag, len(body))
            return _response(200, b"", etag=etag)
        if method not in ("GET", "HEAD"):
            return _response(501, _error("NotImplemented"))
        data, etag, size = bucket.objects.get(key, (None, "", 0))
        if not etag:
            return _response(404, b"" if method == "HEAD" else _error("NoSuchKey"))
        if method == "HEAD":
            return _response(200, b"", etag=etag, size=size)
        assert data is not None, f"{key} was loaded without its bytes"
        return _response(200, data, etag=etag)


def _listing(bucket: Bucket, name: str, query: dict[str, str]) -> str:
    """The page of a listing; both versions of the request are served with one answer."""
    prefix = query.get("prefix", "")
    after = query.get("continuation-token") or query.get("start-after") or query.get("marker", "")
    most = min(PAGE, int(query.get("max-keys", PAGE)))
    if query.get("delimiter"):
        keys, more = bucket.level(prefix, _behind(after), most)
    else:
        keys, more = bucket.page(prefix, after, most)
    last = escape(quote(keys[-1])) if keys else ""
    following = (
        f"<NextContinuationToken>{last}</NextContinuationToken><NextMarker>{last}</NextMarker>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{name}</Name><Prefix>{escape(quote(prefix))}</Prefix><MaxKeys>{PAGE}</MaxKeys>"
        f"<KeyCount>{len(keys)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{'<EncodingType>url</EncodingType>' if 'encoding-type' in query else ''}"
        f"{following if more else ''}{''.join([_row(bucket, key) for key in keys])}"
        "</ListBucketResult>"
    )


def _row(bucket: Bucket, shown: str) -> str:
    folder = f"<CommonPrefixes><Prefix>{escape(quote(shown))}</Prefix></CommonPrefixes>"
    return bucket.rows.get(shown) or folder


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _response(
    status: int, body: bytes, kind: str = "application/xml", *, etag: str = "", size: int = -1
) -> bytes:
    etag_line = f'ETag: "{etag}"\r\nLast-Modified: {formatdate(usegmt=True)}\r\n' if etag else ""
    length = len(body) if size < 0 else size
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{etag_line}"
    return f"{head}\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One client: requests are answered in the order in which they come."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._data = bytearray()
        self._waiting_for_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        """Answer the first request, if it has arrived as a whole."""
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = self._data[:end].decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        length = int(headers.get("content-length", 0))
        body_end = end + 4 + length
        if len(self._data) < body_end:
            if headers.get("expect") and not self._waiting_for_body:
                self._waiting_for_body = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return False
        self._waiting_for_body = False
        body = bytes(self._data[end + 4 : body_end])
        del self._data[:body_end]
        assert "chunked" not in headers.get("content-encoding", ""), "chunked bodies are not known"
        method, target, _ = lines[0].split(" ", 2)
        self._transport.write(self._buckets.answer(method, target, body))
        return True


if __name__ == "__main__":
    main()
