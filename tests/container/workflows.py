"""Runs workflows with act in repositories made for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.servers import Server

ROOT = Path(__file__).parents[2]
SECONDS = 300
NAME = "someone/gallery"


def program() -> str | None:
    """act, of this environment rather than of the machine."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return shutil.which("act", path=os.pathsep.join(places))


def write_action(folder: Path, image: str) -> None:
    """The action as in a released version, where action.yml names a built image."""
    action, replaced = re.subn(
        r"^( +image:) .*$",
        rf"\1 docker://{image}",
        (ROOT / "action.yml").read_text(),
        flags=re.MULTILINE,
    )
    assert replaced == 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "action.yml").write_text(action)


@dataclass
class Repository:
    """A user's repository on the machine of a developer who runs act.

    variables, secrets
        What the workflows find as `vars` and `secrets`.
    actions
        Folders that stand for actions of other repositories, which act cannot fetch here.
    volumes
        Files of this machine that the runner has.
    environ
        What the runner adds to the environment of every step.
    """

    act: str
    root: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Path] = field(default_factory=dict)
    volumes: dict[Path, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def use(self, server: Server, bucket: str) -> None:
        """Deploy to ``bucket``: with keys to write, and with keys to read."""
        self.variables |= {"S3_ENDPOINT": server.endpoint, "S3_BUCKET": bucket}
        for kind in ("S3", "S3_READ"):
            self.secrets[f"{kind}_ACCESS_KEY"] = server.access_key
            self.secrets[f"{kind}_SECRET_KEY"] = server.secret_key

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def commit(self) -> None:
        """Everything, on the branch main."""
        if not (self.root / ".git").exists():
            self._git("init", "--quiet", "--initial-branch", "main")
            self._git("remote", "add", "origin", f"https://github.com/{NAME}.git")
        self._git("add", ".")
        who = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
        self._git(*who, "commit", "-qm", "All")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", self.root, *arguments], check=True)

    def run(
        self,
        event: str,
        workflow: str = ".github/workflows",
        inputs: Mapping[str, object] | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the workflow as ``event`` starts it; its log is the standard output."""
        runner = os.environ.get("GALLERIA_BASE_IMAGE", "python:3.13-slim-bookworm")
        command = [self.act, event, "--workflows", workflow]
        command += ["--platform", f"ubuntu-latest={runner}", "--pull=false", "--rm"]
        command += ["--container-daemon-socket", "-"]
        for name, value in self.variables.items():
            command += ["--var", f"{name}={value}"]
        for name in self.secrets:
            command += ["--secret", name]
        if self.environ:
            file = self.home / "environ"
            file.write_text("".join(f"{name}={value}\n" for name, value in self.environ.items()))
            command += ["--env-file", str(file)]
        for name, folder in self.actions.items():
            command += ["--local-repository", f"{name}={folder}"]
        for name, value in (inputs or {}).items():
            command += ["--input", f"{name}={json.dumps(value)}"]
        if self.volumes:
            mounts = [f"--volume {file}:{place}:ro" for file, place in self.volumes.items()]
            command += ["--container-options", " ".join(mounts)]
        if payload is not None:
            file = self.home / "event.json"
            file.write_text(json.dumps(payload))
            command += ["--eventpath", str(file)]
        kept = {key: os.environ[key] for key in ("PATH", "DOCKER_HOST") if key in os.environ}
        home = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}
        return subprocess.run(
            command,
            cwd=self.root,
            env={**kept, **home, **self.secrets},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
