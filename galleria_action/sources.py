"""Where inputs come from: flags, the runner, the environment and the settings file, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from galleria_action.declaration import Input
from galleria_action.inputs import BY_NAME, INPUTS

if TYPE_CHECKING:
    from galleria_action.settings import Literal

SETTING_NAMES = frozenset(each.setting_name for each in INPUTS)


class Sources:
    """Looks an input up in the order of precedence; an empty text counts as not given."""

    def __init__(
        self,
        flags: Mapping[str, str],
        environ: Mapping[str, str],
        settings: Mapping[str, Literal] | None = None,
    ) -> None:
        self._flags = flags
        self._environ = environ
        self._settings = settings or {}

    def text(self, name: str) -> str | None:
        return self.value(BY_NAME[name])

    def value(self, each: Input) -> str | None:
        for value in self._candidates(each):
            text = _text(value)
            if text.strip():
                return text.strip()
        return None

    def _candidates(self, each: Input) -> tuple[Literal, ...]:
        environment = self._environ.get(each.environment_name)
        runner = self._environ.get(each.runner_name)
        setting = self._settings.get(each.setting_name)
        return (self._flags.get(each.name), runner, environment, setting)


def _text(value: Literal) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return "\n".join(value)
    return str(value)


def secrets(sources: Sources) -> tuple[str, ...]:
    """Every secret text that is configured, to be masked before anything is printed."""
    values = (sources.text(each.name) for each in INPUTS if each.secret)
    return tuple(value for value in values if value)
