"""The plan as a value: its hash, its groups, its words."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from unit.samples import full, page, sha256

from galleria_action.headers import Headers
from galleria_action.ledger import Entry, Owner
from galleria_action.plan import MEANING, Action, Change, Kind, Plan, Reason, Totals

HEADERS = Headers("image/jpeg", "public")
PUT = Change(
    Action.PUT, Reason.NEW, Kind.PHOTO, "photos/full/a.jpg", 5, "a", sha256("a"), "edit", HEADERS, full("a")
)  # fmt: skip
DELETE = Change(Action.DELETE, Reason.REMOVED, Kind.PHOTO, "photos/full/b.jpg", 5, "b")
PLAN = Plan(
    bucket="b",
    photos_prefix="photos",
    site_prefix="",
    metadata_key="m.json",
    mode="metadata",
    photos=True,
    site=True,
    changes=(PUT, DELETE),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"bucket": "c"},
        {"photos_prefix": ""},
        {"site_prefix": "site"},
        {"metadata_key": "n.json"},
        {"photos": False},
        {"site": False},
        {"changes": (PUT,)},
        {"changes": (DELETE,)},
        {"changes": (PUT, DELETE._replace(key="c"))},
        {"changes": (PUT._replace(key="c"), DELETE)},
        {"changes": (PUT._replace(source=sha256("c")), DELETE)},
        {"changes": (PUT._replace(edit=""), DELETE)},
        {"changes": (PUT._replace(headers=Headers("image/jpeg", "private")), DELETE)},
        {"changes": (PUT._replace(headers=Headers("image/png", "public")), DELETE)},
        {"changes": (PUT._replace(action=Action.DELETE), DELETE)},
    ],
)
def test_hash_depends_on(changes):
    """Bucket, prefixes, metadata key, scope, and what is put or deleted with content and headers."""
    assert replace(PLAN, **changes).hash != PLAN.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"changes": (DELETE, PUT)},
        {"changes": (PUT._replace(reason=Reason.CHANGED), DELETE)},
        {"changes": (PUT._replace(wanted=full("a", file=page("/elsewhere").file)), DELETE)},
        {"changes": (PUT, DELETE._replace(size=99))},
        {"totals": Totals(replaced=1)},
        {"kept": {"a": Entry(Owner.SITE)}},
        {"warnings": ("w",), "notices": ("n",)},
        {"manifest_data": b"x"},
    ],
)
def test_hash_does_not_depend_on(changes):
    """No reasons, times, hosts or paths of the machine: the reviewed plan is the later run's."""
    assert replace(PLAN, **changes).hash == PLAN.hash


def test_hash_is_stable():
    """The hash is part of what users keep: it changes only with HASH_VERSION."""
    assert PLAN.hash == "fabd48604ae26e54119a19dca2a7be981a86798b82c9cf94f1ee539e0947659a"


def test_a_plan_is_frozen():
    """Nobody changes a plan that was shown."""
    with pytest.raises(AttributeError):
        PLAN.changes = ()
    with pytest.raises(AttributeError):
        PUT.key = "x"


def test_groups():
    """Puts by kind in the plan's order; deletes of photos before those of site files."""
    site = DELETE._replace(kind=Kind.SITE, key="a")
    plan = replace(PLAN, changes=(PUT, site, DELETE))
    assert plan.puts(Kind.PHOTO) == (PUT,)
    assert plan.puts(Kind.SITE) == plan.puts(Kind.MANIFEST) == ()
    assert plan.deletes == (DELETE, site)


def test_reasons_are_the_documented_words():
    """Users and plan.json read these words; each has a meaning."""
    assert [reason.value for reason in Reason] == [
        "new", "changed", "metadata changed", "headers changed", "missing in bucket",
        "differs in bucket", "unverified", "forced", "removed", "leftover",
    ]  # fmt: skip
    assert set(MEANING) == set(Reason)
    assert all(re.fullmatch(r"[a-z].*[^.]", meaning) for meaning in MEANING.values())
