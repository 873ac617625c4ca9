"""Opens a page in a real browser, as a visitor does, and tells what came of it.

Chromium is driven by ChromeDriver's HTTP interface: https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from support import servers
from support.servers import HOST

BROWSERS = ("google-chrome", "chromium")
MISSING = "Chromium is not installed: apt-get install chromium chromium-driver"
SECONDS = 60
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--ignore-certificate-errors",  # a server's certificate is of its test's own authority
    "--window-size=1280,900",
)

# Scrolls through the page, for pictures further down are loaded when they come near.
_PICTURES = """\
const [done] = arguments;
(async () => {
  const pictures = () => [...document.images].filter((each) => each.getAttribute("src"));
  const until = Date.now() + 20000;
  while (Date.now() < until) {
    for (const each of pictures()) each.scrollIntoView({ block: "center" });
    if (pictures().length && pictures().every((each) => each.complete)) break;
    await new Promise(requestAnimationFrame);
  }
  done({
    title: document.title,
    pictures: pictures().map((each) => [each.currentSrc, each.naturalWidth]),
  });
})();
"""


class Picture(NamedTuple):
    """A picture of the page; ``width`` in pixels of its own, 0 if it was not loaded."""

    url: str
    width: int


@dataclass(frozen=True)
class Visit:
    """What a visitor saw. ``errors``: of the page's console, failed requests among them."""

    title: str
    pictures: tuple[Picture, ...]
    errors: tuple[str, ...]


def visit(url: str) -> Visit:
    """Open ``url`` and look at all of it; skipped, or failed, where there is no browser."""
    if not (_browser() and shutil.which("chromedriver")):
        required = os.environ.get("GALLERIA_REQUIRE_BROWSER") == "1"
        (pytest.fail if required else pytest.skip)(MISSING)
    with _driver() as driver, _session(driver) as session:
        _ask(f"{session}/url", {"url": url})
        found = _ask(f"{session}/execute/async", {"script": _PICTURES, "args": []})
        log = _ask(f"{session}/se/log", {"type": "browser"})
        return Visit(
            found["title"],
            tuple(Picture(*each) for each in found["pictures"]),
            tuple(each["message"] for each in log if each["level"] == "SEVERE"),
        )


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def _driver() -> Iterator[str]:
    """ChromeDriver's address."""
    port = servers.free_port()
    with servers.processes() as started:
        started.start(["chromedriver", f"--port={port}", "--allowed-ips="])
        started.wait_for(lambda: _ready(f"http://{HOST}:{port}"))
        yield f"http://{HOST}:{port}"


@contextmanager
def _session(driver: str) -> Iterator[str]:
    """A browser without a past; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="visitor-", ignore_cleanup_errors=True) as folder:
        options = {
            "args": [*ARGUMENTS, f"--user-data-dir={folder}"],
            "binary": _browser(),
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": SECONDS * 1000, "pageLoad": SECONDS * 1000},
        }
        made = _ask(f"{driver}/session", {"capabilities": {"alwaysMatch": wanted}})
        session = f"{driver}/session/{made['sessionId']}"
        try:
            yield session
        finally:
            _ask(session, method="DELETE")


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _ask(url: str, document: Any = None, method: str = "POST") -> Any:
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    try:
        with _OPENER.open(request, timeout=2 * SECONDS) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from None


def _ready(driver: str) -> bool:
    try:
        return bool(_ask(f"{driver}/status", method="GET")["ready"])
    except OSError:
        return False
