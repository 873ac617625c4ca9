"""Mutate files with positions and remove those: for a person to run for minutes, not for CI.

    .ci/camera-files FOLDER
    PYTHONPATH=.:tests python tests/camera/fuzz_geotag.py FOLDER MINUTES [SEED]

Takes the camera files as they are and with positions that exiftool writes. Stops at nothing and
ends with status 1 if the remover raised anything but Undecidable, if it left a position that
exiftool reads, if a second removal changes the file, or if a file that Pillow or exiftool could
read cannot be read any more. Files whose other tags exiftool then reads differently are counted and
kept in FOLDER-findings too.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from camera import exiftool, geotags
from PIL import Image

from galleria_action.geotag import Undecidable, remove

LARGEST = 150_000
ROUND = 400
# Where metadata stands, in any format.
_METADATA = re.compile(
    rb"Exif|eXIf|EXIF|II\*\0|MM\0\*|<x:xmpmeta|exif:GPS|8BIM|iloc|iinf|moov|udta|Raw profile|RIFF|MPF\0"
    rb"|\x25\x88\x04\0|\x88\x25\0\x04|xmp/extension"
)
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 24, 255, 256, 0x8769, 0x8825, 0x0201, 0x014A, 0x02BC]
NUMBERS += [0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
SUFFIXES = {
    ".jpg",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".dng",
    ".heic",
    ".avif",
    ".gif",
    ".mov",
    ".m4a",
}


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Return the file with some mutations, nearly all of them in or near metadata."""
    places = [found.start() for found in _METADATA.finditer(data)] or [0]
    out = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        near = dice.choice(places) + dice.choice([16, 100, 1000])
        at = (
            dice.randrange(max(0, near - 1100), near)
            if dice.random() < 0.9
            else dice.randrange(len(data))
        )
        at %= max(len(out), 1)
        # Bytes that go or come in break nearly every format.
        kind = dice.choice([0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5])
        if kind == 0:
            out[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            out[at : at + 1] = bytes([data[at % len(data)] ^ 1 << dice.randrange(8)])
        elif kind == 2:
            size = dice.choice([2, 4])
            number = dice.choice([*NUMBERS, dice.randrange(len(data) + 9)]) % 256**size
            out[at : at + size] = number.to_bytes(size, dice.choice(["big", "little"]))
        elif kind == 3:
            other, size = dice.choice(places) + dice.randrange(200), dice.choice([2, 4, 12, 40])
            out[at : at + size] = data[other : other + size]
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


def attempt(data: bytes, found: Counter[str]) -> tuple[bytes | None, str]:
    """Return the outcome if there is one, and what is wrong; empty if nothing is."""
    began = time.perf_counter()
    try:
        result = remove(data)
        again = remove(result)
    except Undecidable as reason:
        found["undecidable"] += 1
        return None, str(reason) if str(reason).startswith("internal") or not str(reason) else ""
    except Exception:
        return None, traceback.format_exc()
    found["free" if result is data else "removed"] += 1
    if time.perf_counter() - began > 2:
        return result, "slow"
    if again is not result:
        return result, "a second removal changes it"
    if readable(data) != readable(result):
        return result, "Pillow reads it differently"
    return result, ""


def judge(pairs: list[tuple[bytes, bytes]]) -> list[tuple[int, str, str]]:
    """Return number, kind and details of what exiftool finds."""
    with tempfile.TemporaryDirectory() as folder:
        for side, name in enumerate(("before", "after")):
            (Path(folder) / name).mkdir()
            for number, pair in enumerate(pairs):
                if side or pair[0] is not pair[1]:
                    (Path(folder) / name / f"{number}.jpg").write_bytes(pair[side])
        before, after = (exiftool.read(Path(folder) / name, "-u") for name in ("before", "after"))
    findings = []
    for number in range(len(pairs)):
        new = after[f"{number}.jpg"]
        old = before.get(f"{number}.jpg", new)
        if left := geotags.positions(new):
            findings.append((number, "position", repr(left)[:2000]))
        elif "ExifTool:Error" in new and "ExifTool:Error" not in old:
            findings.append((number, "unreadable", repr(new["ExifTool:Error"])))
        elif lines := geotags.damage(old, new):
            findings.append((number, "reads differently", "\n".join(lines)))
    return findings


def sources_in(folder: Path, work: Path) -> list[bytes]:
    """Return the photos of a folder that are small enough, as they are and geotagged."""
    plain = {
        f"{number}{path.suffix.lower()}": path.read_bytes()
        for number, path in enumerate(sorted(folder.rglob("*")))
        if path.is_file() and path.stat().st_size < LARGEST and path.suffix.lower() in SUFFIXES
    }
    for name, data in plain.items():
        (work / name).write_bytes(data)
    geotags.geotag(work)
    tagged = [(work / name).read_bytes() for name in plain]
    sound = []
    for data in {*plain.values(), *tagged}:
        try:
            result = remove(data)
        except Undecidable:
            continue
        if result is not data:
            sound.append(data)
    return sorted(sound)


def main(folder: str, minutes: str, seed: str = "1") -> int:
    """Fuzz for some minutes, keep findings, and print counts."""
    with tempfile.TemporaryDirectory() as work:
        sources = sources_in(Path(folder), Path(work))
    kept = Path(f"{folder.rstrip('/')}-findings")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    dice, found, end = (
        random.Random(int(seed)),
        Counter[str](),
        time.monotonic() + 60 * int(minutes),
    )
    sys.stdout.write(f"{len(sources)} files with positions\n")
    bad = False

    def keep(what: str, why: str, before: bytes, after: bytes | None) -> None:
        name = f"{what}-{found[what]}"
        found[what] += 1
        (kept / f"{name}.jpg").write_bytes(before)
        (kept / f"{name}.after.jpg").write_bytes(after or b"")
        (kept / f"{name}.txt").write_text(why)

    while time.monotonic() < end:
        pairs: list[tuple[bytes, bytes]] = []
        while len(pairs) < ROUND:
            data = mutate(dice.choice(sources), dice)
            result, wrong = attempt(data, found)
            if wrong:
                bad = True
                keep("wrong", wrong, data, result)
            elif result is not None:
                pairs.append((data, result))
        for number, kind, details in judge(pairs):
            bad = bad or kind != "reads differently"
            keep(kind, details, *pairs[number])
        sys.stdout.write(f"{dict(found)}\n")
        sys.stdout.flush()
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
