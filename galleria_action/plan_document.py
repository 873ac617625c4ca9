"""``plan.json``: the plan for other programs. ``plan.schema.json`` in this package describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from galleria_action.plan import Change, Plan
from galleria_action.values import UNSET, Struct, UnsetType, asdict, msgspec

VERSION = 1
BATCH = 500


def encode(plan: Plan, *, dry_run: bool) -> Iterator[bytes]:
    """The document as UTF-8, in pieces; the same plan gives the same bytes.

    A change a line: Python's indented JSON would take ten seconds for 300,000 of them.
    """
    totals = plan.totals
    head = {
        "version": VERSION,
        "plan_hash": plan.hash,
        "dry_run": dry_run,
        "bucket": plan.bucket,
        "photos_prefix": plan.photos_prefix,
        "site_prefix": plan.site_prefix,
        "metadata_key": plan.metadata_key,
        "mode": plan.mode,
        "scope": {"photos": plan.photos, "site": plan.site},
        "totals": asdict(totals),
    }
    foot: dict[str, Any] = {
        "warnings": list(plan.warnings),
        "notices": list(plan.notices),
        "over_limit": list(plan.over_limit),
    }
    yield _bytes(json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}"))
    if plan.purge:
        foot["purge"] = {
            "provider": plan.purge.provider,
            "objects": plan.purge.objects,
            "addresses": list(plan.purge.addresses),
        }
    yield b',\n "changes": ['
    between = b"\n  "
    for start in range(0, len(plan.changes), BATCH):
        yield between + _lines(plan.changes[start : start + BATCH])
        between = b",\n  "
    yield b"\n ],"
    yield _bytes(json.dumps(foot, indent=1, ensure_ascii=False).removeprefix("{") + "\n")


class _Line(Struct, gc=False):
    """A change as it is written; what it does not have is left out."""

    action: str
    reason: str
    kind: str
    key: str
    size: int
    photo: str | UnsetType = UNSET
    source_sha256: str | UnsetType = UNSET
    edit: str | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    cache_control: str | UnsetType = UNSET


def _lines(changes: Sequence[Change]) -> bytes:
    """A change a line; many at once, because a call of the encoder costs more than a change."""
    listed = [_line(each) for each in changes]
    try:
        text = msgspec.json.format(msgspec.json.encode(listed), indent=0)
    except ValueError:  # half surrogate pairs
        text = _bytes(json.dumps(msgspec.to_builtins(listed), ensure_ascii=False))
    # A quote inside of a text is escaped: this stands between two changes only.
    return text[1:-1].replace(b'}, {"action"', b'},\n  {"action"')


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")


def _line(change: Change) -> _Line:
    action, reason, kind, key, size, photo, source, edit, headers, _, _ = change
    return _Line(
        action,
        reason,
        kind,
        key,
        size,
        photo or UNSET,
        source or UNSET,
        edit if source else UNSET,
        headers.content_type if headers else UNSET,
        headers.cache_control if headers else UNSET,
    )
