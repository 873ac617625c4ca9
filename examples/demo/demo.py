"""`make demo`: a sample gallery from nothing to its pages in a browser, nothing to configure.

Everything runs on this machine: an S3 server on a folder, the very program that the action runs,
and a small web server that shows the published gallery straight from the bucket.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import gallery
from botocore.config import Config
from botocore.exceptions import ClientError
from serve import serve

BUCKET = "year-of-light"
ROOT = Path(__file__).resolve().parents[2] / ".demo"
SECONDS_TO_START = 20


def main() -> None:
    """Run the demo; ends by itself when nobody looks."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--port", type=int, default=0, help="of the gallery [any free one]")
    port = arguments.parse_args().port
    workspace, bucket = ROOT / "workspace", ROOT / "bucket"
    shutil.rmtree(ROOT, ignore_errors=True)
    (bucket / BUCKET).mkdir(parents=True)
    step("A sample gallery: 12 photos with EXIF, and a small site")
    began = time.monotonic()
    gallery.shoot(workspace)
    say(f"made in {time.monotonic() - began:.0f} s below {shown(workspace)}")
    step("Its manifest: the photos, their hashes, and their times, for the clocks were wrong")
    run(workspace, {}, "index")
    step("An S3 server on a folder of this machine")
    with s3_server(bucket) as settings:
        say(f"bucket {BUCKET} on {settings['GALLERIA_S3_PUBLIC_ENDPOINT']}")
        tour(workspace, settings)
        step("The published gallery, read from the bucket")
        browse(settings, port)


def tour(workspace: Path, settings: dict[str, str]) -> None:
    """Plan, deploy, deploy again, change a photo, deploy once more."""
    step("What would be deployed? (--dry-run writes nothing)")
    run(workspace, settings, "--dry-run")
    show_plan(workspace, "first-plan.html")
    step("The first deployment: photos, then the site, then its pages, the manifest last")
    run(workspace, settings)
    step("The same again: nothing to do")
    run(workspace, settings)
    changed = gallery.take_again(workspace)
    step(f"The photographer edits {changed}: one photo is sent, nothing else")
    run(workspace, {}, "index")
    run(workspace, settings, "--progress")
    show_plan(workspace, "last-plan.html")


def show_plan(workspace: Path, name: str) -> None:
    """Keep the page of a plan, which the next run replaces, and say where it is."""
    shutil.copy(workspace / "galleria-report/report.html", ROOT / name)
    say(f"The plan with its pictures, for your browser: {shown(ROOT / name)}")


def run(workspace: Path, settings: dict[str, str], *options: str) -> None:
    """Run the program as a user does, and show what it prints."""
    command = [sys.executable, "-m", "galleria_action", *options]
    print("  $ galleria-deploy " + " ".join(options), flush=True)
    ran = subprocess.run(  # noqa: S603  our own program
        command,
        cwd=workspace,
        env={**clean_environment(), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    for line in ran.stdout.splitlines():
        print(f"  | {line}".rstrip(), flush=True)
    if ran.returncode:
        sys.exit(f"It failed with exit status {ran.returncode}.")


def clean_environment() -> dict[str, str]:
    """The environment without what would make the program think it runs elsewhere."""
    foreign = ("GALLERIA_", "INPUT_", "GITHUB_", "RUNNER_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """Serve ``folder`` by rclone's S3 server; the settings that the program needs for it."""
    key, secret, port = secrets.token_hex(8), secrets.token_hex(16), free_port()
    executable = Path(sys.executable).with_name("rclone")
    log = ROOT / "s3-server.log"
    with log.open("w") as output:
        server = subprocess.Popen(  # noqa: S603  the one that pip installed
            [executable, "serve", "s3", "--config", "", "--addr", f"127.0.0.1:{port}", folder],
            # A list of pairs as CSV; in the environment, where other users cannot read it.
            env={**clean_environment(), "RCLONE_AUTH_KEY": f'"{key},{secret}"'},
            stdout=output,
            stderr=output,
        )
    try:
        wait_for(port, server, log)
        yield {
            "GALLERIA_S3_PUBLIC_ENDPOINT": f"http://127.0.0.1:{port}",
            "GALLERIA_S3_PUBLIC_ACCESS_KEY": key,
            "GALLERIA_S3_PUBLIC_SECRET_KEY": secret,
            "GALLERIA_S3_PUBLIC_BUCKET": BUCKET,
        }
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"The S3 server did not start:\n{log.read_text()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def browse(settings: dict[str, str], port: int) -> None:
    """Serve the published gallery until the user has seen it; just check it without a terminal."""
    web = serve(reader(settings), port=port)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{web.server_port}/"
    try:
        check(reader(settings))
        say(f"the whole gallery is there: {address}")
        if sys.stdin.isatty() and sys.stdout.isatty():
            say("open it in a browser; press Enter to end the demo")
            input()
        say(f"done. The bucket stays in {shown(ROOT / 'bucket')} until the next demo.")
    finally:
        web.shutdown()
        web.server_close()


def reader(settings: dict[str, str]) -> Callable[[str], tuple[bytes, dict[str, str]] | None]:
    """Reads objects of the bucket with the headers that they were stored with."""
    client: Any = boto3.client(
        "s3",
        endpoint_url=settings["GALLERIA_S3_PUBLIC_ENDPOINT"],
        aws_access_key_id=settings["GALLERIA_S3_PUBLIC_ACCESS_KEY"],
        aws_secret_access_key=settings["GALLERIA_S3_PUBLIC_SECRET_KEY"],
        region_name="us-east-1",
        config=Config(response_checksum_validation="when_required"),
    )

    def read(key: str) -> tuple[bytes, dict[str, str]] | None:
        try:
            answer = client.get_object(Bucket=BUCKET, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return answer["Body"].read(), answer["ResponseMetadata"]["HTTPHeaders"]

    return read


def check(read: Callable[[str], tuple[bytes, dict[str, str]] | None]) -> None:
    """Every key that the published manifest lists can be read."""
    import json

    found = read("gallery-metadata.json")
    photos = json.loads(found[0])["photos"] if found else []
    files = [path for photo in photos for path in photo["files"].values()]
    missing = [path for path in [*files, "index.html"] if read(key_of(path)) is None]
    if missing or not files:
        sys.exit(f"The published gallery is not whole: {missing}")


def key_of(path: str) -> str:
    return path if path == "index.html" else f"photos/{path}"


def step(title: str) -> None:
    print(f"\n==> {title}", flush=True)


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def shown(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nEnded.")
