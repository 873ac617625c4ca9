"""Listings by the engine, and those that boto3 makes or ends in its place."""

from __future__ import annotations

import pytest
from support import scripted, servers
from support.proxy import Lost, Request, proxy
from support.scripted import Answer

from galleria_action.engine import MOST_DOUBTS
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
            if "continuation-token" in request.query and not lost:
                lost.append(request)
                raise Lost

        between.before = lose
        found = [key for key, _ in servers.store(between.server, bucket).list("many/")]

    assert lost
    assert found == names
    assert any("start-after" in each.query for each in between.requests)
    assert sum("list-type" in each.query for each in between.requests) == 4


def _page(*keys: str, size: int = 1) -> bytes:
    objects = "".join(
        f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>x</ETag>"
        "<LastModified>2024-06-15T18:30:45Z</LastModified></Contents>"
        for key in keys
    )
    return f"<ListBucketResult>{objects}</ListBucketResult>".encode()


@pytest.mark.parametrize(
    "keys",
    [["a/c", "a/b", "a/d"], ["a/b", "a//c"], ["a/b", "a/./c"], ["a/b", "a/b&#9;c"], ["b", "a/b"]],
    ids=["no order", "empty segment", "dot", "control character", "another folder"],
)
def test_a_listing_that_the_engine_does_not_understand(keys):
    """boto3 makes it from its beginning."""
    with scripted.scripted(lambda _: Answer(body=_page(*keys))) as script:
        found = [key for key, _ in scripted.store(script.address).list("a/")]

    assert found == [key.replace("&#9;", "\t") for key in keys]
    assert [each.by_boto3 for each in script.requests] == [False, True]


def test_many_empty_objects():
    """Each may be a folder's; where a request for each would be too many, boto3 is asked."""
    keys = [f"a/{number:03}" for number in range(MOST_DOUBTS + 1)]
    with scripted.scripted(lambda _: Answer(body=_page(*keys, size=0))) as script:
        found = [key for key, _ in scripted.store(script.address).list("a/")]

    assert found == keys
    assert [(each.method, each.by_boto3) for each in script.requests] == [
        ("GET", False),
        ("GET", True),
    ]
