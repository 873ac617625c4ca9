"""The plan as a comment on a pull request: its text, and the hidden marker that names its plan.

The marker is an HTML comment at the very beginning, so one that is quoted in another comment is
none. It holds JSON in which nothing can close the HTML comment (CommonMark 0.31, 6.6).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping

from galleria_action import report
from galleria_action.plan import Action, Change, Plan
from galleria_action.text import code, count, size
from galleria_action.values import Struct, asdict

VERSION = 1
LIMIT = 59_900
"""Bytes of a whole comment; GitHub refuses more than 65,536 characters."""
MOST_PRINTS = 1000
"""A plan of more changes is compared by its totals only."""
MOST_NAMED = 20
_PRINT = 8
"""Hexadecimal digits of a change's fingerprint. They explain; the hash of the plan decides."""
_FOOT_ROOM = 3_000
_MARKER = re.compile(r"<!-- galleria-deploy (\{[^\r\n]*\}) -->(?:\r?\n|$)")


class Marker(Struct, frozen=True):
    """What a comment remembers of its plan.

    ``instance`` names the gallery and ``scope`` the halves of it that are deployed; there is one
    comment for both together. ``prints`` holds a fingerprint of every change, or nothing.
    """

    instance: str
    scope: str
    plan_hash: str
    totals: Mapping[str, int] = {}
    prints: str = ""
    version: int = VERSION

    def is_about(self, plan: Plan) -> bool:
        return self.instance == instance(plan) and self.scope == plan.scope


def instance(plan: Plan) -> str:
    """A digest that names a gallery: two of them in one repository have two comments."""
    place = [plan.bucket, plan.photos_prefix, plan.site_prefix, plan.metadata_key]
    return hashlib.sha256(json.dumps(place).encode()).hexdigest()[:16]


def marker(plan: Plan) -> Marker:
    prints = [_print(each) for each in plan.changes] if len(plan.changes) <= MOST_PRINTS else []
    return Marker(instance(plan), plan.scope, plan.hash, asdict(plan.totals), "".join(prints))


def _print(change: Change) -> str:
    headers = change.headers.digest if change.headers else ""
    facts = [change.action, change.key, change.source, change.edit, headers]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:_PRINT]


def encode(marker: Marker) -> str:
    """One line. Letters that could end the HTML comment are written as JSON escapes."""
    document = {
        "instance": marker.instance,
        "version": marker.version,
        "plan-hash": marker.plan_hash,
        "scope": marker.scope,
        "totals": dict(marker.totals),
        "changes": marker.prints,
    }
    text = json.dumps(document, separators=(",", ":"))
    for found, written in (("<", r"\u003c"), (">", r"\u003e"), ("--", r"\u002d\u002d")):
        text = text.replace(found, written)
    return f"<!-- galleria-deploy {text} -->"


def decode(body: str) -> Marker | None:
    """The marker at the beginning of a comment; None if there is none of this version."""
    found = _MARKER.match(body)
    if found is None:
        return None
    try:
        document = json.loads(found[1])
    except (ValueError, RecursionError):
        return None
    return _marker(document) if isinstance(document, dict) else None


def _marker(document: dict[str, object]) -> Marker | None:
    names = ("instance", "scope", "plan-hash", "changes")
    instance, scope, plan_hash, prints = (document.get(name) for name in names)
    totals = document.get("totals")
    if not (
        document.get("version") == VERSION
        and isinstance(instance, str)
        and isinstance(scope, str)
        and isinstance(plan_hash, str)
        and isinstance(prints, str)
        and isinstance(totals, dict)
        and all(type(each) is int for each in totals.values())
    ):
        return None
    return Marker(instance, scope, plan_hash, totals, prints)


def body(plan: Plan, *, dry_run: bool, redacted: Callable[[str], str] = str) -> str:
    """The whole comment, less than 60,000 bytes of UTF-8. The same plan makes the same text.

    ``redacted`` hides secrets that happen to be names; the marker has no names.
    """
    first = encode(marker(plan)) + "\n\n"
    room = LIMIT - len(first) - _FOOT_ROOM
    shown = report.plan(plan, dry_run=dry_run, limit=room) + f"\n{_gallery(plan)}\n"
    return first + redacted(shown)


def _gallery(plan: Plan) -> str:
    """Which gallery this is, for there may be several in a bucket."""
    return (
        f"<sub>Gallery {code(plan.metadata_key)}, photos in {code(plan.photos_prefix + '/')}, "
        f"site in {code(plan.site_prefix + '/')}</sub>"
    )


def says(body: str, wanted: str) -> bool:
    """Whether a comment's text, as GitHub gives it back, is ``wanted``."""
    return body.replace("\r\n", "\n").strip() == wanted.strip()


def differences(reviewed: Marker, plan: Plan) -> Iterator[str]:
    """What of ``plan`` is not as it was reviewed, as far as the marker can tell."""
    yield f"reviewed {reviewed.plan_hash}"
    yield f"found    {plan.hash}"
    totals = list(_different_totals(reviewed, plan))
    yield from totals
    written = reviewed.totals.get("objects_to_put", 0) + reviewed.totals.get("objects_to_delete", 0)
    if reviewed.prints or not written:
        starts = range(0, len(reviewed.prints), _PRINT)
        yield from _different_changes({reviewed.prints[at : at + _PRINT] for at in starts}, plan)
    elif not totals:
        yield "as many files as before, but other ones or with other contents"


_TOLD = {
    "photos_to_upload": "photos to upload",
    "photos_to_delete": "photos to delete",
    "photos_unchanged": "photos unchanged",
    "site_to_upload": "site files to upload",
    "site_to_delete": "site files to delete",
    "site_unchanged": "site files unchanged",
    "objects_to_put": "objects to upload",
    "objects_to_delete": "objects to delete",
}


def _different_totals(reviewed: Marker, plan: Plan) -> Iterator[str]:
    now = asdict(plan.totals)
    for name, words in _TOLD.items():
        then = reviewed.totals.get(name, 0)
        if then != now[name]:
            yield f"{words}: {then:,} reviewed, {now[name]:,} now"


def _different_changes(known: set[str], plan: Plan) -> Iterator[str]:
    new = [each for each in plan.changes if _print(each) not in known]
    for each in new[:MOST_NAMED]:
        verb = "upload" if each.action is Action.PUT else "delete"
        weight = f", {size(each.size)}" if each.action is Action.PUT else ""
        yield f"not reviewed: {verb} {each.key} ({each.reason}{weight})"
    if len(new) > MOST_NAMED:
        yield f"not reviewed: {len(new) - MOST_NAMED:,} more"
    gone = len(known - {_print(each) for each in plan.changes})
    if gone:
        yield f"reviewed but no longer planned: {count(gone, 'change')}"
