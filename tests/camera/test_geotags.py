"""The removal of positions from files that real cameras and editors wrote, judged by exiftool.

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
from camera import exiftool, geotags
from PIL import Image

from galleria_action.geotag import Undecidable, remove
from galleria_action.position import plain_text

FOLDER = os.environ.get("GALLERIA_CAMERA_FILES", "")
# Formats that a gallery may hold and that exiftool can write positions into.
WRITABLE = {".jpg", ".png", ".webp", ".tif", ".tiff", ".dng", ".nef", ".heic", ".avif", ".gif"}

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="GALLERIA_CAMERA_FILES names no folder of camera files"),
    pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed"),
]


def image(data: bytes) -> bytes | str:
    """Return what Pillow decodes of all frames, or the kind of its refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(io.BytesIO(data))
            picture.load()
            return picture.tobytes()
        except Exception as error:
            return type(error).__name__


def photo_of(metadata: bytes) -> bytes:
    """Return a JPEG file with the segments of an .exv file, exiv2's for metadata without a photo."""
    out = io.BytesIO()
    Image.radial_gradient("L").resize((48, 40)).save(out, "JPEG")
    return b"\xff\xd8" + metadata[len(b"\xff\x01Exiv2") : -2] + out.getvalue()[20:]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Return every regular file below the folder, by its path there."""
    root = Path(FOLDER)
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            name = str(path.relative_to(root))
            found[name] = data
            if data.startswith(b"\xff\x01Exiv2"):
                found[f"{name}.jpg"] = photo_of(data)
    assert found, f"no files in {FOLDER}"
    return found


def outcomes(files: dict[str, bytes]) -> tuple[dict[str, bytes], set[str], dict[str, str]]:
    """Return what `remove` makes of files: those without positions now, the free ones, reasons."""
    removed, free, reasons = {}, set(), {}
    for name, data in files.items():
        try:
            result = remove(data)
        except Undecidable as reason:
            reasons[name] = str(reason)
            continue
        assert remove(result) is result, f"{name}: a second removal changes it"
        if result is data:
            free.add(name)
        else:
            removed[name] = result
            assert image(data) == image(result), f"{name}: the image changed"
    return removed, free, reasons


def tags_of(folder: Path, files: dict[str, bytes]) -> dict[str, exiftool.Tags]:
    """Return what exiftool reads in files, by their names."""
    folder.mkdir()
    # exiftool tells the format by the content, but leaves out some names.
    numbers = {f"{number:05}.jpg": name for number, name in enumerate(files)}
    for number, name in numbers.items():
        (folder / number).write_bytes(files[name])
    return {numbers[number]: tags for number, tags in exiftool.read(folder, "-u").items()}


def judge(
    files: dict[str, bytes], removed: dict[str, bytes], free: set[str], folder: Path
) -> dict[str, list[str]]:
    """Return for each file what exiftool finds wrong with the outcome."""
    # Sources and texts are no photos, and many.
    pictures = {name for name in free if plain_text.read(files[name]) is None}
    before = tags_of(folder / "before", {name: files[name] for name in [*removed, *pictures]})
    after = tags_of(folder / "after", removed)
    assert set(removed) == set(after)
    wrong = {}
    for name in before:
        now = after.get(name, before[name])
        lines = [f"position: {tag}" for tag in geotags.positions(now)]
        lines += geotags.damage(before[name], now)
        if lines:
            wrong[name] = lines
    return wrong


def figures(
    removed: dict[str, bytes], free: set[str], reasons: dict[str, str], wrong: object
) -> str:
    """Return the outcome in lines to print."""
    lines = [
        f"{len(removed)} removed, {len(free)} free, {len(reasons)} undecidable, {wrong} damaged"
    ]
    lines += [f"{number:6} {reason}" for reason, number in Counter(reasons.values()).most_common()]
    return "\n".join(["", *lines, ""])


def test_no_position_is_left_and_nothing_else_is_lost(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """Every file comes without a position and with every other tag, or as it is, or not at all.

    Prints how many files had a position, none, or an undecidable one, with each reason.
    """
    removed, free, reasons = outcomes(files)
    wrong = judge(files, removed, free, tmp_path)
    assert not [name for name in reasons if reasons[name].startswith("internal")]
    sys.stdout.write(figures(removed, free, reasons, len(wrong)))
    sys.stdout.write("".join(f"{name}: {line}\n" for name in wrong for line in wrong[name]))
    assert not wrong
    assert removed


def test_positions_written_by_exiftool_are_removed(files: dict[str, bytes], tmp_path: Path) -> None:
    """Positions put into Exif and XMP of all formats by exiftool are gone, and nothing else is."""
    chosen = {name: data for name, data in files.items() if Path(name).suffix.lower() in WRITABLE}
    folder = tmp_path / "tagged"
    folder.mkdir()
    numbers = {f"{n:05}{Path(name).suffix}": name for n, name in enumerate(chosen)}
    for number, name in numbers.items():
        (folder / number).write_bytes(chosen[name])
    geotags.geotag(folder)
    tagged = {
        name: data
        for number, name in numbers.items()
        if (data := (folder / number).read_bytes()) != chosen[name]
    }
    removed, free, reasons = outcomes(tagged)
    wrong = judge(tagged, removed, free, tmp_path)
    sys.stdout.write(figures(removed, free, reasons, len(wrong)))
    sys.stdout.write("".join(f"{name}: {line}\n" for name in wrong for line in wrong[name]))
    assert not wrong
    assert removed
