"""Symbolic links, followed by hand.

A link written on the runner may name the workspace by the path that it has there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

MOST_LINKS = 40  # as Linux: path_resolution(7)


class Unpublishable(Exception):
    """A path that is not there, leads in circles, leaves the workspace or is excluded."""


class Resolver:
    """Walks paths part by part, like the kernel; each link's target is ``mapped`` first.

    Folders once found to be no links are remembered: a gallery may have 200,000 links into one.
    """

    def __init__(self, mapped: Callable[[str], str]) -> None:
        self._mapped = mapped
        self._folders = {"/"}

    def resolve(self, path: str) -> tuple[str, tuple[str, ...]]:
        """The real path behind the absolute ``path``, and the links that lead to it."""
        links: list[str] = []
        done, rest = self._start(path)
        while rest:
            part = rest.pop()
            if part == "..":
                done = os.path.dirname(done)
                continue
            here = os.path.join(done, part)
            if not stat.S_ISLNK(os.lstat(here).st_mode):
                self._folders.add(done)
                done = here
                continue
            links.append(here)
            if len(links) > MOST_LINKS:
                raise Unpublishable("is a circle of links")
            target = self._mapped(os.readlink(here))
            if target.startswith("/"):
                done, parts = self._start(target)
            else:
                parts = _parts(target)
            rest += parts
        return done, tuple(links)

    def _start(self, path: str) -> tuple[str, list[str]]:
        """The deepest folder from which to walk, and the parts that are left, the last first."""
        folder, _, name = path.rpartition("/")
        if folder in self._folders:
            return folder, _parts(name)
        return "/", _parts(path)


def _parts(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def explained(error: Exception) -> str:
    """Why a path cannot be used, as the rest of a sentence about it."""
    match error:
        case FileNotFoundError():
            return "is not there"
        case NotADirectoryError():
            return "is not there: a folder on its path is a file"
        case OSError():
            return f"cannot be read: {error.strerror}"
        case ValueError():  # NUL in the name
            return "is not the name of a file"
    return str(error)
