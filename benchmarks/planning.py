"""How long does it take to validate a large manifest, and to plan against an empty bucket?

    make bench                                   # 10,000 photos
    python -m benchmarks.planning --photos 100000

The validators read the same document with the same schema in the same process; the dry run is
the program as a process, against moto on loopback. All times are medians of several rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

ROUNDS = 5


def main() -> None:
    """Make the gallery, measure, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=10_000)
    photos = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        manifest = make(root, photos)
        print(f"{photos:,} photos, manifest of {manifest.stat().st_size / 1e6:.1f} MB")
        validators(manifest)
        dry_run(root)


def make(root: Path, photos: int) -> Path:
    """A gallery of ``photos`` whose files are small but all different."""
    pics, site = root / "prod/pics", root / "prod/site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<title>Gallery</title>")
    entries = [entry(pics, number) for number in range(photos)]
    document = {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00+00:00",
        "collection": "benchmark",
        "settings": {"timestamp_offset_hours": 0},
        "photos": entries,
    }
    manifest = pics / "gallery-metadata.json"
    manifest.write_text(json.dumps(document, indent=2))
    return manifest


def entry(pics: Path, number: int) -> dict[str, Any]:
    name = f"benchmark-20240615T143045-r5a-{number}"
    files = {"full": f"full/{name}.jpg", "web": f"web/{name}.jpg", "thumb": f"thumb/{name}.webp"}
    for path in files.values():
        file = pics / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    digest = hashlib.sha256(files["full"].encode()).hexdigest()
    return {
        "id": name,
        "original_path": f"pics-full/IMG_{number}.jpg",
        "file_hash": digest,
        "deployment_file_hash": digest,
        "exif": {
            "original_timestamp": "2024-06-15T18:30:45",
            "corrected_timestamp": "2024-06-15T14:30:45",
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": 12,
        },
        "files": files,
    }


def validators(manifest: Path) -> None:
    """Schema validation alone, jsonschema beside jsonschema-rs; then all that `parse` does."""
    import jsonschema
    import jsonschema_rs

    from galleria_action import manifest as manifests

    data = manifest.read_bytes()
    document = json.loads(data)
    schema_file = resources.files("galleria_action") / "gallery-metadata.schema.json"
    schema = json.loads(schema_file.read_bytes())
    slow = jsonschema.Draft202012Validator(schema)
    slow_time = median(lambda: list(slow.iter_errors(document)), rounds=1)
    fast_time = median(lambda: jsonschema_rs.validator_for(schema).is_valid(document))
    whole_time = median(lambda: manifests.parse(data, "gallery-metadata.json"))
    json_time = median(lambda: json.loads(data))
    row("jsonschema", slow_time, "")
    row("jsonschema-rs, the same schema", fast_time, f"{slow_time / fast_time:.0f} times as fast")
    row("json.loads alone", json_time, "")
    row("manifest.parse: JSON, schema, ids, paths, times", whole_time, "")


def dry_run(root: Path) -> None:
    """The program as a process against an empty bucket."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        environ = ready(port)
        command = [sys.executable, "-m", "galleria_action", "--dry-run"]
        seconds = median(
            lambda: subprocess.run(
                command, cwd=root, env=environ, check=True, stdout=subprocess.DEVNULL
            ),
            rounds=3,
        )
        row("dry run against an empty bucket, whole process", seconds, "")
    finally:
        server.terminate()
        server.wait()


def ready(port: int) -> dict[str, str]:
    """The environment for the program, once moto has made the bucket."""
    import boto3

    endpoint = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    deadline = time.monotonic() + 30
    while True:
        try:
            client.create_bucket(Bucket="benchmark")
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    return {
        **os.environ,
        "GALLERIA_S3_PUBLIC_ENDPOINT": endpoint,
        "GALLERIA_S3_PUBLIC_ACCESS_KEY": "test",
        "GALLERIA_S3_PUBLIC_SECRET_KEY": "test",
        "GALLERIA_S3_PUBLIC_BUCKET": "benchmark",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median seconds of ``work``."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def row(what: str, seconds: float, remark: str) -> None:
    print(f"  {what:<50} {seconds:8.3f} s  {remark}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
