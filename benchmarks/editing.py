"""How fast is a photo's time corrected, or its position removed, beside piexif and exiftool?

    python -m benchmarks.editing                 # files of 8 MB, one core
    python -m benchmarks.editing --megabytes 2 --rounds 9

Every editor makes the same edit of the same JPEG files, in turn: DateTimeOriginal and
OffsetTimeOriginal set, or the position removed. Ours and piexif go from bytes to bytes in this
process; exiftool (left out where it is not installed) reads and writes files in memory, as a
process for each file and as one that stays open. "copy" is the floor: the bytes copied once.
Medians of rounds and the best one; ratios are to our median.

Not measured: reading and hashing files, decoding images, and whether the result is right, which
is what tests/camera is for: piexif rewrites the whole block, and maker notes with it. All files
have the same picture, so caches are warm for everyone.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import piexif
from PIL import Image

from benchmarks import processes
from benchmarks.editors import CORRECT_TIME, REMOVE_POSITION, Editor, Task, edited, editors


@dataclass(frozen=True)
class Kind:
    """Photos that a task finds in the same state."""

    name: str
    task: Task
    exif: bool = True
    offset: bool = True
    position: bool = False


KINDS = (
    Kind("time overwritten in place", CORRECT_TIME),
    Kind("offset added to the time, the block grows", CORRECT_TIME, offset=False),
    Kind("time added, no Exif before", CORRECT_TIME, exif=False),
    Kind("position removed", REMOVE_POSITION, position=True),
    Kind("no position there", REMOVE_POSITION),
)


def main() -> None:
    """Draw the photos, let every editor have its turn, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    picture = draw(int(given.megabytes * 1e6))
    with processes.memory_folder() as folder:
        for kind in KINDS:
            photos = write(folder, [photo(picture, kind, n) for n in range(given.files)])
            with editors(kind.task) as programs:
                table(kind.name, photos, measure(programs, photos, given.rounds))


def draw(size: int) -> bytes:
    """A JPEG file of about ``size`` bytes, without Exif: noise, at some 1.9 bytes a pixel."""
    side = int((size / 1.9) ** 0.5)
    noise = Image.merge("RGB", [Image.effect_noise((side, side), 90) for _ in range(3)])
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()


def photo(picture: bytes, kind: Kind, number: int) -> bytes:
    """The picture with Exif as a camera writes it (a maker note, a thumbnail), or without."""
    if not kind.exif:
        return commented(picture, number)
    details: dict[int, Any] = {
        piexif.ExifIFD.DateTimeOriginal: "2024:06:15 18:30:45",
        piexif.ExifIFD.MakerNote: bytes(8000),
    }
    if kind.offset:
        details[piexif.ExifIFD.OffsetTimeOriginal] = "+00:00"
    metadata = {
        "0th": {piexif.ImageIFD.Make: "Galleria", piexif.ImageIFD.Model: f"Benchmark {number}"},
        "Exif": details,
        "GPS": position() if kind.position else {},
        "1st": {piexif.ImageIFD.Compression: 6},
        "thumbnail": draw(8000),
    }
    file = io.BytesIO()
    piexif.insert(piexif.dump(metadata), picture, file)
    return file.getvalue()


def position() -> dict[int, Any]:
    return {
        piexif.GPSIFD.GPSLatitudeRef: "N",
        piexif.GPSIFD.GPSLatitude: ((52, 1), (31, 1), (12, 1)),
        piexif.GPSIFD.GPSLongitudeRef: "E",
        piexif.GPSIFD.GPSLongitude: ((13, 1), (24, 1), (36, 1)),
    }


def commented(picture: bytes, number: int) -> bytes:
    """The picture with a comment segment behind SOI, so that no two files are the same."""
    text = f"photo {number}".encode()
    return picture[:2] + b"\xff\xfe" + (2 + len(text)).to_bytes(2, "big") + text + picture[2:]


def write(folder: Path, photos: Sequence[bytes]) -> dict[Path, bytes]:
    paths = [folder / f"{number}.jpg" for number in range(len(photos))]
    for path, data in zip(paths, photos, strict=True):
        path.write_bytes(data)
    return dict(zip(paths, photos, strict=True))


def measure(
    programs: Mapping[str, Editor], photos: Mapping[Path, bytes], rounds: int
) -> dict[str, list[float]]:
    """Editor to seconds for all photos, of each of the ``rounds``; they take turns to begin."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    names = list(programs)
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds = sum(timed(programs[name], path, data) for path, data in photos.items())
            if number:  # the first round warms up
                times[name].append(seconds)
    return times


def timed(edit: Editor, path: Path, data: bytes) -> float:
    began = time.perf_counter()
    result = edit(path, data)
    seconds = time.perf_counter() - began
    if result is None:  # nobody wins by doing nothing
        assert edited(path).stat().st_size > 0.9 * len(data)
        edited(path).unlink()
    return seconds


def table(kind: str, photos: Mapping[Path, bytes], seconds: Mapping[str, Sequence[float]]) -> None:
    size = sum(map(len, photos.values()))
    print(f"\n{kind}: {len(photos)} files of {size / len(photos) / 1e6:.1f} MB")
    ours = statistics.median(seconds["galleria"])
    for name, rounds in seconds.items():
        taken, best = statistics.median(rounds), min(rounds)
        print(f"  {name:<22} {1000 * taken / len(photos):9.2f} ms a file", end="")
        print(f" {size / taken / 1e6:9,.0f} MB/s, best {size / best / 1e6:9,.0f}", end="")
        print(f"  {taken / ours:7.2f} x the time" if name != "galleria" else "", flush=True)


if __name__ == "__main__":
    main()
