"""What a deployment has done so far: recorded here, printed by whoever looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from galleria_action.plan import Change
from galleria_action.values import Struct


class Outcome(Struct):
    """Counts of a run. ``uploaded_files`` counts the manifest, not our own records."""

    uploaded_files: int = 0
    uploaded_bytes: int = 0
    deleted_files: int = 0
    committed: bool = False
    complete: bool = False
    """Whether all that the plan writes and deletes is written and deleted."""
    purged_files: int = 0
    """Objects that the CDN was told to forget, those of earlier runs included."""
    re_encoded: int = 0
    """Photos whose edited bytes are not what their manifest foretold."""


class Observer(Protocol):
    """Is told of every step; see :mod:`galleria_action.progress`."""

    def started(self, objects: int, size: int) -> None:
        """Uploads begin: how many objects, how many bytes."""

    def put(self, change: Change) -> None:
        """An object arrived."""

    def deleted(self, change: Change) -> None:
        """An object is gone."""

    def waiting(self, why: str) -> None:
        """Nothing is done for a while: a sentence without its end."""

    def tick(self) -> None:
        """Some time has passed."""

    def finished(self) -> None:
        """Nothing more is written."""


class Beside(Struct, frozen=True):
    """An observer, and what else is done when some time has passed."""

    observer: Observer
    also: Callable[[], None]

    def started(self, objects: int, size: int) -> None:
        self.observer.started(objects, size)

    def put(self, change: Change) -> None:
        self.observer.put(change)

    def deleted(self, change: Change) -> None:
        self.observer.deleted(change)

    def waiting(self, why: str) -> None:
        self.observer.waiting(why)

    def tick(self) -> None:
        self.observer.tick()
        self.also()

    def finished(self) -> None:
        self.observer.finished()
