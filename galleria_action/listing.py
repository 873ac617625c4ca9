"""Which listings show all interesting keys of a bucket: few, and as many as can be made at once.

A listing is answered in pages of 1,000 keys, each of which has to wait for the one before. So the
bucket is listed by folder, and a large folder in ranges of keys; what lies elsewhere is not listed.

A store that keeps no ETags (`rclone serve`) reads new objects to list them, on one core for each
listing. So those of large new objects are divided further: by prefix, because such a store reads a
whole folder for a range of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, groupby
from types import MappingProxyType
from typing import NamedTuple

PAGE = 1000
"""Keys that S3 lists in one answer; no store is known that lists more."""

MOST = 16
"""Listings of one bucket. Each may cost one request more than its share of one long listing."""

HEAVY = 64 << 20
"""Bytes of new objects for which a listing is divided: hashing them takes a tenth of a second."""
MOST_OF_HEAVY = 2 * MOST
SHARES = 8
"""Listings of equal bytes that are enough: no store is expected to have more cores."""


class Part(NamedTuple):
    """One listing.

    folder
        What its keys start with: '' is the bucket's root; else, unless it is ``deep``, it ends with
        a slash.
    deep
        Whether it goes into the folders of this one.
    after, until
        The range of keys, without ``after`` and with ``until``; '' is no bound.
    """

    folder: str
    deep: bool = True
    after: str = ""
    until: str = ""


class _Span(NamedTuple):
    """The keys from ``start`` to before ``end``: all that are below ``folder``.

    Not ``deep``: as many keys, which are its files, wherever they stand between its folders.
    """

    folder: str
    start: int
    end: int
    deep: bool = True

    @property
    def pages(self) -> int:
        return -(-(self.end - self.start) // PAGE)


def parts(keys: Sequence[str], new: Mapping[str, int] = MappingProxyType({})) -> list[Part]:
    """Listings that show each of ``keys``, which are sorted, at most :data:`MOST`.

    ``new`` has the bytes of those that have just been put; if they are large, there are up to
    :data:`MOST_OF_HEAVY`.
    """
    spans = _lightened(keys, _spans(keys), new) if keys else []
    most = max(MOST, len(spans))
    pages = next(most_of_one for most_of_one in count(1) if _ranges_of(spans, most_of_one) <= most)
    return [part for each in spans for part in _ranges(keys, each, pages * PAGE)]


def _ranges_of(spans: Sequence[_Span], pages: int) -> int:
    """How many ranges of so many pages they are."""
    return sum(-(-each.pages // pages) for each in spans)


def _spans(keys: Sequence[str]) -> list[_Span]:
    """The keys by folder: the largest folder is divided, as long as the listings suffice."""
    done: list[_Span] = []
    left = [_Span("", 0, len(keys))]
    while left:
        left.sort(key=lambda span: span.end - span.start)
        largest = left.pop()
        inner = _inner(keys, largest, MOST - len(done) - len(left))
        if inner == [largest]:
            done.append(largest)
        done += [each for each in inner if not each.deep]
        left += [each for each in inner if each.deep and each != largest]
    return done


def _inner(keys: Sequence[str], span: _Span, most: int) -> list[_Span]:
    """The folders of a folder, and its own files; itself if they are too many or not worth it.

    The root is divided also for a few keys: others may have large folders there.
    """
    folders: list[_Span] = []
    own, at = 0, span.start
    while at < span.end:
        slash = keys[at].find("/", len(span.folder))
        if slash < 0:
            own += 1
            at += 1
        else:
            folder = keys[at][: slash + 1]
            end = bisect_left(keys, folder[:-1] + "0", at, span.end)  # "0" follows "/"
            folders.append(_Span(folder, at, end))
            at = end
        if own > PAGE or len(folders) + bool(own) > most:
            return [span]
    if not own and len(folders) == 1:
        return folders
    if span.folder and (not folders or span.pages == 1):
        return [span]
    return [*folders, *([_Span(span.folder, 0, own, deep=False)] if own else [])]


def _lightened(keys: Sequence[str], spans: list[_Span], new: Mapping[str, int]) -> list[_Span]:
    """The heaviest spans divided, as long as they are heavy and the listings suffice."""
    weights = {each: _weight(keys, each, new) for each in spans}
    enough = max(HEAVY, sum(weights.values()) // SHARES, max(new.values(), default=0))
    while True:
        heaviest = max(weights, key=weights.__getitem__)
        inner = _by_next_character(keys, heaviest) if weights[heaviest] > enough else []
        if not inner or len(weights) + len(inner) > MOST_OF_HEAVY + 1:
            return list(weights)
        del weights[heaviest]
        weights |= {each: _weight(keys, each, new) for each in inner}


def _weight(keys: Sequence[str], span: _Span, new: Mapping[str, int]) -> int:
    """Bytes of new objects. Of files between folders, which may be anywhere: none."""
    return sum(new.get(key, 0) for key in keys[span.start : span.end]) if new and span.deep else 0


def _by_next_character(keys: Sequence[str], span: _Span) -> list[_Span]:
    """The keys by the first character that they differ in; none if one ends before it."""
    ends = zip(keys[span.start], keys[span.end - 1], strict=False)
    same = next((at for at, (one, other) in enumerate(ends) if one != other), None)
    if same is None:
        return []
    spans: list[_Span] = []
    at = span.start
    for start, some in groupby(keys[span.start : span.end], lambda key: key[: same + 1]):
        end = at + len(list(some))
        spans.append(_Span(start, at, end))
        at = end
    return spans


def _ranges(keys: Sequence[str], span: _Span, size: int) -> Iterator[Part]:
    if not span.deep:
        yield Part(span.folder, deep=False)
        return
    after = ""
    for start in range(span.start, span.end, size):
        # Whole pages, so that a listing ends with a page where the bucket holds just these keys.
        until = keys[min(start + size, span.end) - 1]
        yield Part(span.folder, after=after, until=until)
        after = until
