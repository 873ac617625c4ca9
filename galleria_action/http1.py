"""HTTP/1.1 without sockets: the bytes of a request, and what the bytes of an answer mean.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, NoReturn

MOST_HEAD = 64 << 10
"""Bytes of an answer's head, and of a chunk's first line; more is no answer to read."""
MOST_DIGITS = 15
"""Of a length; what has more will never have arrived."""
MOST_BODY = 16 << 20
"""Bytes of an answer that is no object: a page of 1,000 keys has up to 6 MB."""
MOST_ANNOUNCED = 1000
"""Answers that only announce the answer (1xx): nobody works on one for so long."""

_END_OF_HEAD = b"\r\n\r\n"
_BODYLESS = (204, 304)
_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2})(?=[ \r]|\Z)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,%d})[ \t]*(?:;[^\r\n]*)?" % MOST_DIGITS)
# Only what is asked for: most of what stores say is for others.
_HEADER = re.compile(
    rb"\r\n(connection|content-length|etag|retry-after|transfer-encoding):([^\r\n]*)",
    re.IGNORECASE,
)


class Malformed(Exception):
    """The bytes are no answer that can be understood."""


class Response(NamedTuple):
    """A complete answer. ``headers`` are those that matter here, their names in lower case.

    ``reusable``: whether another request may follow on the same connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool


def request(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a request; raises :class:`ValueError` unless all of it is printable ASCII."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers)]
    head = "\r\n".join(lines)
    text = head.replace("\r\n", "")
    if not (text.isascii() and text.isprintable()) or head.count("\n") != len(lines) - 1:
        raise ValueError("what would be another header, or another request")
    return (head + "\r\n\r\n").encode("ascii")


class Incoming:
    """An answer on its way: fed with bytes until it is complete.

    ``bodyless``: the answer has no body whatever its head says, as that of a HEAD. ``most``: bytes
    of a body that is still read.
    """

    def __init__(self, *, bodyless: bool = False, most: int = MOST_BODY) -> None:
        self._bodyless = bodyless
        self._most = most
        self._announced = 0
        self._chunked_size = 0
        self._data = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._chunks: list[bytes] | None = None

    @property
    def begun(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._data) or self._head is not None

    def feed(self, data: bytes) -> Response | None:
        """The answer if ``data`` completes it; raises :class:`Malformed`."""
        self._data += data
        while self._head is None:
            end = self._data.find(_END_OF_HEAD)
            if end < 0:
                if len(self._data) > MOST_HEAD:
                    raise Malformed("the head does not end")
                return None
            head = _parsed(bytes(self._data[:end]))
            del self._data[: end + len(_END_OF_HEAD)]
            self._announced += 1
            if head[0] >= 200:  # before it may come some that only announce it
                self._head = head
            elif self._announced > MOST_ANNOUNCED:
                raise Malformed("announced again and again")
        return self._complete()

    def end(self) -> NoReturn:
        """The connection has ended before the answer was complete: raises :class:`Malformed`."""
        raise Malformed("the answer was cut off")

    def _complete(self) -> Response | None:
        assert self._head is not None
        status, headers = self._head
        if self._bodyless or status in _BODYLESS:
            return self._response(b"")
        if "transfer-encoding" in headers:
            return self._chunked(headers["transfer-encoding"])
        found = headers.get("content-length", "")
        # Without one the end of the connection would have to end it; a break looks the same.
        if not (found.isascii() and found.isdigit() and len(found) <= MOST_DIGITS):
            raise Malformed("a length that is none")
        length = int(found)
        self._check_size(length)
        if len(self._data) < length:
            return None
        if len(self._data) == length:  # a large one is copied once
            body, self._data = bytes(self._data), bytearray()
        else:
            body = bytes(self._data[:length])
            del self._data[:length]
        return self._response(body)

    def _response(self, body: bytes) -> Response:
        assert self._head is not None
        status, headers = self._head
        closes = "close" in headers.get("connection", "").lower()
        # What follows an answer belongs to no request of ours.
        return Response(status, headers, body, reusable=not closes and not self._data)

    def _chunked(self, encoding: str) -> Response | None:
        if encoding.lower() != "chunked":
            raise Malformed(f"an unknown encoding: {encoding[:50]}")
        chunks = self._chunks = [] if self._chunks is None else self._chunks
        while (end := self._data.find(b"\r\n")) >= 0:
            size = _chunk_size(bytes(self._data[:end]))
            start = end + 2
            self._check_size(self._chunked_size + size)
            if size == 0:
                return self._trailed(start)
            if len(self._data) < start + size + 2:
                return None
            chunks.append(bytes(self._data[start : start + size]))
            self._chunked_size += size
            if self._data[start + size : start + size + 2] != b"\r\n":
                raise Malformed("a chunk without an end")
            del self._data[: start + size + 2]
        if len(self._data) > MOST_HEAD:
            raise Malformed("a chunk without a size")
        return None

    def _check_size(self, size: int) -> None:
        if size > self._most:
            raise Malformed("a body that is too large")

    def _trailed(self, start: int) -> Response | None:
        """The answer, when the trailer behind its last chunk, mostly empty, has arrived."""
        assert self._chunks is not None
        if self._data[start : start + 2] == b"\r\n":
            end = start + 2
        elif (found := self._data.find(_END_OF_HEAD, start)) >= 0:
            end = found + len(_END_OF_HEAD)
        elif len(self._data) > MOST_HEAD:
            raise Malformed("the trailer does not end")
        else:
            return None
        del self._data[:end]
        return self._response(b"".join(self._chunks))


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first = _STATUS.match(head)
    if not first:
        raise Malformed(f"no status: {head[:100]!r}")
    headers: dict[str, str] = {}
    for name, text in _HEADER.findall(head):
        before = headers.setdefault(name.decode().lower(), text.decode("latin-1").strip())
        if before != text.decode("latin-1").strip():
            raise Malformed(f"two of {name!r}")
    return int(first[1]), headers


def _chunk_size(line: bytes) -> int:
    found = _CHUNK.fullmatch(line)
    if not found:
        raise Malformed("a chunk without a size")
    return int(found[1], 16)
