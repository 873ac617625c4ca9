"""What `pip install` gets: the program, and the files that it reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_of_the_package_is_in_it(tmp_path):
    """Schemas and the parts of the page lie beside the modules that read them."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = {
        str(each.relative_to(ROOT))
        for each in (ROOT / "galleria_action").rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    assert {"galleria_action/page/report.html", "galleria_action/plan.schema.json"} < files
    assert files <= packed
