"""A real browser for tests: Chromium without a window, spoken to over a pipe.

The DevTools protocol over two pipes needs no port, no driver of the same version and no package:
messages are JSON, each ended by a NUL. Chromium reads its file descriptor 3 and writes to 4.
https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "Chromium is not installed: apt-get install chromium"
SECONDS = 90
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # it refuses to start as root otherwise; it opens nothing but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--mute-audio",
)
# Key to its code of old, and the text it writes.
KEYS = {
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    "End": (35, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Home": (36, ""),
    "Tab": (9, ""),
    "/": (191, "/"),
}


def program() -> str:
    """The browser's path; without one the test is skipped, or fails if a browser is required."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    if os.environ.get("GALLERIA_REQUIRE_BROWSER") == "1":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with an empty profile; none of its processes are left after the block."""
    executable = program()
    to_read, writer = os.pipe()
    reader, to_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            # The shell puts our ends where Chromium looks for them, whatever their numbers are.
            ["/bin/bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "bash", executable,
             *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        try:
            yield Browser(_Pipe(reader, writer))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(reader)
            os.close(writer)


class _Pipe:
    """Commands and their answers; what happens meanwhile is told to the page it happens to."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._received = bytearray()
        self._last = 0
        self.pages: dict[str, Page] = {}

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            message = self.receive(deadline)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next message; an event is passed on as well."""
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._reader], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            more = os.read(self._reader, 1 << 20)
            assert more, "the browser has ended"
            self._received += more
        line, _, rest = bytes(self._received).partition(b"\0")
        self._received = bytearray(rest)
        message = json.loads(line)
        if page := self.pages.get(message.get("sessionId", "")):
            page.happened(message.get("method", ""), message.get("params", {}))
        return message


class Browser:
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    @contextmanager
    def page(
        self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False, scale: int = 1
    ) -> Iterator[Page]:
        """A page in a tab of its own, once it is loaded. ``width``, ``height``: of the window."""
        target = self._pipe.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._pipe.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self._pipe, attached["sessionId"])
        self._pipe.pages[attached["sessionId"]] = page
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            page.call(f"{domain}.enable")
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip
        page.media(dark=dark)
        page.open(url)
        yield page
        self._pipe.call("Target.closeTarget", targetId=target)
        del self._pipe.pages[attached["sessionId"]]


@dataclass
class Page:
    """What a page asked for and complained of, and what a reader can do with it.

    ``blocked`` are requests that a policy stopped before they were sent.
    """

    pipe: _Pipe
    session: str
    requests: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _loaded: bool = False

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.pipe.call(method, self.session, **parameters)

    def happened(self, method: str, event: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(event["request"]["url"])
                self._urls[event["requestId"]] = event["request"]["url"]
            case "Network.loadingFailed":
                if event.get("blockedReason"):
                    self.blocked.append(self._urls[event["requestId"]])
            case "Runtime.exceptionThrown":
                details = event["exceptionDetails"]
                self.complaints.append(f"{details['text']} {details.get('exception')}")
            case "Runtime.consoleAPICalled":
                self.complaints.append(f"console.{event['type']}: {event['args']}")
            case "Log.entryAdded":
                self.complaints.append(f"{event['entry']['level']}: {event['entry']['text']}")
            case "Page.loadEventFired":
                self._loaded = True

    def open(self, url: str) -> None:
        self._loaded = False
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + SECONDS
        while not self._loaded:
            self.pipe.receive(deadline)

    def media(self, *, dark: bool = False, paper: bool = False) -> None:
        """What the reader's system asks for."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if paper else "screen"
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for has been drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def press(self, *keys: str, **modifiers: int) -> None:
        """Press keys by their names in KEYS, one after the other."""
        for key in keys:
            code, text = KEYS[key]
            event = {"key": key, "windowsVirtualKeyCode": code, **modifiers}
            written = {"text": text} if text else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", **event, **written)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def write(self, text: str) -> None:
        """Write into the field that has the focus."""
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """A click of the mouse in the middle of the first element that ``selector`` finds."""
        x, y = self.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            "found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def metrics(self) -> dict[str, float]:
        """Counts and seconds of the page's work: Nodes, LayoutCount, ScriptDuration ..."""
        return {
            each["name"]: each["value"] for each in self.call("Performance.getMetrics")["metrics"]
        }

    def screenshot(self, path: Path, **options: Any) -> None:
        self.settle()
        made = self.call("Page.captureScreenshot", format="png", **options)
        path.write_bytes(base64.b64decode(made["data"]))
