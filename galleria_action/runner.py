"""Speaks to whoever started the program: GitHub's runner, or a person at a terminal.

The only module that knows workflow commands, the job summary and the step's outputs. It uses the
parts of `actions_toolkit` that write them; `core`, which bundles them, loads requests, too: 0.1 s.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from galleria_action import secret_forms, text
from galleria_action.errors import DeployError

MOST_ANNOTATIONS = 10  # of one kind and step; GitHub drops the rest
SUMMARY_BYTES = 900_000  # 1 MiB is the limit, above which all of it is lost


class Runner:
    """Log, annotations, masks, summary and outputs.

    ``environ`` is the runner's; without ``GITHUB_ACTIONS`` in it, errors go to standard error
    and no workflow command is printed.
    """

    def __init__(
        self, environ: Mapping[str, str], out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self._environ = environ
        self._actions = environ.get("GITHUB_ACTIONS") == "true"
        self._out = out or sys.stdout
        self._err = self._out if self._actions else (err or sys.stderr)
        self._secrets: tuple[str, ...] = ()

    def mask(self, secrets: Iterable[str]) -> None:
        """Hide ``secrets`` from now on, here and in everything the job prints later."""
        lines = {line for each in secrets for line in each.splitlines() if line}
        new = lines - set(self._secrets)
        # The longest first, for one may hold another.
        written = {way for each in new for way in secret_forms.of(each)}
        self._secrets = tuple(sorted({*self._secrets, *written}, key=len, reverse=True))
        if self._actions and new:
            from actions_toolkit.command import issue_command

            for each in sorted(new):
                issue_command("add-mask", {}, each)

    def say(self, lines: str = "") -> None:
        self._print(lines, self._out)

    def _print(self, lines: str, stream: TextIO) -> None:
        for line in lines.split("\n"):
            harmless = text.plain(self.redacted(line))
            # The runner obeys :: at the start of a line and ##[ anywhere, whoever wrote them.
            harmless = harmless.replace("##[", "## [")
            command = harmless.lstrip().startswith("::")
            print(f"| {harmless}" if command else harmless, file=stream, flush=True)

    def redacted(self, line: str) -> str:
        """``line`` without any secret."""
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line

    def error(self, error: DeployError) -> None:
        """Show a failure: the whole message in the log, and annotations at its places."""
        self._print(f"\n{error.text()}", self._err)
        headline = error.headline.splitlines()[0].removeprefix("Error: ")
        placed = [each for each in error.problems if each.file]
        if not placed:
            self._annotate("error", headline)
        for each in placed[:MOST_ANNOTATIONS]:
            self._annotate("error", each.message, each.file, each.line)

    def warning(self, message: str) -> None:
        self.say(f"Warning: {message}")
        self._annotate("warning", message)

    def notice(self, message: str) -> None:
        self.say(f"Note: {message}")
        self._annotate("notice", message)

    def _annotate(
        self, command: str, message: str, file: str | None = None, line: int | None = None
    ) -> None:
        if not self._actions:
            return
        from actions_toolkit.command import issue_command

        file = text.plain(self.redacted(file)) if file else None
        place = {"file": file, "line": str(line) if line else None}
        properties = {name: value for name, value in place.items() if value}
        issue_command(command, properties, text.plain(self.redacted(message)))

    def summarize(self, markdown: str) -> None:
        """Append to the job summary."""
        path = self._environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return
        try:
            with open(path, "a", encoding="utf-8") as file:
                if file.tell() + len(markdown.encode()) < SUMMARY_BYTES:
                    file.write(self.redacted(markdown) + "\n")
        except OSError as error:
            self.warning(f"The job summary cannot be written: {error.strerror}")

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Set the step's outputs, where there is a step."""
        if not self._environ.get("GITHUB_OUTPUT"):
            return
        from actions_toolkit.file_command import issue_file_command, prepare_key_value_message

        try:
            for name, value in outputs.items():
                message = prepare_key_value_message(name, self.redacted(value))
                issue_file_command("OUTPUT", message)
        except Exception as error:  # noqa: BLE001
            self.warning(f"The outputs cannot be set: {error}")
