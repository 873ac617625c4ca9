"""What a run loads before and while it works: nothing that it does not need."""

from __future__ import annotations

import json
import subprocess
import sys

from support import galleries, process, servers

# Each takes longer to load than a small gallery to plan, or is for galleries with faults only.
NOT_NEEDED = {
    *("boto3", "botocore", "requests", "urllib3", "jsonschema", "PIL", "github", "tqdm"),
    *("piexif", "asyncio", "argparse", "http.client", "urllib.request", "importlib.resources"),
    *("dataclasses", "inspect", "typing_extensions"),
}
PROGRAM = """
import json, sys
from galleria_action.__main__ import main
status = main([])
print(json.dumps([status, sorted(sys.modules)]))
"""


def test_a_dry_run_loads_what_it_needs(moto, tmp_path):
    """As an action, with outputs, secrets to mask and a plan to show; of a gallery without faults."""
    gallery = galleries.make(tmp_path / "workspace")
    outputs = tmp_path / "outputs"
    outputs.touch()
    values = {"ENDPOINT": moto.endpoint, "BUCKET": servers.make_bucket(moto)}
    values |= {"ACCESS_KEY": moto.access_key, "SECRET_KEY": moto.secret_key}
    environ = {
        **{f"GALLERIA_S3_PUBLIC_{name}": value for name, value in values.items()},
        "INPUT_DRY-RUN": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_WORKSPACE": str(gallery.root),
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }

    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=gallery.root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=process.SECONDS,
        check=True,
    )

    status, modules = json.loads(run.stdout.splitlines()[-1])
    assert status == 0, run.stdout
    assert "plan-hash" in outputs.read_text()
    assert f"::add-mask::{moto.secret_key}" in run.stdout
    assert NOT_NEEDED.isdisjoint(modules)
    assert len(modules) < 300  # see docs/scale.md
