"""The comment and its marker: what it remembers, that nothing breaks it, that it fits."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from support import rendered
from unit.samples import sha256
from unit.showcase import idle_plan, refused_plan, rich_plan

from galleria_action import comment, report
from galleria_action.comment import Marker
from galleria_action.errors import DeployError
from galleria_action.headers import Headers
from galleria_action.plan import Action, Change, Kind, Plan, Reason, Totals
from galleria_action.reviews import Nowhere, Reviewed, require

HOSTILE = [
    "a|b", "|", "\\|", "`", "``` x", "](javascript:alert(1))", "[x](javascript:x)", "![x](y)",
    "@everyone", "@octocat", "#1", "someone/gallery#1", "-->", "--!>", "<!--", "--", "->", "<",
    "</details>", "</summary></details>", "<script>x</script>", "::error::x", "##[error]x",
    "a\nb", "a\n\n# b", "\r\n\r\n| x |\n|---|\n", "\u202egpj.exe", "\u2066x\u2069", "\u200b",
    "x" * 1000, "|" * 1000, "`" * 1000, "é" * 1000, "\U0001f3d4" * 1000, "https://evil.example",
    "www.evil.example", "~~x~~", "&#64;octocat", "\x1b[31m", "\u2028", '{"version": 1}', "\\",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(),
    st.lists(st.sampled_from(HOSTILE)).map("".join),
)
MARKERS = st.builds(
    Marker,
    instance=TEXTS,
    scope=TEXTS,
    plan_hash=TEXTS,
    totals=st.dictionaries(TEXTS, st.integers()),
    prints=TEXTS,
)


def put(key: str, photo: str, reason: Reason = Reason.CHANGED, size: int = 4_000_000) -> Change:
    kind = Kind.PHOTO if photo else Kind.SITE
    return Change(
        Action.PUT, reason, kind, key, size, photo, sha256(key), "", Headers("image/jpeg", "no-cache")
    )  # fmt: skip


def large_plan(photos: int = 30_000) -> Plan:
    """``photos`` changed photos of three objects each."""
    changes = [
        put(f"photos/{variant}/wedding-20240615T143045-r5a-{number}.jpg", f"wedding-20240615T143045-r5a-{number}")
        for number in range(photos)
        for variant in ("full", "thumb", "web")
    ]  # fmt: skip
    totals = Totals(
        photos_to_upload=photos,
        photos_unchanged=12,
        objects_to_put=len(changes),
        photo_bytes=sum(each.size for each in changes),
    )
    return replace(rich_plan(), changes=tuple(changes), totals=totals, warnings=(), notices=())


def hostile_plan(*names: str) -> Plan:
    """Photos, site files, warnings and places that are called like this."""
    changes = [put(f"photos/full/{name}", name) for name in names]
    changes += [put(f"{name}.js", "", Reason.NEW) for name in names]
    changes += [Change(Action.DELETE, Reason.REMOVED, Kind.PHOTO, f"photos/{name}", 1, f"old {name}") for name in names]  # fmt: skip
    return replace(
        rich_plan(),
        bucket=names[0],
        photos_prefix=names[0],
        site_prefix=names[-1],
        metadata_key=names[-1],
        changes=tuple(changes),
        totals=Totals(photos_to_upload=len(names), site_to_upload=len(names)),
        warnings=tuple(f"{name} cannot be edited" for name in names[:5]),
        notices=(f"not uploaded: {', '.join(names[:5])}",),
    )


class TestMarker:
    """What the comment remembers."""

    @given(MARKERS)
    def test_round_trip(self, marker):
        """Whatever it holds, it is one harmless line that says the same when it is read."""
        line = comment.encode(marker)
        inner = line.removeprefix("<!--").removesuffix("-->")
        assert not {"<", ">"} & set(inner)
        assert "--" not in inner
        assert inner.isascii()
        assert len(line.splitlines()) == 1
        for body in (line, f"{line}\n\nand more", f"{line}\r\n"):
            assert comment.decode(body) == marker

    def test_documented_members(self):
        """Instance, version and plan hash are found by their names."""
        plan = rich_plan()
        line = comment.encode(comment.marker(plan))
        document = json.loads(line.removeprefix("<!-- galleria-deploy ").removesuffix(" -->"))
        assert document["plan-hash"] == plan.hash
        assert document["version"] == comment.VERSION
        assert document["instance"] == comment.instance(plan)
        assert document["totals"] == asdict(plan.totals)

    @pytest.mark.parametrize(
        "body",
        [
            "", "x", "<!-- galleria-deploy -->", "<!-- galleria-deploy {} -->",
            "<!-- galleria-deploy {x} -->", "<!-- galleria-deploy [] -->",
            '<!-- galleria-deploy {"a": ' + "[" * 100_000 + "} -->",
            "<!-- galleria-deploy " + '{"a":' * 100_000 + "} -->",
        ],
        ids=range(8),
    )  # fmt: skip
    def test_no_marker(self, body):
        """What is no marker is none."""
        assert comment.decode(body) is None

    @pytest.mark.parametrize("before", [" ", "> ", "\n", "x", "```\n"])
    def test_only_at_the_beginning(self, before):
        """One that is quoted does not count."""
        assert comment.decode(before + comment.body(rich_plan(), dry_run=True)) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"version": 2}, {"version": "1"}, {"instance": None}, {"plan-hash": 5}, {"totals": []},
            {"totals": {"a": True}}, {"totals": {"a": "1"}}, {"changes": None}, {"scope": {}},
        ],
        ids=repr,
    )  # fmt: skip
    def test_other_forms(self, changes):
        """Another version, or another shape, is not read as this one."""
        line = comment.encode(comment.marker(rich_plan()))
        document = json.loads(line.removeprefix("<!-- galleria-deploy ").removesuffix(" -->"))
        made = f"<!-- galleria-deploy {json.dumps(document | changes)} -->"
        assert comment.decode(made) is None
        assert comment.decode(f"<!-- galleria-deploy {json.dumps(document)} -->") is not None

    @pytest.mark.parametrize("member", ["bucket", "photos_prefix", "site_prefix", "metadata_key"])
    def test_instance(self, member):
        """Each part of a gallery's place makes another instance; the plan itself does not."""
        plan = rich_plan()
        assert comment.instance(plan) == comment.instance(idle_plan())
        other = replace(plan, **{member: "other"})
        assert comment.instance(other) != comment.instance(plan)
        assert not comment.marker(other).is_about(plan)

    def test_scope(self):
        """Half of a gallery is another comment's business."""
        plan = rich_plan()
        assert comment.marker(plan).is_about(idle_plan())
        assert not comment.marker(replace(plan, photos=False)).is_about(plan)


class TestBody:
    """The whole comment."""

    @pytest.mark.parametrize("plan", [rich_plan(), refused_plan(), idle_plan()], ids=range(3))
    def test_is_the_report(self, plan):
        """Marker, report, gallery; the same for the same plan."""
        body = comment.body(plan, dry_run=True)
        assert body == comment.body(plan, dry_run=True)
        assert comment.decode(body) == comment.marker(plan)
        assert report.plan(plan, dry_run=True) in body
        assert "Gallery `gallery-metadata.json`, photos in `photos/`, site in `/`" in body

    def test_30_000_changed_photos(self):
        """Comment and summary keep their limits, their totals are right, the Markdown is valid."""
        plan = large_plan()
        body = comment.body(plan, dry_run=True)
        summary = report.plan(plan, dry_run=True)
        assert 50_000 < len(body.encode()) < 60_000
        assert 800_000 < len(summary.encode()) < 900_000
        for text in (body, summary):
            assert "**30,000 photos** to upload (360 GB)" in text
            assert "| Photos | 30,000 (360 GB) | 0 | 12 |" in text
            page = rendered.render(text)
            check(page, headings=1)
            shown = page.rows - 3  # those of the totals
            assert f"... and {30_000 - shown:,} more" in page.prose
            assert plan.hash in text

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_hostile_names(self, name):
        """Nothing that is called like this leaves its code span, its row or the marker."""
        plan = hostile_plan(name, f"a{name}b")
        for text in (comment.body(plan, dry_run=True), report.plan(plan, dry_run=True)):
            check(rendered.render(text), headings=1)
        body = comment.body(plan, dry_run=True)
        assert comment.decode(body) == comment.marker(plan)
        assert not set("\u202e\u2066\u2028\x1b\r") & set(body)

    @given(st.lists(TEXTS, min_size=1, max_size=4))
    def test_any_names(self, names):
        """Likewise for whatever Unicode has."""
        plan = hostile_plan(*names)
        body = comment.body(plan, dry_run=False)
        check(rendered.render(body), headings=1)
        assert comment.decode(body) == comment.marker(plan)

    @pytest.mark.parametrize("name", ["x" * 1000, "|" * 1000, "\U0001f3d4" * 1000, "@<&" * 400])
    def test_long_names_fit(self, name):
        """Thousands of the longest names, in warnings too: the limit holds, tags are balanced."""
        plan = hostile_plan(*(f"{number}{name}" for number in range(300)))
        body = comment.body(plan, dry_run=True)
        assert len(body.encode()) < 60_000
        check(rendered.render(body), headings=1)

    @given(st.text(st.sampled_from("ab\r\n ")))
    def test_says(self, text):
        """What GitHub gives back may have other newlines and no outer space."""
        assert comment.says(
            text.replace("\r", "").replace("\n", "\r\n") + "\n", text.replace("\r", "")
        )
        assert not comment.says(text + "x", text)


def check(page: rendered.Page, headings: int) -> None:
    """Tables are tables, details are balanced, and nothing in the prose means anything."""
    assert page.links == []
    assert page.html <= rendered.OURS
    assert page.balanced
    assert page.headings == headings
    assert page.widths == page.expected_widths
    assert not re.search(r"@\w|#\w", page.prose)


class Memory:
    """Reviews that know one plan."""

    def __init__(self, plan: Plan) -> None:
        self._marker = comment.marker(plan)

    def post(self, plan: Plan) -> None:
        raise NotImplementedError

    def reviewed(self, plan: Plan) -> Reviewed:
        return Reviewed(7, self._marker)


class TestRequire:
    """Only the plan that was reviewed is carried out."""

    def problems(self, reviewed: Plan, plan: Plan) -> list[str]:
        with pytest.raises(DeployError) as raised:
            require(plan, Memory(reviewed))
        assert raised.value.reason == "plan-changed"
        first, second, *others = [str(each) for each in raised.value.problems]
        assert (first, second) == (f"reviewed {reviewed.hash}", f"found    {plan.hash}")
        return others

    def test_the_same(self):
        """The reviewed plan passes, whoever made it."""
        assert require(rich_plan(), Memory(rich_plan())).number == 7

    def test_nothing_to_do(self):
        """A plan without changes needs no review."""
        assert require(idle_plan(), Nowhere("this is a test")) is None

    def test_nowhere(self):
        """Without reviews nothing is deployed."""
        with pytest.raises(DeployError, match="There is no reviewed plan") as raised:
            require(rich_plan(), Nowhere("this is a test"))
        assert [str(each) for each in raised.value.problems] == ["this is a test"]

    def test_one_file_more(self):
        """It is named."""
        plan = rich_plan()
        more = replace(plan, changes=(*plan.changes, put("new.js", "", Reason.NEW, 1234)))
        assert self.problems(plan, more) == ["not reviewed: upload new.js (new, 1.2 kB)"]
        assert self.problems(more, plan) == ["reviewed but no longer planned: 1 change"]

    def test_other_contents(self):
        """The same file with other bytes is named, too."""
        plan = rich_plan()
        other = (plan.changes[0]._replace(source=sha256("other")), *plan.changes[1:])
        (new, gone) = self.problems(plan, replace(plan, changes=other))
        assert new.startswith(f"not reviewed: upload {plan.changes[0].key} (new, ")
        assert gone == "reviewed but no longer planned: 1 change"

    def test_delete(self):
        """A delete that nobody saw."""
        plan = rich_plan()
        more = Change(Action.DELETE, Reason.REMOVED, Kind.SITE, "about.html", 5)
        told = self.problems(plan, replace(plan, changes=(*plan.changes, more)))
        assert told == ["not reviewed: delete about.html (removed)"]

    def test_after_an_idle_plan(self):
        """The comment said that nothing is to do; now there is."""
        told = self.problems(idle_plan(), rich_plan())
        assert "photos to upload: 0 reviewed, 37 now" in told
        assert len([each for each in told if each.startswith("not reviewed: ")]) == 21
        assert f"not reviewed: {len(rich_plan().changes) - 20} more" in told

    def test_large_plans(self):
        """Of thousands of changes only the totals are remembered."""
        plan = large_plan(500)
        other = replace(
            plan, changes=(plan.changes[0]._replace(source="1" * 64), *plan.changes[1:])
        )
        assert self.problems(plan, other) == [
            "as many files as before, but other ones or with other contents"
        ]
        more = replace(
            plan, totals=replace(plan.totals, photos_to_upload=501), changes=other.changes
        )
        assert self.problems(plan, more) == ["photos to upload: 500 reviewed, 501 now"]
