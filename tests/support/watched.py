"""The program with a recorder of all that it opens, changes, starts and connects to.

Run instead of `entrypoint.py`, by path. The recorder is an audit hook (PEP 578), so that no code of
the program and of its libraries can do without it; each event is a line of JSON in the file that
``WATCHED_BY`` names. ``CRASH_WITH`` makes the program meet a defect, with that text in its words.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

_EVENTS = ("open", "socket.connect", "socket.getaddrinfo")
_FAMILIES = ("os.", "subprocess.", "shutil.", "pty.", "ctypes.dlopen", "tempfile.")


def _watch(descriptor: int) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS or event.startswith(_FAMILIES):
            told = [
                each.decode(errors="replace") if isinstance(each, bytes) else each
                for each in arguments
            ]
            line = json.dumps(
                [event, *(each if isinstance(each, str | int) else repr(each) for each in told)]
            )
            os.write(descriptor, line.encode() + b"\n")

    sys.addaudithook(hook)


def _crash(words: str) -> None:
    from galleria_action import planning

    def build(*_: object) -> None:
        raise RuntimeError(words, {"headers": words.encode()})

    planning.build = build


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True  # what Python keeps of modules for itself
    if words := os.environ.pop("CRASH_WITH", ""):
        _crash(words)
    if record := os.environ.pop("WATCHED_BY", ""):
        _watch(os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC))
    runpy.run_path(str(root / "entrypoint.py"), run_name="__main__")
