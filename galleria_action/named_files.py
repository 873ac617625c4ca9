"""The files that a manifest names: whether each is there and may be published.

Most are seen by listing their folders, because asking for each takes five times as long.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import chain, repeat
from typing import NamedTuple

from galleria_action.exclusion import Exclusion
from galleria_action.links import Unpublishable, explained
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


class NamedFiles:
    """The files below the folder ``top``.

    ``followed`` gives the real path behind a path, and the links on the way; it raises
    :class:`Unpublishable`. ``exclusion`` knows what is never uploaded.
    """

    def __init__(
        self,
        top: str,
        followed: Callable[[str], tuple[str, tuple[str, ...]]],
        exclusion: Exclusion,
    ) -> None:
        self._top = top
        self._base = f"{top.rstrip('/')}/"
        self._followed = followed
        self._exclusion = exclusion

    def find(
        self, names: Sequence[str], executor: Executor
    ) -> tuple[dict[str, LocalFile], dict[str, str]]:
        """The files ``names``, and name to reason of those that are not usable.

        Those that are not just there, such as links, are looked at one by one, many of them in
        processes of ``executor``.
        """
        below = _by_folder(names)
        parents = {each: self._parent(each) for each in below}
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

    def presumed(self, names: Iterable[str]) -> dict[str, LocalFile]:
        """What `find` finds if `has_all` is true; nothing is looked at."""
        names = list(names)
        return dict(zip(names, map(AS_FILE, zip(names, names, repeat(self._base))), strict=True))

    def has_all(self, names: Sequence[str]) -> bool:
        """Whether each of ``names`` is a file that lies just there and may be published."""
        for each, some in _by_folder(names).items():
            parent = self._parent(each)
            if not parent.base or len(self._seen(some, parent)) < len(some):
                return False
        return True

    def _parent(self, name: str) -> _Parent:
        try:
            path, links = self._followed(f"{self._top}/{name}" if name else self._top)
        except (Unpublishable, OSError, ValueError) as error:
            return _Parent("", (), plain=False, base="", fault=explained(error))
        direct = path == (f"{self._base}{name}" if name else self._top)
        plain = self._exclusion.is_plain(name, path, *links)
        return _Parent(path, links, plain, self._base if direct else "")

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

    def _file(self, name: str, last: str, parent: _Parent) -> LocalFile | str:
        """The file ``name``, or why there is none."""
        if parent.fault:
            return parent.fault
        path, links = f"{parent.path}/{last}", parent.links
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path, more = self._followed(path)
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


def _by_folder(names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    below: dict[str, list[str]] = defaultdict(list)
    for name in names:
        below[name.rpartition("/")[0]].append(name)
    return below
