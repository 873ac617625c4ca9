"""One input of the action: its names, its kind and what people are told of it."""

from __future__ import annotations

from enum import Enum

from galleria_action.values import Struct


class Kind(Enum):
    """What an input's text means."""

    TEXT = "text"
    BOOLEAN = "boolean"
    LINES = "lines"


class Input(Struct, frozen=True):
    """One input: its name, its default as documentation shows it, and one sentence of help."""

    name: str
    help: str
    default: str = ""
    kind: Kind = Kind.TEXT
    group: str = ""
    setting: str = ""
    secret: bool = False
    short: str = ""

    @property
    def setting_name(self) -> str:
        """The name in the settings file, and behind ``GALLERIA_`` in the environment."""
        return self.setting or self.name.upper().replace("-", "_")

    @property
    def environment_name(self) -> str:
        return "GALLERIA_" + self.setting_name

    @property
    def runner_name(self) -> str:
        """The variable in which the runner passes the input: hyphens stay."""
        return "INPUT_" + self.name.upper()
