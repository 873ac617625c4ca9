"""From the configuration to what is to be deployed, and the reasons to refuse it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import cached_property, partial
from typing import Protocol

from galleria_action import manifest as manifests
from galleria_action import wanted
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.forks import Forks, beside
from galleria_action.ledger import Owner
from galleria_action.manifest import Manifest
from galleria_action.manifest_problems import VARIANTS
from galleria_action.plan import Plan
from galleria_action.planning import Gallery
from galleria_action.remote import Remote
from galleria_action.wanted import LocalFile, Wanted

LARGE = 2 << 20
"""Bytes of a manifest from which on another process is worth it to check it."""
SAMPLE = 100
"""Files of a gallery whose sizes stand for those of all."""


class Folder(Protocol):
    """What is needed of the workspace."""

    def locate(self, path: str) -> str | None:
        """The real path of a file or folder, None if it is not there."""

    def relative(self, path: str) -> str:
        """The path as people know it."""

    def read(self, path: str) -> bytes:
        """The bytes of a real path."""

    def size(self, path: str) -> int:
        """How many bytes a real path has."""

    def scan(self, folder: str) -> Iterator[LocalFile]:
        """The files below a folder."""

    def find(
        self, folder: str, names: Sequence[str], executor: Executor
    ) -> tuple[dict[str, LocalFile], dict[str, str]]:
        """Named files below a folder, and why some cannot be used."""

    def presumed(self, folder: str, names: Iterable[str]) -> dict[str, LocalFile]:
        """The same if each lies just where its name says."""

    def has_all(self, folder: str, names: Sequence[str]) -> bool:
        """Whether each does."""


def manifest_path(config: Config) -> str:
    return config.metadata_file or f"{config.photos_dir.rstrip('/')}/gallery-metadata.json"


def mode(config: Config, folder: Folder) -> str:
    """``metadata`` or ``directory``; a manifest that is named must exist, so it decides, too."""
    named = config.metadata_file is not None
    return "metadata" if named or folder.locate(manifest_path(config)) else "directory"


Files = Mapping[str, LocalFile]
"""Path of a manifest to the file found there."""


def load_manifest(
    config: Config, folder: Folder, readers: Executor
) -> tuple[Manifest, Files] | None:
    """The local manifest and its files; None in directory mode and where only the site is deployed.

    Each of its files is there and may be published, else this raises with all problems.
    """
    if config.site_only:
        return None
    path = manifest_path(config)
    real = folder.locate(path)
    if real is not None:
        found: dict[str, LocalFile] = {}

        def absent(names: Sequence[str]) -> Mapping[str, str]:
            files, faults = folder.find(config.photos_dir, names, readers)
            found.update(files)
            return faults

        try:
            return manifests.parse(folder.read(real), folder.relative(path), absent), found
        except OSError as error:
            raise DeployError(
                FailureReason.METADATA,
                f"Error loading gallery metadata: {path} cannot be read: {error.strerror}",
            ) from None
    if config.metadata_file is None:
        return None
    raise DeployError(
        FailureReason.METADATA,
        f"Error loading gallery metadata: Gallery metadata not found: {path}",
        advice="Does the step before make it, and is metadata-file its path in the workspace?",
    )


def gather(config: Config, folder: Folder, mode: str, readers: Executor) -> Gallery:
    """Everything that the bucket should hold, checked as far as the files alone can tell."""
    if presumed := _presumed(config, folder, mode, readers):
        return presumed
    return _gallery(config, folder, mode, load_manifest(config, folder, readers))


def _presumed(config: Config, folder: Folder, mode: str, readers: Executor) -> Gallery | None:
    """The gallery of a large manifest, made while another process sees that nothing is wrong.

    None if something may be, or if there is no other core.
    """
    if config.site_only or not isinstance(readers, Forks):
        return None
    with suppress(DeployError, OSError, ValueError):  # whoever looks closely will explain it
        real = folder.locate(manifest_path(config))
        if real is None or folder.size(real) < LARGE:
            return None
        data = folder.read(real)
        check = _Check(config, folder, data)
        are_right = readers.beside(check.piece, check.PIECES)
        if manifest := manifests.presumed(data):
            check.presumed = list(manifest.paths)
            files = folder.presumed(config.photos_dir, check.presumed)
            gallery = _gallery(config, folder, mode, (manifest, files))
            return gallery if all(are_right) else None
    return None


class _Check:
    """Whether a manifest may be taken as it is, and its files are just where it says.

    A process that has ``presumed`` what these are called looks for them; another one reads the
    manifest, once.
    """

    PIECES = 1 + len(VARIANTS)

    def __init__(self, config: Config, folder: Folder, data: bytes) -> None:
        self._config = config
        self._folder = folder
        self._data = data
        self.presumed: Sequence[str] | None = None

    @cached_property
    def _flawless(self) -> Sequence[str] | None:
        return manifests.flawless_names(self._data)

    def piece(self, index: int) -> bool:
        """Whether nothing is wrong: with the manifest, or with the files of one variant."""
        names = self._flawless if self.presumed is None or not index else self.presumed
        if names is None or not index:
            return names is not None
        variant = names[index - 1 :: len(VARIANTS)]
        return self._folder.has_all(self._config.photos_dir, variant)


def _gallery(
    config: Config, folder: Folder, mode: str, loaded: tuple[Manifest, Files] | None
) -> Gallery:
    objects: list[Wanted] = []
    if loaded:
        objects += wanted.photos(*loaded, config)
    elif not config.site_only:
        objects += _photo_files(config, folder)
    if not config.photos_only:
        files = list(folder.scan(config.source))
        if not files:
            raise _empty("Static site", "source", config.source)
        objects += wanted.site(files, config)
    accepted, skipped = wanted.checked(objects, config)
    return Gallery(accepted, mode, loaded[0] if loaded else None, skipped)


def _photo_files(config: Config, folder: Folder) -> Iterator[Wanted]:
    files = list(folder.scan(config.photos_dir))
    if not files:
        raise _empty("Photo", "photos-dir", config.photos_dir)
    return wanted.photo_files(files, config)


def _empty(half: str, name: str, path: str) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        f"{half} deployment failed: the folder {path} is missing or has no files to upload",
        advice=f"Is {name} the folder that the step before makes? Nothing is deleted because a "
        "folder is empty.",
    )


def begin_content(gallery: Gallery, readers: Executor) -> None:
    """Begin to hash the content of a large manifest, which a first deployment certainly needs."""
    manifest = gallery.manifest
    if manifest and len(manifest.data) >= LARGE:
        manifest.begin_content(partial(beside, readers))


def some_sizes(objects: Sequence[Wanted], folder: Folder) -> Iterator[int]:
    """Bytes of some of the objects' files: enough to know whether many are large."""
    for each in objects[:: len(objects) // SAMPLE + 1]:
        with suppress(OSError):  # whoever reads it complains
            yield folder.size(each.file.path)


def refuse_conflicts(config: Config, gallery: Gallery, remote: Remote) -> None:
    """Refuse what the state of the bucket forbids: a lost manifest, keys of the other half."""
    if gallery.manifest is None and not config.site_only and remote.manifest_etag is not None:
        raise DeployError(
            FailureReason.METADATA,
            "Error loading gallery metadata: the bucket holds a manifest of this gallery "
            f"({config.metadata_key}), but there is none here ({manifest_path(config)})",
            advice="It seems to have got lost: make it again with process-photos. To deploy the "
            "site alone, set site-only: true.",
        )
    wanted.refuse_overlap(gallery.objects, _other_half(config, remote))


def _other_half(config: Config, remote: Remote) -> Mapping[str, str]:
    if config.photos_only:
        return dict.fromkeys(remote.site_keys, "a site file")
    if config.site_only:
        photos = remote.ledger.owned(Owner.PHOTO, Owner.FILE)
        return dict.fromkeys({*photos, *remote.photo_keys(config.photos_prefix)}, "a photo")
    return {}


def refusal(plan: Plan, config: Config) -> DeployError | None:
    """Why a plan that could be made is not carried out; None if it may be."""
    if plan.over_limit:
        return DeployError(
            FailureReason.TOO_MANY_DELETES,
            "Error: Too many deletes: nothing was written",
            problems=[Problem(each) for each in plan.over_limit],
            advice="Is the gallery complete? If so, allow it once with max-deletes: "
            f"{_needed(plan)}, a count.",
        )
    if config.expected_plan and config.expected_plan.lower() != plan.hash:
        return DeployError(
            FailureReason.PLAN_CHANGED,
            "Error: The plan is not the expected one: nothing was written",
            problems=[
                Problem(f"expected {config.expected_plan}"),
                Problem(f"found    {plan.hash}"),
            ],
            advice="The gallery, the bucket or the inputs changed since that plan was made. "
            "Look at the new plan, and pass its hash if it is right.",
        )
    return None


def _needed(plan: Plan) -> int:
    return max(plan.totals.photos_to_delete, plan.totals.site_to_delete)
