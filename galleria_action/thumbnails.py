"""Thumbnails of a plan's photos, made beside everything else and never at its expense.

Decoders meet files that nobody has looked at. So they run in processes of their own: one that a
file takes down, or keeps for too long, costs its pictures and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from galleria_action import thumbnail
from galleria_action.forks import Crew, can_fork, cores
from galleria_action.thumbnail import Thumbnail
from galleria_action.wanted import LocalFile

SECONDS = 8.0
"""For all of them; 500 take one on two cores that have nothing else to do."""
LARGEST = 64 << 20
"""Bytes of a file that is not read any more for its picture."""
FEW = 100
HEIGHT, HEIGHT_OF_FEW = 128, 256
"""Pixels. A few photos are shown larger, and sharp on fine screens: their bytes are as many."""


class Files(Protocol):
    """What is needed of the workspace."""

    def size(self, path: str) -> int:
        """How many bytes a resolved path has."""

    def read_small(self, path: str, limit: int) -> bytes | None:
        """The bytes of a resolved path, None if there are so many or more."""


@contextmanager
def thumbnails(
    files: Files, sources: Mapping[str, Sequence[LocalFile]], *, aside: bool = False
) -> Iterator[Thumbnails]:
    """Begin with the pictures of ``sources``: name to the files to try, the best one first.

    ``aside``: a core is left to what this process does meanwhile. No process is left at the end of
    the block.
    """
    making = Thumbnails(files, sources, max(1, cores() - aside))
    try:
        yield making
    finally:
        making.end()


class Thumbnails:
    """Pictures in the making, since this was made."""

    def __init__(
        self, files: Files, sources: Mapping[str, Sequence[LocalFile]], processes: int
    ) -> None:
        self._files = files
        self._names = list(sources)
        self._sources = list(sources.values())
        self._height = HEIGHT_OF_FEW if len(sources) <= FEW else HEIGHT
        self._deadline = time.monotonic() + SECONDS
        self._crew = Crew(self._make, len(sources)) if sources and can_fork() else None
        if self._crew:
            self._crew.start(min(processes, len(sources)))

    def are_done(self) -> bool:
        """Whether there is nothing to wait for."""
        late = time.monotonic() >= self._deadline
        return late or self._crew is None or self._crew.has_ended()

    def hurry(self) -> None:
        """Wait for nothing any more."""
        self._deadline = time.monotonic()

    def made(self) -> dict[str, Thumbnail]:
        """Name to picture, for those that there are when all are tried or the time is up."""
        if self._crew:
            pictures = self._crew.made(self._deadline)
        else:
            pictures = {index: self._in_time(index) for index in range(len(self._sources))}
        return {self._names[index]: made for index, made in sorted(pictures.items()) if made}

    def end(self) -> None:
        if self._crew:
            self._crew.end()

    def _in_time(self, index: int) -> Thumbnail | None:
        return self._make(index) if time.monotonic() < self._deadline else None

    def _make(self, index: int) -> Thumbnail | None:
        for file in self._sources[index]:
            try:
                data = self._files.read_small(file.path, LARGEST)
            except OSError:
                continue  # a file of the plan: whoever sends it complains
            if data and (made := thumbnail.make(data, self._height)):
                return made
        return None
