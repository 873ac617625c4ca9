"""CloudFront as the program asks it: moto's, and errors in the words of its API Reference.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html
"""

from __future__ import annotations

import re
import uuid

import boto3
import pytest
from contract.test_cdns import Pauses
from support import servers
from support.scripted import Answer, scripted

from galleria_action import aws, invalidation
from galleria_action.cdn import CdnError, Patience
from galleria_action.cloudfront import ATTEMPTS, PAUSE, CloudFront
from galleria_action.config import Bucket
from galleria_action.errors import FailureReason
from galleria_action.invalidation import Provider

URL = "https://photos.example.org"
NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
TAKEN = Answer(
    201,
    {},
    f'<Invalidation xmlns="{NAMESPACE}"><Id>I2J0I21PCUYOIK</Id><Status>InProgress</Status>'
    "<CreateTime>2026-11-25T02:00:00Z</CreateTime><InvalidationBatch><CallerReference>x"
    "</CallerReference><Paths><Quantity>0</Quantity></Paths></InvalidationBatch></Invalidation>"
    "".encode(),
)


@pytest.fixture(autouse=True)
def _keys_of_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment")


def at(endpoint: str, monkeypatch, bucket: Bucket, distribution: str = "E2EXAMPLE123"):
    """The distribution as a deployment to ``bucket`` asks it, at another address than AWS's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", endpoint)
    pauses = Pauses()
    return CloudFront(distribution, lambda: aws.cloudfront(bucket), Patience(pauses)), pauses


ELSEWHERE = Bucket("gallery", "https://fsn1.your-objectstorage.com", None, "hetzner-id", "hetzner")
AT_AWS = Bucket("gallery", access_key="AKIAOFTHEBUCKET", secret_key="secret-of-the-bucket")


def purge(made: CloudFront, *keys: str) -> None:
    for call in invalidation.calls(Provider.CLOUDFRONT, keys, URL):
        made.purge(call)


def fault(status: int, code: str, message: str = "because") -> Answer:
    text = (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return Answer(status, {"Content-Type": "text/xml"}, text.encode())


def distribution(moto: servers.Server) -> tuple[str, object]:
    """A new distribution of moto's and a client to look at it."""
    client = boto3.client("cloudfront", endpoint_url=moto.endpoint, region_name="us-east-1")
    origin = {"Id": "o", "DomainName": "gallery.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}  # fmt: skip
    behavior = {
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "allow-all",
        "MinTTL": 0,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    }
    made = client.create_distribution(
        DistributionConfig={
            "CallerReference": uuid.uuid4().hex,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
            "Comment": "",
            "Enabled": True,
        }
    )
    return made["Distribution"]["Id"], client


def invalidated(client, number: str) -> list[list[str]]:
    """Paths of the invalidations of a distribution."""
    listed = client.list_invalidations(DistributionId=number)["InvalidationList"].get("Items", [])
    found = [client.get_invalidation(DistributionId=number, Id=each["Id"]) for each in listed]
    return [each["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for each in found]


class TestMoto:
    """Its server takes what boto3 sends."""

    def test_few(self, moto, monkeypatch):
        """One invalidation with all paths."""
        number, client = distribution(moto)
        made, _ = at(moto.endpoint, monkeypatch, ELSEWHERE, number)
        purge(made, "index.html", "photos/full/a b.jpg", "Müller.jpg")
        assert invalidated(client, number) == [
            ["/", "/M%C3%BCller.jpg", "/index.html", "/photos/full/a%20b.jpg"]
        ]

    def test_many(self, moto, monkeypatch):
        """One path, however much changed."""
        number, client = distribution(moto)
        made, _ = at(moto.endpoint, monkeypatch, ELSEWHERE, number)
        purge(made, *(f"photos/{each}.jpg" for each in range(5000)))
        assert invalidated(client, number) == [["/photos/*"]]


class TestRequest:
    """What goes over the wire."""

    def test_is_as_documented(self, monkeypatch):
        """POST with the paths, their quantity and a reference of its own."""
        with scripted(lambda _: TAKEN) as script:
            made, _ = at(script.address, monkeypatch, ELSEWHERE)
            purge(made, "a.jpg", "b.jpg")
            purge(made, "a.jpg", "b.jpg")
        one, two = script.requests
        assert (one.method, one.target) == (
            "POST",
            "/2020-05-31/distribution/E2EXAMPLE123/invalidation",
        )
        body = one.body.decode()
        assert "<Quantity>2</Quantity>" in body
        assert re.findall("<Path>(.*?)</Path>", body) == ["/a.jpg", "/b.jpg"]
        references = [
            re.findall("<CallerReference>(.*?)</CallerReference>", each.body.decode())
            for each in (one, two)
        ]
        assert references[0] != references[1]

    @pytest.mark.parametrize(
        ("bucket", "key"), [(AT_AWS, "AKIAOFTHEBUCKET"), (ELSEWHERE, "AKIAENVIRONMENT")]
    )
    def test_whose_keys(self, monkeypatch, bucket, key):
        """The bucket's at AWS; keys of another provider are never sent to AWS."""
        with scripted(lambda _: TAKEN) as script:
            made, _ = at(script.address, monkeypatch, bucket)
            purge(made, "a.jpg")
        signed = script.requests[0].headers["Authorization"]
        assert f"Credential={key}/" in signed
        assert "/us-east-1/cloudfront/" in signed


class TestRefusals:
    """Errors that the API Reference names."""

    def test_too_many_in_progress(self, monkeypatch):
        """Waited for, because each of them ends; with the same reference, so none is made twice."""
        answers = [fault(400, "TooManyInvalidationsInProgress")] * 3
        with scripted(lambda _: answers.pop() if answers else TAKEN) as script:
            made, pauses = at(script.address, monkeypatch, ELSEWHERE)
            purge(made, "a.jpg")
        assert len(script.requests) == 4
        assert len({each.body for each in script.requests}) == 1
        assert all(PAUSE <= each < PAUSE + 3 for each in pauses.seconds)

    def test_too_many_for_too_long(self, monkeypatch):
        """It ends, and says so."""
        answer = fault(400, "TooManyInvalidationsInProgress")
        with scripted(lambda _: answer) as script:
            made, pauses = at(script.address, monkeypatch, ELSEWHERE)
            with pytest.raises(CdnError) as caught:
                purge(made, "a.jpg")
        assert len(script.requests) == ATTEMPTS
        assert sum(pauses.seconds) < 600
        assert "busy with other invalidations" in caught.value.headline

    @pytest.mark.parametrize(
        "answer", [fault(503, "ServiceUnavailable"), fault(400, "Throttling"), Answer(502)]
    )
    def test_what_may_pass(self, monkeypatch, answer):
        """Tried again."""
        answers = [answer]
        with scripted(lambda _: answers.pop() if answers else TAKEN) as script:
            made, _ = at(script.address, monkeypatch, ELSEWHERE)
            purge(made, "a.jpg")
        assert len(script.requests) == 2

    @pytest.mark.parametrize(
        ("answer", "advice"),
        [
            (fault(403, "AccessDenied"), "cloudfront:CreateInvalidation"),
            (fault(403, "InvalidClientTokenId"), "cloudfront:CreateInvalidation"),
            (fault(404, "NoSuchDistribution"), "cdn-id"),
            (fault(400, "InvalidArgument"), "console"),
            (fault(413, "BatchTooLarge"), "console"),
        ],
    )
    def test_what_does_not_pass(self, monkeypatch, answer, advice):
        """Said at once, with what to do."""
        with scripted(lambda _: answer) as script:
            made, _ = at(script.address, monkeypatch, ELSEWHERE)
            with pytest.raises(CdnError) as caught:
                purge(made, "a.jpg")
        assert len(script.requests) == 1
        assert caught.value.reason is FailureReason.CDN
        assert advice in caught.value.advice
        assert "The deployment itself is complete." in caught.value.advice

    def test_no_credentials(self, monkeypatch):
        """Nothing to sign in with: said as such."""
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        made, _ = at("http://127.0.0.1:9", monkeypatch, ELSEWHERE)
        with pytest.raises(CdnError) as caught:
            purge(made, "a.jpg")
        assert "no AWS credentials" in caught.value.headline

    def test_a_profile_that_is_not_there(self, monkeypatch):
        """What goes wrong before any request is a failure of the purge, too."""
        monkeypatch.setenv("AWS_PROFILE", "missing")
        made, _ = at("http://127.0.0.1:9", monkeypatch, ELSEWHERE)
        with pytest.raises(CdnError, match="missing"):
            purge(made, "a.jpg")

    def test_nobody_answers(self, monkeypatch):
        """Tried again, then said in words."""
        made, pauses = at("http://127.0.0.1:9", monkeypatch, ELSEWHERE)
        with pytest.raises(CdnError):
            purge(made, "a.jpg")
        assert len(pauses.seconds) == ATTEMPTS - 1
