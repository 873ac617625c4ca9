"""What is wrong with a manifest's document, each problem with its JSON path.

All are found in one go: a wrong type in one photo hides neither a duplicate nor a missing file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from galleria_action import keys
from galleria_action.text import shortened

if TYPE_CHECKING:
    from jsonschema_rs import Validator

VARIANTS = ("full", "web", "thumb")
JsonPath = tuple[str | int, ...]
Located = tuple[JsonPath, str]
Absent = Callable[[Sequence[str]], Mapping[str, str]]
"""Of paths below photos-dir: those that cannot be published, with the reason."""

_LIKE_A_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}")


@cache
def _schema() -> dict[str, Any]:
    # Not by importlib.resources, which takes longer to import than the schema to read.
    with open(
        os.path.join(os.path.dirname(__file__), "gallery-metadata.schema.json"), "rb"
    ) as file:
        schema: dict[str, Any] = json.load(file)
    return schema


@cache
def _validator() -> Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(_schema())


def find(document: dict[str, Any], absent: Absent, *, odd: bool) -> Iterator[Located]:
    """Every problem of ``document``: its shape, then ids, paths, times and files.

    ``absent`` is asked once, with all paths that could be files. ``odd``: the text has escapes or
    numbers that may stand for values JSON cannot hold.
    """
    names = None if odd else flawless_names(document)
    if names is not None:
        faults = absent(names)
        if not faults:
            return
        absent = lambda _: faults  # noqa: E731  they are the same names
    photos = list(_photos(document))
    files = list(_paths(photos))
    unspeakable = dict(_unspeakable(document, ())) if odd else {}
    yield from unspeakable.items()
    if not unspeakable:  # the schema's arithmetic cannot cope with them
        yield from _schema_problems(document)
    rest = (
        _id_problems(photos),
        _path_problems(files),
        _time_problems(photos),
        _absent_files(files, absent),
    )
    for problem in chain.from_iterable(rest):
        if problem[0] not in unspeakable:
            yield problem


def flawless_names(document: dict[str, Any]) -> list[str] | None:
    """The normalised paths of all files, if nothing else can be wrong; None if something may be.

    Most manifests are so. Seen column by column, that takes a third of the time of looking at each
    photo, and of the memory.
    """
    try:
        if not _validator().is_valid(document):
            return None
    except ValueError:
        return None
    photos = document["photos"]
    paths = [stated[each] for stated in map(_FILES, photos) for each in VARIANTS]
    names = list(map(normalised, paths))
    times = [time[:19] for photo in photos if (time := photo["exif"].get("corrected_timestamp"))]
    try:
        deque(map(datetime.fromisoformat, times), maxlen=0)
    except ValueError:
        return None
    unique = len(set(map(_ID, photos))) == len(photos) and len(set(names)) == len(names)
    return names if unique and keys.are_ordinary(paths) else None


_ID, _FILES = itemgetter("id"), itemgetter("files")


def _unspeakable(value: Any, path: JsonPath) -> Iterator[Located]:
    """Half surrogate pairs, which UTF-8 cannot hold, and numbers too large for most readers."""
    match value:
        case dict():
            for name, member in value.items():
                yield from _unspeakable(name, path)
                yield from _unspeakable(member, (*path, name))
        case list():
            for index, item in enumerate(value):
                yield from _unspeakable(item, (*path, index))
        case str() if any("\ud800" <= letter <= "\udfff" for letter in value):
            yield path, "is no valid Unicode text"
        case float() | int() if abs(value) > sys.float_info.max:
            yield path, "is too large a number"


def _photos(document: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The photos that are objects at all, with their indices; the schema tells of the others."""
    photos = document.get("photos")
    for index, photo in enumerate(photos if isinstance(photos, list) else ()):
        if isinstance(photo, dict):
            yield index, photo


class _File(NamedTuple):
    """A path of the manifest: ``photos[photo].files[variant]``; ``name`` is it normalised.

    ``fault`` is why no file can have that path, None if one can.
    """

    photo: int
    variant: str
    path: str
    name: str
    fault: str | None

    @property
    def json_path(self) -> JsonPath:
        return ("photos", self.photo, "files", self.variant)


def _paths(photos: list[tuple[int, dict[str, Any]]]) -> Iterator[_File]:
    for index, photo in photos:
        files = photo.get("files")
        if isinstance(files, dict):
            for variant in VARIANTS:
                path = files.get(variant)
                if isinstance(path, str) and path:
                    name = normalised(path)
                    why = keys.fault(path) or (None if name is path else keys.fault(name))
                    yield _File(index, variant, path, name, why)


def _schema_problems(document: dict[str, Any]) -> Iterator[Located]:
    # 100 times as fast; jsonschema then says in better words what is wrong.
    fast = _validator()
    try:
        if fast.is_valid(document):
            return
    except ValueError:  # its own limit, of 255
        yield (), "is nested too deeply"
        return
    from jsonschema import Draft202012Validator

    told: set[JsonPath] = set()
    for error in Draft202012Validator(_schema()).iter_errors(document):
        path = tuple(error.absolute_path)
        if error.validator == "required" or path not in told:
            told.add(path)
            yield path, _explain(error.validator, error.validator_value, error)
    with suppress(ValueError):  # as above
        for strict in fast.iter_errors(document):
            path = tuple(strict.instance_path)
            if path not in told:  # in Python `$` also matches before a line break at the end
                yield path, strict.message[:200]


def _explain(validator: object, expected: object, error: Any) -> str:
    found = json.dumps(error.instance, default=str)[:60]
    match validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            # jsonschema reports each missing member by itself, in the order of the schema
            return next(
                (f"{name!r} is missing" for name in missing if repr(name) in error.message),
                error.message[:100],
            )
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            return f"must be {' or '.join(map(str, kinds or []))}, not {found}"  # type: ignore[call-overload]
        case "pattern" | "minLength" | "maxLength":
            meaning = error.schema.get("description", f"text like {expected}")
            return f"must be {meaning}, not {found}"
    return f"{error.message[:200]}"


def _id_problems(photos: list[tuple[int, dict[str, Any]]]) -> Iterator[Located]:
    first: dict[str, int] = {}
    for index, photo in photos:
        name = photo.get("id")
        if isinstance(name, str):
            earlier = first.setdefault(name, index)
            if earlier != index:
                yield (
                    ("photos", index, "id"),
                    f"{shortened(repr(name))} is also the id of photos[{earlier}]",
                )


def normalised(path: str) -> str:
    """``path`` below photos-dir and the photos prefix: without one leading ``photos/``."""
    return path.removeprefix("photos/")


def _path_problems(files: list[_File]) -> Iterator[Located]:
    owner: dict[str, int] = {}
    for each in files:
        photo, _, path, name, why = each
        earlier = owner.setdefault(name, photo)
        if why is None and earlier != photo:
            why = f"is also a file of photos[{earlier}]"
        if why:
            yield each.json_path, f"{shortened(repr(path))} {why}"


def _absent_files(files: list[_File], absent: Absent) -> Iterator[Located]:
    usable = {each.name: None for each in files if each.fault is None}
    faults = absent(list(usable))
    if faults:
        for each in files:
            if why := faults.get(each.name):
                yield each.json_path, f"{shortened(repr(each.path))} {why}"


def _time_problems(photos: list[tuple[int, dict[str, Any]]]) -> Iterator[Located]:
    for index, photo in photos:
        exif = photo.get("exif")
        time = exif.get("corrected_timestamp") if isinstance(exif, dict) else None
        if isinstance(time, str) and _LIKE_A_TIME.match(time) and not _is_time(time):
            path = ("photos", index, "exif", "corrected_timestamp")
            yield path, f"{time!r} is no date and time"


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True
