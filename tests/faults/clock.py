"""Starts the program with a clock that runs faster, for all that it knows of credentials.

``GALLERIA_TEST_CLOCK`` says since when (seconds since 1970) and how many times faster.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

NAME = "GALLERIA_TEST_CLOCK"


class Clock(NamedTuple):
    """A clock that showed the true time at ``start`` and runs ``speed`` times faster since."""

    start: float
    speed: float

    def now(self) -> dt.datetime:
        moment = self.start + (time.time() - self.start) * self.speed
        return dt.datetime.fromtimestamp(moment, dt.UTC)

    def __str__(self) -> str:
        return f"{self.start} {self.speed}"


def wind(clock: Clock) -> None:
    """Show this clock to botocore's credentials and to the program's."""
    import botocore.credentials

    from galleria_action import aws, signature

    class Fast(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.now().astimezone(tz)

    botocore.credentials.datetime = SimpleNamespace(
        **{**vars(dt), "datetime": Fast, "timedelta": dt.timedelta}
    )
    aws.datetime = signature.datetime = Fast


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from galleria_action.__main__ import main

    wind(Clock(*map(float, os.environ[NAME].split())))
    raise SystemExit(main())
