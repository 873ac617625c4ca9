"""How large is the image, and how long is it from `docker run` to the first request?

    python -m benchmarks.image                   # on the base that the Dockerfile names
    python -m benchmarks.image --base NAME       # or the environment's GALLERIA_BASE_IMAGE

Beside it an image of the same program made the plain way: `pip install` on the same base. The
first request is noted by a listener on loopback that plays the bucket's endpoint; "a container
that only connects" is what the engine and the interpreter take by themselves. Times are medians
of rounds that take turns.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
SECONDS = 60

PLAIN = """
ARG BASE
FROM ${BASE}
WORKDIR /app
COPY . .
RUN python3 -m venv /venv && /venv/bin/pip install -r requirements.txt
ENTRYPOINT ["/venv/bin/python", "/app/entrypoint.py"]
"""

CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"


@dataclass
class Candidate:
    """An image, how it is started, and the seconds that its starts took."""

    name: str
    image: str
    options: Sequence[str] = ()
    arguments: Sequence[str] = ()
    times: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(self.times)


def main() -> None:
    """Build both images, measure, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", default=os.environ.get("GALLERIA_BASE_IMAGE"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    base = given.base or pinned_base()
    plain = Candidate("plain", build("galleria-benchmark:plain", base, PLAIN))
    ours = Candidate("Dockerfile", build("galleria-benchmark:ours", base))
    connects = ("-I", "-S", "-c", CONNECT)
    entry = ("--entrypoint", "/app/bin/python")
    alone = Candidate("a container that only connects", ours.image, entry, connects)

    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        site = workspace / "prod/site"
        site.mkdir(parents=True)
        (site / "index.html").write_text("<title>Gallery</title>")
        candidates = (plain, ours, alone)
        for number in range(given.rounds + 1):
            for each in candidates:
                seconds = first_request(each, workspace)
                if number:  # the first round fills the page cache
                    each.times.append(seconds)

    print(f"base image: {base}")
    print(f"{'':<32} {'unpacked':>12} {'compressed':>12} {'first request':>15}")
    sizes = {each.name: (unpacked(each.image), compressed(each.image)) for each in (plain, ours)}
    for each in (plain, ours):
        whole, packed = sizes[each.name]
        row(each.name, megabytes(whole), megabytes(packed), f"{each.seconds:.3f} s")
    ratios = [a / b for a, b in zip(sizes["plain"], sizes["Dockerfile"], strict=True)]
    times = f"{plain.seconds / ours.seconds:.1f} x"
    row("plain / Dockerfile", f"{ratios[0]:.1f} x", f"{ratios[1]:.1f} x", times)
    row(alone.name, "", "", f"{alone.seconds:.3f} s")
    own = (plain.seconds - alone.seconds) / (ours.seconds - alone.seconds)
    row("ratio without that", "", "", f"{own:.1f} x")


def row(name: str, whole: str, packed: str, seconds: str) -> None:
    print(f"{name:<32} {whole:>12} {packed:>12} {seconds:>15}".rstrip())


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def pinned_base() -> str:
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    return found[1]


def build(tag: str, base: str, dockerfile: str | None = None) -> str:
    """The image ``tag``, of the repository's Dockerfile or of the text of another one."""
    command = ["docker", "build", "--quiet", "--network", "host", "--build-arg", f"BASE={base}"]
    command += ["--tag", tag, "--file", "-" if dockerfile else "Dockerfile", "."]
    subprocess.run(
        command, cwd=ROOT, input=dockerfile, check=True, text=True, stdout=subprocess.DEVNULL
    )
    return tag


def unpacked(image: str) -> int:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def compressed(image: str) -> int:
    """What a registry would hold, near enough: all layers in one gzip stream."""
    size = 0
    packer = zlib.compressobj(6, wbits=31)
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
        assert saving.stdout
        while data := saving.stdout.read(1 << 20):
            size += len(packer.compress(data))
    return size + len(packer.flush())


def first_request(candidate: Candidate, workspace: Path) -> float:
    """Seconds from `docker run` to the first connection to the bucket's endpoint."""
    name = f"galleria-benchmark-{uuid.uuid4().hex[:8]}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        port = listener.getsockname()[1]
        inputs = {
            "INPUT_S3-ENDPOINT": f"http://127.0.0.1:{port}",
            "INPUT_S3-ACCESS-KEY": "key",
            "INPUT_S3-SECRET-KEY": "secret",
            "INPUT_S3-BUCKET": "gallery",
            "INPUT_SITE-ONLY": "true",
            "INPUT_DRY-RUN": "true",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_ACTIONS": "true",
        }
        environ = [word for pair in inputs.items() for word in ("--env", "=".join(pair))]
        command = ["docker", "run", "--rm", "--name", name, "--network", "host", *environ]
        command += ["--volume", f"{workspace}:/github/workspace", "--workdir", "/github/workspace"]
        command += [*candidate.options, candidate.image, *candidate.arguments]
        if candidate.arguments:
            command.append(str(port))
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            try:
                listener.accept()[0].close()
                seconds = time.perf_counter() - began
            finally:
                subprocess.run(
                    ["docker", "rm", "--force", name],
                    check=False,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                run.communicate()
    return seconds


if __name__ == "__main__":
    main()
