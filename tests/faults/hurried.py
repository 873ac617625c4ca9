"""Starts the program as `entrypoint.py` does, with all of its waits a twentieth as long.

Nothing else of it is changed. So a lab can have thousands of stalls and retries in minutes; what
the true lengths are is shown by the tests that measure them.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from galleria_action import aws, connection, journal
from galleria_action.retry import Retries

LAUNCHER = Path(__file__)
PACE = 1 / 20
CONNECTING = 1 / 4
"""Less short: making a secure connection takes a busy machine some time."""


def hurry() -> None:
    """Shorten the limits and pauses of this process."""
    connection.QUIET_SECONDS *= PACE
    connection.CONNECT_SECONDS *= CONNECTING
    journal.SECONDS_BETWEEN_FLUSHES *= PACE
    aws.PATIENCE["read_timeout"] *= PACE
    aws.PATIENCE["connect_timeout"] *= CONNECTING
    aws.Retries = lambda sleep: Retries(sleep=lambda seconds: sleep(seconds * PACE))


if __name__ == "__main__":
    from galleria_action.__main__ import start

    hurry()
    start()
