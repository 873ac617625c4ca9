"""Which files are never uploaded: by name, by place, and by the globs of the input `exclude`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property

from galleria_action import globs
from galleria_action.values import Struct

NEVER_NAMES = frozenset({".git", ".DS_Store", "Thumbs.db"})
ENVIRONMENT = ".env"
"""What the names of files start with that hold secrets."""


class Exclusion(Struct, frozen=True, dict=True):
    """Judges files, each by its name below the folder that is published and by its real path.

    base
        What stands before the paths of the workspace, with its last slash.
    never
        Paths below it that are never uploaded.
    exclude
        The globs of the input ``exclude``.
    """

    base: str
    never: tuple[str, ...]
    exclude: tuple[str, ...]

    def covers(self, name: str, path: str) -> bool:
        """Whether the file ``name`` of a folder, really at ``path``, is never uploaded.

        Globs without ``/`` are about names below the folder and of the file behind a link, the
        others about paths from the folder or the workspace.
        """
        inside = path.startswith(self.base)
        target = path.removeprefix(self.base)
        if any(_is_never(part) for each in (name, target) for part in each.split("/")):
            return True
        if any(target == each or target.startswith(each + "/") for each in self.never):
            return True
        last = target.rpartition("/")[2]
        return any(
            globs.covers(glob, name)
            or globs.covers(glob, target if inside and "/" in glob.rstrip("/") else last)
            for glob in self.exclude
        )

    def covers_any(self, name: str, paths: Iterable[str]) -> bool:
        """Whether one of ``paths`` makes the file ``name`` one that is never uploaded."""
        return any(self._covers(name, each) for each in paths)

    def is_plain(self, name: str, *paths: str) -> bool:
        """Whether `is_ordinary` judges the files of the folder ``name``, really at ``paths``."""
        inside = f"{name}/file" if name else "file"
        return not self.exclude and not any(self.covers(inside, f"{each}/file") for each in paths)

    def is_ordinary(self, name: str, path: str) -> bool:
        """Whether a file of a plain folder, called ``name`` there, may be published."""
        return not _is_never(name) and path not in self._never_files

    def ordinary(self, names: set[str], folder: str) -> set[str]:
        """Those of ``names``, of files of a plain folder, really at ``folder``, that may be."""
        start = f"{folder}/"
        here = {each.removeprefix(start) for each in self._never_files if each.startswith(start)}
        secrets = {each for each in names if each.startswith(ENVIRONMENT)}
        return names - NEVER_NAMES - here - secrets

    def _covers(self, name: str, path: str) -> bool:
        """As `covers`, which is asked once for each pair of folders, and takes long."""
        folder, _, last = path.rpartition("/")
        which = name.rpartition("/")[0], folder
        if which not in self._plain_pairs:
            self._plain_pairs[which] = self.is_plain(*which)
        if self._plain_pairs[which]:
            return _is_never(name.rpartition("/")[2]) or not self.is_ordinary(last, path)
        return self.covers(name, path)

    @cached_property
    def _never_files(self) -> frozenset[str]:
        return frozenset(os.path.join(self.base, each) for each in self.never)

    @cached_property
    def _plain_pairs(self) -> dict[tuple[str, str], bool]:
        return {}


def _is_never(part: str) -> bool:
    return part in NEVER_NAMES or part.startswith(ENVIRONMENT)
