"""The part of a plan that one of several jobs carries out: its share of the photos, no more."""

from __future__ import annotations

from galleria_action.ledger import Owner
from galleria_action.plan import Kind, Plan, Totals
from galleria_action.shard import Shard
from galleria_action.text import count, size
from galleria_action.values import replace


def of(plan: Plan, shard: Shard) -> Plan:
    """The plan's photos of this shard, and the facts about those of them that stay.

    All else belongs to the run that commits: what is recorded of other keys, too, because other
    jobs may be changing them.
    """
    photos = tuple(each for each in plan.puts(Kind.PHOTO) if shard.has(each.key))
    return replace(
        plan,
        is_part=True,
        changes=photos,
        totals=Totals(
            photos_to_upload=len({each.photo for each in photos}),
            objects_to_put=len(photos),
            photo_bytes=sum(each.size for each in photos),
        ),
        kept={
            key: entry
            for key, entry in plan.kept.items()
            if entry.owner in (Owner.PHOTO, Owner.FILE) and shard.has(key)
        },
        claims={},
        spared=(),
        forgotten=(),
        manifest_data=b"",
        purge=None,
    )


def announced(plan: Plan, shard: Shard) -> Plan:
    """The whole plan with a notice of how little of it this job carries out."""
    totals = of(plan, shard).totals
    notice = (
        f"Only part {shard} of the photos is uploaded here: "
        f"{count(totals.objects_to_put, 'file')}, {size(totals.bytes_to_upload)}. "
        "Nothing is committed or deleted: a run without shard does the rest."
    )
    return replace(plan, notices=(notice, *plan.notices))
