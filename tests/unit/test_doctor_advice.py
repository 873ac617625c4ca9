"""What the doctor says about findings, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from galleria_action import doctor_advice, doctor_report
from galleria_action.config import Bucket, Config
from galleria_action.doctor_facts import Cors, Findings, Place, Said, Step, Visit
from galleria_action.doctor_remarks import Mark
from galleria_action.errors import FailureReason, StoreError

ENDPOINT = "https://s3.example.org"
CONFIG = Config(Bucket("b", ENDPOINT), public_url="https://photos.example.org")
PLACE = Place("b", ENDPOINT, "us-east-1", region_given=False)
OWN = "https://photos.example.org/.galleria/doctor-1/page.html"
HEADERS = ("text/html; charset=utf-8", "public, max-age=0, must-revalidate")
SEEN = Visit(OWN, "a throw-away file", 200, "", *HEADERS, expected=HEADERS)
GOOD = Findings(
    PLACE,
    dict.fromkeys(Step),
    if_none_match=Said.HONOURED,
    if_match_quoted=Said.HONOURED,
    if_match_bare=Said.HONOURED,
    digests=Said.HONOURED,
    hashes=Said.HONOURED,
    etags_are_md5=True,
    appears_at_once=True,
    batches=True,
    skew=0.5,
    cors=Cors("https://photos.example.org", preflight=True, get=True),
    visits=(SEEN,),
)


def failed(reason: FailureReason, why: str = "Could not do it: no") -> StoreError:
    return StoreError(reason, f"Error: {why}", advice="Do something.")


def worst(found: Findings, config: Config = CONFIG) -> list[tuple[str, str]]:
    """Mark and text of all remarks that are not simply good."""
    remarks = doctor_advice.remarks(found, config)
    return [(each.mark, each.text) for each in remarks if each.mark is not Mark.OK]


@pytest.mark.parametrize("bare", [Said.HONOURED, Said.REFUSED])
def test_all_is_well(bare: Said):
    """Nothing but good news, nothing to paste, no error; whatever ETags without quotes do."""
    remarks = doctor_advice.remarks(replace(GOOD, if_match_bare=bare), CONFIG)
    assert {each.mark for each in remarks} == {Mark.OK}
    assert not [each for each in remarks if each.paste or each.advice]
    assert doctor_report.failure(remarks, CONFIG) is None
    assert doctor_report.conclusion(remarks, dry_run=False) == "Deployments will work."


@pytest.mark.parametrize(
    ("changes", "mark", "text"),
    [
        ({"skew": 240.0}, "change", "4 min 0 s ahead of the store's"),
        ({"skew": -7200.0}, "change", "2 h 0 min behind the store's"),
        ({"digests": Said.IGNORED}, "note", "does not look at Content-MD5"),
        ({"digests": Said.IGNORED, "etags_are_md5": False}, "change", "noticed by TLS alone"),
        ({"etags_are_md5": False}, "note", "ETags are not the MD5"),
        ({"hashes": Said.IGNORED}, "note", "signed hashes: it took another one"),
        ({"appears_at_once": False}, "fail", "not listed at once"),
        ({"batches": False}, "note", "delete them one by one"),
        ({"keeps_versions": True}, "note", "keeps old versions"),
        ({"left": ("a", "b")}, "fail", "2 throw-away objects could not be removed: a, b"),
        ({"older": ("a",)}, "note", "of other runs of the doctor"),
        ({"if_match_quoted": Said.REFUSED}, "ok", "without quotes; deployments do so"),
        ({"if_none_match": Said.IGNORED}, "note", "If-None-Match is ignored, If-Match is honoured"),
        (
            {
                "if_none_match": Said.REFUSED,
                "if_match_quoted": Said.REFUSED,
                "if_match_bare": Said.REFUSED,
            },
            "note",
            "If-None-Match is not implemented, If-Match is not implemented",
        ),
        (
            {"if_match_quoted": Said.IGNORED, "if_match_bare": Said.IGNORED},
            "note",
            "If-None-Match is honoured, If-Match is ignored",
        ),
        ({"cors": Cors("https://a", preflight=False, get=True)}, "note", "cannot fetch photos"),
        ({"cors": Cors("https://a", preflight=True, get=False)}, "note", "cannot fetch photos"),
        ({"cors": Cors("https://a", preflight=True)}, "ok", "at https://a can fetch photos"),
        (
            {"visits": (replace(SEEN, status=403),)},
            "change",
            f"cannot read a throw-away file ({OWN}): the answer is 403",
        ),
        (
            {"visits": (replace(SEEN, status=0, why="no such host"),)},
            "change",
            "do not reach a throw-away file",
        ),
        (
            {"visits": (replace(SEEN, status=301, location="https://b/"),)},
            "change",
            "are sent to https://b/",
        ),
        ({"visits": (replace(SEEN, same=False),)}, "change", "get something else"),
        (
            {"visits": (replace(SEEN, cache_control="max-age=9"),)},
            "change",
            "Cache-Control max-age=9 instead of Content-Type text/html; charset=utf-8, Cache-",
        ),
        (
            {"visits": (replace(SEEN, expected=None, cache_control=""),)},
            "ok",
            "Cache-Control none",
        ),
    ],
)
def test_a_finding(changes: dict[str, Any], mark: str, text: str):
    """One finding that is not as it should be gives one remark of its own, and spoils no other."""
    found = replace(GOOD, **changes)
    before = {(each.mark, each.text) for each in doctor_advice.remarks(GOOD, CONFIG)}
    new = [
        each
        for each in doctor_advice.remarks(found, CONFIG)
        if (each.mark, each.text) not in before and "readable for everybody" not in each.text
    ]
    assert [each.mark for each in new] == [mark]
    assert text in new[0].text
    error = doctor_report.failure(new, CONFIG)
    assert (error is not None) is (mark == "fail")


@pytest.mark.parametrize(
    ("status", "pastes"), [(403, True), (404, True), (301, False), (0, False), (503, False)]
)
def test_a_policy_where_it_helps(status: int, pastes: bool):
    """The policy for public reading is given where reading is refused, not where nobody answers."""
    found = replace(GOOD, visits=(replace(SEEN, status=status),))
    titles = [each.paste.title for each in doctor_advice.remarks(found, CONFIG) if each.paste]
    assert titles == ["A bucket policy for public reading"] * pastes


def test_without_public_url():
    """What was not tried is said."""
    found = replace(GOOD, visits=(), cors=None)
    assert worst(found, replace(CONFIG, public_url=None)) == [
        ("note", "Whether visitors can read the gallery was not tried.")
    ]


@pytest.mark.parametrize(
    ("endpoint", "warns"),
    [
        ("http://s3.example.org", True),
        ("http://localhost:9000", False),
        ("http://127.0.0.1:9000", False),
        ("https://s3.example.org", False),
        (None, False),
    ],
)
def test_plain_http(endpoint: str | None, warns: bool):
    """An endpoint without TLS is a fault, but for one on this machine."""
    found = replace(GOOD, place=replace(PLACE, endpoint=endpoint))
    assert any("plain HTTP" in text for _, text in worst(found)) is warns


@pytest.mark.parametrize(
    ("step", "mark"),
    [(step, Mark.CHANGE if step is Step.PARTS else Mark.FAIL) for step in Step],
)
def test_a_right_that_is_missing(step: Step, mark: Mark):
    """It is named, with the policy to paste; only parts are something that not all need."""
    steps = {**GOOD.steps, step: failed(FailureReason.CREDENTIALS)}
    found = replace(GOOD, steps=steps, denied=frozenset({step}))
    remarks = doctor_advice.remarks(found, CONFIG)
    (one,) = (each for each in remarks if each.mark is mark)
    assert "The key" in one.text
    (paste,) = (each.paste for each in remarks if each.paste)
    assert "s3:PutObject" in paste.text
    error = doctor_report.failure(remarks, CONFIG)
    assert (error.reason if error else None) == (
        None if step is Step.PARTS else FailureReason.CREDENTIALS
    )


def test_a_key_that_can_only_read():
    """That is the right one for plans, and is said so."""
    steps = {
        Step.LIST: None,
        Step.RECORDS: None,
        Step.PUT: failed(FailureReason.CREDENTIALS),
    }
    found = Findings(PLACE, steps, denied=frozenset({Step.PUT}))
    texts = [text for mark, text in worst(found) if mark == "fail"]
    assert len(texts) == 1
    assert texts[0].startswith("The key can only read. That is right for plans (dry-run: true)")


@pytest.mark.parametrize(
    ("endpoint", "pastes", "advice"),
    [
        (None, True, "Attach this policy to the user or the role."),
        ("https://s3.eu-central-1.wasabisys.com", True, "Attach this policy"),
        ("https://fsn1.your-objectstorage.com", True, "A key pair opens every bucket"),
        ("https://x.r2.cloudflarestorage.com", False, "Object Read & Write"),
        ("https://s3.us-west-004.backblazeb2.com", False, "application key"),
        ("https://fra1.digitaloceanspaces.com", False, "access key with read, write and delete"),
        ("https://s3.fr-par.scw.cloud", False, "ObjectStorageObjectsWrite"),
        ("https://minio.example.org", True, "in the store's own way"),
    ],
)
def test_rights_as_the_store_gives_them(endpoint: str | None, pastes: bool, advice: str):
    """A policy is given where stores take one, and what to click where they do not."""
    steps = {Step.LIST: failed(FailureReason.CREDENTIALS)}
    place = replace(PLACE, endpoint=endpoint)
    found = Findings(place, steps, denied=frozenset({Step.LIST}))
    remarks = doctor_advice.remarks(found, replace(CONFIG, bucket=Bucket("b", endpoint)))
    assert advice in remarks[0].advice
    assert any(each.paste for each in remarks) is pastes


@pytest.mark.parametrize(
    "endpoint", ["https://x.r2.cloudflarestorage.com", "https://s3.us-west-004.backblazeb2.com"]
)
def test_stores_without_policies(endpoint: str):
    """Nobody is told to paste a policy into a store that has none."""
    found = replace(
        GOOD, place=replace(PLACE, endpoint=endpoint), visits=(replace(SEEN, status=401),)
    )
    remarks = doctor_advice.remarks(found, CONFIG)
    assert not [each for each in remarks if each.paste]
    assert any("bucket policies" in each.advice for each in remarks)


def test_the_region_that_the_store_names():
    """A store that wants another region says which, and so does the doctor."""
    steps = {Step.LIST: failed(FailureReason.BUCKET, "the bucket lies in another region")}
    found = Findings(replace(PLACE, told="eu-west-3"), steps)
    (remark,) = (each for each in doctor_advice.remarks(found, CONFIG) if each.mark is Mark.FAIL)
    assert remark.advice.startswith("Set s3-region: eu-west-3;")


def test_a_failure_has_the_reason_of_its_first_cause():
    """The failure names everything that must change, and no document."""
    steps = {
        Step.LIST: failed(FailureReason.NETWORK, "Could not list the bucket: no connection"),
    }
    remarks = doctor_advice.remarks(Findings(PLACE, steps, left=("x",)), CONFIG)
    error = doctor_report.failure(remarks, CONFIG)
    assert error is not None
    assert error.reason == FailureReason.NETWORK
    assert error.text().splitlines()[0] == (
        "Error: Deployments will not work with this bucket as it is."
    )
    assert len(error.problems) == 2


def test_report_of_a_workflow():
    """The summary has every remark as a row, other people's text harmless, the documents folded."""
    found = replace(
        GOOD, visits=(replace(SEEN, status=403),), left=("<b>|`x`",), keeps_versions=True
    )
    remarks = doctor_advice.remarks(found, CONFIG)
    text = doctor_report.summary(found, remarks, dry_run=False)
    assert "**Deployments will not work with this bucket as it is.**" in text
    rows = [line for line in text.splitlines() if line.startswith("| :")]
    assert len(rows) == len(remarks)
    assert "<b>|" not in text
    documents = text.split("```json\n")[1:]
    assert len(documents) == 2
    for each in documents:
        json.loads(each.partition("```")[0])


def test_report_of_a_terminal():
    """One line for a remark, its advice below it, documents as valid JSON at the end."""
    found = replace(GOOD, keeps_versions=True)
    remarks = doctor_advice.remarks(found, CONFIG)
    lines = list(doctor_report.lines(remarks))
    (number,) = (n for n, line in enumerate(lines) if line.startswith("note"))
    (remark,) = (each for each in remarks if each.mark is Mark.NOTE)
    assert lines[number : number + 2] == [f"note    {remark.text}", f"        {remark.advice}"]
    assert lines[-3] == "A lifecycle configuration:"
    assert json.loads(lines[-2])["Rules"]
    assert lines[-1].startswith("aws s3api put-bucket-lifecycle-configuration --bucket b ")
