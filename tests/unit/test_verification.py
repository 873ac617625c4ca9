"""What a look at a deployed gallery tells: a sample of each kind, and what each answer means."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace
from unit.samples import full, page, thumb

from galleria_action import verification
from galleria_action.errors import FailureReason
from galleria_action.headers import Headers
from galleria_action.verification import LARGEST, Expected, Fault, Found, Look, Verification

JPEG = Headers("image/jpeg", "public, max-age=86400")
OLD = b"the old bytes"
PHOTO = Expected("photos/full/a.jpg", b"the new bytes", JPEG, hashlib.md5(OLD).hexdigest())


def sample(objects, changed=(), sizes=None):
    known = {each.key: 10 for each in objects} if sizes is None else sizes
    return [each.key for each in verification.sample(objects, known, set(changed), "photos")]


class TestSample:
    """A few objects that stand for all."""

    def objects(self, count=50):
        photos = [
            each
            for number in range(count)
            for each in (full(f"{number:02}"), thumb(f"{number:02}"))
        ]
        return [*photos, page("index.html"), page("about.html"), page("style.css")]

    def test_each_kind(self):
        """Some of every kind, few altogether, the same in every run and order."""
        chosen = sample(self.objects())
        assert len(chosen) == verification.SAMPLE
        assert {"index.html", "about.html", "style.css"} < set(chosen)
        assert sum(each.startswith("photos/full/") for each in chosen) >= 3
        assert sum(each.startswith("photos/thumb/") for each in chosen) >= 3
        assert sample(self.objects()[::-1]) == chosen

    def test_what_changed_first(self):
        """It is what may be wrong."""
        chosen = sample(self.objects(), ["photos/full/37.jpg", "photos/thumb/42.webp"])
        assert {"photos/full/37.jpg", "photos/thumb/42.webp"} < set(chosen)

    def test_near_the_root_first(self):
        """The start page rather than one deep below."""
        pages = [page(f"a/{number}/index.html") for number in range(30)]
        assert "index.html" in sample([*pages, page("index.html")])

    def test_nothing_large_and_nothing_unknown(self):
        """What takes long to read is only listed."""
        sizes = {"photos/full/01.jpg": LARGEST + 1, "photos/full/02.jpg": LARGEST}
        assert sample([full("01"), full("02"), full("03")], sizes=sizes) == ["photos/full/02.jpg"]

    def test_nothing(self):
        """An empty gallery has no sample."""
        assert sample([]) == []


@pytest.mark.parametrize(
    ("found", "fault", "why"),
    [
        (Found(200, PHOTO.data, "image/jpeg"), None, ""),
        (Found(200, PHOTO.data, "IMAGE/JPEG; charset=binary"), None, ""),
        (Found(200, OLD, "image/jpeg"), Fault.OLD, "old file"),
        (Found(200, b"x", "image/jpeg", etag=PHOTO.before), Fault.OLD, "old file"),
        (Found(200, b"other", "image/jpeg"), Fault.OTHER, "5 of 13"),
        (Found(200, b"the bad bytes", "image/jpeg"), Fault.OTHER, "as many"),
        (Found(200, b"a much longer body"), Fault.OTHER, "more than"),
        (Found(200, PHOTO.data, "text/html"), Fault.TYPE, "text/html, not image/jpeg"),
        (Found(200, PHOTO.data, ""), Fault.TYPE, "none"),
        (Found(403), Fault.FORBIDDEN, "403"),
        (Found(401), Fault.FORBIDDEN, "401"),
        (Found(404), Fault.ABSENT, "404"),
        (Found(301, location="https://a"), Fault.MOVED, "leads to https://a"),
        (Found(302), Fault.MOVED, "leads to nowhere"),
        (Found(500), Fault.STATUS, "500"),
        (Found(206, PHOTO.data, "image/jpeg"), Fault.STATUS, "206"),
        (Found(0, b"timed out"), Fault.SILENT, "timed out"),
    ],
)
def test_what_visitors_get(found, fault, why):
    """Each answer has a meaning; a stale cache is told from anything else."""
    look = verification.by_visitor(PHOTO, found)
    assert (look.key, look.found, look.fault) == (PHOTO.key, found, fault)
    assert why in look.why


def test_nobody_knows_the_headers():
    """Of an object that another tool put: its bytes are compared, and nothing else."""
    look = verification.by_visitor(replace(PHOTO, headers=None), Found(200, PHOTO.data, "x/y"))
    assert look.fault is None


def test_nothing_was_replaced():
    """Then no bytes are old ones."""
    look = verification.by_visitor(replace(PHOTO, before=""), Found(200, b"", etag=""))
    assert look.fault is Fault.OTHER


@pytest.mark.parametrize(
    ("data", "fault"), [(PHOTO.data, None), (OLD, Fault.BUCKET), (None, Fault.BUCKET)]
)
def test_what_the_bucket_has(data, fault):
    """The very bytes, or a fault."""
    assert verification.in_bucket(PHOTO, data).fault is fault


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (Found(404), None),
        (Found(403), None),
        (Found(0, b"timed out"), None),
        (Found(200, b"<title>Not found</title>", "text/html", etag="page"), None),
        (Found(200, OLD), Fault.OLD),
        (Found(200, b"", etag=PHOTO.before), Fault.OLD),
    ],
)
def test_what_visitors_get_of_deleted_objects(found, fault):
    """A page that is shown instead is none of them."""
    assert verification.after_deletion("a.jpg", PHOTO.before, found).fault is fault


def test_listing():
    """Everything is there as it was put, and nothing that was deleted."""
    there = {"a": "1", "b": "2", "gone": "3"}
    looks = verification.in_listing({"a": "1", "b": "1", "c": "1"}, ["gone", "d"], there.get)
    assert [(each.key, each.why) for each in looks] == [
        ("b", "is another object than the one that was put"),
        ("c", "is not in the bucket"),
        ("gone", "was deleted and is there again"),
    ]


class TestVerification:
    """All looks together."""

    def test_all_is_well(self):
        """No failure and no remark."""
        made = Verification(1, in_bucket=(Look("a"),), by_visitors=(Look("a"),), front=Look(""))
        assert made.failure() is None
        assert made.remark == ""

    def test_failure(self):
        """`verify`, every fault with its place, each advice once."""
        faults = tuple(verification.by_visitor(PHOTO, Found(403)) for _ in range(3))
        error = Verification(3, by_visitors=faults).failure()
        assert error.reason is FailureReason.VERIFY
        assert "The deployment is complete, but 3 checks failed" in error.headline
        assert len(error.problems) == 3
        assert error.advice == Fault.FORBIDDEN.value

    def test_a_folder_without_index(self):
        """Many services show none: a remark, no failure."""
        front = verification.by_visitor(replace(PHOTO, key=""), Found(403))
        made = Verification(1, front=front)
        assert made.failure() is None
        assert "index.html" in made.remark
