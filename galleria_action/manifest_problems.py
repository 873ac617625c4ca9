"""What is wrong with a manifest's document, each problem with its JSON path.

The schema first; ids, paths and times only once the document has the right shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from galleria_action import keys

VARIANTS = ("full", "web", "thumb")
JsonPath = tuple[str | int, ...]


@cache
def _schema() -> dict[str, Any]:
    source = resources.files("galleria_action") / "gallery-metadata.schema.json"
    schema: dict[str, Any] = json.loads(source.read_bytes())
    return schema


def find(document: dict[str, Any]) -> Iterator[tuple[JsonPath, str]]:
    schema_problems = False
    for problem in _schema_problems(document):
        schema_problems = True
        yield problem
    if not schema_problems:
        yield from _id_problems(document["photos"])
        yield from _path_problems(document["photos"])
        yield from _time_problems(document["photos"])


def _schema_problems(document: dict[str, Any]) -> Iterator[tuple[JsonPath, str]]:
    import jsonschema_rs

    # 100 times as fast; jsonschema then says in better words what is wrong.
    if jsonschema_rs.validator_for(_schema()).is_valid(document):
        return
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(_schema()).iter_errors(document):
        yield tuple(error.absolute_path), _explain(error.validator, error.validator_value, error)


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
            return f"must be {meaning[0].lower() + meaning[1:]}, not {found}"
    return f"{error.message[:200]}"


def _id_problems(photos: list[dict[str, Any]]) -> Iterator[tuple[JsonPath, str]]:
    first: dict[str, int] = {}
    for index, photo in enumerate(photos):
        earlier = first.setdefault(photo["id"], index)
        if earlier != index:
            yield ("photos", index, "id"), f"{photo['id']!r} is also the id of photos[{earlier}]"


def normalised(path: str) -> str:
    """``path`` below photos-dir and the photos prefix: without one leading ``photos/``."""
    return path.removeprefix("photos/")


def _path_problems(photos: list[dict[str, Any]]) -> Iterator[tuple[JsonPath, str]]:
    owner: dict[str, int] = {}
    for index, photo in enumerate(photos):
        for variant in VARIANTS:
            path = photo["files"][variant]
            name = normalised(path)
            why = keys.fault(path) or keys.fault(name)
            earlier = owner.setdefault(name, index)
            if why is None and earlier != index:
                why = f"is also a file of photos[{earlier}]"
            if why:
                yield ("photos", index, "files", variant), f"{path!r} {why}"


def _time_problems(photos: list[dict[str, Any]]) -> Iterator[tuple[JsonPath, str]]:
    for index, photo in enumerate(photos):
        time = photo["exif"].get("corrected_timestamp")
        if time is not None and not _is_time(time):
            path = ("photos", index, "exif", "corrected_timestamp")
            yield path, f"{time!r} is no date and time"


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True
