"""The command line: ``galleria-deploy`` and ``python -m galleria_action``."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from galleria_action import __version__, cancellation
from galleria_action.errors import EXIT_CANCELLED, Cancelled
from galleria_action.inputs import INPUTS, Input, Kind

_DESCRIPTION = """\
Publish a photo gallery to an S3-compatible bucket: validate its manifest, compare it with the
bucket, show the plan, and only then upload photos, site and manifest."""

_EPILOG = """\
Each option may also be given as an environment variable (GALLERIA_DRY_RUN=true) or in
settings.local.py (DRY_RUN = True). Give secrets in one of these ways: arguments can be read by
other users of the machine.

A first look, which writes nothing to the bucket:
  galleria-deploy --dry-run
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A wrong call fails like everything else: 1, not argparse's 2."""
        self.print_usage(sys.stderr)
        self.exit(1, f"Error: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The parser: one option for each input, in the groups of the documentation."""
    made = _Parser(
        "galleria-deploy",
        usage="galleria-deploy [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"galleria-deploy {__version__}")
    groups: dict[str, argparse._ArgumentGroup] = {}
    for each in INPUTS:
        group = groups.get(each.group) or made.add_argument_group(each.group)
        groups[each.group] = group
        _add(group, each)
    return made


def _add(group: argparse._ArgumentGroup, each: Input) -> None:
    default = f" [{each.default}]" if each.default else ""
    names = ([f"-{each.short}"] if each.short else []) + [f"--{each.name}"]
    text = (each.help + default).replace("%", "%%").replace("`", "")
    if each.kind is Kind.BOOLEAN:
        group.add_argument(
            *names, nargs="?", const="true", metavar="true|false", dest=each.name, help=text
        )
    elif each.kind is Kind.LINES:
        group.add_argument(*names, action="append", metavar="TEXT", dest=each.name, help=text)
    else:
        group.add_argument(*names, metavar="TEXT", dest=each.name, help=text)


def flags(arguments: Sequence[str]) -> dict[str, str]:
    """Input name to text of the options that are given; repeated ones are lines."""
    given = vars(parser().parse_args(arguments))
    return {
        name: "\n".join(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 on success, 1 on failure, 130 when cancelled."""
    with cancellation.signals() as stopped:
        status = _main(sys.argv[1:] if arguments is None else arguments, stopped)
    if status == EXIT_CANCELLED:
        # Threads may still wait for an answer; the runner kills us before it comes.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _main(arguments: Sequence[str], stopped: threading.Event) -> int:
    with suppress(Cancelled):  # then the program, started once more, reports it
        given = flags(arguments)
        from galleria_action import main as program

        return program.main(given, os.environ, os.getcwd(), stopped)
    from galleria_action import main as program

    return program.main({}, os.environ, os.getcwd(), stopped)


if __name__ == "__main__":
    raise SystemExit(main())
