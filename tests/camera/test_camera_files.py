"""The EXIF edit on files that real cameras and editors wrote, with exiftool as the judge.

`.ci/camera-files FOLDER` fetches the files; GALLERIA_CAMERA_FILES names the folder. Any other
folder of photos does as well.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import warnings
from collections import Counter
from pathlib import Path

import pytest
from camera import exiftool
from PIL import Image

from galleria_action.edits import Uneditable
from galleria_action.exif import edit, original_time

TIME = "2024:06:15 14:30:45"
FOLDER = os.environ.get("GALLERIA_CAMERA_FILES", "")

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="GALLERIA_CAMERA_FILES names no folder of camera files"),
    pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed"),
]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Return every regular file below the folder, by its path there."""
    root = Path(FOLDER)
    found = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    assert found, f"no files in {FOLDER}"
    return found


@pytest.mark.parametrize("offset", [None, "+02:00"])
def test_every_file_is_edited_without_harm_or_left(
    files: dict[str, bytes], offset: str | None, tmp_path: Path
) -> None:
    """No tag but the two is lost, changed or added, nothing is newly warned about; or: untouched.

    Prints how many files were edited and left, and names each left JPEG file with the reason.
    """
    edits, left = edit_all(files, offset)
    for name, data in edits.items():
        same_image(name, files[name], data)
    numbers = {f"{number:05}.jpg": name for number, name in enumerate(edits)}
    for folder, of in (("before", files), ("after", edits)):
        (tmp_path / folder).mkdir()
        for number, name in numbers.items():
            (tmp_path / folder / number).write_bytes(of[name])
    before, after = exiftool.read(tmp_path / "before"), exiftool.read(tmp_path / "after")
    assert set(before) == set(after) == set(numbers)
    edited = {"ExifIFD:DateTimeOriginal": TIME}
    if offset:
        edited["ExifIFD:OffsetTimeOriginal"] = offset
    damaged = {
        name: lines
        for number, name in numbers.items()
        if (lines := exiftool.damage(before[number], after[number], edited))
    }
    lines = [f"offset {offset}: {len(edits)} edited, {len(left)} left, {len(damaged)} damaged"]
    lines += [f"{number:6} {reason}" for reason, number in Counter(left.values()).most_common()]
    named = {name: reason for name, reason in left.items() if reason != "not a JPEG file"}
    lines += [f"  left: {name}: {reason}" for name, reason in named.items()]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not damaged
    assert edits


def edit_all(
    files: dict[str, bytes], offset: str | None
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the edited files, and the reasons for the others."""
    edits, left = {}, {}
    for name, data in files.items():
        try:
            edits[name] = edit(data, TIME, offset)
        except Uneditable as reason:
            left[name] = str(reason)
            continue
        assert edit(edits[name], TIME, offset) == edits[name], f"{name}: a second edit changes it"
        assert original_time(edits[name]) == TIME, name
    return edits, left


def same_image(name: str, before: bytes, after: bytes) -> None:
    """Assert that image data, other segments and decoded pixels are the same."""
    assert exiftool.segments(before) == exiftool.segments(after), name
    assert pixels(before) == pixels(after), name


def pixels(data: bytes) -> bytes | str:
    """Return what Pillow decodes, or the kind of its refusal: many test files are cut short."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data)).tobytes()
        except Exception as error:
            return type(error).__name__
