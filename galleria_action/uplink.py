"""Small objects through the engine's lanes; boto3 sends again what they did not get through."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from galleria_action.connection import Lost
from galleria_action.engine import Declined, Engine, Failed, etag
from galleria_action.headers import Headers
from galleria_action.http1 import Response
from galleria_action.lanes import Lanes


class Judge(Protocol):
    """Who decides what the engine may do and what its answers are worth."""

    def put_carefully(self, key: str, data: bytes, headers: Headers, *, after: float | None) -> str:
        """Make a put that the engine did not manage, ``after`` so many seconds; the ETag."""

    @property
    def puts_fast(self) -> bool:
        """Whether the engine is worth a try for a put."""

    def count(self, *, failed: bool) -> None:
        """A request was made, and it failed or not."""

    def proves(self, etag: str, data: bytes) -> bool:
        """Whether the ETag shows that the data has arrived."""


class _Put(NamedTuple):
    key: str
    data: bytes
    headers: Headers
    sha256: str
    result: Future[Any]
    convert: Callable[[str], Any]


class FastUplink:
    """Many puts in one thread; those that fail are left to boto3, in threads of ``executor``."""

    def __init__(self, judge: Judge, engine: Engine, lanes: Lanes, executor: Executor) -> None:
        self._judge = judge
        self._engine = engine
        self._lanes = lanes
        self._executor = executor

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        sha256: str = "",
        convert: Callable[[str], Any] = str,
    ) -> Future[Any]:
        result: Future[Any] = Future()
        result.set_running_or_notify_cancel()  # what is on its way cannot be called back
        self._attempt(_Put(key, data, headers, sha256, result, convert), first=True)
        return result

    def _attempt(self, put: _Put, *, first: bool) -> None:
        def answered(answer: Response | Lost) -> None:
            try:
                found = self._proven(answer, put.data)
            except Declined as declined:
                if first and _may_pass(answer) and declined.after is None:
                    self._attempt(put, first=False)
                else:
                    self._carefully(put, declined.after)
            else:
                put.result.set_result(put.convert(found))

        if head := self._head(put):
            self._lanes.send(head, put.data, answered)
        else:
            self._carefully(put)

    def _head(self, put: _Put) -> bytes:
        """Of the engine's request; empty if it cannot, or need not, be made."""
        with suppress(Declined):
            if self._judge.puts_fast:
                return self._engine.putting(*put[:4])
        return b""

    def turn(self, seconds: float) -> None:
        self._lanes.turn(seconds)

    def wake(self) -> None:
        self._lanes.wake()

    def _proven(self, answer: Response | Lost, data: bytes) -> str:
        """The ETag; raises :class:`Declined` unless it shows that the data has arrived."""
        try:
            found = etag(answer)
        except Failed:
            self._judge.count(failed=True)
            raise
        self._judge.count(failed=False)
        if not self._judge.proves(found, data):
            raise Declined
        return found

    def _carefully(self, put: _Put, after: float | None = None) -> None:
        def tell(second: Future[str]) -> None:
            error = second.exception()
            if error is None:
                put.result.set_result(put.convert(second.result()))
            else:
                put.result.set_exception(error)

        def send() -> str:  # there, because boto3 takes long to load
            return self._judge.put_carefully(put.key, put.data, put.headers, after=after)

        self._executor.submit(send).add_done_callback(tell)


def _may_pass(answer: Response | Lost) -> bool:
    """Whether a second attempt at once is worth it, and no burden to a store that asks for rest.

    Rclone answers 500 to some of several first objects of a new folder.
    """
    return isinstance(answer, Lost) or answer.status == 500
