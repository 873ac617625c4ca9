"""The kinds of requests that a deployment makes, and the kinds of faults that can meet them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

MANIFEST = "gallery-metadata.json"
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"
RECORDS = frozenset({MANIFEST, LEDGER})
PHOTOS = "photos/"


class Phase(StrEnum):
    """What a request is made for, in the order of a deployment."""

    LOAD = "load"
    LISTING = "listing"
    ANNOUNCE = "announce"
    PHOTOS = "photos"
    GATE = "gate"
    SITE = "site"
    PAGES = "pages"
    LEDGER = "ledger"
    MANIFEST = "manifest"
    READ_BACK = "read back"
    DELETES = "deletes"
    LAST_LEDGER = "last ledger"


class Fault(StrEnum):
    """What can happen to a request or to its answer."""

    STATUS_500 = "500"
    STATUS_502 = "502"
    STATUS_503 = "503"
    STATUS_429 = "429"
    STATUS_503_ASKS = "503 with Retry-After"
    STATUS_429_ASKS = "429 with Retry-After"
    LATE_500 = "500 although it was done"
    RESET_BEFORE = "reset before the body"
    RESET_IN = "reset in the body"
    RESET_AFTER = "reset after the body"
    LOST = "answer lost"
    STALL = "stall"
    STALL_DONE = "stall although it was done"
    LATE = "done after it was given up"
    DELAY = "delay"
    CUT_HEAD = "answer cut off in its head"
    CUT_BODY = "answer cut off in its body"
    CUT_UNSIZED = "answer of no length cut off"
    TWICE = "answer sent twice"
    WRONG = "answer to another request"
    OK_ERROR = "200 with an error"
    FLIP_UP = "bit flipped in the request"
    FLIP_DOWN = "bit flipped in the answer"


LIES = frozenset({Fault.TWICE, Fault.WRONG, Fault.FLIP_DOWN})
"""Answers that are whole and wrong: the bucket may seem to have been changed by others."""
SLOW = frozenset({Fault.STALL, Fault.STALL_DONE, Fault.LATE})
"""Each costs as long as the program waits for an answer."""
DONE = frozenset(
    {Fault.LATE_500, Fault.LOST, Fault.STALL_DONE, Fault.LATE, Fault.DELAY, Fault.FLIP_UP}
)
"""The store does what it is asked."""

_WITH_BODY = frozenset({Fault.RESET_IN, Fault.FLIP_UP})
_ANSWERED_WITH_BODY = frozenset({Fault.CUT_BODY, Fault.CUT_UNSIZED, Fault.FLIP_DOWN})


class Request(NamedTuple):
    """One request as it came; ``key`` is '' where it is about the bucket.

    number
        How many requests of its phase came before it.
    attempt
        How many requests with the same method, key and query came before it.
    """

    phase: Phase
    method: str
    key: str
    query: str
    number: int
    attempt: int

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "POST", "DELETE")

    def may_meet(self, fault: Fault) -> bool:
        """Whether the fault makes sense for such a request."""
        if fault in _WITH_BODY:
            return self.method in ("PUT", "POST")
        if fault in _ANSWERED_WITH_BODY:
            return self.method in ("GET", "POST")
        if fault is Fault.OK_ERROR:
            return self.method != "HEAD"
        return True
