"""What the manifest says after an index, from what it said before and what the files tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from unit import samples

from galleria_action import indexing, manifest
from galleria_action.indexing import Clock, Indexed, Request
from galleria_action.manifest import Edit
from galleria_action.photo_facts import Facts
from galleria_action.photo_files import Photo

NOW = datetime(2025, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
SHA, OTHER = samples.sha256("a"), samples.sha256("something else")
CORRECTED = samples.sha256("a corrected")
TAKEN = datetime.fromisoformat("2024-06-15T18:30:45")
FACTS = Facts(TAKEN, "+00:00", "Canon", "EOS R5", 12)
BEFORE = (-4, 2)
SAME = Clock(-4, 2, BEFORE)
KEEP = manifest.KEEP_TIMEZONE

EXIF = {
    "original_timestamp": "2024-06-15T18:30:45",
    "corrected_timestamp": "2024-06-15T14:30:45",
    "timezone_original": "+00:00",
    "camera": {"make": "Canon", "model": "EOS R5"},
    "subsecond": 12,
}
BY_HAND = {**EXIF, "corrected_timestamp": "2024-06-15T14:00:00"}


def old(**exif: object) -> dict:
    return samples.photo("a", exif={**EXIF, **exif})


class TestClock:
    """Corrected times and settings."""

    @pytest.mark.parametrize(
        ("hours", "original", "corrected"),
        [
            (-4, "2024-06-15T18:30:45", "2024-06-15T14:30:45"),
            (0, "2024-06-15T18:30:45", "2024-06-15T18:30:45"),
            (5.75, "2024-12-31T20:00:00", "2025-01-01T01:45:00"),
            (0.001, "2024-06-15T18:30:45", "2024-06-15T18:30:49"),
            (24 * 60, "2024-01-01 00:00:00.5", "2024-03-01T00:00:00"),
            (-4, "2024:06:15 18:30:45", "2024-06-15T14:30:45"),
            (-4, "0001-01-01T00:00:00", None),
            (1e300, "2024-06-15T18:30:45", None),
            (-4, "yesterday", None),
            (-4, None, None),
        ],
    )
    def test_corrected(self, hours, original, corrected):
        """The original time plus the offset, to the second; None where there is no time."""
        assert Clock(hours).corrected(original) == corrected

    @pytest.mark.parametrize(
        ("before", "request_", "after"),
        [
            ({}, Request(), {"timestamp_offset_hours": 0, "target_timezone_offset_hours": 13}),
            ({}, Request(-4, 2), {"timestamp_offset_hours": -4, "target_timezone_offset_hours": 2}),
            ({"timestamp_offset_hours": 1}, Request(), {"timestamp_offset_hours": 1}),
            (
                {"timestamp_offset_hours": 1.0, "web_size": [1, 2], "mine": {}},
                Request(target_hours=-3.5),
                {
                    "timestamp_offset_hours": 1.0,
                    "web_size": [1, 2],
                    "mine": {},
                    "target_timezone_offset_hours": -3.5,
                },
            ),
        ],
    )
    def test_settings(self, before, request_, after):
        """What is asked for, else what was there, else defaults; all other members stay."""
        made = indexing.settings(before, request_)
        assert made == after
        assert list(made) == list(after)

    def test_the_same_number_in_another_form_is_no_change(self):
        """A manifest's 2.0 stays when 2 is asked for."""
        before = {"timestamp_offset_hours": 2.0}
        assert json.dumps(indexing.settings(before, Request(2))) == json.dumps(before)


class TestState:
    """What is said of one full."""

    def test_new_photo(self):
        """All facts of the file; the correction is the offset's, and the target is written."""
        found = indexing.state(None, SHA, FACTS, Clock(-4, 2))
        assert found.file_hash == SHA
        assert found.exif == EXIF
        assert list(found.exif) == list(EXIF)
        assert found.edit == Edit("2024-06-15T14:30:45", "+02:00")

    def test_photo_without_a_time(self):
        """Nothing is corrected, even if there is a zone to write."""
        found = indexing.state(None, SHA, Facts(), Clock(-4, 2))
        assert found.exif == {
            "original_timestamp": None,
            "corrected_timestamp": None,
            "timezone_original": None,
            "camera": {"make": None, "model": None},
            "subsecond": None,
        }
        assert found.edit is None

    @pytest.mark.parametrize(
        ("clock", "zone", "edited"),
        [
            (Clock(0, KEEP), "+00:00", False),
            (Clock(0, KEEP), None, False),
            (Clock(0, 2), "+02:00", False),
            (Clock(0, 2), "+00:00", True),
            (Clock(0, 0), None, True),
            (Clock(1, KEEP), None, True),
            (Clock(1, 2), "+02:00", True),
        ],
    )
    def test_what_is_right_is_not_edited(self, clock, zone, edited):
        """A file that already says what the edit would write goes as it is."""
        found = indexing.state(None, SHA, replace(FACTS, timezone=zone), clock)
        assert (found.edit is not None) == edited

    @pytest.mark.parametrize("exif", [EXIF, BY_HAND])
    def test_unchanged_file(self, exif):
        """Its entry stands, a time that was corrected by hand included."""
        found = indexing.state(old(**exif), SHA, FACTS, SAME)
        assert found.exif == exif
        assert found.edit == manifest.edit(exif["corrected_timestamp"], 2)

    def test_unchanged_file_that_the_manifest_knows_better(self):
        """What is stated stands, unknown members too; what is missing is read from the file."""
        stated = {"subsecond": "012", "camera": {"make": "Canon", "lens": "50"}, "mine": [1],
                  "corrected_timestamp": None}  # fmt: skip
        found = indexing.state(samples.photo("a", exif=stated), SHA, FACTS, SAME)
        assert found.exif == {
            **stated,
            "original_timestamp": "2024-06-15T18:30:45",
            "timezone_original": "+00:00",
        }
        assert found.edit is None

    def test_unchanged_file_and_another_offset(self):
        """The time is corrected anew, from the original one that the manifest states."""
        entry = old(**{**BY_HAND, "original_timestamp": "2024:06:15 18:00:00"})
        found = indexing.state(entry, SHA, FACTS, Clock(1, 2, BEFORE))
        assert found.exif["corrected_timestamp"] == "2024-06-15T19:00:00"
        assert found.edit == Edit("2024-06-15T19:00:00", "+02:00")

    def test_unchanged_file_and_another_zone(self):
        """The zone changes what is written, not the time."""
        found = indexing.state(old(**BY_HAND), SHA, FACTS, Clock(-4, -3.5, BEFORE))
        assert found.exif == BY_HAND
        assert found.edit == Edit("2024-06-15T14:00:00", "-03:30")

    def test_changed_file(self):
        """Its facts are read anew; members that the file does not tell of survive."""
        stated = {**BY_HAND, "camera": {"make": "Nikon", "lens": "50"}, "mine": 1, "subsecond": 3}
        found = indexing.state(old(**stated), OTHER, FACTS, SAME)
        assert found.file_hash == OTHER
        assert found.exif == {
            **EXIF, "camera": {"make": "Canon", "model": "EOS R5", "lens": "50"}, "mine": 1,
        }  # fmt: skip
        assert found.edit == Edit("2024-06-15T14:30:45", "+02:00")

    def test_file_corrected_in_its_place(self):
        """It already is what is to be published: the entry stands and nothing is added twice."""
        facts = replace(FACTS, original=datetime.fromisoformat(EXIF["corrected_timestamp"]))
        found = indexing.state(old(), CORRECTED, facts, SAME)
        assert found == indexing.Statement(SHA, EXIF, None)

    @pytest.mark.parametrize(
        ("clock", "corrected", "edit"),
        [
            (Clock(-3, 2, BEFORE), "2024-06-15T15:30:45", Edit("2024-06-15T15:30:45", "+02:00")),
            (Clock(-4, 3, BEFORE), "2024-06-15T14:30:45", Edit("2024-06-15T14:30:45", "+03:00")),
            (Clock(-4, KEEP, BEFORE), "2024-06-15T14:30:45", None),
        ],
    )
    def test_file_corrected_in_its_place_and_other_settings(self, clock, corrected, edit):
        """The manifest still knows the original time; a second index finds nothing to do."""
        facts = replace(
            FACTS, original=datetime.fromisoformat("2024-06-15T14:30:45"), timezone="+02:00"
        )
        found = indexing.state(old(), CORRECTED, facts, clock)
        assert found.file_hash == CORRECTED
        assert found.exif == {**EXIF, "corrected_timestamp": corrected}
        assert found.edit == edit
        entry = {**old(), "file_hash": CORRECTED, "exif": dict(found.exif)}
        settled = replace(clock, before=(clock.offset_hours, clock.target_hours))
        assert indexing.state(entry, CORRECTED, facts, settled) == found

    def test_hashes_in_capital_letters(self):
        """They are the same hashes."""
        entry = samples.photo("a", exif=BY_HAND, file_hash=SHA.upper())
        assert indexing.state(entry, SHA, FACTS, SAME).exif == BY_HAND


def indexed(
    name: str, entry: dict | None = None, exif: dict | None = None, path: str = "", **files: str
) -> Indexed:
    """A photo that was read; `path` is that of its full."""
    full = path or f"full/{name}.jpg"
    photo = Photo(
        entry, {"full": full, "web": f"web/{name}.jpg", "thumb": f"thumb/{name}.webp", **files}
    )
    statement = indexing.Statement(samples.sha256(name), EXIF if exif is None else exif, None)
    return Indexed(photo, statement, samples.sha256(f"{name} corrected"), f"prod/pics/{full}")


def at(time: str | None) -> dict:
    return {**EXIF, "corrected_timestamp": time}


class TestDocument:
    """The whole manifest."""

    def make(self, before: dict, *photos: Indexed, **asked: object) -> dict:
        request = Request(**asked)
        settings = indexing.settings(before.get("settings", {}), request)
        made = indexing.document(before, settings, request, photos, NOW)
        manifest.parse(json.dumps(made).encode(), "made.json")
        return made

    def test_first_manifest(self):
        """It has the members that the design names, in its order."""
        made = self.make({}, indexed("a"), collection="wedding", offset_hours=-4)
        assert made == {
            "schema_version": "1.0",
            "generated_at": "2025-01-02T03:04:05+00:00",
            "collection": "wedding",
            "settings": {"timestamp_offset_hours": -4, "target_timezone_offset_hours": 13},
            "photos": [
                {
                    "id": "a",
                    "original_path": "prod/pics/full/a.jpg",
                    "file_hash": SHA,
                    "deployment_file_hash": CORRECTED,
                    "exif": EXIF,
                    "files": {"full": "full/a.jpg", "web": "web/a.jpg", "thumb": "thumb/a.webp"},
                }
            ],
        }
        assert list(made) == ["schema_version", "generated_at", "collection", "settings", "photos"]
        assert list(made["photos"][0]) == list(samples.photo("a"))

    def test_nothing_new(self):
        """The document stays as it is, the time that it was made included."""
        entry = samples.photo("a", exif=EXIF, file_hash=SHA.upper())
        before = samples.document(entry)
        made = self.make(before, indexed("a", entry))
        assert json.dumps(made) == json.dumps(before)

    def test_unknown_members_survive(self):
        """Those of the document, of its settings, of a photo and of its files, in their places."""
        entry = samples.photo(
            "a", stars=5, files={"raw": "x", "full": "full/a.jpg", "web": "w.jpg", "thumb": "t.jpg"}
        )
        before = samples.document(
            entry, zebra=1, settings={"timestamp_offset_hours": -4, "web_size": [1, 2]}
        )
        photo = indexed("a", entry, full="photos/full/a.jpg")
        made = self.make(before, photo, collection="other")
        assert list(made) == list(before)
        assert (made["zebra"], made["settings"]["web_size"]) == (1, [1, 2])
        (after,) = made["photos"]
        assert list(after) == list(entry)
        assert after["stars"] == 5
        assert after["files"] == {"raw": "x", **photo.photo.files}
        assert list(after["files"]) == list(entry["files"])
        assert made["collection"] == "other"
        assert made["generated_at"] == "2025-01-02T03:04:05+00:00"

    def test_order(self):
        """Known photos stay in their places; new ones follow by time, without one last, by name."""
        known = [indexed(name, samples.photo(name)) for name in "zy"]
        new = [
            indexed("a", exif=at(None)),
            indexed("b", exif=at("2024-01-02T00:00:00")),
            indexed("d", exif=at("2024-01-01T00:00:00")),
            indexed("c", exif=at("2024-01-01T00:00:00")),
        ]
        made = self.make(samples.document(*(each.photo.entry for each in known)), *known, *new)
        assert [each["id"] for each in made["photos"]] == ["z", "y", "c", "d", "b", "a"]

    def test_ids_are_unique(self):
        """The stem; with its folder where two photos share it; numbered where that is taken."""
        entry = samples.photo(
            "p", id="c", files={"full": "p.jpg", "web": "p1.jpg", "thumb": "p2.jpg"}
        )
        known = indexed("p", entry, path="p.jpg", web="p1.jpg", thumb="p2.jpg")
        new = [
            indexed("one/a"), indexed("two/a"), indexed("two/b"), indexed("c"),
            indexed("d", path="full/d.jpg"),
            indexed("d2", path="full/d.png"),
        ]  # fmt: skip
        made = self.make(samples.document(entry), known, *new)
        ids = {each["files"]["full"]: each["id"] for each in made["photos"]}
        assert ids == {
            "p.jpg": "c",
            "full/one/a.jpg": "one/a",
            "full/two/a.jpg": "two/a",
            "full/two/b.jpg": "b",
            "full/c.jpg": "c-2",
            "full/d.jpg": "d",
            "full/d.png": "d-2",
        }
