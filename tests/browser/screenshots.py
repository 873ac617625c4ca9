"""Takes the pictures of the page that the documentation shows, of the demo's gallery.

    python tests/browser/screenshots.py

The gallery is drawn, deployed to a bucket in memory and changed; the page is that of the next plan.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "examples/demo")]

import gallery  # noqa: E402
from support import browser, program  # noqa: E402
from support.memory import MemoryStore  # noqa: E402

SIZES = {1280: (860, 1), 390: (844, 2)}  # width: height, pixels of the screen for one of the page
BUCKET = "year-of-light"
NEW, CHANGED, REMOVED = {1, 3, 4, 6, 7, 11}, {5, 8, 10}, {0}  # of the demo's twelve photos


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = planned(Path(folder)).as_uri()
        with browser.chromium() as chromium:
            for width, (height, scale) in SIZES.items():
                for name in ("light", "dark"):
                    options = {"width": width, "height": height, "scale": scale}
                    with chromium.page(page, dark=name == "dark", **options) as tab:
                        tab.screenshot(path := ROOT / f"docs/report-{width}-{name}.png")
                        shrink(path)
                        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def planned(root: Path) -> Path:
    """The page of a plan with new, changed and removed photos."""
    store = MemoryStore()
    gallery.shoot(root)
    write_manifest(root, without=NEW)
    program.deployed(root, store, s3_bucket=BUCKET)
    for number in CHANGED:
        gallery.develop(root, number, take=1)
    write_manifest(root, without=REMOVED)
    style = root / "prod/site/style.css"
    style.write_text(style.read_text() + "\n.photo { border-radius: 2px }\n")
    ran = program.deployed(root, store, s3_bucket=BUCKET, dry_run="true")
    return root / ran.outputs["report-path"]


def write_manifest(root: Path, without: set[int]) -> None:
    """That of all photos but some, by their places in the gallery."""
    gallery.refresh_manifest(root)
    path = root / gallery.PICS / "gallery-metadata.json"
    document = json.loads(path.read_text())
    document["photos"] = [
        each for number, each in enumerate(document["photos"]) if number not in without
    ]
    path.write_text(json.dumps(document))


def shrink(path: Path) -> None:
    """The same picture in 256 colours, those of the style among them: a third of the bytes."""
    own = re.findall("#([0-9a-f]{6})", (ROOT / "galleria_action/page/report.css").read_text())
    colours = [byte for each in dict.fromkeys(own) for byte in bytes.fromhex(each)]
    picture = Image.open(path).convert("RGB")
    common = picture.quantize(256 - len(colours) // 3, kmeans=2).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*colours, *(common or [])][:768])
    small = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    small.save(path, "PNG", optimize=True)


if __name__ == "__main__":
    main()
