"""Shares of the photos: every key is in one of them, and what a share of a plan contains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from unit.showcase import rich_plan

from galleria_action import shard, share
from galleria_action.invalidation import Provider, Purge
from galleria_action.ledger import Entry, Owner
from galleria_action.plan import Action, Kind
from galleria_action.shard import Shard

KEYS = [f"photos/full/photo-{number}.jpg" for number in range(10_000)]


def parts(count: int) -> list[Shard]:
    return [Shard(number, count) for number in range(1, count + 1)]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, shard.MOST))
def test_every_key_is_in_one_part(key, count):
    """The parts are disjoint, and nothing is left out."""
    assert sum(each.has(key) for each in parts(count)) == 1


@pytest.mark.parametrize("count", [2, 7, 20])
def test_parts_are_balanced(count):
    """Each has about as many keys as any other: within a quarter of the mean."""
    sizes = [sum(each.has(key) for key in KEYS) for each in parts(count)]
    mean = len(KEYS) / count
    assert sum(sizes) == len(KEYS)
    assert max(abs(size - mean) for size in sizes) < mean / 4


def test_parts_are_the_same_everywhere():
    """Jobs of different versions of Python, and of this program, choose the same."""
    part = Shard(2, 3)
    assert [number for number in range(12) if part.has(KEYS[number])] == [2, 4, 6, 7]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1/1", Shard(1, 1)), ("3/20", Shard(3, 20)), ("256/256", Shard(256, 256))],
)
def test_texts(text, expected):
    """i/n, counted from 1."""
    assert shard.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["0/3", "4/3", "1/257", "1", "/", "1/0", "-1/3", "1/3/5", "1 / 3", "a/b", "1/3\n", "1/٣", ""],
)
def test_texts_that_cannot_be(text):
    """Anything else is no shard."""
    assert shard.parse(text) is None


class TestShareOfAPlan:
    """What is left of a plan for one job."""

    def test_shares_are_the_photos(self):
        """Together they upload each photo object once, and do nothing else."""
        plan = rich_plan()
        shares = [share.of(plan, each) for each in parts(3)]
        changes = [change for each in shares for change in each.changes]
        expected = sorted(each.key for each in plan.puts(Kind.PHOTO))
        assert sorted(each.key for each in changes) == expected
        assert {each.action for each in changes} == {Action.PUT}
        assert all(each.is_part for each in shares)
        assert sum(each.totals.objects_to_put for each in shares) == len(changes)
        assert sum(each.totals.bytes_to_upload for each in shares) == sum(
            each.size for each in plan.puts(Kind.PHOTO)
        )

    def test_facts_about_other_keys_are_left_to_others(self):
        """A job that planned earlier must not undo what another has recorded since."""
        kept = {
            "photos/a.jpg": Entry(Owner.PHOTO, "a"),
            "photos/b.jpg": Entry(Owner.FILE, "b"),
            "index.html": Entry(Owner.SITE, "c"),
            "m.json": Entry(Owner.MANIFEST, "d"),
        }
        plan = replace(
            rich_plan(), kept=kept, claims=kept, forgotten=("gone",), manifest_data=b"{}"
        )
        shares = [share.of(plan, each) for each in parts(3)]
        assert sorted(key for each in shares for key in each.kept) == [
            "photos/a.jpg",
            "photos/b.jpg",
        ]
        assert not any(each.claims or each.forgotten or each.manifest_data for each in shares)

    def test_purges_are_left_to_the_last_run(self):
        """They belong to the commit."""
        plan = replace(rich_plan(), purge=Purge(Provider.BUNNY))
        assert share.of(plan, Shard(1, 1)).purge is None

    def test_whole_plan_is_announced(self):
        """The plan that is shown is the whole one, with a sentence about the part."""
        plan = rich_plan()
        shown = share.announced(plan, Shard(2, 3))
        assert (shown.hash, shown.changes, shown.totals) == (plan.hash, plan.changes, plan.totals)
        first, *rest = shown.notices
        assert first.startswith("Only part 2 of 3 of the photos is uploaded here: ")
        assert "Nothing is committed" in first
        assert tuple(rest) == plan.notices
