"""Runs a process to its end and says what it cost; starts servers that end with their block."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 120
# The kernel ends a server even when the benchmark is killed (Linux, util-linux).
_GUARD = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


@dataclass(frozen=True)
class Usage:
    """What a process and its children took: seconds, seconds of CPU, most bytes of memory.

    ``server_cpu`` are the seconds of CPU that the server spent meanwhile. Memory is that of the
    largest process; it cannot be told below the benchmark's own, some 20 MB. ``said`` is the end
    of what it printed.
    """

    wall: float
    cpu: float
    peak: int
    server_cpu: float = 0.0
    said: str = ""


class Failed(Exception):
    """A process that was to be measured ended with an error."""


def run(command: Sequence[str], here: Path, environ: Mapping[str, str], server: int = 0) -> Usage:
    """Run ``command`` in the folder ``here``; ``server`` is the process id of the server."""
    with tempfile.TemporaryFile() as log:
        server_began = cpu_seconds(server)
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=here,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read()[-3000:].decode(errors="replace")
        if process.returncode:
            raise Failed(f"{command[0]} ended with {process.returncode}:\n{said}")
    return Usage(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss * 1024,
        server_cpu=cpu_seconds(server) - server_began,
        said=said,
    )


def cpu_seconds(pid: int) -> float:
    """CPU that a running process has spent until now; 0 for no process."""
    if not pid:
        return 0.0
    # The fields behind the name, which may hold anything: proc(5), utime and stime.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    command: Sequence[str], answers: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a server, from when it ``answers`` to the end of the block."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*_GUARD, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise Failed(f"{command[0]} does not answer:\n{log.read(3000).decode()}")
                time.sleep(0.02)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder that ends with its block, in memory if the machine has one there."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="galleria-", dir=memory) as folder:
        yield Path(folder)
