"""The HTTP API of a CDN: one host, one token, and patience as the provider asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from galleria_action import exchange
from galleria_action.cdn import Patience
from galleria_action.exchange import Answer
from galleria_action.retry import Retries, Verdict, asked_seconds
from galleria_action.values import Discreet

MOST_BYTES = 1 << 16
"""Of an answer; those of purges are short."""
LONGEST_PAUSE = 120.0
"""Seconds that a provider may ask to wait; for longer the next run is the better answer."""
ATTEMPTS = 6
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer

    @property
    def document(self) -> dict[str, Any]:
        """The answer's JSON document, {} if it is none."""
        try:
            document = json.loads(self.answer.body)
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}


class Api(Discreet, frozen=True):
    """The API at ``url``; ``headers`` hold the token and go nowhere else.

    ``succeeded``: whether an answer means that it was done.
    """

    unshown = frozenset({"headers"})

    url: str
    headers: Mapping[str, str]
    patience: Patience
    succeeded: Callable[[Answer], bool]

    def post(self, path: str, document: Any = None) -> None:
        """Send ``document`` as JSON, or nothing, to ``path`` until it is done.

        Raises :class:`Refused`, or :class:`OSError` if there is no answer.
        """
        body = None if document is None else json.dumps(document).encode()
        kind = {} if document is None else {"Content-Type": "application/json"}
        retries = Retries(attempts=ATTEMPTS, longest_asked=LONGEST_PAUSE, sleep=self.patience.sleep)

        def request() -> None:
            answer = exchange.send(
                "POST", self.url + path, {**self.headers, **kind}, body, most=MOST_BYTES
            )
            if not self.succeeded(answer):
                raise Refused(answer)

        retries.call(request, lambda error: self.patience.limit(judge(error)))


def judge(error: Exception) -> Verdict:
    """Whether to try again; a longer pause than we wait for is the end."""
    if isinstance(error, Refused):
        after = asked_pause(error.answer)
        again = error.answer.status in PASSING and (after or 0) <= LONGEST_PAUSE
        return Verdict(again, after)
    return Verdict(isinstance(error, OSError))


def asked_pause(answer: Answer) -> float | None:
    """Seconds that the provider asks to wait; None if it does not."""
    return asked_seconds(answer.headers.get("retry-after", ""))
