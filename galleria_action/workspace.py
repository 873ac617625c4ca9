"""The files of the workspace: which there are, where links lead, which are never uploaded.

Links are resolved here, part by part, for two reasons: a link written on the runner may name the
workspace by the path that it has there, and under Actions no link may leave the workspace.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from galleria_action import folder_walk, globs
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.file_bytes import FileBytes
from galleria_action.folder_walk import Folder
from galleria_action.links import Resolver, Unpublishable, explained
from galleria_action.wanted import LocalFile

BATCH = 5000
"""Names that are looked at in one go, by one of several processes."""
NEVER_NAMES = frozenset({".git", ".DS_Store", "Thumbs.db"})


class _Parent(NamedTuple):
    """A folder that holds files: where it really is, the links on the way, see `_is_plain`.

    ``base`` is what stands before a name to make its path, '' where links make it another.
    """

    path: str
    links: tuple[str, ...]
    plain: bool
    base: str


@dataclass(frozen=True)
class Workspace(FileBytes):
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

    def excluded(self, name: str, path: str) -> bool:
        """Whether the file ``name`` of a folder, really at ``path``, is never uploaded.

        Globs without ``/`` are about names below the folder and of the file behind a link, the
        others about paths from the folder or the workspace.
        """
        inside = self._inside(path)
        target = path.removeprefix(self._base) if inside else path
        if any(_is_never(part) for each in (name, target) for part in each.split("/")):
            return True
        if any(target == each or target.startswith(each + "/") for each in self._never):
            return True
        last = target.rpartition("/")[2]
        return any(
            globs.covers(glob, name)
            or globs.covers(glob, target if inside and "/" in glob.rstrip("/") else last)
            for glob in self.exclude
        )

    @cached_property
    def _never(self) -> tuple[str, ...]:
        return tuple(self.relative(self.absolute(each)) for each in self.never)

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
        plain = self._is_plain(name, folder)
        for entry in entries:
            entry_name = f"{name}/{entry.name}" if name else entry.name
            ordinary = plain and self._is_ordinary(entry.name, entry.path)
            if not ordinary and self.excluded(entry_name, entry.path):
                continue
            try:
                path, links = self._target(entry)
                status = os.stat(path, follow_symlinks=False)
            except (Unpublishable, OSError) as error:
                problems.append(f"{self.relative(entry.path)}: {explained(error)}")
                continue
            if any(self.excluded(entry_name, each) for each in links):
                continue
            if stat.S_ISDIR(status.st_mode):
                yield Folder(entry_name, path, entry.path)
            elif stat.S_ISREG(status.st_mode):
                yield LocalFile(entry_name, path, status.st_size)

    def _target(self, entry: os.DirEntry[str]) -> tuple[str, tuple[str, ...]]:
        """Where an entry of a folder really lies; for a link every path on the way, too."""
        if not entry.is_symlink():
            return entry.path, ()
        path, links = self._followed(entry.path)
        return path, (*links, path)

    def find(
        self, folder: str, names: Sequence[str], executor: Executor
    ) -> tuple[dict[str, LocalFile], dict[str, str]]:
        """The files ``names`` below ``folder``, and name to reason of those that are not usable.

        Many are looked at in processes of ``executor``.
        """
        found: dict[str, LocalFile] = {}
        faults: dict[str, str] = {}
        folders = {name.rpartition("/")[0] for name in names}
        parents = {each: self._parent(folder, each) for each in folders}
        batches = [names[at : at + BATCH] for at in range(0, len(names), BATCH)]
        sizes = chain.from_iterable(executor.map(lambda some: self._sizes(some, parents), batches))
        for name, size in zip(names, sizes, strict=True):
            folder_name, _, last = name.rpartition("/")
            parent = parents[folder_name]
            if isinstance(parent, Exception):
                faults[name] = explained(parent)
            elif size >= 0:
                place = name if parent.base else f"{parent.path}/{last}"
                found[name] = LocalFile(name, place, size, parent.base)
            else:
                try:
                    found[name] = self._file(name, last, parent)
                except (Unpublishable, OSError, ValueError) as error:
                    faults[name] = explained(error)
        return found, faults

    def _sizes(
        self, names: Sequence[str], parents: Mapping[str, _Parent | Exception]
    ) -> array[int]:
        """Bytes of ordinary files; -1 of what takes a closer look."""
        sizes = array("q", [-1]) * len(names)
        for index, name in enumerate(names):
            folder_name, _, last = name.rpartition("/")
            parent = parents[folder_name]
            if isinstance(parent, Exception) or not parent.plain:
                continue
            path = f"{parent.path}/{last}"
            with suppress(OSError, ValueError):
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode) and self._is_ordinary(last, path):
                    sizes[index] = status.st_size
        return sizes

    def _parent(self, folder: str, name: str) -> _Parent | Exception:
        top = self.absolute(folder)
        try:
            path, links = self._followed(f"{top}/{name}" if name else top)
        except (Unpublishable, OSError, ValueError) as error:
            return error
        base = f"{top.rstrip('/')}/"
        direct = path == (f"{base}{name}" if name else top)
        return _Parent(path, links, self._is_plain(name, path, *links), base if direct else "")

    def _is_plain(self, name: str, *paths: str) -> bool:
        """Whether files of a folder can be excluded by their own names only."""
        inside = f"{name}/file" if name else "file"
        return not self.exclude and not any(self.excluded(inside, f"{each}/file") for each in paths)

    def _is_ordinary(self, name: str, path: str) -> bool:
        """Whether a file of a plain folder, called ``name`` there, may be published."""
        return not _is_never(name) and path not in self._never_files

    @cached_property
    def _never_files(self) -> frozenset[str]:
        return frozenset(self._base + each for each in self._never)

    def _file(self, name: str, last: str, parent: _Parent) -> LocalFile:
        path, links = f"{parent.path}/{last}", parent.links
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path, more = self._followed(path)
            links += more
            status = os.stat(path, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise Unpublishable("is no file")
        if any(self.excluded(name, each) for each in (path, *links)):
            raise Unpublishable("is excluded from being uploaded")
        return LocalFile(name, path, status.st_size)


def _is_never(part: str) -> bool:
    return part in NEVER_NAMES or part.startswith(".env")


def _bad_links(problems: Sequence[str]) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        "Error: Some files of the workspace cannot be used",
        problems=[Problem(each) for each in problems],
        advice="A docker action sees the workspace only: copy the files into it, or exclude them.",
    )
