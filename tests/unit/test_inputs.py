"""The table of inputs says what the documentation promises."""

from __future__ import annotations

import re

import pytest

from galleria_action.declaration import Kind
from galleria_action.inputs import BY_NAME, INPUTS, OUTPUTS

DEFAULTS = {
    "source": "prod/site",
    "photos-dir": "prod/pics",
    "metadata-file": "<photos-dir>/gallery-metadata.json",
    "dry-run": "false",
    "photos-only": "false",
    "site-only": "false",
    "force": "false",
    "progress": "false",
    "s3-endpoint": "",
    "s3-access-key": "",
    "s3-secret-key": "",
    "s3-session-token": "",
    "s3-bucket": "",
    "s3-region": "",
    "settings-file": "settings.local.py if it exists",
    "photos-prefix": "photos",
    "site-prefix": "/",
    "metadata-key": "gallery-metadata.json",
    "delete": "true",
    "delete-stale-site": "false",
    "max-deletes": "25%",
    "exclude": "",
    "concurrency": "32",
    "redact-paths": "true",
    "report-dir": "galleria-report",
    "public-url": "",
    "expected-plan": "",
    "invalidate-cdn": "false",
    "cdn-provider": "",
    "cdn-id": "",
    "cdn-token": "",
    "verify": "false",
}


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_default(name, default):
    """Every input of the design is there, with the default that the design states."""
    assert BY_NAME[name].default == default


@pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
def test_every_input_is_complete(each):
    """An input has a kebab-case name, a group and a sentence of help."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each.name)
    assert each.group
    assert each.help.endswith(".")
    assert each.help[0].isupper()


@pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
def test_booleans_have_boolean_defaults(each):
    """An input is a boolean exactly when its default is true or false."""
    assert (each.kind is Kind.BOOLEAN) == (each.default in ("true", "false"))


def test_names_are_unique():
    """No two inputs share a name, a setting or a short option."""
    assert len(BY_NAME) == len(INPUTS)
    assert len({each.setting_name for each in INPUTS}) == len(INPUTS)
    shorts = [each.short for each in INPUTS if each.short]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize(
    ("name", "environment", "runner"),
    [
        ("dry-run", "GALLERIA_DRY_RUN", "INPUT_DRY-RUN"),
        ("source", "GALLERIA_OUTPUT_DIR", "INPUT_SOURCE"),
        ("s3-endpoint", "GALLERIA_S3_PUBLIC_ENDPOINT", "INPUT_S3-ENDPOINT"),
        ("s3-access-key", "GALLERIA_S3_PUBLIC_ACCESS_KEY", "INPUT_S3-ACCESS-KEY"),
        ("s3-secret-key", "GALLERIA_S3_PUBLIC_SECRET_KEY", "INPUT_S3-SECRET-KEY"),
        ("s3-session-token", "GALLERIA_S3_PUBLIC_SESSION_TOKEN", "INPUT_S3-SESSION-TOKEN"),
        ("s3-bucket", "GALLERIA_S3_PUBLIC_BUCKET", "INPUT_S3-BUCKET"),
        ("s3-region", "GALLERIA_S3_PUBLIC_REGION", "INPUT_S3-REGION"),
        ("metadata-file", "GALLERIA_METADATA_FILE", "INPUT_METADATA-FILE"),
    ],
)
def test_names_elsewhere(name, environment, runner):
    """The environment says GALLERIA_<NAME> with underscores; the runner keeps the hyphens."""
    assert BY_NAME[name].environment_name == environment
    assert BY_NAME[name].runner_name == runner
    assert BY_NAME[name].setting_name == environment.removeprefix("GALLERIA_")


def test_source_has_the_short_option_s():
    """``-s`` is the source."""
    assert BY_NAME["source"].short == "s"


@pytest.mark.parametrize("name", ["s3-access-key", "s3-secret-key", "s3-session-token"])
def test_secrets_are_marked(name):
    """Everything that signs requests is a secret, to be masked."""
    assert BY_NAME[name].secret


def test_outputs_are_those_of_the_design():
    """All outputs are there, in the order of the design, each with a sentence."""
    assert list(OUTPUTS) == [
        "mode", "changes", "photos-to-upload", "photos-to-delete", "photos-unchanged",
        "site-to-upload", "site-to-delete", "site-unchanged", "uploaded-files", "deleted-files",
        "uploaded-bytes", "plan-hash", "plan-path", "report-path", "url", "failure-reason",
    ]  # fmt: skip
    assert all(text.endswith(".") for text in OUTPUTS.values())
