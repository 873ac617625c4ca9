"""Bunny and Cloudflare as the program asks them, held against what their documentation says.

- https://docs.bunny.net/api-reference/core/purge/purge-url
- https://docs.bunny.net/cdn/purge-cache
- https://developers.cloudflare.com/api/resources/cache/methods/purge/
- https://developers.cloudflare.com/fundamentals/api/reference/limits/ (retry-after)
"""

from __future__ import annotations

import json
import socket

import pytest
from support.cdns import (
    BUNNY_KEY,
    CLOUDFLARE_TOKEN,
    PULL_ZONE,
    ZONE,
    BunnyApi,
    CloudflareApi,
)
from support.scripted import Answer, scripted

from galleria_action import invalidation
from galleria_action.bunny import Bunny
from galleria_action.cdn import CdnError, Patience
from galleria_action.cloudflare import Cloudflare
from galleria_action.errors import FailureReason
from galleria_action.invalidation import Provider

URL = "https://photos.example.org"
ODD = ("with space.jpg", "a+b.jpg", "100%.jpg", "no#1?.jpg", "Müller.jpg", "it's.jpg", 'a"*.jpg')


class Pauses:
    """Takes no time, and knows for how long it was asked to wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.then = lambda: None

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.then()


@pytest.fixture
def pauses():
    return Pauses()


def bunny(script, pauses, zone=PULL_ZONE, key=BUNNY_KEY):
    return Bunny(zone, key, Patience(pauses), url=script.address)


def cloudflare(script, pauses, zone=ZONE, token=CLOUDFLARE_TOKEN):
    return Cloudflare(zone, token, Patience(pauses), url=f"{script.address}/client/v4")


MAKERS = {Provider.BUNNY: (bunny, BunnyApi), Provider.CLOUDFLARE: (cloudflare, CloudflareApi)}
BOTH = pytest.mark.parametrize("provider", MAKERS)


def purge(made, provider, *keys):
    for call in invalidation.calls(provider, keys, URL):
        made.purge(call)


class TestBunny:
    """One request for each address, or one for the zone."""

    def test_an_address(self, pauses):
        """POST /purge?url=…, with the key in the header AccessKey, and no body."""
        api = BunnyApi()
        with scripted(api.answer) as script:
            purge(bunny(script, pauses), Provider.BUNNY, "photos/full/a b.jpg")
        (request,) = script.requests
        assert request.method == "POST"
        assert request.target == (
            "/purge?url=https%3A%2F%2Fphotos.example.org%2Fphotos%2Ffull%2Fa%2520b.jpg"
        )
        assert request.headers["AccessKey"] == BUNNY_KEY
        assert request.headers["Content-Length"] == "0"
        assert request.body == b""
        assert api.purged == [f"{URL}/photos/full/a%20b.jpg"]

    def test_a_folder(self, pauses):
        """exactPath, or everything below would be purged."""
        api = BunnyApi()
        with scripted(api.answer) as script:
            purge(bunny(script, pauses), Provider.BUNNY, "index.html")
        assert [each.target for each in script.requests] == [
            "/purge?url=https%3A%2F%2Fphotos.example.org%2Findex.html",
            "/purge?url=https%3A%2F%2Fphotos.example.org%2F&exactPath=true",
        ]

    def test_the_zone(self, pauses):
        """POST /pullzone/{id}/purgeCache; 204 is success."""
        api = BunnyApi()
        with scripted(api.answer) as script:
            keys = [f"{number}.jpg" for number in range(121)]
            purge(bunny(script, pauses), Provider.BUNNY, *keys)
        assert [(each.method, each.target) for each in script.requests] == [
            ("POST", "/pullzone/123456/purgeCache")
        ]
        assert api.purged == ["*"]

    def test_as_many_as_may_be_purged_at_once(self, pauses):
        """120 files and 20 folders stay within the documented bucket of tokens."""
        api = BunnyApi()
        keys = [f"{number}.jpg" for number in range(100)]
        keys += [f"{number}/index.html" for number in range(20)]
        with scripted(api.answer) as script:
            purge(bunny(script, pauses), Provider.BUNNY, *keys)
        assert len(api.purged) == 140
        assert pauses.seconds == []

    def test_more_than_may_be_purged_at_once(self, pauses):
        """Somebody else used up the tokens: it waits until there are some again."""
        api = BunnyApi(exact=2)
        pauses.then = lambda: setattr(api, "exact", 2)
        with scripted(api.answer) as script:
            purge(bunny(script, pauses), Provider.BUNNY, *"abcde")
        assert api.purged == [f"{URL}/{key}" for key in "abcde"]
        assert len(pauses.seconds) == 2
        assert all(3 <= each < 4 for each in pauses.seconds)

    def test_unknown_zone(self, pauses):
        """The words of the provider, and where to look."""
        keys = [f"{number}.jpg" for number in range(121)]
        with scripted(BunnyApi().answer) as script, pytest.raises(CdnError) as caught:
            purge(bunny(script, pauses, zone="7"), Provider.BUNNY, *keys)
        assert "The requested Pull Zone was not found" in caught.value.headline
        assert "cdn-id" in caught.value.advice


class TestCloudflare:
    """30 addresses a request, as JSON."""

    def test_addresses(self, pauses):
        """POST /zones/{zone_id}/purge_cache with `files`, and the token as a bearer's."""
        api = CloudflareApi()
        with scripted(api.answer) as script:
            purge(cloudflare(script, pauses), Provider.CLOUDFLARE, "a.jpg", "index.html")
        (request,) = script.requests
        assert (request.method, request.target) == ("POST", f"/client/v4/zones/{ZONE}/purge_cache")
        assert request.headers["Authorization"] == f"Bearer {CLOUDFLARE_TOKEN}"
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body) == {
            "files": [f"{URL}/a.jpg", f"{URL}/index.html", f"{URL}/"]
        }

    def test_batches(self, pauses):
        """100 objects in four requests."""
        api = CloudflareApi()
        with scripted(api.answer) as script:
            keys = [f"{number:03}.jpg" for number in range(100)]
            purge(cloudflare(script, pauses), Provider.CLOUDFLARE, *keys)
        assert [len(json.loads(each.body)["files"]) for each in script.requests] == [30, 30, 30, 10]
        assert api.purged == [f"{URL}/{key}" for key in keys]

    def test_thousands(self, pauses):
        """`prefixes` with host and folder."""
        api = CloudflareApi()
        with scripted(api.answer) as script:
            keys = [f"photos/full/{number}.jpg" for number in range(3001)]
            purge(cloudflare(script, pauses), Provider.CLOUDFLARE, *keys)
        (request,) = script.requests
        assert json.loads(request.body) == {"prefixes": ["photos.example.org/photos/full"]}

    def test_unknown_zone(self, pauses):
        """The words of the provider with their number, and where to look."""
        with scripted(CloudflareApi().answer) as script, pytest.raises(CdnError) as caught:
            purge(cloudflare(script, pauses, zone="f" * 32), Provider.CLOUDFLARE, "a.jpg")
        assert "(7003)" in caught.value.headline
        assert "cdn-id" in caught.value.advice

    @pytest.mark.parametrize("body", [b'{"success": false}', b"[]", b"", b"<html>"])
    def test_success_is_what_the_answer_says(self, pauses, body):
        """A status of 200 alone is none."""
        answer = Answer(200, {}, body)
        with scripted(lambda _: answer) as script, pytest.raises(CdnError):
            purge(cloudflare(script, pauses), Provider.CLOUDFLARE, "a.jpg")


@BOTH
class TestBoth:
    """What holds for each of them."""

    def test_odd_names(self, provider, pauses):
        """Each arrives as an address in every spelling that visitors may use."""
        make, play = MAKERS[provider]
        api = play()
        with scripted(api.answer) as script:
            purge(make(script, pauses), provider, *ODD)
        assert set(api.purged) == {
            f"{URL}/{path}"
            for path in (
                "with%20space.jpg", "a%2Bb.jpg", "a+b.jpg", "100%25.jpg", "no%231%3F.jpg",
                "M%C3%BCller.jpg", "it%27s.jpg", "it's.jpg", "a%22%2A.jpg", "a%22*.jpg",
            )
        }  # fmt: skip

    def test_waits_as_long_as_it_is_asked_to(self, provider, pauses):
        """429 with Retry-After: the pause that the provider names, and then the same again."""
        make, play = MAKERS[provider]
        api, answers = play(), [Answer(429, {"Retry-After": "7"})] * 2
        with scripted(lambda each: answers.pop() if answers else api.answer(each)) as script:
            purge(make(script, pauses), provider, "a.jpg")
        assert api.purged == [f"{URL}/a.jpg"]
        assert len(script.requests) == 3
        assert all(7 <= each < 10 for each in pauses.seconds)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_tries_again(self, provider, pauses, status):
        """A fault that may pass."""
        make, play = MAKERS[provider]
        api, answers = play(), [Answer(status)]
        with scripted(lambda each: answers.pop() if answers else api.answer(each)) as script:
            purge(make(script, pauses), provider, "a.jpg")
        assert api.purged == [f"{URL}/a.jpg"]

    def test_does_not_wait_for_too_long(self, provider, pauses):
        """Five minutes, as Cloudflare blocks an account: the next run is the better answer."""
        make, _ = MAKERS[provider]
        answer = Answer(429, {"Retry-After": "300"})
        with scripted(lambda _: answer) as script, pytest.raises(CdnError) as caught:
            purge(make(script, pauses), provider, "a.jpg")
        assert len(script.requests) == 1
        assert pauses.seconds == []
        assert "429" in caught.value.headline

    def test_gives_up(self, provider, pauses):
        """After some attempts; the reason is `cdn`, and what is deployed stays deployed."""
        make, _ = MAKERS[provider]
        answer = Answer(503)
        with scripted(lambda _: answer) as script, pytest.raises(CdnError) as caught:
            purge(make(script, pauses), provider, "a.jpg")
        assert len(script.requests) == 6
        assert caught.value.reason is FailureReason.CDN
        assert "The deployment itself is complete." in caught.value.advice

    def test_all_pauses_together_have_a_limit(self, provider, pauses):
        """Ten minutes for all requests of a run."""
        make, play = MAKERS[provider]
        api, turn = play(), iter(range(1000))

        def answer(request):
            slow = next(turn) % 2 == 0
            return Answer(429, {"Retry-After": "100"}) if slow else api.answer(request)

        with scripted(answer) as script:
            made = make(script, pauses)
            call = invalidation.calls(provider, ["a.jpg"], URL)[0]
            with pytest.raises(CdnError):
                list(map(made.purge, [call] * 20))
        assert 500 < sum(pauses.seconds) <= 700

    @pytest.mark.parametrize("status", [401, 403])
    def test_wrong_token(self, provider, pauses, status):
        """No second attempt; what to do; and the token is in no text."""
        make, _ = MAKERS[provider]
        secret = "secret-token-of-mine"
        answer = Answer(status)
        with scripted(lambda _: answer) as script, pytest.raises(CdnError) as caught:
            purge(make(script, pauses, PULL_ZONE, secret), provider, "a.jpg")
        assert len(script.requests) == 1
        assert "does not accept" in caught.value.headline
        assert "cdn-token" in caught.value.advice
        assert secret not in caught.value.text()

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, provider, pauses, status):
        """The token is for this host only."""
        make, _ = MAKERS[provider]
        with scripted(lambda _: Answer(200)) as elsewhere:
            answer = Answer(status, {"Location": elsewhere.address})
            with scripted(lambda _: answer) as script, pytest.raises(CdnError) as caught:
                purge(make(script, pauses), provider, "a.jpg")
            assert str(status) in caught.value.headline
            assert elsewhere.requests == []

    def test_nobody_answers(self, provider, pauses):
        """A host that is not there: tried again, then said in words."""
        make, _ = MAKERS[provider]
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))

            class Gone:
                address = f"http://127.0.0.1:{nobody.getsockname()[1]}"

            with pytest.raises(CdnError) as caught:
                purge(make(Gone, pauses), provider, "a.jpg")
        assert "does not answer" in caught.value.headline
        assert len(pauses.seconds) == 5

    def test_an_answer_without_end(self, provider, pauses):
        """Only so much of it is read."""
        make, _ = MAKERS[provider]
        answer = Answer(400, {}, b"x" * (1 << 20))
        with scripted(lambda _: answer) as script, pytest.raises(CdnError) as caught:
            purge(make(script, pauses), provider, "a.jpg")
        assert len(caught.value.text()) < 2000

    def test_no_answer_at_all(self, provider, pauses):
        """Bytes that are no HTTP: a fault, and no traceback."""
        make, _ = MAKERS[provider]
        answer = Answer(200, {"Content-Length": "100", "Transfer-Encoding": "chunked"}, b"zz")
        with scripted(lambda _: answer) as script, pytest.raises(CdnError):
            purge(make(script, pauses), provider, "a.jpg")
