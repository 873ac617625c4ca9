"""What a program is started with: the event of the runner, and where its inputs come from."""

from __future__ import annotations

import errno
import json
from collections.abc import Container, Mapping
from typing import Any

from galleria_action import event
from galleria_action.errors import DeployError, FailureReason
from galleria_action.event import Event
from galleria_action.sources import SETTING_NAMES, Sources
from galleria_action.workspace import Workspace

DEFAULT_SETTINGS = "settings.local.py"
LARGEST_SETTINGS = 1 << 20


def started_by(environ: Mapping[str, str]) -> Event:
    """The event that started the run."""
    return event.parse(environ, _payload(environ))


def _payload(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The event's document; {} where there is none, as on a laptop."""
    try:
        with open(environ.get("GITHUB_EVENT_PATH", ""), encoding="utf-8") as file:
            payload = json.load(file)
    except (OSError, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _read(workspace: Workspace, path: str) -> str:
    data = workspace.read(path, LARGEST_SETTINGS + 1)
    if len(data) > LARGEST_SETTINGS:
        raise OSError(errno.EFBIG, "it is far too large for settings")
    return data.decode("utf-8-sig")


def sources(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    here: str,
    started_by: Event,
    known: Container[str] = SETTING_NAMES,
) -> Sources:
    """Where inputs come from, the settings file included if this event may trust it.

    ``known`` are the names that are read of that file.
    """
    sources = Sources(flags, environ)
    if not started_by.trusts_settings:
        return sources
    named = sources.text("settings-file")
    workspace = Workspace.of(environ, here, (), ())
    path = workspace.locate(named or DEFAULT_SETTINGS)
    if path is None and named is None:
        return sources
    try:
        if path is None:
            raise FileNotFoundError(2, "it is not there")
        source = _read(workspace, path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DeployError(
            FailureReason.CONFIG,
            f"Error: The settings file {named or DEFAULT_SETTINGS} cannot be read: {why}",
        ) from None
    from galleria_action import settings

    return Sources(flags, environ, settings.parse(source, workspace.relative(path), known))
