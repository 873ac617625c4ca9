"""Others who answer with malice: public web servers, and the API of GitHub."""

from __future__ import annotations

import pytest
from attacks.test_hostile_store import said, speaking
from support import github, scripted
from support.scripted import Answer

from galleria_action import github_api, public_files
from galleria_action.errors import StoreError
from galleria_action.public_files import PublicFiles

LEDGER = ".galleria/x"

ANSWERS = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "nothing": b"",
    "no status": b"HTTP/1.1\r\n\r\n",
    "an odd status": b"HTTP/1.1 abc x\r\n\r\n",
    "a long line": b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
    "too many headers": said(b"", "200 OK", *[f"x-{n}: y" for n in range(3000)]),
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
    "a file": said(b"", "302 Found", "Location: file:///etc/passwd"),
    "an FTP server": said(b"", "302 Found", "Location: ftp://127.0.0.1:1/x"),
    "itself": said(b"", "302 Found", "Location: ?again"),
    "an error page": said(b"<html>", "500 Oops \x1b[2J"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_public_files(answer):
    """An answer that is none is an error of the address, and no fault of this program."""
    with (
        speaking(lambda _: answer) as url,
        pytest.raises(StoreError, match="Could not read") as caught,
    ):
        PublicFiles(url, LEDGER).get("gallery-metadata.json")
    assert "root:" not in caught.value.text()


def test_public_files_that_never_end(monkeypatch):
    """No more is read than there can be."""
    monkeypatch.setattr(public_files, "LARGEST", 1000)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000
    with speaking(lambda _: endless) as url, pytest.raises(StoreError, match="too large"):
        PublicFiles(url, LEDGER).get("gallery-metadata.json")


def test_public_files_that_moved(monkeypatch):
    """A redirect to another host is followed, for such a request has nothing secret in it."""
    for name in ("AWS_SECRET_ACCESS_KEY", "GALLERIA_S3_PUBLIC_SECRET_KEY", "INPUT_GITHUB-TOKEN"):
        monkeypatch.setenv(name, "verysecret")
    with (
        scripted.scripted(lambda _: Answer(body=b"{}")) as other,
        speaking(lambda _: said(b"", "302 Found", f"Location: {other.address}/m")) as url,
    ):
        assert PublicFiles(url, LEDGER).get("gallery-metadata.json").data == b"{}"
    (request,) = other.requests
    assert "verysecret" not in str(request.headers)
    assert {name.lower() for name in request.headers} <= {
        "host", "user-agent", "cache-control", "accept-encoding", "connection",
    }  # fmt: skip


def test_comments_without_end(monkeypatch):
    """A list of comments whose pages go on for ever is given up."""
    monkeypatch.setattr(github_api, "MOST_ITEMS", 250)
    with github.github() as api:
        api.add_pull(7)
        pages = iter(range(2, 10_000))

        def endless(request: github.Request) -> github.Answer | None:
            if not request.path.endswith("/comments"):
                return None
            comment = {"id": 1, "body": "x", "user": {"login": "a"}, "url": f"{api.url}/c/1"}
            link = f'<{api.url}{request.path}?page={next(pages)}>; rel="next"'
            return github.Answer(200, [comment] * 100, {"Link": link})

        api.hook = endless
        repository = github_api.Repository(api.url, github.REPOSITORY, github.JOB_TOKEN)
        with pytest.raises(github_api.ApiError, match="more than 250 comments"):
            list(repository.comments(7))
    assert len(api.requests) < 10


def test_the_token_stays_with_the_api():
    """A link to the next page that leads to another host is not followed."""
    with scripted.scripted(lambda _: Answer(body=b"[]")) as other, github.github() as api:
        api.add_pull(7)
        api.hook = lambda request: (
            github.Answer(
                200,
                [{"id": 1, "body": "x", "user": None}],
                {"Link": f'<{other.address}/x>; rel="next"'},
            )
            if request.path.endswith("/comments")
            else None
        )
        repository = github_api.Repository(api.url, github.REPOSITORY, github.JOB_TOKEN)
        with pytest.raises(github_api.ApiError, match="makes no sense"):
            list(repository.comments(7))
        assert other.requests == []
