"""What the doctor says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from galleria_action.errors import FailureReason


class Mark(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    CHANGE = "change"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Paste:
    """A document to paste: what it is, its text, and how to set it."""

    title: str
    text: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found out. ``reason`` is that of a failure."""

    mark: Mark
    text: str
    advice: str = ""
    paste: Paste | None = None
    reason: FailureReason = FailureReason.BUCKET
