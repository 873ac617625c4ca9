"""The files of the workspace: which there are, where links lead, which are never uploaded.

Links are resolved here, part by part, for two reasons: a link written on the runner may name the
workspace by the path that it has there, and under Actions no link may leave the workspace.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property

from galleria_action import folder_walk
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.exclusion import Exclusion
from galleria_action.file_bytes import FileBytes
from galleria_action.folder_walk import Folder
from galleria_action.links import Resolver, Unpublishable, explained
from galleria_action.named_files import NamedFiles
from galleria_action.values import Struct
from galleria_action.wanted import LocalFile


class Workspace(FileBytes, Struct, frozen=True, dict=True):
    """The folder that relative paths are meant in.

    root
        The folder as this process sees it, without links.
    host_root
        The same folder as the runner's other steps see it, if that differs (docker actions).
    confined
        Whether links that lead out of it are refused (under Actions) or followed (on a laptop).
    never
        Paths below the root that are never uploaded: the settings file and the report folder.
    exclude
        The globs of the input ``exclude``.
    """

    root: str
    host_root: str | None = None
    confined: bool = False
    never: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, environ: Mapping[str, str], here: str, never: Sequence[str], exclude: Sequence[str]
    ) -> Workspace:
        """The workspace that the runner's environment describes, or the folder ``here``."""
        root = os.path.realpath(environ.get("GITHUB_WORKSPACE") or here)
        host = environ.get("RUNNER_WORKSPACE", "")
        repository = environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
        return cls(
            root=root,
            host_root=f"{host.rstrip('/')}/{repository}" if host and repository else None,
            confined=environ.get("GITHUB_ACTIONS") == "true",
            never=tuple(os.path.normpath(each) for each in never),
            exclude=tuple(exclude),
        )

    def resolve(self, path: str) -> str:
        """The real path behind ``path``, free of links; raises :class:`Unpublishable`."""
        return self._followed(path)[0]

    def _followed(self, path: str) -> tuple[str, tuple[str, ...]]:
        """The real path behind ``path``, and the links that lead to it."""
        resolved, links = self._resolver.resolve(self.absolute(path))
        if self.confined and not self._inside(resolved):
            raise Unpublishable(f"leads out of the workspace, to {resolved}")
        return resolved, links

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self.mapped)

    def locate(self, path: str) -> str | None:
        """The real path behind ``path``, None if nothing is there."""
        try:
            return self.resolve(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (Unpublishable, OSError, ValueError) as error:
            raise _bad_links([f"{path[:200]}: {explained(error)}"]) from None

    def absolute(self, path: str) -> str:
        return self.mapped(os.path.join(self.root, os.path.expanduser(path)))

    def mapped(self, path: str) -> str:
        """``path`` as this process sees it, if it is the runner's path of the workspace."""
        host = self.host_root
        if host and (path == host or path.startswith(host + "/")):
            return self.root + path[len(host) :]
        return path

    def relative(self, path: str) -> str:
        """``path`` seen from the root, for people and annotations."""
        path = self.mapped(path)
        return path.removeprefix(self._base)

    def _inside(self, path: str) -> bool:
        return path == self.root or path.startswith(self._base)

    @cached_property
    def _base(self) -> str:
        return self.root.rstrip("/") + "/"

    @cached_property
    def _exclusion(self) -> Exclusion:
        never = tuple(self.relative(self.absolute(each)) for each in self.never)
        return Exclusion(self._base, never, self.exclude)

    def scan(self, folder: str) -> Iterator[LocalFile]:
        """Every file below ``folder`` that may be uploaded, links to folders followed.

        Links that lead nowhere, in circles or out of the workspace are a
        :class:`DeployError` that names them all. A folder that is not there has no files.
        """
        top = self.locate(folder)
        if top is None:
            return
        problems: list[str] = []
        yield from folder_walk.files(
            top,
            lambda path, name: self._entries(path, name, problems),
            lambda path, why: problems.append(f"{self.relative(path)}: {why}"),
        )
        if problems:
            raise _bad_links(problems)

    def _entries(self, folder: str, name: str, problems: list[str]) -> Iterator[LocalFile | Folder]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except NotADirectoryError:
            return
        except OSError as error:
            problems.append(f"{self.relative(folder)}: {explained(error)}")
            return
        plain = self._exclusion.is_plain(name, folder)
        for entry in entries:
            entry_name = f"{name}/{entry.name}" if name else entry.name
            ordinary = plain and self._exclusion.is_ordinary(entry.name, entry.path)
            if not ordinary and self._exclusion.covers(entry_name, entry.path):
                continue
            try:
                path, links = self._target(entry)
                status = os.stat(path, follow_symlinks=False)
            except (Unpublishable, OSError) as error:
                problems.append(f"{self.relative(entry.path)}: {explained(error)}")
                continue
            if self._exclusion.covers_any(entry_name, links):
                continue
            if stat.S_ISDIR(status.st_mode):
                yield Folder(entry_name, path, entry.path)
            elif stat.S_ISREG(status.st_mode):
                yield LocalFile(entry_name, path)

    def _target(self, entry: os.DirEntry[str]) -> tuple[str, tuple[str, ...]]:
        """Where an entry of a folder really lies; for a link every path on the way, too."""
        if not entry.is_symlink():
            return entry.path, ()
        path, links = self._followed(entry.path)
        return path, (*links, path)

    def find(
        self, folder: str, names: Sequence[str], executor: Executor
    ) -> tuple[dict[str, LocalFile], dict[str, str]]:
        """See :meth:`NamedFiles.find`; below ``folder``."""
        return self._named(folder).find(names, executor)

    def presumed(self, folder: str, names: Iterable[str]) -> dict[str, LocalFile]:
        """See :meth:`NamedFiles.presumed`; below ``folder``."""
        return self._named(folder).presumed(names)

    def has_all(self, folder: str, names: Sequence[str]) -> bool:
        """See :meth:`NamedFiles.has_all`; below ``folder``."""
        return self._named(folder).has_all(names)

    def _named(self, folder: str) -> NamedFiles:
        return NamedFiles(self.absolute(folder), self._followed, self._exclusion)


def _bad_links(problems: Sequence[str]) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        "Error: Some files of the workspace cannot be used",
        problems=[Problem(each) for each in problems],
        advice="A docker action sees the workspace only: copy the files into it, or exclude them.",
    )
