"""One HTTP request to servers that do not behave: bounded in bytes and in time."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme
from support.scripted import Answer, scripted

from galleria_action import __version__, exchange

HOST = "127.0.0.1"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


@contextmanager
def server(*pieces: bytes, every: float = 0, ending: bytes | None = None) -> Iterator[str]:
    """A server that sends ``pieces``, then ``ending`` again and again, ``every`` so many seconds;
    without ``ending`` it says nothing more. Its address."""
    over = threading.Event()
    with socket.create_server((HOST, 0)) as listener:

        def run() -> None:
            accepted, _ = listener.accept()
            with accepted, suppress(OSError):
                accepted.recv(65536)
                for each in pieces:
                    accepted.sendall(each)
                while ending is not None and not over.wait(every):
                    accepted.sendall(ending)
                over.wait(30)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            over.set()
            thread.join(20)
            assert not thread.is_alive()


def get(url: str, most: int = 1000, seconds: float = 10) -> exchange.Answer:
    return exchange.send("GET", url, {}, most=most, seconds=seconds)


def test_an_answer():
    """Status, headers in small letters, body; and who is asking."""
    answer = Answer(200, {"ETag": '"x"', "Cache-Control": "no-store"}, b"data")
    with scripted(lambda _: answer) as script:
        got = get(script.address)
        (request,) = script.requests
    assert (got.status, got.body, got.whole) == (200, b"data", True)
    assert (got.headers["etag"], got.headers["cache-control"]) == ('"x"', "no-store")
    assert request.headers["User-Agent"] == f"galleria-deploy/{__version__}"


@pytest.mark.parametrize("size", [999, 1000, 1001, 5_000_000])
def test_no_more_than_was_asked_for(size):
    """The rest of a body is not read."""
    with scripted(lambda _: Answer(200, {}, b"x" * size)) as script:
        got = get(script.address)
    assert (len(got.body), got.whole) == (min(size, 1000), size <= 1000)


@pytest.mark.parametrize("status", [204, 301, 404, 429, 500])
def test_any_status_is_an_answer(status):
    """None of them is an exception."""
    answer = Answer(status, {"Location": "http://127.0.0.1:9/"})
    with scripted(lambda _: answer) as script:
        assert get(script.address).status == status


def test_silence():
    """A server that takes the request and never answers."""
    with server() as url, pytest.raises(OSError, match="timed out"):
        get(url, seconds=0.3)


def test_a_body_that_never_ends():
    """Byte by byte, each in time, and all together not."""
    head = HEAD + b"Content-Length: 100000\r\n\r\n"
    with server(head, every=0.05, ending=b"x") as url, pytest.raises(TimeoutError):
        get(url, most=100_000, seconds=0.5)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "AWS_CA_BUNDLE", ""])
def test_whose_certificates_are_believed(monkeypatch, tmp_path, variable):
    """The machine's authorities, and the one that is set for a bucket of one's own."""
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("photos.example.org").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "authority.pem"))
    with scripted(lambda _: Answer(200, {}, b"data"), tls) as script:
        monkeypatch.setenv("HTTPS_PROXY", script.address)
        if variable:
            assert get("https://photos.example.org/").body == b"data"
        else:
            with pytest.raises(OSError, match="certificate verify failed"):
                get("https://photos.example.org/")


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_nonsense(said):
    """What is no HTTP is no answer."""
    with server(said) as url, pytest.raises(OSError, match="makes no sense"):
        get(url, seconds=2)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://[::1/", "http://a b/", "http:///"])
def test_no_such_address(url):
    """Nobody there, or no address at all."""
    with pytest.raises(OSError, match=r"refused|makes no sense|no host"):
        get(url, seconds=2)
