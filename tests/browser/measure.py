"""How soon can a page of 5,000 changes be used?

    python tests/browser/measure.py

Made as a run makes it, 500 of them with pictures, and opened from the disk; then the same with a
processor that the browser slows down to a quarter, as a phone has it. Medians of several rounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import plans  # noqa: E402
from support import browser  # noqa: E402
from support.browser import Page  # noqa: E402

ROUNDS = 7
SEARCH = """(async () => {
  const began = performance.now();
  const field = document.getElementById("search");
  field.value = "%s";
  field.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
})()"""


def main() -> None:
    plans.PAGES["many"]()  # its pictures are drawn, its files are read
    began = time.perf_counter()
    data = plans.PAGES["many"]()
    print(f"{plans.MANY:,} photos: {len(data) / 1e6:.1f} MB in {time.perf_counter() - began:.2f} s")
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as chromium:
        path = Path(folder, "many.html")
        path.write_bytes(data)
        for slower in (1, 4):
            with chromium.page("about:blank") as page:
                page.call("Emulation.setCPUThrottlingRate", rate=slower)
                rounds = [measured(page, path) for _ in range(ROUNDS)]
            ready, found, again = (statistics.median(each) for each in zip(*rounds, strict=True))
            print(
                f"processor / {slower}: ready {ready:.0f} ms, "
                f"search {found:.0f} ms, all again {again:.0f} ms"
            )


def measured(page: Page, path: Path) -> tuple[float, float, float]:
    """Milliseconds until the page can be used, of a search, and until all is shown again."""
    page.open(path.as_uri())
    ready = page.evaluate("performance.getEntriesByName('galleria:ready')[0].startTime")
    return ready, page.evaluate(SEARCH % "wedding 00441"), page.evaluate(SEARCH % "")


if __name__ == "__main__":
    main()
