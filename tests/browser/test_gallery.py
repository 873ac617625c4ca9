"""A published gallery in a real browser: its pictures arrive, and nothing is amiss."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from support import program
from support.memory import MemoryStore

DEMO = Path(__file__).parents[2] / "examples" / "demo"
if str(DEMO) not in sys.path:
    sys.path.insert(0, str(DEMO))  # the demo is run as a script, its modules are no package

import gallery  # noqa: E402
from serve import serve  # noqa: E402

PHOTOS = 2


def test_visitors_see_the_pictures(chromium, tmp_path):
    """The demo's gallery, deployed and read back as visitors do: every picture is a whole one."""
    gallery.make(tmp_path, PHOTOS)
    store = MemoryStore()
    program.deployed(tmp_path, store)

    def read(key: str) -> tuple[bytes, dict[str, str]] | None:
        found = store.objects.get(key)
        if found is None or found.headers is None:
            return None
        return found.data, {"Content-Type": found.headers.content_type}

    web = serve(read)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{web.server_port}/"
    try:
        with chromium.page(address) as page:
            widths = page.evaluate(
                "(async () => { const all = () => [...document.querySelectorAll('.photo img')];"
                f"while (all().length < {PHOTOS}) await new Promise(requestAnimationFrame);"
                "await Promise.all(all().map(each => each.decode()));"
                "return all().map(each => each.naturalWidth) })()"
            )
            assert len(widths) == PHOTOS
            assert all(width > 100 for width in widths)
            assert page.complaints == []
            assert all(each.startswith((address, "data:")) for each in page.requests)
    finally:
        web.shutdown()
        web.server_close()
