"""Many small requests at once, all in one thread: a connection each, waited for together.

For small objects this takes a third of the processor time that a thread each takes, because
nobody waits for the interpreter (benchmarks/README.md).
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from galleria_action.connection import WRITE, Connection, Lost, Origin, Steps
from galleria_action.http1 import Response

Answered = Callable[[Response | Lost], None]
"""Is told the answer to a request, or why there is none; in the thread that waits."""

_LOOKS = 1.0
"""Seconds between two looks at connections that nothing has happened on."""


@dataclass(slots=True)
class _Lane:
    """A connection and what it is doing."""

    connection: Connection
    steps: Steps[Response]
    answered: Answered
    request: tuple[bytes, bytes]
    deadline: float
    descriptor: int = -1
    wanted: int = 0


class Lanes:
    """At most as many connections as there are requests at a time. Used by one thread.

    Only :meth:`wake` may be called by others.
    """

    def __init__(self, origin: Origin, clock: Callable[[], float] = time.monotonic) -> None:
        self._origin = origin
        self._clock = clock
        self._idle: deque[Connection] = deque()
        self._busy: dict[int, _Lane] = {}
        self._poll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll.register(self._bell, select.EPOLLIN)
        self._next_look = 0.0

    def send(self, head: bytes, body: bytes, answered: Answered) -> None:
        """Begin a request that may be made twice (if a connection turns out to be closed)."""
        connection = self._idle.pop() if self._idle else Connection(self._origin)
        self._begin(connection, (head, body), answered)

    def turn(self, seconds: float) -> None:
        """Go on with what was begun: wait for something to happen, at most so long."""
        for descriptor, events in self._poll.poll(seconds):
            if descriptor == self._bell:
                os.eventfd_read(self._bell)
            else:
                lane = self._busy[descriptor]
                lane.deadline = self._clock() + lane.connection.patience
                self._step(lane, lambda lane=lane, events=events: lane.steps.send(events))  # type: ignore[misc]
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + _LOOKS
            for lane in [each for each in self._busy.values() if each.deadline < now]:
                self._give_up(lane, Lost("no byte for too long"))

    def wake(self) -> None:
        """End the turn that another thread is waiting in."""
        os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Hang up, whatever is under way."""
        for lane in self._busy.values():
            lane.steps.close()
            lane.connection.close()
        for connection in self._idle:
            connection.close()
        self._busy.clear()
        self._idle.clear()
        self._poll.close()
        os.close(self._bell)

    def _begin(
        self, connection: Connection, request: tuple[bytes, bytes], answered: Answered
    ) -> None:
        steps = connection.exchange(*request)
        lane = _Lane(connection, steps, answered, request, self._clock() + connection.patience)
        self._step(lane, lambda: next(steps))

    def _step(self, lane: _Lane, step: Callable[[], int]) -> None:
        try:
            wanted = step()
        except StopIteration as stop:
            self._leave(lane)
            if lane.connection.fileno() >= 0:
                self._idle.append(lane.connection)
            lane.answered(stop.value)
        except Lost as error:
            self._leave(lane)
            if error.unanswered:
                self._begin(Connection(self._origin), lane.request, lane.answered)
            else:
                lane.answered(error)
        else:
            self._wait(lane, wanted)

    def _wait(self, lane: _Lane, wanted: int) -> None:
        descriptor = lane.connection.fileno()
        if descriptor != lane.descriptor:
            self._leave(lane)
            self._busy[descriptor] = lane
            lane.descriptor = descriptor
            self._poll.register(descriptor, wanted)
        elif wanted != lane.wanted or wanted == WRITE:
            self._modify(descriptor, wanted)
        lane.wanted = wanted

    def _modify(self, descriptor: int, wanted: int) -> None:
        try:
            self._poll.modify(descriptor, wanted)
        except FileNotFoundError:  # of another attempt to connect, which got the same number
            self._poll.register(descriptor, wanted)

    def _leave(self, lane: _Lane) -> None:
        self._busy.pop(lane.descriptor, None)
        with suppress(OSError, ValueError):  # what is closed has left already
            self._poll.unregister(lane.descriptor)
        lane.descriptor = -1

    def _give_up(self, lane: _Lane, error: Lost) -> None:
        self._leave(lane)
        lane.steps.close()
        lane.connection.close()
        lane.answered(error)
