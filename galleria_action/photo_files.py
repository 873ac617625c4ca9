"""Which files of a photos folder belong to which photo, by the manifest so far and by their names.

Pure: names in, names out. `full/trip/a.jpg`, `web/trip/a.jpg` and `thumb/trip/a.webp` are one
photo: the paths below the three folders are the same but for the ending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from galleria_action import keys
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.headers import content_type, extension
from galleria_action.manifest_problems import VARIANTS, normalised
from galleria_action.values import Struct

Entry = Mapping[str, Any]
Stems = Mapping[tuple[str, str], Sequence[str]]
"""Variant and stem to the paths of files that have them."""

_NO_PHOTOS = frozenset({"image/svg+xml", "image/x-icon"})


class Photo(Struct, frozen=True):
    """A photo that is there: its entry in the manifest so far, and variant to path of its files.

    A path is relative to the photos folder, spelled as in the entry where that names it.
    """

    entry: Entry | None
    files: Mapping[str, str]

    @property
    def full(self) -> str:
        """The path of the full, below the photos folder."""
        return normalised(self.files["full"])


class Sorted(Struct, frozen=True):
    """What became of the files and of the entries.

    photos
        Those that the manifest knows, in its order, then new ones by name.
    removed
        Entries whose full is not there any more.
    passed_over
        Files of the three folders that belong to no photo.
    """

    photos: tuple[Photo, ...]
    removed: tuple[Entry, ...]
    passed_over: tuple[str, ...]


def sort(names: Collection[str], entries: Iterable[Entry]) -> Sorted:
    """Sort the files ``names`` (paths below the photos folder) into photos.

    Raises :class:`DeployError` with every photo that lacks a file, shares one with another photo
    or has a name that cannot be published.
    """
    there = frozenset(names)
    stems = _stems(there)
    entries = list(entries)
    known = [each for each in entries if normalised(each["files"]["full"]) in there]
    taken = {normalised(each["files"]["full"]) for each in known}
    fulls = [each for each in sorted(there - taken) if _variant(each) == "full" and is_photo(each)]
    photos = [Photo(each, _files(each["files"], there, stems)) for each in known]
    photos += [Photo(None, _files({"full": each}, there, stems)) for each in fulls]
    _refuse(photos)
    used = {normalised(path) for photo in photos for path in photo.files.values()}
    return Sorted(
        photos=tuple(photos),
        removed=tuple(each for each in entries if normalised(each["files"]["full"]) not in there),
        passed_over=tuple(each for each in sorted(there - used) if _variant(each)),
    )


def is_photo(name: str) -> bool:
    """Whether a file is an image as cameras and editors make them, by its name.

    Hidden ones are not: macOS puts a `._a.jpg` beside `a.jpg` on foreign disks.
    """
    kind = content_type(name)
    hidden = name.rpartition("/")[2].startswith(".")
    return kind.startswith("image/") and kind not in _NO_PHOTOS and not hidden


def _variant(path: str) -> str:
    folder, _, _ = path.partition("/")
    return folder if folder in VARIANTS else ""


def stem(path: str) -> str:
    """``trip/a`` of ``full/trip/a.jpg``."""
    _, _, name = path.partition("/")
    ending = extension(name)
    return name[: -len(ending) - 1] if ending else name


def _stems(names: Iterable[str]) -> Stems:
    stems: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names):
        if _variant(name) and is_photo(name):
            stems.setdefault((_variant(name), stem(name)), []).append(name)
    return stems


def _files(stated: Mapping[str, str], there: Collection[str], stems: Stems) -> dict[str, str]:
    """The files of a photo: those stated that are there, for the others files of its name."""
    full = normalised(stated["full"])
    files = {}
    for variant in VARIANTS:
        path = stated.get(variant)
        if path is None or normalised(path) not in there:
            same = stems.get((variant, stem(full)), ())
            # a.jpg before a.webp where the full is a JPEG file; else the first by name.
            path = min(same, key=lambda each: extension(each) != extension(full), default=None)
        if path is not None:
            files[variant] = path
    return files


def _refuse(photos: Iterable[Photo]) -> None:
    if problems := [Problem(each) for each in _problems(photos)]:
        raise DeployError(
            FailureReason.METADATA,
            "Error: Some photos cannot stand in a manifest: nothing was written",
            problems=problems,
            advice="Each photo needs three files of the same name, such as full/a.jpg, web/a.jpg "
            "and thumb/a.webp. Make or rename them, or leave a photo out with exclude.",
        )


def _problems(photos: Iterable[Photo]) -> Iterator[str]:
    owner: dict[str, str] = {}
    for photo in photos:
        if why := keys.fault(photo.full):
            yield f"{photo.full!r} {why}"
        lacking = [f"{each}/" for each in VARIANTS if each not in photo.files]
        if lacking:
            yield f"{photo.full} has no file of its name in {' and '.join(lacking)}"
        for path in dict.fromkeys(map(normalised, photo.files.values())):
            other = owner.setdefault(path, photo.full)
            if other != photo.full:
                yield f"{path} would belong to {other} and to {photo.full}"
