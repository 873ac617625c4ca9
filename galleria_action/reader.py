"""Texts of inputs made values of plain kinds, with everything that is wrong with them collected."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from galleria_action import keys
from galleria_action.sources import Sources

_Choice = TypeVar("_Choice", bound=StrEnum)


class Reader:
    """Reads typed values; ``faults`` are sentences that each name an input."""

    def __init__(self, sources: Sources) -> None:
        self.faults: list[str] = []
        self._sources = sources

    def fault(self, message: str) -> None:
        self.faults.append(message)

    def text(self, name: str, default: str) -> str:
        return self._sources.text(name) or default

    def boolean(self, name: str, *, default: bool = False) -> bool:
        text = self._sources.text(name)
        if text is None:
            return default
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        self.fault(f"{name} must be true or false, not {text!r}")
        return default

    def lines(self, name: str) -> tuple[str, ...]:
        text = self._sources.text(name) or ""
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def choice(self, name: str, default: _Choice) -> _Choice:
        """One of the values of the default's kind."""
        text = self.text(name, default).lower()
        kind = type(default)
        if text in {str(each) for each in kind}:
            return kind(text)
        self.fault(f"{name} must be one of {', '.join(kind)}, not {text!r}")
        return default

    def prefix(self, name: str, default: str) -> str:
        prefix = self.text(name, default).strip("/")
        if prefix:
            self._check_key(name, prefix)
        return prefix

    def key(self, name: str, default: str) -> str:
        key = self.text(name, default)
        self._check_key(name, key)
        return key

    def _check_key(self, name: str, key: str) -> None:
        if why := keys.fault(key):
            self.fault(f"{name} {why}: {key!r}")
        elif (key + "/").startswith(keys.RECORDS):
            self.fault(
                f"{name} may not lie in {keys.RECORDS}, where deployments keep their records"
            )
        elif len(key.encode()) > keys.LONGEST // 2:
            self.fault(f"{name} is too long")

    def url(self, name: str) -> str | None:
        text = self._sources.text(name)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname)
            valid = valid and not (parts.username or parts.password or parts.query)
            valid = valid and (parts.port is None or parts.port > 0)
        except ValueError:
            valid = False
        if not valid or not text.isprintable() or " " in text:
            # The text is not repeated: a key pasted into the wrong field would end in the log.
            self.fault(f"{name} must be a URL such as https://photos.example.org")
        return text.rstrip("/")
