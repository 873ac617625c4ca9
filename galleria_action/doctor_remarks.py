"""What the doctor says, as values."""

from __future__ import annotations

from enum import StrEnum

from galleria_action.errors import FailureReason
from galleria_action.values import Struct


class Mark(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    CHANGE = "change"
    FAIL = "fail"


class Paste(Struct, frozen=True):
    """A document to paste: what it is, its text, and how to set it."""

    title: str
    text: str
    how: str = ""


class Remark(Struct, frozen=True):
    """One thing that was found out. ``reason`` is that of a failure."""

    mark: Mark
    text: str
    advice: str = ""
    paste: Paste | None = None
    reason: FailureReason = FailureReason.BUCKET
