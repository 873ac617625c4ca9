"""Mutate real camera files and edit them: for a person to run for minutes, not for CI.

    .ci/camera-files FOLDER
    PYTHONPATH=.:tests python tests/camera/fuzz_exif.py FOLDER MINUTES [SEED]

Stops at nothing and ends with status 1 if the editor raised anything but Uneditable, if it changed
the image or other segments, or if a file that Pillow or exiftool could read cannot be read any
more. Files whose tags exiftool then reads differently are counted and kept in FOLDER-findings too.
"""

from __future__ import annotations

import io
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from camera import exiftool
from PIL import Image

from galleria_action.edits import Uneditable
from galleria_action.exif import edit, original_time

TIME = "2024:06:15 14:30:45"
# Larger ones spend the time on copies of their scan data.
LARGEST = 150_000
ROUND = 400
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 14, 19, 20, 21, 255, 256, 0x8769, 0x9003, 0x9011]
NUMBERS += [0xA005, 0x927C, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Return the file with some mutations, nearly all of them in its header."""
    header = max(2, data.find(b"\xff\xda"))
    exif = max(0, data.find(b"Exif\0\0"))
    out = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        # Directories stand at the beginning of the block; their entries are the worst to mutate.
        end = min(header, exif + 2000) if dice.random() < 0.7 else min(header, len(out))
        at = dice.randrange(exif, max(end, exif + 1)) % len(out)
        kind = dice.randrange(6)
        if kind == 0:
            out[at] = dice.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            size = dice.choice([2, 4])
            number = dice.choice([*NUMBERS, dice.randrange(header + 9)]) % 256**size
            out[at : at + size] = number.to_bytes(size, dice.choice(["big", "little"]))
        elif kind == 3:
            other, size = dice.randrange(header), dice.choice([2, 4, 12, 40])
            out[at : at + size] = out[other : other + size]
        elif kind == 4:
            del out[at : at + dice.choice([1, 2, 12])]
        else:
            out[at:at] = dice.randbytes(dice.choice([1, 2, 12]))
    return bytes(out[: dice.randrange(len(out))] if dice.random() < 0.05 else out)


def readable(data: bytes) -> object:
    """Return what Pillow makes of a file's header, or None if it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data)).size
        except Exception:
            return None


def attempt(data: bytes, offset: str | None, found: Counter[str]) -> tuple[bytes | None, str]:
    """Return the edited file if there is one, and what is wrong; empty if nothing is."""
    try:
        original_time(data)
        edited = edit(data, TIME, offset)
    except Uneditable as reason:
        found["left" if str(reason) else "left without a reason"] += 1
        return None, ""
    except Exception:
        return None, traceback.format_exc()
    found["edited"] += 1
    if original_time(edited) != TIME:
        return edited, "does not read back"
    if edit(edited, TIME, offset) != edited:
        return edited, "a second edit changes it"
    if exiftool.segments(data) != exiftool.segments(edited):
        return edited, "other segments changed"
    if readable(data) != readable(edited):
        return edited, "Pillow reads it differently"
    return edited, ""


def judge(pairs: list[tuple[bytes, bytes]], offset: str | None) -> list[tuple[int, bool, str]]:
    """Return number, whether it became unreadable, and what differs, by exiftool's account."""
    edited = {"ExifIFD:DateTimeOriginal": TIME}
    if offset:
        edited["ExifIFD:OffsetTimeOriginal"] = offset
    with tempfile.TemporaryDirectory() as folder:
        for side, name in enumerate(("before", "after")):
            (Path(folder) / name).mkdir()
            for number, pair in enumerate(pairs):
                (Path(folder) / name / f"{number}.jpg").write_bytes(pair[side])
        before, after = (exiftool.read(Path(folder) / name) for name in ("before", "after"))
    findings = []
    for number in range(len(pairs)):
        old, new = before[f"{number}.jpg"], after[f"{number}.jpg"]
        lost = "ExifTool:Error" in new and "ExifTool:Error" not in old
        if lines := exiftool.damage(old, new, edited):
            findings.append((number, lost, "\n".join(lines)))
    return findings


def main(folder: str, minutes: str, seed: str = "1") -> int:
    """Fuzz for some minutes, keep findings, and print counts."""
    sources = [
        data
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.stat().st_size < LARGEST
        if (data := path.read_bytes()).startswith(b"\xff\xd8") and b"Exif\0\0" in data
    ]
    kept = Path(f"{folder.rstrip('/')}-findings")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    dice, found, end = (
        random.Random(int(seed)),
        Counter[str](),
        time.monotonic() + 60 * int(minutes),
    )
    bad = False

    def keep(what: str, why: str, before: bytes, after: bytes | None) -> None:
        name = f"{what}-{found[what]}"
        found[what] += 1
        (kept / f"{name}.jpg").write_bytes(before)
        (kept / f"{name}.after.jpg").write_bytes(after or b"")
        (kept / f"{name}.txt").write_text(why)

    while time.monotonic() < end:
        offset = dice.choice([None, "+02:00", "-11:30"])
        pairs: list[tuple[bytes, bytes]] = []
        while len(pairs) < ROUND:
            data = mutate(dice.choice(sources), dice)
            edited, wrong = attempt(data, offset, found)
            if wrong:
                bad = True
                keep("wrong", wrong, data, edited)
            elif edited is not None:
                pairs.append((data, edited))
        for number, lost, lines in judge(pairs, offset):
            bad = bad or lost
            keep("unreadable" if lost else "reads differently", lines, *pairs[number])
        sys.stdout.write(f"{dict(found)}\n")
        sys.stdout.flush()
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
