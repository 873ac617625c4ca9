"""plan.json: what its schema says it is."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from unit.showcase import idle_plan, refused_plan, rich_plan

from galleria_action import plan_document
from galleria_action.invalidation import Call, Provider, Purge
from galleria_action.plan import Action, Kind, Reason

SCHEMA = json.loads((resources.files("galleria_action") / "plan.schema.json").read_bytes())
PLANS = {"rich": rich_plan(), "refused": refused_plan(), "idle": idle_plan()}


def document(plan, *, dry_run=False) -> dict:
    return json.loads(b"".join(plan_document.encode(plan, dry_run=dry_run)))


def test_schema():
    """The schema is one, of draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_documents_are_valid(name, dry_run):
    """Every plan's document is what the schema describes, with every member it describes."""
    made = document(PLANS[name], dry_run=dry_run)
    Draft202012Validator(SCHEMA).validate(made)
    assert set(made) == set(SCHEMA["properties"]) - {"purge"}
    assert set(made["totals"]) == set(SCHEMA["properties"]["totals"]["required"])
    assert made["dry_run"] is dry_run


def test_words():
    """The schema knows every action, reason and kind there is."""
    members = SCHEMA["$defs"]["change"]["properties"]
    assert members["action"]["enum"] == list(Action)
    assert members["reason"]["enum"] == list(Reason)
    assert members["kind"]["enum"] == list(Kind)


def test_content():
    """The document has the plan's hash, where it goes, and every change in its order."""
    plan = rich_plan()
    made = document(plan)
    assert made["version"] == 1
    assert made["plan_hash"] == plan.hash
    assert made["scope"] == {"photos": True, "site": True}
    assert [each["key"] for each in made["changes"]] == [each.key for each in plan.changes]
    assert made["changes"][0] == {
        "action": "put",
        "reason": "new",
        "kind": "photo",
        "key": "photos/full/wedding-00.jpg",
        "size": 4_200_000,
        "photo": "wedding-00",
        "source_sha256": plan.changes[0].source,
        "edit": plan.changes[0].edit,
        "content_type": "image/jpeg",
        "cache_control": "public, max-age=86400",
    }
    assert made["changes"][-1] == {
        "action": "delete", "reason": "removed", "kind": "site", "key": "old.js", "size": 10
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"plan_hash": "x"},
        {"version": 2},
        {"mode": "other"},
        {"totals": {}},
        {"changes": [{"action": "put"}]},
    ],
)
def test_the_schema_refuses(changes):
    """The schema is no rubber stamp."""
    assert not Draft202012Validator(SCHEMA).is_valid({**document(rich_plan()), **changes})


def test_purges():
    """What the CDN is asked to forget, in the words of the provider; nothing without a CDN."""
    purge = Purge(
        Provider.BUNNY,
        (Call(("a.jpg",), ("https://h/a.jpg",)), Call(("b/index.html",), ("https://h/b/",))),
        (Call(("c.jpg",), ("https://h/c.jpg",)),),
    )
    plan = replace(rich_plan(), purge=purge)
    assert document(plan)["purge"] == {
        "provider": "bunny",
        "objects": 3,
        "addresses": ["https://h/a.jpg", "https://h/b/", "https://h/c.jpg"],
    }
    assert Draft202012Validator(SCHEMA).is_valid(document(plan))
    assert "purge" not in document(rich_plan())
    assert plan.hash == rich_plan().hash


def test_no_path_of_the_machine():
    """Where the files lie here is nobody's business."""
    assert b"/workspace/" not in b"".join(plan_document.encode(rich_plan(), dry_run=False))


def test_names_outside_unicode_are_no_bug():
    """A photo id that is no valid Unicode text can be written down all the same."""
    plan = rich_plan()
    odd = plan.changes[0]._replace(photo="\ud800")
    b"".join(plan_document.encode(replace(plan, changes=(odd,)), dry_run=False))
