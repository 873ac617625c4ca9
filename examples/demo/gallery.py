"""Builds the sample gallery of the demo: photos in three sizes, their manifest and the site.

Writes under one root and nowhere else. What a camera, `process-photos` and a site generator would
leave behind is imitated here; the manifest is made by the program itself, `galleria-deploy index`.
Publishing it all is none of this module's business.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import piexif
from PIL import Image
from scenes import draw

from galleria_action import index as program

TITLE = "A year of light"
INTRO = "Four seasons, and the few minutes of each day that are worth getting up for."
COLLECTION = "light"
CAMERA_AHEAD = 4  # hours
RETAKE = 1001  # seeds whose first pictures differ at a glance
WEB, THUMB = 1200, 400
SITE = Path(__file__).parent / "site"
ORIGINALS, PICS = "pics-full", Path("prod", "pics")

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
"""The photo that `take_again` takes again, where the gallery has it."""


def make(root: Path, photos: int = 12) -> None:
    """Build the sample gallery under `root`: ``prod/pics``, its manifest and ``prod/site``."""
    shoot(root, photos)
    refresh_manifest(root)


def shoot(root: Path, photos: int = 12) -> None:
    """Build the same with a manifest that has settings and no photos yet.

    The photos are drawn by a pool of processes that are started afresh (a fork of a program that
    runs threads may hang), so a script that calls this needs the usual ``__main__`` guard.
    """
    (root / ORIGINALS).mkdir(parents=True, exist_ok=True)
    for folder in ("full", "web", "thumb"):
        (root / PICS / folder).mkdir(parents=True, exist_ok=True)
    workers = max(1, min(os.cpu_count() or 1, photos))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(develop, [root] * photos, range(photos)))
    write_settings(root / PICS)
    write_site(root / "prod" / "site", photos)


def refresh_manifest(root: Path) -> None:
    """Run ``galleria-deploy index``, and show what it says only if it fails."""
    log = io.StringIO()
    with redirect_stdout(log), redirect_stderr(log):
        status = program.main({}, {}, str(root), threading.Event())
    if status:
        sys.exit(log.getvalue())


def change_photo(root: Path) -> str:
    """Take one photo again and refresh the manifest. Returns the name of its full file."""
    name = take_again(root)
    refresh_manifest(root)
    return name


def take_again(root: Path) -> str:
    """Take one photo again: new pixels under the same names. Returns the name of its full file."""
    there = len(list((root / PICS / "full").iterdir()))
    number = CHANGED if there > CHANGED else 0
    takes = len(list((root / ORIGINALS).glob(f"{camera_name(number)}*")))
    develop(root, number, takes)
    return f"{name_of(number)}.jpg"


def shot_at(index: int) -> Shot:
    """The shot of a photo; a gallery larger than the list returns to each place a year later."""
    again, place = divmod(index, len(SHOTS))
    shot = SHOTS[place]
    if not again:
        return shot
    later = shot.taken + timedelta(days=365 * again)
    return replace(shot, title=f"{shot.title} ({again + 1})", when=later.isoformat())


def name_of(index: int) -> str:
    """The name of a photo's files, and so its id: when it was really taken, and by which camera."""
    shot = shot_at(index)
    return f"{COLLECTION}-{shot.taken:%Y%m%dT%H%M%S}-{shot.camera}-0"


def camera_name(index: int) -> str:
    """The name that the camera gave to a photo."""
    return f"IMG_{4101 + index * 7:04d}"


def develop(root: Path, index: int, take: int = 0) -> None:
    """Draw a photo and write its files; like `process-photos`, link the full to the original."""
    shot = shot_at(index)
    picture = draw(shot.scene, shot.size, index + RETAKE * take)
    exif = camera_exif(
        shot.taken + timedelta(hours=CAMERA_AHEAD), (index * 37 + 12) % 100, *CAMERAS[shot.camera]
    )
    original = root / ORIGINALS / f"{camera_name(index)}{f'-{take + 1}' if take else ''}.JPG"
    original.write_bytes(encode(picture, "JPEG", quality=88, exif=exif))
    full = root / PICS / "full" / f"{name_of(index)}.jpg"
    full.unlink(missing_ok=True)
    full.symlink_to(original.resolve())
    for variant, side in (("web", WEB), ("thumb", THUMB)):
        small = picture.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        data = (
            encode(small, "JPEG", quality=85, exif=exif, progressive=True)
            if variant == "web"
            else encode(small, "WEBP", quality=82)
        )
        ending = "jpg" if variant == "web" else "webp"
        (root / PICS / variant / f"{name_of(index)}.{ending}").write_bytes(data)


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


def write_settings(pics: Path) -> None:
    """Write a manifest that says how the photos were processed; the index adds the photos."""
    manifest = {
        "schema_version": "1.0",
        "generated_at": None,
        "collection": COLLECTION,
        "settings": {
            "timestamp_offset_hours": -CAMERA_AHEAD,
            "target_timezone_offset_hours": 2,
            "web_size": [WEB, WEB],
            "thumb_size": [THUMB, THUMB],
            "jpeg_quality": 88,
            "webp_quality": 82,
        },
        "photos": [],
    }
    _write_json(pics / "gallery-metadata.json", manifest)


def write_site(site: Path, photos: int) -> None:
    """Copy the static site and add what it has to know about each photo before it is loaded."""
    shutil.copytree(SITE, site, dirs_exist_ok=True)
    known = {}
    for index in range(photos):
        shot = shot_at(index)
        width, height = shot.size
        known[name_of(index)] = {
            "title": shot.title,
            "alt": shot.alt,
            "width": width,
            "height": height,
        }
    about = {"title": TITLE, "intro": INTRO, "photos": known}
    _write_json(site / "gallery.json", about)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
