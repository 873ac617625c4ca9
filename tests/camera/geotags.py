"""Which of the tags that exiftool reads are positions, and what a removal may change beside them.

Everything here is independent of the remover that it judges.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from camera.exiftool import Tags

# By exiftool's `group:name`. Maker notes are groups of their own, named after the maker.
_POSITION = re.compile(
    r"(?:GPS|Composite):GPS\w*"
    r"|XMP-[\w-]+:(?!ISOSpeedLatitude)\w*(?:GPS|Gps|Latitude|Longitude)\w*"
    r"|XMP-iptcExt:Location(?:Created|Shown)\w*"
    r"|XMP-iptcCore:Location"
    # Darwin Core's structure of a location, whose members all begin so.
    r"|XMP-dwc:DC\w+"
    r"|(?:QuickTime|UserData|Keys|ItemList|FLIR|APP1)\w*:GPS\w*"
)
# A directory that only led to the GPS tags keeps one entry, so that it is none without entries.
_PADDING = re.compile(r"\w+:Padding")
_ENTRY = re.compile(r" entry \d+")
# The media of a file of boxes in one piece, metadata included; and XML that is no RDF, which
# exiftool reads anyhow, spaces where a property was among it.
_UNTOLD = re.compile(r"QuickTime:MediaData|XMP-tmp\d+:.*")
WRITTEN = {
    "GPSLatitude": "51.5007",
    "GPSLatitudeRef": "N",
    "GPSLongitude": "0.1246",
    "GPSLongitudeRef": "W",
    "GPSAltitude": "11",
    "GPSMapDatum": "WGS-84",
    "GPSDateStamp": "2024:06:15",
    "GPSProcessingMethod": "GPS",
    "XMP-exif:GPSLatitude": "51.5007",
    "XMP-exif:GPSLongitude": "-0.1246",
    "XMP-iptcCore:Location": "the clock",
    "XMP-iptcExt:LocationCreatedGPSLatitude": "51.5007",
    "XMP-iptcExt:LocationCreatedGPSLongitude": "-0.1246",
    "XMP-iptcExt:LocationCreatedSublocation": "the clock",
    "XMP-iptcExt:LocationShownGPSLatitude": "51.5007",
    "XMP-drone-dji:GpsLatitude": "51.5007",
}


def geotag(folder: Path) -> None:
    """Write positions into all files of a folder that exiftool can write to, by way of exiftool."""
    options = [f"-{tag}={value}" for tag, value in WRITTEN.items()]
    subprocess.run(
        ["exiftool", "-q", "-q", "-m", "-overwrite_original", *options, str(folder)],
        capture_output=True,
        check=False,
    )


def positions(tags: Tags) -> dict[str, list[object]]:
    """Return the tags that are positions."""
    return {name: values for name, values in tags.items() if _POSITION.fullmatch(name)}


def damage(before: Tags, after: Tags) -> list[str]:
    """Return how tags differ that a removal has no business with, one line each."""
    lines = []
    kept, now = _others(before), _others(after)
    for name in sorted({*kept, *now}):
        old, new = list(kept.get(name, [])), list(now.get(name, []))
        if name in {"ExifTool:Warning", "ExifTool:Error"}:
            # What is gone is not warned about any more, and what is left is counted anew.
            old, new = ([_ENTRY.sub("", str(line)) for line in values] for values in (old, new))
            old = [line for line in old if line in new]
        if _PADDING.fullmatch(name) and not old:
            continue
        if old != new:
            lines.append(f"{name}: {str(old)[:200]} -> {str(new)[:200]}")
    return lines


def _others(tags: Tags) -> Mapping[str, list[object]]:
    return {
        name: values
        for name, values in tags.items()
        if not _POSITION.fullmatch(name) and not _UNTOLD.fullmatch(name)
    }
