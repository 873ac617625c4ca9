"""Builds the sample gallery of the demo: photos in three sizes, their manifest and the site.

Writes under one root and nowhere else. What a camera, `process-photos` and a site generator would
leave behind is imitated here; publishing it is none of this module's business.
"""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import piexif
from PIL import Image
from scenes import draw

from galleria_action.exif import edit

TITLE = "A year of light"
INTRO = "Four seasons, and the few minutes of each day that are worth getting up for."
COLLECTION = "light"
CAMERA_AHEAD = timedelta(hours=4)
OFFSET = "+02:00"
GENERATED = datetime.fromisoformat("2024-12-27T10:00:00+00:00")
RETAKE = 1001  # seeds whose first pictures differ at a glance
WEB, THUMB = 1200, 400
SITE = Path(__file__).parent / "site"

WIDE, CLASSIC, UPRIGHT, PORTRAIT = (2400, 1350), (2400, 1600), (1600, 2400), (1920, 2400)
CAMERAS = {
    "r5a": ("Canon", "Canon EOS R5"),
    "xt5": ("FUJIFILM", "X-T5"),
    "a7r": ("SONY", "ILCE-7RM5"),
}


@dataclass(frozen=True)
class Shot:
    """What a photographer knows about a photo; `when` is the true local time."""

    scene: str
    title: str
    alt: str
    when: str
    camera: str
    size: tuple[int, int]

    @property
    def taken(self) -> datetime:
        """The time as a value."""
        return datetime.fromisoformat(self.when)


SHOTS = (
    Shot("cabin", "First snow", "A log cabin with lit windows among snowy pines, snow falling",
          "2024-01-14T17:06:31", "r5a", CLASSIC),
    Shot("aurora", "Green night", "Northern lights above a fjord, pines in the foreground",
          "2024-02-20T23:41:08", "a7r", CLASSIC),
    Shot("milky_way", "Room with a view", "The Milky Way above a glowing tent in the mountains",
          "2024-04-06T03:12:55", "a7r", UPRIGHT),
    Shot("balloons", "Up early", "Hot-air balloons over misty hills at dawn",
          "2024-05-11T05:58:20", "xt5", UPRIGHT),
    Shot("alpine_lake", "Still water", "Snow-covered peaks mirrored in a lake at sunrise",
          "2024-06-02T05:31:47", "r5a", CLASSIC),
    Shot("lavender", "Rows of violet", "Lavender rows run to a lone tree at sunset",
          "2024-07-05T20:54:12", "xt5", CLASSIC),
    Shot("beach", "High noon", "A beach from above: parasols, foam and turquoise water",
          "2024-07-28T12:03:39", "xt5", UPRIGHT),
    Shot("lighthouse", "Last ferry gone", "A striped lighthouse on a rock, the sun near the sea",
          "2024-08-17T20:29:03", "r5a", WIDE),
    Shot("dahlia", "Ninety-nine petals", "A dahlia from close by, the garden behind it a blur",
          "2024-09-08T10:17:26", "r5a", PORTRAIT),
    Shot("forest", "The path was here", "Tall trunks in fog, the sun breaking through",
          "2024-10-13T08:22:50", "xt5", UPRIGHT),
    Shot("dunes", "Sea of sand", "Desert dunes with one side in shadow",
          "2024-11-19T16:44:15", "a7r", CLASSIC),
    Shot("city", "Blue hour", "A skyline at dusk, its windows mirrored in the water",
          "2024-12-03T17:38:09", "a7r", WIDE),
)  # fmt: skip

CHANGED = [shot.scene for shot in SHOTS].index("dahlia")
"""The photo that `change_photo` takes again, where the gallery has it."""


def make(root: Path, photos: int = 12) -> None:
    """Build the sample gallery under `root`: ``prod/pics`` and ``prod/site``.

    The photos are drawn by a pool of processes that are started afresh (a fork of a program that
    runs threads may hang), so a script that calls this needs the usual ``__main__`` guard.
    """
    pics = root / "prod" / "pics"
    for folder in ("full", "web", "thumb"):
        (pics / folder).mkdir(parents=True, exist_ok=True)
    workers = max(1, min(os.cpu_count() or 1, photos))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        entries = list(pool.map(develop, [pics] * photos, range(photos), range(photos)))
    write_manifest(pics, entries, GENERATED)
    write_site(root / "prod" / "site", entries)


def change_photo(root: Path) -> str:
    """Take one photo again: new pixels under the same names. Returns the name of its full file."""
    pics = root / "prod" / "pics"
    manifest = json.loads((pics / "gallery-metadata.json").read_text(encoding="utf-8"))
    entries = manifest["photos"]
    index = CHANGED if len(entries) > CHANGED else 0
    made = datetime.fromisoformat(manifest["generated_at"]) + timedelta(hours=1)
    # Each call is an hour later than the last, so each draws from a seed of its own.
    times = round((made - GENERATED) / timedelta(hours=1))
    entries[index] = develop(pics, index, index + RETAKE * times)
    write_manifest(pics, entries, made)
    return Path(entries[index]["files"]["full"]).name


def shot_at(index: int) -> Shot:
    """The shot of a photo; a gallery larger than the list returns to each place a year later."""
    again, place = divmod(index, len(SHOTS))
    shot = SHOTS[place]
    if not again:
        return shot
    later = shot.taken + timedelta(days=365 * again)
    return replace(shot, title=f"{shot.title} ({again + 1})", when=later.isoformat())


def develop(pics: Path, index: int, seed: int) -> dict[str, Any]:
    """Draw a photo, write its three files and return its entry in the manifest."""
    shot = shot_at(index)
    original = shot.taken + CAMERA_AHEAD
    subsecond = (index * 37 + 12) % 100
    make_, model = CAMERAS[shot.camera]
    name = f"{COLLECTION}-{shot.taken:%Y%m%dT%H%M%S}-{shot.camera}-0"
    files = {"full": f"full/{name}.jpg", "web": f"web/{name}.jpg", "thumb": f"thumb/{name}.webp"}

    picture = draw(shot.scene, shot.size, seed)
    exif = camera_exif(original, subsecond, make_, model)
    full = encode(picture, "JPEG", quality=88, exif=exif)
    (pics / files["full"]).write_bytes(full)
    for variant, side in (("web", WEB), ("thumb", THUMB)):
        small = picture.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        data = (
            encode(small, "JPEG", quality=85, exif=exif, progressive=True)
            if variant == "web"
            else encode(small, "WEBP", quality=82)
        )
        (pics / files[variant]).write_bytes(data)

    return {
        "id": name,
        "original_path": f"pics-full/IMG_{4101 + index * 7:04d}.jpg",
        "file_hash": hashlib.sha256(full).hexdigest(),
        "deployment_file_hash": published_hash(full, shot.taken),
        "exif": {
            "original_timestamp": original.isoformat(),
            "corrected_timestamp": shot.taken.isoformat(),
            "timezone_original": "+00:00",
            "camera": {"make": make_, "model": model},
            "subsecond": subsecond,
        },
        "files": files,
    }


def published_hash(full: bytes, taken: datetime) -> str:
    """The SHA-256 of a full photo as a deployment publishes it: with the clock put right."""
    return hashlib.sha256(edit(full, f"{taken:%Y:%m:%d %H:%M:%S}", OFFSET)).hexdigest()


def camera_exif(original: datetime, subsecond: int, make_: str, model: str) -> bytes:
    """The EXIF block a camera whose clock is wrong would write."""
    block: bytes = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: make_, piexif.ImageIFD.Model: model},
            "Exif": {
                piexif.ExifIFD.DateTimeOriginal: f"{original:%Y:%m:%d %H:%M:%S}",
                piexif.ExifIFD.SubSecTimeOriginal: f"{subsecond:02d}",
            },
        }
    )
    return block


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """An image file's bytes."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def write_manifest(pics: Path, entries: list[dict[str, Any]], made: datetime) -> None:
    """Write ``gallery-metadata.json`` as `process-photos` does."""
    manifest = {
        "schema_version": "1.0",
        "generated_at": made.isoformat(),
        "collection": COLLECTION,
        "settings": {
            "timestamp_offset_hours": -4,
            "target_timezone_offset_hours": 2,
            "web_size": [WEB, WEB],
            "thumb_size": [THUMB, THUMB],
            "jpeg_quality": 88,
            "webp_quality": 82,
        },
        "photos": entries,
    }
    _write_json(pics / "gallery-metadata.json", manifest)


def write_site(site: Path, entries: list[dict[str, Any]]) -> None:
    """Copy the static site and add what it has to know about each photo before it is loaded."""
    shutil.copytree(SITE, site, dirs_exist_ok=True)
    known = {}
    for index, entry in enumerate(entries):
        shot = shot_at(index)
        width, height = shot.size
        known[entry["id"]] = {
            "title": shot.title,
            "alt": shot.alt,
            "width": width,
            "height": height,
        }
    _write_json(site / "gallery.json", {"title": TITLE, "intro": INTRO, "photos": known})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
