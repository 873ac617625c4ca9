"""The text that says what was done to a file."""

from __future__ import annotations

import pytest

from galleria_action import edits

TIME = "exif/1 2024-06-15T14:30:45 +02:00"
UNTOUCHED = f"untouched {TIME}"


@pytest.mark.parametrize(
    ("edit", "corrected", "edited"),
    [("", False, False), (TIME, True, True), (UNTOUCHED, False, False)],
)
def test_with_and_without_a_position(edit, corrected, edited):
    """Removing a position keeps what is said of the time, and makes other bytes in any case."""
    without = edits.without_position(edit, "gps/1")
    assert [edits.remover(each) for each in (edit, without)] == ["", "gps/1"]
    assert [edits.correction(each) for each in (edit, without)] == [edit, edit]
    assert [edits.is_corrected(each) for each in (edit, without)] == [corrected, corrected]
    assert [edits.is_edited(each) for each in (edit, without)] == [edited, True]


def test_as_text():
    """The remover stands first, and alone where nothing else was done."""
    assert edits.without_position("", "gps/1") == "gps/1"
    assert edits.without_position(TIME, "gps/1") == f"gps/1 {TIME}"
