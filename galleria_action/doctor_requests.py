"""Requests that may be refused, and what the refusals are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from galleria_action import s3_faults
from galleria_action.doctor_facts import Step
from galleria_action.errors import StoreError
from galleria_action.retry import Retries, Verdict

_BUSY = (408, 429)


class Requests:
    """Makes requests to ``bucket`` and remembers which steps failed and why.

    denied
        Steps for which the key has no right.
    told
        The region that the store says it wants, if it did.
    """

    def __init__(self, bucket: str, endpoint: str | None, retries: Retries) -> None:
        self._bucket = bucket
        self._endpoint = endpoint
        self._retries = retries
        self.steps: dict[Step, StoreError | None] = {}
        self.denied: set[Step] = set()
        self.told = ""

    def attempt(self, step: Step, request: Callable[[], Any], action: str = "") -> Any:
        """The answer; None if the request failed, which is then the step's failure."""
        try:
            answer = self.call(request)
        except Exception as error:  # noqa: BLE001  explained, or raised again
            self.fail(step, error, action)
            return None
        self.steps.setdefault(step, None)
        return answer

    def call(self, request: Callable[[], Any]) -> Any:
        """The answer; raises what is left after the faults that pass."""
        return self._retries.call(request, s3_faults.judge)

    def fail(self, step: Step, error: Exception, action: str = "") -> None:
        """Note why the step failed; raises the error if it is a fault of this program."""
        self.steps[step] = self._explained(error, action or str(step))
        if s3_faults.is_denial(error):
            self.denied.add(step)
        self.told = s3_faults.region_of(error) or self.told

    def status(self, request: Callable[[], Any]) -> int:
        """The status of an answer that may well be a refusal, which is not asked for again."""
        try:
            self._retries.call(request, _unless_refused)
        except Exception as error:
            if status := s3_faults.status_of(error):
                return status
            raise self._explained(error, "write an object") from error
        return 200

    def works(self, step: Step) -> bool:
        """Whether the step was tried and has not failed."""
        return step in self.steps and self.steps[step] is None

    def _explained(self, error: Exception, action: str) -> StoreError:
        return s3_faults.explain(error, action, self._bucket, self._endpoint)


def _unless_refused(error: Exception) -> Verdict:
    status = s3_faults.status_of(error)
    if 400 <= status < 500 and status not in _BUSY:
        return Verdict(again=False)
    return s3_faults.judge(error)
