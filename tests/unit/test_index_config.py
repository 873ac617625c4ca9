"""The options of the index."""

from __future__ import annotations

import pytest

from galleria_action import index, index_config
from galleria_action.errors import DeployError, FailureReason
from galleria_action.index_config import OPTIONS
from galleria_action.indexing import Request
from galleria_action.inputs import BY_NAME
from galleria_action.sources import Sources


def parsed(given: dict[str, str] | None = None, environ: dict[str, str] | None = None, **settings):
    return index_config.parse(Sources(given or {}, environ or {}, settings))


def test_defaults():
    """What is not given is left to the manifest; the places are those of a deployment."""
    config = parsed()
    assert config.request == Request(None, None, None)
    assert (config.photos_dir, config.manifest) == ("prod/pics", "prod/pics/gallery-metadata.json")
    assert config.never == ("settings.local.py", "galleria-report")
    assert not config.dry_run


def test_the_manifest_lies_in_the_photos_folder():
    """Unless it is named."""
    assert parsed({"photos-dir": "p/"}).manifest == "p/gallery-metadata.json"
    assert parsed({"photos-dir": "p", "metadata-file": "m.json"}).manifest == "m.json"


@pytest.mark.parametrize(
    ("flags", "environ", "settings", "hours"),
    [
        ("1", "2", 3, 1),
        ("", "2", 3, 2),
        ("", "", 3, 3),
        ("", "", -5.5, -5.5),
        ("", "", None, None),
        ("+05.50", "", None, 5.5),
        ("-4.0", "", None, -4),
    ],
)
def test_precedence(flags, environ, settings, hours):
    """Flag, then environment, then the settings file; a whole number is an integer."""
    found = parsed(
        {"timestamp-offset-hours": flags},
        {"GALLERIA_TIMESTAMP_OFFSET_HOURS": environ},
        TIMESTAMP_OFFSET_HOURS=settings,
    ).request.offset_hours
    assert found == hours
    assert isinstance(found, float) == (hours in (5.5, -5.5))


@pytest.mark.parametrize("hours", ["-12", "0", "14", "13", "5.75", "-3.5"])
def test_zones(hours):
    """UTC offsets of the earth in quarters of an hour; 13 keeps each photo's own."""
    found = parsed({"target-timezone-offset-hours": hours}).request.target_hours
    assert found == float(hours)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp-offset-hours", "four"),
        ("timestamp-offset-hours", "1e3"),
        ("timestamp-offset-hours", "nan"),
        ("timestamp-offset-hours", "+02:00"),
        ("timestamp-offset-hours", "9999999"),
        ("target-timezone-offset-hours", "-12.25"),
        ("target-timezone-offset-hours", "14.5"),
        ("target-timezone-offset-hours", "1.1"),
        ("target-timezone-offset-hours", "UTC"),
        ("dry-run", "maybe"),
    ],
)
def test_wrong_values(name, value):
    """Each is refused by name, all at once."""
    with pytest.raises(DeployError) as caught:
        parsed({"collection": "x", "timestamp-offset-hours": "?", name: value})
    assert caught.value.reason is FailureReason.CONFIG
    assert any(str(each).startswith(f"{name} must be") for each in caught.value.problems)


@pytest.mark.parametrize("each", OPTIONS, ids=lambda each: each.name)
def test_options(each, capsys):
    """Each has a flag of its name, a sentence of help, and its default in the help."""
    assert index.flags([f"--{each.name}", "true"]) == {each.name: "true"}
    assert each.help.endswith(".")
    with pytest.raises(SystemExit):
        index.flags(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"--{each.name}" in shown
    assert each.default in shown.replace("<photos- dir>", "<photos-dir>")


def test_options_shared_with_the_deployment_have_its_names():
    """The same names and defaults; other options are no inputs of the action."""
    shared = [each for each in OPTIONS if each.name in BY_NAME]
    assert {each.name for each in OPTIONS} - {each.name for each in shared} == {
        "timestamp-offset-hours", "target-timezone-offset-hours", "collection",
    }  # fmt: skip
    for each in shared:
        assert each.setting_name == BY_NAME[each.name].setting_name
        assert each.default == BY_NAME[each.name].default


def test_wrong_options(capsys):
    """A wrong call fails with status 1 and one line."""
    with pytest.raises(SystemExit) as caught:
        index.flags(["--s3-bucket", "b"])
    assert caught.value.code == 1
    assert "Error: unrecognized arguments" in capsys.readouterr().err
