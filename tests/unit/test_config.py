"""From texts to a configuration: precedence, defaults, and every fault at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import config as configuration
from galleria_action.bucket import Bucket
from galleria_action.config import Config, MaxDeletes
from galleria_action.errors import DeployError, FailureReason
from galleria_action.event import Event
from galleria_action.inputs import INPUTS
from galleria_action.shard import Shard
from galleria_action.sources import Sources

BUCKET = {"s3-bucket": "my-gallery"}
KEYS = {"s3-access-key": "AKIA", "s3-secret-key": "hush"}


def parse(flags=None, environ=None, settings=None, event=None) -> Config:
    flags = {**BUCKET, **(flags or {})}
    return configuration.parse(Sources(flags, environ or {}, settings), event or Event())


def fault(flags=None, **others) -> DeployError:
    with pytest.raises(DeployError) as caught:
        parse(flags, **others)
    assert caught.value.reason is FailureReason.CONFIG
    return caught.value


def test_defaults():
    """A bucket is all that is needed; everything else has the design's defaults."""
    assert parse() == Config(
        bucket=Bucket("my-gallery"),
        source="prod/site",
        photos_dir="prod/pics",
        metadata_file=None,
        exclude=(),
        dry_run=False,
        photos_only=False,
        site_only=False,
        force=False,
        public_url=None,
        photos_prefix="photos",
        site_prefix="",
        metadata_key="gallery-metadata.json",
        cache_control=(),
        redact_paths=True,
        delete=True,
        delete_stale_site=False,
        max_deletes=MaxDeletes(share=0.25),
        expected_plan=None,
        concurrency=32,
        progress=False,
        report_dir="galleria-report",
        settings_file=None,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("TRUE", True), (" false ", False), ("", False)],
)
def test_booleans(text, value):
    """Booleans are true or false in any case."""
    assert parse({"dry-run": text}).dry_run is value


@pytest.mark.parametrize("text", ["yes", "1", "0", "on", "truee", "none"])
def test_other_booleans_are_refused(text):
    """Anything else is a fault that names the input and repeats the text."""
    (problem,) = fault({"dry-run": text}).problems
    assert problem.message == f"dry-run must be true or false, not {text!r}"


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ({"DRY_RUN": True}, "dry_run", True),
        ({"CONCURRENCY": 4}, "concurrency", 4),
        ({"MAX_DELETES": 7}, "max_deletes", MaxDeletes(count=7)),
        ({"EXCLUDE": ["*.psd", "drafts"]}, "exclude", ("*.psd", "drafts")),
        ({"SITE_PREFIX": None}, "site_prefix", ""),
        ({"REDACT_PATHS": False}, "redact_paths", False),
    ],
)
def test_values_of_the_settings_file(setting, name, value):
    """Values of Python mean what their texts mean."""
    assert getattr(parse(settings=setting), name) == value


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("/", ""), ("photos", "photos"), ("/a/b/", "a/b"), ("a b", "a b"), ("", "photos")],
)
def test_prefixes(text, prefix):
    """Prefixes are folders without outer slashes; / is the bucket's root."""
    assert parse({"photos-prefix": text}).photos_prefix == prefix


@pytest.mark.parametrize("name", ["photos-prefix", "site-prefix", "metadata-key"])
@pytest.mark.parametrize("text", ["a/../b", "a//b", "a\\b", ".galleria", ".galleria/x", "é" * 300])
def test_keys_that_cannot_be(name, text):
    """No key leaves its folder, lies among our records or is longer than S3 allows."""
    (problem,) = fault({name: text}).problems
    assert problem.message.startswith(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", MaxDeletes(count=20)),
        ("0", MaxDeletes(count=0)),
        ("25%", MaxDeletes(share=0.25)),
        ("12.5 %", MaxDeletes(share=0.125)),
        ("100%", MaxDeletes(share=1.0)),
    ],
)
def test_max_deletes(text, value):
    """A count or a share."""
    assert parse({"max-deletes": text}).max_deletes == value


@pytest.mark.parametrize("text", ["-1", "0.25", "101%", "many", "1e2%", "%", "٣", "25%%"])
def test_max_deletes_that_cannot_be(text):
    """Everything else is refused; nobody guesses at a limit."""
    (problem,) = fault({"max-deletes": text}).problems
    assert "max-deletes must be" in problem.message


@pytest.mark.parametrize(
    ("limit", "deletes", "deployed", "allowed"),
    [
        (MaxDeletes(share=0.25), 0, 0, True),
        (MaxDeletes(share=0.25), 25, 100, True),
        (MaxDeletes(share=0.25), 26, 100, False),
        (MaxDeletes(share=0.25), 10, 11, True),
        (MaxDeletes(share=0.25), 10, 10, False),
        (MaxDeletes(share=0.25), 11, 40, False),
        (MaxDeletes(share=0.0), 10, 100, True),
        (MaxDeletes(share=1.0), 99, 100, True),
        (MaxDeletes(share=1.0), 100, 100, False),
        (MaxDeletes(count=0), 0, 100, True),
        (MaxDeletes(count=0), 1, 100, False),
        (MaxDeletes(count=100), 100, 100, True),
    ],
)
def test_limit_of_deletes(limit, deletes, deployed, allowed):
    """A share always allows 10 but never everything; a count allows what it says."""
    assert limit.allows(deletes, deployed) is allowed


@pytest.mark.parametrize("percent", range(11, 100))
def test_a_share_of_100_photos_is_its_number(percent):
    """29% of 100 photos are 29 photos."""
    limit = parse({"max-deletes": f"{percent}%"}).max_deletes
    assert limit.allows(percent, 100)
    assert not limit.allows(percent + 1, 100)
    assert str(limit) == f"{percent}%"


@pytest.mark.parametrize("text", ["0", "-1", "257", "1000000", "x", "1.5", "³"])
def test_concurrency_that_cannot_be(text):
    """1 to 256 uploads in flight."""
    assert "concurrency must be a number from 1 to 256" in fault({"concurrency": text}).text()


def test_cache_control():
    """Lines of 'glob: value', in their order; a value may hold colons."""
    rules = parse({"cache-control": "*.html: no-store\n\n img/* :  public, x=a:b \n"}).cache_control
    assert rules == (("*.html", "no-store"), ("img/*", "public, x=a:b"))


@pytest.mark.parametrize("line", ["*.html", ": no-store", "*.html:", "*.js: übermorgen"])
def test_cache_control_that_cannot_be(line):
    """A line without glob or value, or a value that no header can carry, is refused."""
    assert "cache-control" in fault({"cache-control": line}).text()


def test_exclude():
    """One glob a line, blanks trimmed."""
    assert parse({"exclude": " *.psd \n\r\n drafts/ "}).exclude == ("*.psd", "drafts/")


@pytest.mark.parametrize("text", ["always", "changes", "off", "OFF"])
def test_comment(text):
    """One of three words."""
    assert str(parse({"comment": text}).comment) == text.lower()


def test_other_comments_are_refused():
    """The fault names the possible ones."""
    (problem,) = fault({"comment": "sometimes"}).problems
    assert str(problem) == "comment must be one of always, changes, off, not 'sometimes'"


def test_shard():
    """i/n: part i of n of the photos; nothing given: no parts."""
    assert parse({"shard": "3/20"}).shard == Shard(3, 20)
    assert parse({"shard": ""}).shard is None


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/257", "3", "third"])
def test_shard_that_cannot_be(text):
    """The fault says what a shard looks like."""
    (problem,) = fault({"shard": text}).problems
    expected = "shard must be i/n such as 3/20, with i from 1 to n and n up to 256, not "
    assert str(problem) == expected + repr(text)


def test_a_shard_of_the_site():
    """Parts are of photos, and with site-only there are none."""
    error = fault({"shard": "1/2", "site-only": "true"})
    assert "shard and site-only exclude each other" in error.text()
    assert parse({"shard": "1/2", "photos-only": "true"}).photos_only


def test_both_scopes_exclude_each_other():
    """photos-only with site-only is an error."""
    error = fault({"photos-only": "true", "site-only": "true"})
    assert "photos-only and site-only exclude each other" in error.text()


def test_every_fault_at_once():
    """One run shows all that is wrong."""
    error = fault({"dry-run": "x", "concurrency": "y", "max-deletes": "z", "public-url": "w"})
    assert len(error.problems) == 4


@given(st.dictionaries(st.sampled_from([each.name for each in INPUTS]), st.text(max_size=30)))
def test_any_texts(flags):
    """Whatever is written into the inputs: a configuration or a DeployError."""
    try:
        made = parse(flags)
    except DeployError as error:
        assert error.problems  # noqa: PT017 -- both ends are right
    else:
        assert not made.photos_prefix.startswith("/")
        assert not made.photos_prefix.endswith("/")
        assert 1 <= made.concurrency <= 256
