"""What exiftool reads in files, in a form to compare; and the JPEG file as the tests see it.

Everything here is independent of the editor that it judges.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

# Values that say where something stands in the file. When the file grows in front of it they have
# to change; that they lead to the same bytes shows in the images, which -b and -ee extract.
_PLACES = re.compile(r"MPImage\d*:(MPImageStart|MPImageLength)$")
# What exiftool derives from DateTimeOriginal, and says of a file that did not have Exif.
_DERIVED = re.compile(r"Composite:(SubSecDateTimeOriginal|DateTimeOriginal)$|File:ExifByteOrder$")

Tags = dict[str, list[object]]


def read(folder: Path, unknown: str = "-U") -> dict[str, Tags]:
    """Return for each file name of the folder its tags: `group:name` to all values in order.

    Warnings and errors are tags too; binary values, previews and embedded images are in full.
    """
    # -a -u -U: duplicate, unknown and binary unknown tags; -U takes most of the time. Group 4 tells
    # duplicates apart, which JSON would drop.
    options = ["-json", "-G1:4", "-a", unknown, "-b", "-ee", "-q", "-q", "--System:all", "-r"]
    done = subprocess.run(
        ["exiftool", *options, str(folder)],
        capture_output=True,
        check=False,
    )
    files: dict[str, Tags] = {}
    for tags in json.loads(done.stdout.decode(errors="replace") or "[]"):
        merged: Tags = defaultdict(list)
        for name, value in tags.items():
            merged[re.sub(r":Copy\d+(?=:)", "", name)].append(value)
        files[Path(str(tags["SourceFile"])).name] = merged
        del merged["SourceFile"]
    return files


def damage(before: Tags, after: Tags, edited: dict[str, str]) -> list[str]:
    """Return how tags of a file differ that an edit has no business with, one line each."""
    lines = []
    for name in sorted({*before, *after}):
        old, new = list(before.get(name, [])), list(after.get(name, []))
        if name == "ExifTool:Warning":
            # An odd entry that was replaced is not warned about any more.
            tags = tuple(tag.rpartition(":")[2] for tag in edited)
            old = [line for line in old if line in new or not str(line).endswith(tags)]
        if name in edited:
            if edited[name] not in new:
                lines.append(f"{name} is {new}, not {edited[name]}")
            # The tag itself, once; another of its name (in the block of a preview) is another tag.
            new.remove(edited[name]) if edited[name] in new else None
            if len(old) > len(new):
                old.pop(0) if old[1:] == new else old.pop()
        if _DERIVED.fullmatch(name) or (_PLACES.search(name) and len(old) == len(new)):
            continue
        if old != new:
            lines.append(f"{name}: {str(old)[:200]} -> {str(new)[:200]}")
    return lines


def segments(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return marker and payload of the segments but Exif and MPF, and the bytes from SOS on."""
    found: list[tuple[int, bytes]] = []
    at = 2
    while True:
        while data[at + 1] == 0xFF:
            at += 1
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in {0xDA, 0xD9}:
            return found, data[at:]
        payload = data[at + 4 : end]
        if not payload.startswith((b"Exif\0\0", b"MPF\0")):
            found.append((marker, payload))
        at = end
