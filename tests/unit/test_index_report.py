"""What people are told of an index."""

from __future__ import annotations

from unit import samples

from galleria_action import index_report, indexing
from galleria_action.indexing import Indexed
from galleria_action.photo_files import Photo

OLD = samples.document(*(samples.photo(name) for name in "abc"))


def test_difference():
    """Photos by their ids, named by their fulls; and the settings that changed."""
    new = samples.document(
        samples.photo("a"),
        samples.photo("c", file_hash=samples.sha256("other")),
        samples.photo("d"),
        collection="party",
        settings={"timestamp_offset_hours": -4, "target_timezone_offset_hours": 3},
    )
    found = index_report.difference(OLD, new)
    assert found == index_report.Difference(
        new=("full/d.jpg",),
        changed=("full/c.jpg",),
        removed=("full/b.jpg",),
        unchanged=1,
        others=("collection", "target_timezone_offset_hours"),
    )
    assert list(index_report.lines(found)) == [
        "3 photos: 1 new, 1 changed, 1 removed, 1 unchanged",
        "  new: full/d.jpg",
        "  changed: full/c.jpg",
        "  removed: full/b.jpg",
        "  settings changed: collection, target_timezone_offset_hours",
    ]


def test_a_first_manifest_changes_no_settings():
    """There were none."""
    found = index_report.difference({}, OLD)
    assert (len(found.new), found.removed, found.others) == (3, (), ())


def test_long_lists_are_cut():
    """Nobody reads thousands of names."""
    names = [f"p{number:04}" for number in range(1234)]
    found = index_report.difference({}, samples.document(*map(samples.photo, names)))
    lines = list(index_report.lines(found))
    assert lines[0] == "1,234 photos: 1,234 new, 0 changed, 0 removed, 0 unchanged"
    assert len(lines) == 12
    assert lines[-1] == "  new: and 1,224 more"


def indexed(name: str, time: str | None, untouched_because: str = "") -> Indexed:
    statement = indexing.Statement("", {"corrected_timestamp": time}, None)
    return Indexed(Photo(None, {"full": name}), statement, "", "", untouched_because)


def test_troubles_are_one_message_each():
    """With a count, and the first names; names of other people are harmless."""
    photos = [indexed(f"full/{number:02}\x1b.jpg", None, "no JPEG file") for number in range(12)]
    (warning,) = index_report.warnings(photos)
    assert warning.startswith("12 photos cannot be edited without harm and will be published with")
    assert warning.endswith("full/09\N{REPLACEMENT CHARACTER}.jpg (no JPEG file); and 2 more")
    timeless, others = index_report.notices(photos, ["full/a.txt"])
    assert timeless.startswith("12 photos without a time that can be read: nothing is corrected")
    assert others == "1 file belonging to no photo: full/a.txt"


def test_nothing_to_tell():
    """No trouble, no message."""
    photos = [indexed("full/a.jpg", samples.CORRECTED)]
    assert list(index_report.warnings(photos)) == list(index_report.notices(photos, [])) == []
