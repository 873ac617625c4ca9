"""Runs the image as GitHub's runner runs a docker action: its mounts, its environment, as root.

What the runner does: ContainerActionHandler.cs and DockerCommandManager.cs of
https://github.com/actions/runner
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.process import REPOSITORY, RUNNER_WORKSPACE, Job, Step
from support.servers import Server

from galleria_action.inputs import INPUTS

RUNNER_USER = 1001 if os.geteuid() == 0 else os.geteuid()
"""Whose workspace it is: on GitHub's machines 1001's, where the tests may give files away."""
ENVIRONMENT = {
    "HOME": "/github/home",
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_EVENT_PATH": "/github/workflow/event.json",
    "GITHUB_REPOSITORY": REPOSITORY,
    "GITHUB_WORKSPACE": "/github/workspace",
    "GITHUB_OUTPUT": "/github/file_commands/output",
    "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
    "GITHUB_ENV": "/github/file_commands/env",
    "GITHUB_PATH": "/github/file_commands/path",
    "GITHUB_STATE": "/github/file_commands/state",
    "RUNNER_OS": "Linux",
    "RUNNER_TEMP": "/github/runner_temp",
    "RUNNER_WORKSPACE": RUNNER_WORKSPACE,
}


def docker(*arguments: str) -> str:
    """What the Docker client prints."""
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=120
    ).stdout


def give(folder: Path) -> None:
    """Everything in ``folder`` to the runner's user."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, RUNNER_USER, RUNNER_USER)


@dataclass
class Container(Step):
    """A container that is running."""

    name: str = ""

    def signal(self, name: str) -> None:
        """Send a signal to the program, as `docker stop` does with SIGTERM."""
        docker("kill", "--signal", name, self.name)

    def kill(self) -> None:
        super().kill()
        subprocess.run(
            ["docker", "rm", "--force", self.name], check=False, capture_output=True, timeout=60
        )


@dataclass
class ContainerJob(Job):
    """A job whose steps run ``image``."""

    image: str = ""

    def start(self, **inputs: str) -> Container:
        temp = self.files / f"step-{len(self.steps)}"
        files = temp / "_runner_file_commands"
        mounts = {
            temp: "/github/runner_temp",
            temp / "_github_home": "/github/home",
            temp / "_github_workflow": "/github/workflow",
            files: "/github/file_commands",
            self.workspace: "/github/workspace",
        }
        for folder in mounts:
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("output", "summary", "env", "path", "state"):
            (files / name).touch()
        (temp / "_github_workflow/event.json").write_text("{}")
        give(temp)
        give(self.workspace)
        given = {**self.inputs, **{name.replace("_", "-"): text for name, text in inputs.items()}}
        declared = {f"INPUT_{each.name.upper()}": given.get(each.name, "") for each in INPUTS}
        environ = {**ENVIRONMENT, **declared, **self.environ}
        name = f"galleria-{uuid.uuid4().hex[:12]}"
        command = ["docker", "run", "--name", name, "--label", "galleria-tests", "--rm"]
        command += ["--workdir", "/github/workspace", "--network", "host"]
        # The runner gives the names only; the values come from the client's environment.
        command += [word for variable in environ for word in ("-e", variable)]
        command += [word for pair in mounts.items() for word in ("-v", f"{pair[0]}:{pair[1]}")]
        client = {key: os.environ[key] for key in ("PATH", "DOCKER_HOST") if key in os.environ}
        process = subprocess.Popen(
            [*command, self.image],
            env={**client, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        step = Container(process, files, name)
        self.steps.append(step)
        return step


@contextmanager
def job(
    image: str, workspace: Path, files: Path, server: Server, bucket: str
) -> Iterator[ContainerJob]:
    """A job that deploys ``workspace`` to ``bucket``; no container of it runs on after the block."""
    access = {
        "s3-endpoint": server.endpoint,
        "s3-access-key": server.access_key,
        "s3-secret-key": server.secret_key,
        "s3-bucket": bucket,
    }
    made = ContainerJob(workspace, files, access, image=image)
    try:
        yield made
    finally:
        for step in made.steps:
            step.kill()
