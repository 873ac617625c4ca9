"""Command-line options made of the table of inputs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

from galleria_action import __version__
from galleria_action.declaration import Input, Kind


class Parser(argparse.ArgumentParser):
    """One option for each input, in the groups of the documentation."""

    def __init__(
        self, name: str, inputs: Iterable[Input], *, usage: str, description: str, epilog: str
    ) -> None:
        super().__init__(
            name,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_argument("--version", action="version", version=f"galleria-deploy {__version__}")
        groups: dict[str, argparse._ArgumentGroup] = {}
        for each in inputs:
            group = groups.get(each.group) or self.add_argument_group(each.group)
            groups[each.group] = group
            _add(group, each)

    def error(self, message: str) -> NoReturn:
        """A wrong call fails like everything else: 1, not argparse's 2.

        What stands behind an unknown option may be a secret, so it is not repeated.
        """
        if message.startswith("unrecognized arguments: "):
            unknown = [each.partition("=")[0] for each in message.split() if each.startswith("-")]
            message = f"unrecognized arguments: {' '.join(unknown) or 'such that are no options'}"
        self.print_usage(sys.stderr)
        self.exit(1, f"Error: {message}\n")

    def flags(self, arguments: Sequence[str]) -> dict[str, str]:
        """Input name to text of the options that are given; repeated ones are lines."""
        given = vars(self.parse_args(arguments))
        return {
            name: "\n".join(value) if isinstance(value, list) else value
            for name, value in given.items()
            if value is not None
        }


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
