"""The files of the workspace: which there are, where links lead, which are never uploaded.

Links are resolved here, part by part, for two reasons: a link written on the runner may name the
workspace by the path that it has there, and under Actions no link may leave the workspace.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import NamedTuple

from galleria_action import folder_walk
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.exclusion import Exclusion
from galleria_action.file_bytes import FileBytes
from galleria_action.folder_walk import Folder
from galleria_action.links import Resolver, Unpublishable, explained
from galleria_action.wanted import AS_FILE, LocalFile

BATCH = 5000
"""Names that are looked at in one go, by one of several processes."""
WORTH_LISTING = 50
"""Names in a folder from which on it is listed: that is quicker unless it holds many others."""


class _Parent(NamedTuple):
    """A folder that holds files: where it really is, and the links on the way.

    ``plain``: see :meth:`Exclusion.is_plain`.
    ``base`` is what stands before a name to make its path, '' where links make it another;
    ``fault`` is why there are no files in it, '' if there may be some.
    """

    path: str
    links: tuple[str, ...]
    plain: bool
    base: str
    fault: str = ""

    def files(self, names: Sequence[str]) -> Iterator[LocalFile]:
        """The files ``names`` that lie just here."""
        before = f"{self.path}/"
        places = names if self.base else [before + name.rpartition("/")[2] for name in names]
        return map(AS_FILE, zip(names, places, repeat(self.base), strict=False))


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
        """The files ``names`` below ``folder``, and name to reason of those that are not usable.

        Most are seen by listing their folders; the others, such as links, are looked at one by one,
        many of them in processes of ``executor``.
        """
        below: dict[str, list[str]] = defaultdict(list)
        for name in names:
            below[name.rpartition("/")[0]].append(name)
        parents = {each: self._parent(folder, each) for each in below}
        found: dict[str, LocalFile] = {}
        for each, some in below.items():
            if len(some) >= WORTH_LISTING:
                seen = self._seen(some, parents[each])
                found.update(zip(seen, parents[each].files(seen), strict=True))
        others = [name for name in names if name not in found]
        faults: dict[str, str] = {}
        batches = [others[at : at + BATCH] for at in range(0, len(others), BATCH)]
        looked_at = executor.map(lambda some: self._look(some, parents), batches)
        for name, file in zip(others, chain.from_iterable(looked_at), strict=True):
            if isinstance(file, LocalFile):
                found[name] = file
            else:
                faults[name] = file
        return found, faults

    def presumed(self, folder: str, names: Iterable[str]) -> dict[str, LocalFile]:
        """What `find` finds if `has_all` is true; nothing is looked at."""
        names = list(names)
        base = self._top(folder)
        return dict(zip(names, map(AS_FILE, zip(names, names, repeat(base))), strict=True))

    def has_all(self, folder: str, names: Sequence[str]) -> bool:
        """Whether each of ``names`` is a file that lies just there and may be published."""
        base = self._top(folder)
        below: dict[str, list[str]] = defaultdict(list)
        for name in names:
            below[name.rpartition("/")[0]].append(name)
        for each, some in below.items():
            parent = self._parent(folder, each)
            if parent.base != base or len(self._seen(some, parent)) < len(some):
                return False
        return True

    def _top(self, folder: str) -> str:
        return f"{self.absolute(folder).rstrip('/')}/"

    def _seen(self, names: Sequence[str], parent: _Parent) -> Sequence[str]:
        """Those of ``names``, all in one folder, that are plain files and nothing else."""
        if parent.fault or not parent.plain:
            return ()
        try:
            with os.scandir(parent.path) as entries:
                files = {each.name for each in entries if each.is_file(follow_symlinks=False)}
        except OSError:
            return ()  # each of them will tell
        files = self._exclusion.ordinary(files, parent.path)
        lasts = [name.rpartition("/")[2] for name in names]
        if files.issuperset(lasts):
            return names
        return [name for name, last in zip(names, lasts, strict=True) if last in files]

    def _look(self, names: Sequence[str], parents: Mapping[str, _Parent]) -> list[LocalFile | str]:
        """What is found at each name: the file, or why it cannot be used."""
        seen: list[LocalFile | str] = []
        for name in names:
            folder, _, last = name.rpartition("/")
            try:
                seen.append(self._file(name, last, parents[folder]))
            except (Unpublishable, OSError, ValueError) as error:
                seen.append(explained(error))
        return seen

    def _parent(self, folder: str, name: str) -> _Parent:
        top = self.absolute(folder)
        try:
            path, links = self._followed(f"{top}/{name}" if name else top)
        except (Unpublishable, OSError, ValueError) as error:
            return _Parent("", (), plain=False, base="", fault=explained(error))
        base = f"{top.rstrip('/')}/"
        direct = path == (f"{base}{name}" if name else top)
        return _Parent(
            path, links, self._exclusion.is_plain(name, path, *links), base if direct else ""
        )

    def _file(self, name: str, last: str, parent: _Parent) -> LocalFile | str:
        """The file ``name``, or why there is none."""
        if parent.fault:
            return parent.fault
        path, links = f"{parent.path}/{last}", parent.links
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path, more = self._resolver.resolve(path)
            if self.confined and not self._inside(path):
                raise Unpublishable(f"leads out of the workspace, to {path}")
            links += more
            status = os.lstat(path)
        elif (
            stat.S_ISREG(status.st_mode)
            and parent.plain
            and self._exclusion.is_ordinary(last, path)
        ):
            return next(parent.files([name]))
        if not stat.S_ISREG(status.st_mode):
            raise Unpublishable("is no file")
        if self._exclusion.covers_any(name, (path, *links)):
            raise Unpublishable("is excluded from being uploaded")
        return LocalFile(name, path)


def _bad_links(problems: Sequence[str]) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        "Error: Some files of the workspace cannot be used",
        problems=[Problem(each) for each in problems],
        advice="A docker action sees the workspace only: copy the files into it, or exclude them.",
    )
