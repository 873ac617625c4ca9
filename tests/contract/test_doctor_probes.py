"""The doctor's probes against stores that say no in ways of their own, played by a script."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from support import servers
from support.scripted import Answer, Request, fault, scripted

from galleria_action import aws
from galleria_action.config import Bucket, Config
from galleria_action.doctor_facts import Findings, Said, Step
from galleria_action.doctor_probes import Probes
from galleria_action.doctor_web import Answer as Seen
from galleria_action.retry import Retries

PREFIX = ".galleria/doctor-test/"
Rule = Callable[["Play", Request], Answer | None]


@dataclass
class Play:
    """A bucket of a store whose ``rule`` may answer first; ``objects`` is what it holds."""

    rule: Rule = lambda *_: None
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        self.seen.append(request)
        return self.rule(self, request) or self.act(request)

    def act(self, request: Request) -> Answer:
        """What a store does that honours nothing but the plain request."""
        key, query = key_of(request), parse_qs(urlsplit(request.target).query, True)
        match request.method:
            case "POST" if "uploads" in query:
                body = b"<R><UploadId>u</UploadId></R>"
                return Answer(body=body)
            case "POST":
                body = request.body.decode()
                for each in list(self.objects):
                    if f"<Key>{each}</Key>" in body:
                        del self.objects[each]
                return Answer(body=b"<DeleteResult></DeleteResult>")
            case "PUT":
                if "uploadId" not in query:
                    self.objects[key] = request.body
                return Answer(headers={"ETag": f'"{etag(request.body)}"'})
            case "DELETE":
                self.objects.pop(key, None)
                return Answer(204)
            case _ if "list-type" in query:
                return self._list(query["prefix"][0])
        if key not in self.objects:
            return fault(404, "NoSuchKey")
        return Answer(headers={"ETag": f'"{etag(self.objects[key])}"'}, body=self.objects[key])

    def _list(self, prefix: str) -> Answer:
        rows = "".join(
            f"<Contents><Key>{key}</Key><Size>1</Size></Contents>"
            for key in sorted(self.objects)
            if key.startswith(prefix)
        )
        return Answer(body=f"<ListBucketResult>{rows}</ListBucketResult>".encode())


def key_of(request: Request) -> str:
    return unquote(urlsplit(request.target).path.removeprefix("/bucket").removeprefix("/"))


def etag(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def examine(play: Play, stopped: threading.Event | None = None) -> Findings:
    """What the doctor finds; it waits for nothing."""
    hurried = servers.Hurried()
    with scripted(play) as script:
        bucket = Bucket("bucket", script.address, None, "id", "secret")
        client, signing, _ = aws.examined(bucket, stopped or hurried)
        retries = Retries(sleep=hurried.wait)
        config = Config(bucket)
        probes = Probes(client, signing, config, PREFIX, retries, ask=lambda *_: Seen(0, {}))
        found = probes.run()
    assert play.objects == {}
    return found


def test_a_store_that_looks_at_nothing():
    """It takes everything, and each of its omissions is found."""
    found = examine(Play())
    assert all(error is None for error in found.steps.values())
    assert set(found.steps) == set(Step)
    assert (found.if_none_match, found.if_match_quoted, found.if_match_bare) == (Said.IGNORED,) * 3
    assert (found.digests, found.hashes) == (Said.IGNORED, Said.IGNORED)
    assert found.etags_are_md5
    assert found.batches
    assert not found.conditions


def test_a_store_without_conditions():
    """Backblaze B2: 501 to every conditional put, whether the condition holds or not."""

    def rule(_: Play, request: Request) -> Answer | None:
        conditional = request.headers["If-Match"] or request.headers["If-None-Match"]
        return fault(501, "NotImplemented") if conditional else None

    found = examine(Play(rule))
    assert (found.if_none_match, found.if_match_quoted, found.if_match_bare) == (Said.REFUSED,) * 3
    assert all(error is None for error in found.steps.values())


@pytest.mark.parametrize("status", [400, 411, 501])
def test_a_store_without_batches(status: int):
    """Where DeleteObjects is refused, deleting one by one is what counts."""

    def rule(_: Play, request: Request) -> Answer | None:
        return fault(status, "X") if request.target.endswith("?delete") else None

    found = examine(Play(rule))
    assert found.batches is False
    assert found.works(Step.DELETE)


def test_batches_carry_a_digest():
    """Older MinIO and others refuse a DeleteObjects without Content-MD5; it has one."""

    def rule(_: Play, request: Request) -> Answer | None:
        if request.target.endswith("?delete") and not request.headers["Content-MD5"]:
            return fault(400, "MissingContentMD5")
        return None

    assert examine(Play(rule)).batches


def test_a_store_that_wants_a_rest():
    """Cloudflare R2: a second write of a key within a second is 429, which is no refusal."""
    written: set[str] = set()

    def rule(_: Play, request: Request) -> Answer | None:
        key = key_of(request)
        if request.method != "PUT" or key not in written:
            written.add(key)
            return None
        written.discard(key)
        return fault(429, "TooManyRequests")

    found = examine(Play(rule))
    assert (found.if_none_match, found.if_match_quoted, found.if_match_bare) == (Said.IGNORED,) * 3


def test_etags_of_another_kind():
    """SSE-KMS: what comes back is not the MD5."""

    def rule(play: Play, request: Request) -> Answer | None:
        if request.method != "PUT":
            return None
        play.act(request)
        return Answer(headers={"ETag": f'"{etag(request.body)[::-1]}"'})

    assert examine(Play(rule)).etags_are_md5 is False


@pytest.mark.parametrize(
    "answer",
    [
        Answer(
            400,
            {},
            b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>",
        ),
        fault(301, "PermanentRedirect", x_amz_bucket_region="eu-west-3"),
    ],
)
def test_another_region(answer: Answer):
    """The store says which region it wants, and nothing else is tried."""
    play = Play(lambda *_: answer)
    found = examine(play)
    assert found.place.told == "eu-west-3"
    assert set(found.steps) == {Step.LIST}


def test_a_listing_that_is_behind():
    """What was written and is not listed at once is noticed."""

    def rule(_: Play, request: Request) -> Answer | None:
        listing = "list-type" in request.target
        return Answer(body=b"<ListBucketResult></ListBucketResult>") if listing else None

    assert examine(Play(rule)).appears_at_once is False


def test_the_clock():
    """The store's clock is read from its answers."""
    found = examine(
        Play(
            lambda play, request: (
                play.act(request)._replace(headers={"Date": "Mon, 01 Jan 2024 00:00:00 GMT"})
                if "list-type" in request.target
                else None
            )
        )
    )
    assert found.skew is not None
    assert found.skew > 365 * 86400


def test_a_store_that_is_down_for_a_moment():
    """A fault that passes is tried again, and is no finding."""
    met: set[tuple[str, str, str]] = set()

    def rule(_: Play, request: Request) -> Answer | None:
        one = (request.method, request.target, str(request.headers["If-Match"]))
        if one in met:
            return None
        met.add(one)
        return fault(503, "SlowDown")

    found = examine(Play(rule))
    assert {step: str(error) for step, error in found.steps.items() if error} == {}
    assert found.batches
