"""How a program ends that does not end well: each way is a :class:`DeployError`."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from galleria_action.errors import Cancelled, DeployError, FailureReason, bug
from galleria_action.runner import Runner


@contextmanager
def explained(runner: Runner, *, cancelled: str) -> Iterator[None]:
    """Raise nothing but :class:`DeployError`; the traceback of what nobody expected is shown.

    ``cancelled`` is what to know when the run was told to stop.
    """
    try:
        yield
    except DeployError:
        raise
    except Cancelled:
        raise DeployError(FailureReason.CANCELLED, "Error: Cancelled", advice=cancelled) from None
    except Exception as error:
        runner.say(traceback.format_exc())
        raise bug(error) from error
