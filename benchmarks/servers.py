"""The S3 servers that benchmarks run against, each a process that ends with its block."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import HOST

ACCESS_KEY, SECRET_KEY = "GALLERIABENCHMARK", "benchmark-secret"


@dataclass(frozen=True)
class Server:
    """A server that answers; ``pid`` is its process, ``folder`` where its objects are files."""

    port: int
    pid: int
    folder: Path | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def written(self, bucket: str, since: float = 0) -> int:
        """Objects that were put into a bucket ``since`` then; for a server that keeps files."""
        assert self.folder
        top = self.folder / bucket
        files = (os.path.join(at, name) for at, _, names in os.walk(top) for name in names)
        return sum(os.stat(file).st_ctime >= since for file in files)

    def holds(self, bucket: str) -> int:
        """Objects of a bucket that began empty, or more if one was put twice."""
        return self.written(bucket) if self.folder else self.requests().get("PUT", 0)

    def requests(self) -> dict[str, int]:
        """Kind to number of requests until now, of the server in memory."""
        with urllib.request.urlopen(f"{self.endpoint}/", timeout=30) as answer:
            counts: dict[str, int] = json.load(answer)
            return counts


@contextmanager
def rclone(folder: Path, buckets: Sequence[str]) -> Iterator[Server]:
    """`rclone serve s3` on a new folder below ``folder``, with empty buckets."""
    files = folder / "server"
    for bucket in buckets:
        (files / bucket).mkdir(parents=True)
    port = processes.free_port()
    login = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull]
    command = [program("rclone"), "serve", "s3", *login, "--addr", f"{HOST}:{port}", str(files)]
    try:
        with processes.serving(command, lambda: processes.listens(port)) as process:
            yield Server(port, process.pid, files)
    finally:
        shutil.rmtree(files)


@contextmanager
def memory(listing: Path | None = None) -> Iterator[Server]:
    """The server of `memory_server`, with the objects of ``listing``."""
    port = processes.free_port()
    command = _module("benchmarks.memory_server", "--port", port)
    command += ["--load", str(listing)] if listing else []
    with processes.serving(command, lambda: processes.listens(port)) as process:
        yield Server(port, process.pid)


@contextmanager
def delayed(server: Server, round_trip_ms: float) -> Iterator[Server]:
    """The same server behind a long link."""
    port = processes.free_port()
    ends = ["--listen", port, "--to", server.port, "--round-trip-ms", round_trip_ms]
    command = _module("benchmarks.delay", *ends)
    with processes.serving(command, lambda: processes.listens(port)):
        yield Server(port, server.pid, server.folder)


def program(name: str) -> str:
    """The path of a program, of this environment rather than of the machine."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=places)
    if not found:
        raise SystemExit(f"{name} is not installed; see benchmarks/README.md")
    return found


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", name, *map(str, arguments)]
