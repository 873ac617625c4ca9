"""Prints how far a deployment, or an index, is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from galleria_action import text
from galleria_action.plan import Change

SECONDS_BETWEEN_LINES = 5.0


class Meter:
    """Counts objects and bytes, and estimates what is left; prints nothing."""

    def __init__(self, clock: Callable[[], float], done: str) -> None:
        self._clock = clock
        self._done = done
        self._began = clock()
        self.objects = self.total_objects = self.size = self.total_size = 0

    def start(self, objects: int, size: int) -> None:
        self._began = self._clock()
        self.total_objects, self.total_size = objects, size

    def add(self, size: int) -> None:
        self.objects += 1
        self.size += size

    def line(self) -> str:
        """``120 of 3,000 uploaded, 45.0 MB of 1.2 GB, 9.1 MB/s, 2 min 7 s left``."""
        elapsed = max(self._clock() - self._began, 0.001)
        rate = self.size / elapsed
        left = f", {text.duration((self.total_size - self.size) / rate)} left" if rate else ""
        return (
            f"  {self.objects:,} of {self.total_objects:,} {self._done}, {text.size(self.size)} of "
            f"{text.size(self.total_size)}, {text.size(rate)}/s{left}"
        )


class Lines:
    """Plain lines: one for every object, or one every few seconds."""

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float],
        *,
        every_object: bool,
        done: str = "uploaded",
    ) -> None:
        self._say = say
        self._clock = clock
        self._every_object = every_object
        self._meter = Meter(clock, done)
        self._last = clock()

    def started(self, objects: int, size: int) -> None:
        self._meter.start(objects, size)
        self._last = self._clock()

    def count(self, size: int) -> None:
        self._meter.add(size)

    def put(self, change: Change) -> None:
        self.count(change.size)
        if self._every_object:
            self._say(
                f"  uploaded {text.plain(change.key)} ({text.size(change.size)}, {change.reason})"
            )

    def deleted(self, change: Change) -> None:
        if self._every_object:
            self._say(f"  deleted {text.plain(change.key)} ({change.reason})")

    def waiting(self, why: str) -> None:
        self._say(f"  {why} ...")

    def tick(self) -> None:
        if not self._every_object and self._clock() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = self._clock()
            self._say(self._meter.line())

    def finished(self) -> None:
        """Nothing to close."""


class Bar:
    """A progress bar of bytes on a terminal, by tqdm."""

    def __init__(
        self, say: Callable[[str], None], *, every_object: bool, doing: str = "Uploading"
    ) -> None:
        self._say = say
        self._every_object = every_object
        self._doing = doing
        self._bar: Any = None

    def started(self, objects: int, size: int) -> None:
        from tqdm import tqdm

        if objects:
            self._bar = tqdm(
                total=size, unit="B", unit_scale=True, desc=self._doing, leave=False, miniters=1
            )

    def count(self, size: int) -> None:
        if self._bar is not None:
            self._bar.update(size)

    def put(self, change: Change) -> None:
        self.count(change.size)
        if self._every_object:
            self._write(f"  uploaded {text.plain(change.key)} ({text.size(change.size)})")

    def deleted(self, change: Change) -> None:
        if self._every_object:
            self._write(f"  deleted {text.plain(change.key)}")

    def waiting(self, why: str) -> None:
        self._write(f"  {why} ...")

    def _write(self, line: str) -> None:
        if self._bar is None:
            self._say(line)
        else:
            self._bar.write(line)

    def tick(self) -> None:
        if self._bar is not None:
            self._bar.refresh()

    def finished(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
