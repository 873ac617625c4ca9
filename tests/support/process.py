"""Runs the real program as GitHub's runner does: a process with inputs in its environment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from galleria_action.inputs import INPUTS
from support.servers import Server

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.py"
REPOSITORY = "someone/gallery"
RUNNER_WORKSPACE = "/home/runner/work/gallery"
"""Where the runner of a docker action has the repository; here it is mounted elsewhere."""
ON_THE_RUNNER = f"{RUNNER_WORKSPACE}/gallery"
SECONDS = 90

_COMMAND = re.compile(r"^::(?P<name>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)$")
_OUTPUT = re.compile(
    r"^(?P<name>[\w-]+)<<(?P<end>\S+)\n(?P<value>.*?)\n?(?P=end)$", re.DOTALL | re.MULTILINE
)


class Annotation(NamedTuple):
    """A workflow command that shows a message at a place of the repository."""

    message: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Run:
    """A process that has ended, and what it left behind."""

    status: int
    stdout: str
    stderr: str
    outputs: dict[str, str]
    summary: str

    @property
    def log(self) -> list[str]:
        """The lines of the log that people see: no workflow commands."""
        return [line for line in self.stdout.splitlines() if not _COMMAND.match(line)]

    def annotations(self, kind: str) -> list[Annotation]:
        return [
            _annotation(found["properties"] or "", found["message"])
            for line in self.stdout.splitlines()
            if (found := _COMMAND.match(line)) and found["name"] == kind
        ]

    @property
    def visible(self) -> str:
        """Everything that anybody can read afterwards; the runner swallows ::add-mask::."""
        shown = [line for line in self.stdout.splitlines() if not line.startswith("::add-mask::")]
        return "\n".join([*shown, self.stderr, self.summary, *self.outputs.values()])


def _annotation(properties: str, message: str) -> Annotation:
    pairs = dict(each.split("=", 1) for each in properties.split(",") if each)
    place = {name: unquote(value) for name, value in pairs.items()}
    line = place.get("line")
    return Annotation(unquote(message), place.get("file"), int(line) if line else None)


@dataclass
class Step:
    """A process that is running."""

    process: subprocess.Popen[str]
    files: Path

    def finish(self, seconds: float = SECONDS) -> Run:
        """Wait for its end; what it left behind."""
        try:
            stdout, stderr = self.process.communicate(timeout=seconds)
        finally:
            self.kill()
        outputs = (self.files / "output").read_text()
        return Run(
            self.process.returncode,
            stdout,
            stderr,
            {found["name"]: found["value"] for found in _OUTPUT.finditer(outputs)},
            (self.files / "summary").read_text(),
        )

    def kill(self) -> None:
        """SIGKILL, as the runner ends a job that does not stop."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


@dataclass
class Job:
    """A workspace, and the inputs and environment that all of its steps get."""

    workspace: Path
    files: Path
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    program: Path = ENTRYPOINT

    def start(self, *arguments: str, **inputs: str) -> Step:
        """Start the program; an input's hyphens are written as underscores.

        ``arguments`` are those of a step's `args`.
        """
        files = self.files / f"step-{len(self.steps)}"
        files.mkdir(parents=True)
        for name in ("output", "summary", "env", "path", "state"):
            (files / name).touch()
        (files / "event.json").write_text("{}")
        given = {**self.inputs, **{name.replace("_", "-"): text for name, text in inputs.items()}}
        process = subprocess.Popen(
            [sys.executable, "-I", str(self.program), *arguments],
            cwd=self.workspace,
            env={**self._runner(files), **_inputs(given), **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        step = Step(process, files)
        self.steps.append(step)
        return step

    def run(self, *arguments: str, **inputs: str) -> Run:
        return self.start(*arguments, **inputs).finish()

    def _runner(self, files: Path) -> dict[str, str]:
        """What a docker action finds in its environment, and nothing of this machine's."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(files),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(files / "event.json"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_WORKSPACE": RUNNER_WORKSPACE,
            "GITHUB_OUTPUT": str(files / "output"),
            "GITHUB_STEP_SUMMARY": str(files / "summary"),
            "GITHUB_ENV": str(files / "env"),
            "GITHUB_PATH": str(files / "path"),
            "GITHUB_STATE": str(files / "state"),
        }


def _inputs(given: dict[str, str]) -> dict[str, str]:
    """Every declared input, as the runner sets them: those not given are empty."""
    unknown = given.keys() - {each.name for each in INPUTS}
    assert not unknown, f"no such input: {unknown}"
    return {f"INPUT_{each.name.upper()}": given.get(each.name, "") for each in INPUTS}


@contextmanager
def job(workspace: Path, files: Path, server: Server, bucket: str) -> Iterator[Job]:
    """A job that deploys ``workspace`` to ``bucket``; nothing of it runs on after the block."""
    access = {
        "s3-endpoint": server.endpoint,
        "s3-access-key": server.access_key,
        "s3-secret-key": server.secret_key,
        "s3-bucket": bucket,
    }
    # As a workflow would, in the `env` of the step
    authority = {"AWS_CA_BUNDLE": str(server.ca_bundle)} if server.ca_bundle else {}
    made = Job(workspace, files, access, authority)
    try:
        yield made
    finally:
        for step in made.steps:
            step.kill()
