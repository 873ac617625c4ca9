"""Failures that are found before the first request: inputs, settings, workspace and manifest.

One row each: what is broken, the reason, the message, and the place that is annotated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import failure, galleries, process
from support.galleries import Gallery
from support.process import Job, Run
from support.proxy import Request, proxy
from support.servers import Server

from galleria_action.errors import FailureReason

MANIFEST = "prod/pics/gallery-metadata.json"
SETTINGS = "settings.local.py"
LOADING = "Error loading gallery metadata: "
INVALID = "Error: Invalid configuration"
EVERYTHING = ("s3-endpoint", "s3-bucket", "s3-access-key", "s3-secret-key")


@dataclass(frozen=True)
class Row:
    """A failure. ``at``: file, and line that is annotated, or a text of it (its last such line)."""

    why: str
    reason: str
    message: str
    details: tuple[str, ...]
    damage: Callable[[Gallery, Job], object]
    at: tuple[str, str | int] | None = None


def _config(why, message, details, damage, at=None) -> Row:
    return Row(why, FailureReason.CONFIG, message, details, damage, at)


def _given(**inputs: str) -> Callable[[Gallery, Job], None]:
    """Other inputs than the job's."""
    named = {name.replace("_", "-"): text for name, text in inputs.items()}
    return lambda _, job: job.inputs.update(named)


def _without(*names: str) -> Callable[[Gallery, Job], None]:
    return lambda _, job: job.inputs.update(dict.fromkeys(names, ""))


def _wrote(path: str, text: str) -> Callable[[Gallery, Job], object]:
    return lambda gallery, _: (gallery.root / path).write_text(text)


def _linked(path: str, target: str) -> Callable[[Gallery, Job], object]:
    def damage(gallery: Gallery, _: Job) -> None:
        link = gallery.root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    return damage


def _emptied(folder: str) -> Callable[[Gallery, Job], object]:
    def damage(gallery: Gallery, _: Job) -> None:
        for file in (gallery.root / folder).rglob("*.*"):
            file.unlink()

    return damage


CONFIGURATION = [
    _config(
        "nothing is configured but the endpoint",
        "Error: Missing S3 configuration",
        (
            "Please configure S3 settings in settings.local.py or environment variables:",
            "  - GALLERIA_S3_PUBLIC_BUCKET",
            "  - GALLERIA_S3_PUBLIC_ACCESS_KEY",
            "  - GALLERIA_S3_PUBLIC_SECRET_KEY",
        ),
        _without("s3-bucket", "s3-access-key", "s3-secret-key"),
    ),
    _config(
        "nothing is configured at all",
        "Error: Missing S3 configuration",
        ("  - GALLERIA_S3_PUBLIC_BUCKET",),
        _without(*EVERYTHING),
    ),
    _config(
        "both scopes",
        INVALID,
        ("photos-only and site-only",),
        _given(photos_only="true", site_only="true"),
    ),
    _config("a bad boolean", INVALID, ("dry-run", "'maybe'"), _given(dry_run="maybe")),
    _config("a bad number", INVALID, ("concurrency", "'many'"), _given(concurrency="many")),
    _config("a bad limit", INVALID, ("max-deletes", "'half'"), _given(max_deletes="half")),
    _config("a bad endpoint", INVALID, ("s3-endpoint",), _given(s3_endpoint="http://")),
    _config("a bad prefix", INVALID, ("photos-prefix", ".."), _given(photos_prefix="a/../b")),
    _config(
        "two faults at once",
        INVALID,
        ("force", "delete"),
        _given(force="perhaps", delete="perhaps"),
    ),
    _config(
        "the secret key in place of the bucket",
        INVALID,
        ("s3-bucket", "***"),
        lambda _, job: job.inputs.update({"s3-bucket": job.inputs["s3-secret-key"]}),
    ),
    _config(
        "a settings file that is no Python",
        f"Error: {SETTINGS} is not a settings file",
        ("line 2",),
        _wrote(SETTINGS, "# ours\nS3_PUBLIC_BUCKET = 'x\n"),
        (SETTINGS, "BUCKET"),
    ),
    _config(
        "a settings file that computes",
        f"Error: {SETTINGS} has settings that cannot be read",
        ("S3_PUBLIC_BUCKET",),
        _wrote(SETTINGS, "import os\nS3_PUBLIC_BUCKET = os.environ['BUCKET']\n"),
        (SETTINGS, "S3_PUBLIC_BUCKET"),
    ),
    _config(
        "a settings file that is not there",
        "Error: The settings file mine.py cannot be read",
        (),
        _given(settings_file="mine.py"),
    ),
    _config(
        "a report folder outside",
        "Error: report-dir ../report cannot be used",
        (),
        _given(report_dir="../report"),
    ),
    _config(
        "a site file that leads out of the workspace",
        "Error: Some files of the workspace cannot be used",
        ("prod/site/hosts.txt", "/etc/hosts"),
        _linked("prod/site/hosts.txt", "/etc/hosts"),
    ),
    _config(
        "a site folder that leads out of the workspace",
        "Error: Some files of the workspace cannot be used",
        ("prod/site/etc", "/etc"),
        _linked("prod/site/etc", "/etc"),
    ),
    _config(
        "a link to nowhere",
        "Error: Some files of the workspace cannot be used",
        ("prod/site/gone.html",),
        _linked("prod/site/gone.html", "nowhere.html"),
    ),
    _config(
        "a site without files",
        "Static site deployment failed: the folder prod/site is missing",
        ("source",),
        _emptied("prod/site"),
    ),
    Row(
        "a deployment on pull_request_target",
        FailureReason.UNSAFE_EVENT,
        "Error: deployments on pull_request_target are not allowed",
        ("dry-run: true",),
        lambda _, job: job.environ.update(GITHUB_EVENT_NAME="pull_request_target"),
    ),
    Row(
        "a deployment on workflow_run",
        FailureReason.UNSAFE_EVENT,
        "Error: deployments on workflow_run are not allowed",
        ("dry-run: true",),
        lambda _, job: job.environ.update(GITHUB_EVENT_NAME="workflow_run"),
    ),
]


def _manifest(why, details, damage, at=None) -> Row:
    return Row(why, FailureReason.METADATA, LOADING, details, damage, at and (MANIFEST, at))


def _bytes(data: Callable[[bytes], bytes]) -> Callable[[Gallery, Job], object]:
    """The manifest's bytes, changed."""
    return lambda gallery, _: gallery.manifest.write_bytes(data(gallery.manifest.read_bytes()))


def _document(change: Callable[[dict], object]) -> Callable[[Gallery, Job], object]:
    """The manifest's document, changed."""

    def damage(gallery: Gallery, _: Job) -> None:
        document = gallery.document()
        change(document)
        gallery.manifest.write_text(json.dumps(document, indent=2))

    return damage


def _photo(**members: object) -> Callable[[Gallery, Job], object]:
    """Members of the second photo, changed."""
    return _document(lambda document: document["photos"][1].update(members))


def _file(variant: str, path: str) -> Callable[[Gallery, Job], object]:
    return _document(lambda document: document["photos"][1]["files"].update({variant: path}))


MANIFESTS = [
    _manifest("not JSON", ("is not JSON",), _bytes(lambda data: data[:-2]), "]"),
    _manifest("a comma too many", ("line 3",), _bytes(lambda data: data.replace(b"+00:00", b'"', 1)), "generated_at"),
    _manifest("not UTF-8", ("UTF-8",), _bytes(lambda _: b'{"a": "\xff"}')),
    _manifest("empty", ("is empty",), _bytes(lambda _: b"")),
    _manifest("blank", ("is empty",), _bytes(lambda _: b" \n\n")),
    _manifest("a list", ("object",), _bytes(lambda _: b"[]"), "[]"),
    _manifest("50 MB of nonsense", ("is not JSON",), _bytes(lambda _: b"nonsense " * 5_600_000), "nonsense"),
    _manifest("50 MB of brackets", ("is not JSON",), _bytes(lambda _: b"[" * 50_000_000)),
    _manifest("50 MB of bytes", ("UTF-8",), _bytes(lambda _: os.urandom(50_000_000))),
    _manifest("50 MB of an id", ("photos[1].file_hash",), _photo(id="x" * 50_000_000, file_hash=""), '"file_hash": ""'),
    _manifest("no photos", ("'photos' is missing",), _document(lambda it: it.pop("photos")), 1),
    _manifest("photos of a wrong type", ("photos: ",), _document(lambda it: it.update(photos={})), '"photos"'),
    _manifest("an id of a wrong type", ("photos[1].id",), _photo(id=7), '"id": 7'),
    _manifest("a broken hash", ("photos[1].file_hash", "SHA-256"), _photo(file_hash="beef"), "beef"),
    _manifest("a broken time", ("photos[1].exif.corrected_timestamp",), _photo(exif={"corrected_timestamp": "2024-13-01T00:00:00"}), "2024-13-01"),
    _manifest("a newer version", ("version 2.0", "Update the action"), _document(lambda it: it.update(schema_version="2.0")), "schema_version"),
    _manifest("a version that is none", ("schema_version",), _document(lambda it: it.update(schema_version="new")), "schema_version"),
    _manifest("the same id twice", ("photos[1].id", "'a'"), _photo(id="a"), '"id": "a"'),
    _manifest("the same path twice", ("photos[1].files.full", "photos[0]"), _file("full", "photos/full/a.jpg"), "photos/full/a.jpg"),
    _manifest("a path upwards", ("photos[1].files.web", "'..'"), _file("web", "web/../../../b.jpg"), "../b.jpg"),
    _manifest("an absolute path", ("photos[1].files.web", "absolute"), _file("web", "/etc/hosts"), "/etc/hosts"),
    _manifest("a backslash", ("photos[1].files.web", "backslash"), _file("web", "web\\b.jpg"), "web\\\\b.jpg"),
    _manifest("a control character", ("photos[1].files.web", "control"), _file("web", "web/\x1b[31m.jpg"), "[31m"),
    _manifest("a file that is missing", ("photos[1].files.web", "is not there"), _file("web", "web/gone.jpg"), "web/gone.jpg"),
    _manifest("a file that is a folder", ("photos[1].files.web", "is no file"), _file("web", "web"), '"web": "web"'),
    _manifest("a file that leads out", ("photos[1].files.thumb", "/etc/hosts"), _linked("prod/pics/thumb/b.webp", "/etc/hosts"), "thumb/b.webp"),
    _manifest("named, but not there", ("Gallery metadata not found: mine.json",), _given(metadata_file="mine.json")),
]  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """A row that was tried."""

    job: Job
    run: Run
    requests: list[Request]
    made: set[Path]
    """What is new beside the workspace."""


def _try(row: Row, folder: Path, server: Server) -> Ended:
    gallery = galleries.make(folder / "workspace")
    with proxy(server) as between:
        with process.job(gallery.root, folder / "runner", between.server, "bucket") as job:
            row.damage(gallery, job)
            before = set(folder.iterdir())
            run = job.run()
        return Ended(job, run, between.requests, set(folder.iterdir()) - before - {job.files})


@pytest.fixture(scope="module")
def tried(request, moto, tmp_path_factory) -> Iterator[dict[str, Future[Ended]]]:
    """The rows of the tests that were selected, by `why`; two at a time, for they are many."""
    tests = [each for each in request.session.items if each.module is request.module]
    with ThreadPoolExecutor(2) as pool:
        yield {
            row.why: pool.submit(_try, row, tmp_path_factory.mktemp("row"), moto)
            for row in (each.callspec.params["row"] for each in tests)
        }


@pytest.mark.parametrize("row", CONFIGURATION + MANIFESTS, ids=lambda row: row.why)
def test_found_before_the_first_request(row, tried):
    """It is said what is wrong and where, and the bucket does not even see a request."""
    ended = tried[row.why].result()

    failure.check(ended.run, ended.job, row.reason, row.message, *row.details)
    assert ended.requests == []
    assert ended.made == set()
    places = {(each.file, each.line) for each in ended.run.annotations("error") if each.file}
    if row.at is None:
        assert places == set()
    else:
        file, line = row.at
        assert (file, _line(ended.job.workspace / file, line)) in places


def _line(file: Path, text: str | int) -> int:
    if isinstance(text, int):
        return text
    lines = file.read_text().splitlines()
    return max(number for number, line in enumerate(lines, 1) if text in line)
