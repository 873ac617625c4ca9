"""Where inputs come from, in the order of precedence, and which of them are secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.inputs import INPUTS
from galleria_action.sources import SETTING_NAMES, Sources, secrets


@pytest.mark.parametrize(
    ("flag", "runner", "environment", "setting", "text"),
    [
        ("flag", "runner", "environment", "setting", "flag"),
        (None, "runner", "environment", "setting", "runner"),
        (None, None, "environment", "setting", "environment"),
        (None, None, None, "setting", "setting"),
        (None, None, None, None, None),
        ("", "", "", "", None),
        ("", "", "", "setting", "setting"),
        (" ", "\n", " environment\n", "setting", "environment"),
    ],
)
@pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
def test_precedence(each, flag, runner, environment, setting, text):
    """For every input: flag or input, environment, settings file; empty counts as not given."""
    environ = {each.runner_name: runner, each.environment_name: environment}
    given_environ = {name: value for name, value in environ.items() if value is not None}
    flags = {} if flag is None else {each.name: flag}
    assert Sources(flags, given_environ, {each.setting_name: setting}).text(each.name) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", None), ([], None), ("a", "a"), (True, "true"), (False, "false"),
        (4, "4"), (0, "0"), (1.5, "1.5"), (["a", "b"], "a\nb"),
    ],
)  # fmt: skip
def test_values_of_the_settings_file(value, text):
    """A literal counts as the text that says it in an input."""
    found = Sources({}, {}, {"CONCURRENCY": value}).text("concurrency")
    assert found == text


def test_the_settings_file_is_asked_for_every_input():
    """The names looked for in the settings file are those of the inputs."""
    assert {"S3_PUBLIC_SECRET_KEY", "OUTPUT_DIR", "DRY_RUN"} <= SETTING_NAMES
    assert len(SETTING_NAMES) == len(INPUTS)


def test_secrets():
    """The secrets are known before anything is parsed or printed, wherever they come from."""
    sources = Sources(
        {"s3-secret-key": " hush\n", "s3-bucket": "b12"},
        {"INPUT_S3-ACCESS-KEY": "AKIA"},
        {"S3_PUBLIC_SESSION_TOKEN": "token", "S3_PUBLIC_BUCKET": "b12"},
    )
    assert set(secrets(sources)) == {"hush", "AKIA", "token"}
    assert secrets(Sources({}, {})) == ()


@given(st.dictionaries(st.sampled_from(sorted(SETTING_NAMES)), st.text()))
def test_what_is_given_is_found(settings):
    """A text is found exactly if it is more than blanks, without its outer blanks."""
    sources = Sources({}, {}, settings)
    for each in INPUTS:
        text = settings.get(each.setting_name, "").strip()
        assert sources.text(each.name) == (text or None)
