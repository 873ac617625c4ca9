"""The options of ``galleria-deploy index``, and their texts made values."""

from __future__ import annotations

import re

from galleria_action.declaration import Input
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.indexing import Request
from galleria_action.inputs import BY_NAME, GALLERY, SCOPE
from galleria_action.launch import DEFAULT_SETTINGS
from galleria_action.manifest import KEEP_TIMEZONE
from galleria_action.reader import Reader
from galleria_action.sources import Sources
from galleria_action.values import Struct, replace

_MANIFEST = "what the manifest says"
_KEPT = "what the manifest says, else "

OFFSET = Input(
    "timestamp-offset-hours",
    "Hours to add to the times of the cameras, whose clocks were wrong; fractions are allowed.",
    f"{_KEPT}0",
    group=_MANIFEST,
)
TARGET = Input(
    "target-timezone-offset-hours",
    "UTC offset of the place in hours, from -12 to 14, to be written into the photos; "
    f"{KEEP_TIMEZONE} keeps each photo's own.",
    f"{_KEPT}{KEEP_TIMEZONE}",
    group=_MANIFEST,
)
COLLECTION = Input("collection", "Name of the collection.", f"{_KEPT}none", group=_MANIFEST)

OPTIONS: tuple[Input, ...] = (
    BY_NAME["photos-dir"],
    replace(BY_NAME["metadata-file"], help="The manifest to make or to refresh."),
    BY_NAME["exclude"],
    replace(
        BY_NAME["strip-gps"],
        help="State the hashes of photos without their position: what a deployment with the same "
        "input sends.",
        group=GALLERY,
    ),
    replace(BY_NAME["settings-file"], group=GALLERY),
    OFFSET,
    TARGET,
    COLLECTION,
    replace(BY_NAME["dry-run"], help="Say what would change and write nothing.", group=SCOPE),
)
SETTING_NAMES = frozenset(each.setting_name for each in (*OPTIONS, BY_NAME["report-dir"]))

_NUMBER = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,6})?")


class IndexConfig(Struct, frozen=True):
    """What a run of the index is asked to do. Paths are as given.

    never
        Paths that are never published: the settings file and the report folder.
    """

    photos_dir: str
    manifest: str
    exclude: tuple[str, ...]
    never: tuple[str, ...]
    request: Request
    strip_gps: bool
    dry_run: bool


def parse(sources: Sources) -> IndexConfig:
    """The configuration, or a :class:`DeployError` that names every fault at once."""
    reader = _Reader(sources)
    photos_dir = reader.text("photos-dir", "prod/pics")
    config = IndexConfig(
        photos_dir=photos_dir,
        manifest=reader.text("metadata-file", f"{photos_dir.rstrip('/')}/gallery-metadata.json"),
        exclude=reader.lines("exclude"),
        never=(
            reader.text("settings-file", DEFAULT_SETTINGS),
            reader.text("report-dir", "galleria-report"),
        ),
        request=Request(
            offset_hours=reader.hours(OFFSET),
            target_hours=reader.timezone(),
            collection=sources.value(COLLECTION),
        ),
        strip_gps=reader.boolean("strip-gps"),
        dry_run=reader.boolean("dry-run"),
    )
    if reader.faults:
        raise DeployError(
            FailureReason.CONFIG,
            "Error: Invalid configuration",
            problems=[Problem(message) for message in reader.faults],
        )
    return config


class _Reader(Reader):
    def hours(self, option: Input) -> float | None:
        """A number, whole if it can be: manifests say 2 and not 2.0."""
        text = self._sources.value(option)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self.fault(f"{option.name} must be a number of hours such as -4 or 5.5, not {text!r}")
            return None
        hours = float(text)
        return int(hours) if hours.is_integer() else hours

    def timezone(self) -> float | None:
        hours = self.hours(TARGET)
        if hours is None or (-12 <= hours <= 14 and hours * 4 % 1 == 0):
            return hours
        self.fault(
            f"{TARGET.name} must be from -12 to 14 in steps of 0.25, or {KEEP_TIMEZONE} to keep "
            f"each photo's own, not {hours}"
        )
        return None
