"""Listings by the engine, and those that boto3 makes or ends in its place."""

from __future__ import annotations

import pytest
from support import scripted, servers
from support.proxy import Lost, Request, proxy
from support.scripted import Answer, fault

from galleria_action.headers import Headers

HEADERS = Headers("text/plain", "no-store")


def test_a_listing_that_breaks_off_is_gone_on_with(moto):
    """boto3 lists what comes after the last page that arrived: nothing twice, nothing left out."""
    bucket = servers.make_bucket(moto)
    names = [f"many/{number:04}.jpg" for number in range(2100)]
    filling = servers.store(moto, bucket)
    for name in names:
        filling.put(name, b"x", HEADERS)
    with proxy(moto) as between:
        lost: list[Request] = []

        def lose(request: Request) -> None:
            if (
                "continuation-token" in request.query and len(lost) < 2
            ):  # the second is not repeated
                lost.append(request)
                raise Lost

        between.before = lose
        found = [key for key, _ in servers.store(between.server, bucket).list("many/")]

    assert lost
    assert found == names
    assert any("start-after" in each.query for each in between.requests)
    assert sum("list-type" in each.query for each in between.requests) == 5


def _page(*keys: str) -> bytes:
    objects = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><ETag>x</ETag>"
        "<LastModified>2024-06-15T18:30:45Z</LastModified></Contents>"
        for key in keys
    )
    end = "<IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult>{end}{objects}</ListBucketResult>".encode()


@pytest.mark.parametrize(
    "keys",
    [["a/c", "a/b", "a/d"], ["a/b", "a/b"], ["b", "a/b"]],
    ids=["no order", "twice", "another folder"],
)
def test_a_listing_that_the_engine_does_not_understand(keys):
    """boto3 makes it from its beginning."""
    with scripted.scripted(lambda _: Answer(body=_page(*keys))) as script:
        found = [key for key, _ in scripted.store(script.address).list("a/")]

    assert found == keys
    assert [each.by_boto3 for each in script.requests] == [False, True]


def test_a_listing_that_is_an_error():
    """A page with an error's text is not an empty one, whatever its status."""
    answers = iter([fault(200, "InternalError"), Answer(body=_page("a/b"))])
    with scripted.scripted(lambda _: next(answers)) as script:
        found = [key for key, _ in scripted.store(script.address).list("a/")]

    assert found == ["a/b"]
    assert [each.by_boto3 for each in script.requests] == [False, True]
