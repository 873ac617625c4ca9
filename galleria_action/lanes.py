"""Many small requests at once, all in one thread: a connection each, waited for together.

Threads that send small objects mostly wait for each other and for the interpreter: what this
takes instead is in docs/dependencies.md.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from galleria_action.cancellation import shielded
from galleria_action.connection import READ, Connection, Lost, Steps
from galleria_action.http1 import Response
from galleria_action.origin import Origin
from galleria_action.values import Struct

Answered = Callable[[Response | Lost], None]
"""Is told the answer to a request, or why there is none; in the thread that waits."""

_RINGS = 1 << 16
_LOOKS = 1.0
"""Seconds between two looks at connections that nothing has happened on."""


class _Request(Struct):
    """What is to be sent, and who is told how it went."""

    head: bytes
    body: bytes
    answered: Answered


class _Lane:
    """A connection, what it is doing, and the events that it waits for."""

    __slots__ = ("connection", "deadline", "descriptor", "request", "steps", "wanted")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.steps: Steps[Response] | None = None
        self.request: _Request | None = None
        self.deadline = 0.0
        self.descriptor = -1
        self.wanted = 0


class Lanes:
    """At most as many connections as there are requests at a time. Used by one thread.

    Only :meth:`wake` may be called by others.
    """

    def __init__(self, origin: Origin, clock: Callable[[], float] = time.monotonic) -> None:
        self._origin = origin
        self._clock = clock
        self._lanes: dict[int, _Lane] = {}
        self._idle: list[_Lane] = []
        self._poll = select.poll()  # known to macOS, too, and for tens of files as fast as any
        self._ear, self._bell = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._bell, False)
        self._poll.register(self._ear, READ)
        self._closing = threading.Lock()
        self._closed = False
        self._next_look = 0.0

    def send(self, head: bytes, body: bytes, answered: Answered) -> None:
        """Begin a request that may be made twice (if a connection turns out to be closed)."""
        with shielded():
            lane = self._idle.pop() if self._idle else _Lane(Connection(self._origin))
            self._begin(lane, _Request(head, body, answered))

    def turn(self, seconds: float) -> None:
        """Go on with what was begun: wait for something to happen, at most so long."""
        happened = self._poll.poll(seconds * 1000)
        with shielded():  # a lane in the middle of a step is of no use to whoever goes on
            self._look_at(happened)

    def _look_at(self, happened: list[tuple[int, int]]) -> None:
        for descriptor, events in happened:
            if descriptor == self._ear:
                os.read(self._ear, _RINGS)
            elif lane := self._lanes.get(descriptor):
                self._go_on(lane, events)
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + _LOOKS
            for lane in [each for each in self._lanes.values() if each.request]:
                if lane.deadline < now:
                    self._go_on(lane, 0)

    def wake(self) -> None:
        """End the turn that another thread is waiting in, if there is one."""
        with self._closing:  # the number of a bell that is closed may be another file's
            if not self._closed:
                with suppress(BlockingIOError):  # it has been rung often enough
                    os.write(self._bell, b"!")

    def close(self) -> None:
        """Hang up, whatever is under way."""
        for lane in [*self._lanes.values(), *self._idle]:
            self._hang_up(lane)
        with self._closing:
            self._closed = True
            os.close(self._ear)
            os.close(self._bell)

    def _begin(self, lane: _Lane, request: _Request) -> None:
        lane.request = request
        lane.steps = lane.connection.exchange(request.head, request.body)
        self._go_on(lane, None)

    def _go_on(self, lane: _Lane, events: int | None) -> None:
        """Make the next step for ``events``: None before the first, 0 if none came in time."""
        if lane.steps is None:  # somebody spoke or hung up unasked
            self._idle.remove(lane)
            self._hang_up(lane)
            return
        try:
            if events == 0:
                wanted = lane.steps.throw(TimeoutError())
            else:
                wanted = next(lane.steps) if events is None else lane.steps.send(events)
        except StopIteration as stop:
            self._end(lane, stop.value)
        except Lost as error:
            self._end(lane, error)
        else:
            lane.deadline = self._clock() + lane.connection.patience
            self._wait(lane, wanted)

    def _end(self, lane: _Lane, answer: Response | Lost) -> None:
        request, lane.request = lane.request, None
        assert request
        if isinstance(answer, Lost) or lane.connection.fileno() < 0:
            self._hang_up(lane)
        else:
            lane.steps = None
            self._wait(lane, READ)
            self._idle.append(lane)
        if isinstance(answer, Lost) and answer.unanswered:
            self._begin(_Lane(Connection(self._origin)), request)
        else:
            request.answered(answer)

    def _wait(self, lane: _Lane, wanted: int) -> None:
        descriptor = lane.connection.fileno()
        if descriptor == lane.descriptor and wanted == lane.wanted:
            return
        if descriptor != lane.descriptor:
            self._forget(lane)
            self._lanes[descriptor] = lane
        self._poll.register(descriptor, wanted)
        lane.descriptor, lane.wanted = descriptor, wanted

    def _forget(self, lane: _Lane) -> None:
        if self._lanes.get(lane.descriptor) is lane:
            del self._lanes[lane.descriptor]
            self._poll.unregister(lane.descriptor)

    def _hang_up(self, lane: _Lane) -> None:
        self._forget(lane)
        if lane.steps:
            lane.steps.close()
        lane.connection.close()
