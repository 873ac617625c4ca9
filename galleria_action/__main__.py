"""The command line: ``galleria-deploy`` and ``python -m galleria_action``."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from galleria_action import cancellation
from galleria_action.errors import Cancelled

if TYPE_CHECKING:
    from galleria_action.options import Parser

_DESCRIPTION = """\
Publish a photo gallery to an S3-compatible bucket: validate its manifest, compare it with the
bucket, show the plan, and only then upload photos, site and manifest."""

_EPILOG = """\
Each option may also be given as an environment variable (GALLERIA_DRY_RUN=true) or in
settings.local.py (DRY_RUN = True). Give secrets in one of these ways: arguments can be read by
other users of the machine.

A first look, which writes nothing to the bucket:
  galleria-deploy --dry-run

Make the manifest of a gallery that has none, or refresh it:
  galleria-deploy index --help

Find out whether a deployment to the bucket will work:
  galleria-deploy doctor --help
"""


def parser() -> Parser:
    """The parser of a deployment's options."""
    from galleria_action.inputs import INPUTS
    from galleria_action.options import Parser

    return Parser(
        "galleria-deploy",
        INPUTS,
        usage="galleria-deploy [options]\n       galleria-deploy index [options]\n"
        "       galleria-deploy doctor [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )


def flags(arguments: Sequence[str]) -> dict[str, str]:
    """Input name to text of the options that are given; repeated ones are lines."""
    return parser().flags(arguments) if arguments else {}  # as an action it is given none


def start() -> NoReturn:
    """Run the program as a process, and end that."""
    status = main()
    with suppress(OSError):  # nobody listens any more
        sys.stdout.flush()
        sys.stderr.flush()
    # After a cancellation threads may still wait for an answer, and the runner kills us before it
    # comes. And the values of a large gallery would be given back one by one: half a second.
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 on success, 1 on failure, 130 when cancelled."""
    with cancellation.signals() as stopped:
        return _main(sys.argv[1:] if arguments is None else arguments, stopped)


def _main(arguments: Sequence[str], stopped: threading.Event) -> int:
    gc.set_threshold(50_000, 20, 1000)
    run = _COMMANDS.get(arguments[0] if arguments else "", _deploy)
    if run is not _deploy:
        arguments = arguments[1:]
    with suppress(Cancelled):
        return run(arguments, stopped)
    return run((), stopped)  # interrupted while it was loaded: started once more, it reports that


def _deploy(arguments: Sequence[str], stopped: threading.Event) -> int:
    # A gallery's values refer to each other by the million and never in circles: the collector
    # would walk them for a quarter of the time that a large plan takes. `main.run` enables it.
    gc.disable()
    given = flags(arguments)
    from galleria_action import main as program

    return program.main(given, os.environ, os.getcwd(), stopped)


def _index(arguments: Sequence[str], stopped: threading.Event) -> int:
    from galleria_action import index

    return index.main(index.flags(arguments), os.environ, os.getcwd(), stopped)


def _doctor(arguments: Sequence[str], stopped: threading.Event) -> int:
    from galleria_action import doctor

    return doctor.main(doctor.flags(arguments), os.environ, os.getcwd(), stopped)


_COMMANDS = {"index": _index, "doctor": _doctor}


if __name__ == "__main__":
    start()
