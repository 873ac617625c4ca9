"""A store that answers with malice: each run ends in one error that a person can read.

The server speaks HTTP of its own, so that no library puts its answers in order. What it gets to see,
and what others get to see that it names, is recorded.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from support import scripted

from galleria_action import listing_page, paging
from galleria_action.errors import DeployError, StoreError
from galleria_action.headers import Headers

HEADERS = Headers("image/jpeg", "no-store")


@contextmanager
def speaking(answer: Callable[[bytes], bytes | Iterator[bytes]]) -> Iterator[str]:
    """A server that sends ``answer(head of the request)`` and hangs up; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536) or b"\r\n\r\n"
                found = answer(head)
                for piece in [found] if isinstance(found, bytes) else found:
                    connection.sendall(piece)
                    if ended.is_set():
                        break
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(4)]
    for each in threads:
        each.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def said(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def page(*contents: str, token: str = "", more: str = "") -> bytes:
    truncated = "true" if token else "false"
    return said(
        f'<?xml version="1.0"?>{more}<ListBucketResult><IsTruncated>{truncated}</IsTruncated>'
        f"{''.join(contents)}<NextContinuationToken>{token}</NextContinuationToken>"
        "</ListBucketResult>".encode()
    )


def item(key: str, size: str = "1", etag: str = "&quot;e&quot;") -> str:
    return f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag></Contents>"


def outcome(call: Callable[[], object]) -> str:
    """What comes of a call, in words; an error that nobody expected is the test's."""
    try:
        return repr(call())
    except DeployError as error:
        return error.text()


LOL = "<!DOCTYPE l [<!ENTITY a0 'ha'>" + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
)
BOMB = LOL + "]>"
EXTERNAL = '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'

LISTINGS = {
    "an XML bomb": page(item("&a11;"), more=BOMB),
    "a file of this machine": page(item("&x;"), more=EXTERNAL),
    "no key": page("<Contents><Size>1</Size><ETag>e</ETag></Contents>"),
    "no ETag": page("<Contents><Key>a</Key><Size>1</Size></Contents>"),
    "no size": page("<Contents><Key>a</Key><ETag>e</ETag></Contents>"),
    "no number": page(item("a", size="one")),
    "a deep document": said(b"<ListBucketResult>" + b"<a>" * 100_000),
    "half a document": said(b"<ListBucketResult><Contents>"),
    "no XML": said(b"\x00\xff<>"),
    "nothing": said(b""),
    "a page for people": said(b"<html>Welcome</html>", "200 OK", "Content-Type: text/html"),
    "another encoding": said(b'<?xml version="1.0" encoding="utf-7"?><ListBucketResult/>'),
    "too many headers": said(b"", "200 OK", *[f"x-{n}: y" for n in range(3000)]),
    "a long header": said(b"", "200 OK", "x: " + "y" * 200_000),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "an unknown packing": said(b"xyz", "200 OK", "Content-Encoding: gzip"),
    "an odd status": said(b"", "999 Odd"),
    "an error with a bomb": said(f"{BOMB}<Error><Code>&a11;</Code></Error>".encode(), "400 Bad"),
    "an error to be shown": said(
        b"<Error><Code>\x1b[2Jboo\n::error::x @all <img src=x> ##[group]</Code></Error>", "400 Bad"
    ),
    "a very long error": said(b"<Error><Code>" + b"x" * 1_000_000 + b"</Code></Error>", "400 Bad"),
}  # fmt: skip


@pytest.mark.parametrize("answer", LISTINGS.values(), ids=LISTINGS)
def test_listings(answer):
    """Whatever it says to a listing, it is an error of the store or a listing, never a crash."""
    with speaking(lambda _: answer) as url:
        store = scripted.store(url)
        for listing in (lambda: store.list("photos/"), lambda: store.files("photos/")):
            told = outcome(lambda listing=listing: list(listing()))
            assert "root:" not in told
            assert len(told) < 2000


OBJECTS = {
    "no ETag": said(b"{}"),
    "an empty ETag": said(b"{}", "200 OK", "ETag: "),
    "a long ETag": said(b"{}", "200 OK", "ETag: " + "e" * 60_000),
    "an ETag of odd letters": said(b"{}", "200 OK", 'ETag: "\x07\xff\x1b[31m"'),
    "no date": said(b"{}", "200 OK", 'ETag: "e"', "Last-Modified: never"),
    "a huge length": b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 99999999999999\r\n\r\n{}',
    "a long number": b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: ' + b"9" * 5000 + b"\r\n\r\n",
    "a broken chunk": b'HTTP/1.1 200 OK\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    "a cut chunk": b'HTTP/1.1 200 OK\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx',
    "too many headers": said(b"", "200 OK", *[f"x-{n}: y" for n in range(3000)]),
    "announced for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("answer", OBJECTS.values(), ids=OBJECTS)
def test_objects(answer):
    """Nor does it matter what it says to other requests."""
    with speaking(lambda _: answer) as url:
        store = scripted.store(url)
        calls = {
            "get": lambda: store.get("k"),
            "head": lambda: store.head("k"),
            "put": lambda: store.put("k", b"data", HEADERS),
            "put parts": lambda: store.put_parts("k", [b"data"], HEADERS),
            "delete": lambda: store.delete(["k"]),
        }
        for name, call in calls.items():
            assert len(outcome(call)) < 100_000, name


def test_keys_outside_the_prefix():
    """They may be listed, but nothing comes of it: only keys of this gallery are looked for."""
    from support.program import Serial

    from galleria_action import deployed

    answer = page(item("photos/a.jpg"), item("../../etc/passwd"), item("zz/b.jpg"))
    with speaking(lambda _: answer) as url:
        found = deployed.list_keys(scripted.store(url), ["photos/a.jpg", "photos/b.jpg"], Serial())
    assert set(found) == {"photos/a.jpg"}


@pytest.mark.parametrize("kind", ["list", "files"])
@pytest.mark.parametrize("tokens", [["same"], ["a", "b"], None], ids=["one", "two", "new ones"])
@pytest.mark.parametrize("contents", ["", item("photos/a.jpg")], ids=["empty", "the same object"])
def test_listings_without_end(kind, tokens, contents, monkeypatch):
    """A listing that repeats itself, or never has anything to say, is given up."""
    monkeypatch.setattr(paging, "MOST_EMPTY", 20)
    monkeypatch.setattr(paging, "MOST_PAGES", 30)
    count = iter(range(10_000))

    def answer(_: bytes) -> bytes:
        number = next(count)
        return page(contents, token=tokens[number % len(tokens)] if tokens else f"t{number}")

    with speaking(answer) as url:
        store = scripted.store(url)
        with pytest.raises(StoreError, match="does not end"):
            list(getattr(store, kind)("photos/"))
    assert next(count) < 100


@pytest.mark.parametrize(
    "status",
    ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"],
)
@pytest.mark.parametrize(
    "code", ["PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"]
)
def test_redirects(status, code):
    """No request, signed or not, ever goes to another host that a store names."""
    with scripted.scripted(lambda _: scripted.Answer()) as other:
        host = other.address.removeprefix("http://")
        body = (
            f"<Error><Code>{code}</Code><Bucket>bucket</Bucket><Endpoint>{host}</Endpoint>"
            f"<Region>{host}/?</Region></Error>"
        )
        answer = said(
            body.encode(),
            status,
            f"Location: {other.address}/bucket/k",
            f"x-amz-bucket-region: {host}/?",
        )
        with speaking(lambda _: answer) as url:
            store = scripted.store(url)
            for call in (
                lambda: list(store.list("")),
                lambda: store.get("k"),
                lambda: store.head("k"),
                lambda: store.put("k", b"d", HEADERS),
                lambda: store.put_parts("k", [b"d"], HEADERS),
                lambda: store.delete(["k"]),
            ):
                with pytest.raises(StoreError):
                    call()
        assert other.requests == []
        assert other.tunnels == []


def test_an_endless_answer_is_left():
    """The engine reads no more than there can be, and nothing asks for it again."""
    sent = []

    def answer(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while len(sent) < 2000:
            sent.append(1)
            yield b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"

    with speaking(answer) as url, pytest.raises(StoreError):
        list(scripted.store(url).list("photos/"))
    assert len(sent) < 200


def test_an_xml_bomb_in_a_page_is_not_expanded():
    """Whatever the parser's library would do about it."""
    with pytest.raises(listing_page.Odd):
        listing_page.read(page(item("&a11;"), more=BOMB).partition(b"\r\n\r\n")[2])
