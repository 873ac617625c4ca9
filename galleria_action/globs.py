"""Globs as people write them in ``exclude`` and ``cache-control``.

``*`` also matches ``/``, as in ``aws s3 sync --exclude``. A glob without ``/`` is held against
the name of a file, too, and ``**/x`` matches ``x`` at the top.
"""

from __future__ import annotations

import fnmatch
import re
from functools import cache

# A class, as `fnmatch` understands it, or a bracket that begins none and stands for itself.
_BRACKET = re.compile(r"(\[!?+\]?+[^\]]*+\])|\[")


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    # For each bracket of the second kind `fnmatch` would go through all that follows.
    closed = _BRACKET.sub(lambda found: found[1] or "[[]", glob)
    return re.compile(fnmatch.translate(closed))


def matches(glob: str, path: str) -> bool:
    """Whether ``glob`` matches ``path``, a relative path with ``/`` between its parts."""
    glob = glob.removeprefix("./")
    if _pattern(glob).match(path):
        return True
    if glob.startswith("**/") and matches(glob[3:], path):
        return True
    return "/" not in glob and _pattern(glob).match(path.rpartition("/")[2]) is not None


def covers(glob: str, path: str) -> bool:
    """Whether ``glob`` matches ``path`` or a folder that it lies in (``drafts``, ``drafts/``)."""
    glob = glob.rstrip("/")
    if matches(glob, path):
        return True
    parts = path.split("/")
    return any(matches(glob, "/".join(parts[:depth])) for depth in range(1, len(parts)))
