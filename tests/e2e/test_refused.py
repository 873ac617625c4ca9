"""Deployments that are refused, or end early, because of what the bucket or the files turn out to be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import pytest
from support import failure, galleries, process, servers
from support.galleries import Gallery
from support.process import Job
from support.proxy import Request, proxy
from support.servers import Server

from galleria_action.errors import FailureReason

MANIFEST = "gallery-metadata.json"
LEDGER = f".galleria/{MANIFEST}.ledger.json.gz"


@pytest.fixture
def deployed(job) -> Job:
    """The job, after a first deployment."""
    assert job.run().status == 0
    return job


@dataclass(frozen=True)
class Deployed:
    """A gallery that has been deployed to a bucket."""

    gallery: Gallery
    server: Server
    bucket: str


@pytest.fixture(scope="module")
def shared(moto, tmp_path_factory) -> Deployed:
    """One for all tests that leave the bucket as it is."""
    folder = tmp_path_factory.mktemp("shared")
    made = Deployed(galleries.make(folder / "workspace"), moto, servers.make_bucket(moto))
    with process.job(made.gallery.root, folder / "runner", moto, made.bucket) as job:
        assert job.run().status == 0
    return made


@pytest.fixture
def copied(shared, tmp_path) -> Gallery:
    """A copy of the shared gallery that a test may change."""
    shutil.copytree(shared.gallery.root, tmp_path / "workspace")
    return Gallery(tmp_path / "workspace", deepcopy(shared.gallery.photos))


@pytest.fixture
def unwelcome(shared, copied, tmp_path) -> Iterator[Job]:
    """A job that deploys the copy to the shared bucket, to be refused."""
    with process.job(copied.root, tmp_path / "runner", shared.server, shared.bucket) as made:
        (tmp_path / "runner").mkdir()
        yield made


@dataclass(frozen=True)
class Row:
    """A plan that is refused: what is changed after a deployment, and with which inputs."""

    why: str
    reason: str
    message: str
    details: tuple[str, ...]
    change: Callable[[Gallery], object]
    inputs: dict[str, str]


def _removed(*names: str) -> Callable[[Gallery], None]:
    def change(gallery: Gallery) -> None:
        for name in names:
            gallery.remove(name)
        gallery.add("new")
        gallery.write()

    return change


def _linked(gallery: Gallery) -> None:
    report = gallery.root / "galleria-report"
    for file in report.iterdir():
        file.unlink()
    report.rmdir()
    report.symlink_to(gallery.site)


REFUSED = [
    Row(
        "a photo that changed after the manifest was made",
        FailureReason.STALE_PHOTOS,
        "Photo deployment failed: the manifest describes other bytes for 2 photos",
        ("full/b.jpg", "full/new.jpg", "Run process-photos again"),
        lambda gallery: (
            gallery.add("new"),
            gallery.write(),
            (gallery.pics / "full/new.jpg").write_bytes(galleries.jpeg("other")),
            (gallery.pics / "full/b.jpg").write_bytes(b""),
        ),
        {"force": "true"},
    ),
    Row(
        "more deletes than the count that is allowed",
        FailureReason.TOO_MANY_DELETES,
        "Error: Too many deletes: nothing was written",
        ("1 of 3 deployed photos", "max-deletes: 1"),
        _removed("b"),
        {"max_deletes": "0"},
    ),
    Row(
        "a dry run with too many deletes",
        FailureReason.TOO_MANY_DELETES,
        "Error: Too many deletes: nothing was written",
        ("1 of 3 deployed photos",),
        _removed("b"),
        {"max_deletes": "0", "dry_run": "true"},
    ),
    Row(
        "all photos gone at once",
        FailureReason.TOO_MANY_DELETES,
        "Error: Too many deletes: nothing was written",
        ("3 of 3 deployed photos", "max-deletes is 25%"),
        _removed("a", "b", "c"),
        {},
    ),
    Row(
        "another plan than the expected one",
        FailureReason.PLAN_CHANGED,
        "Error: The plan is not the expected one: nothing was written",
        ("expected 0123456789abcdef",),
        _removed("b"),
        {"expected_plan": "0123456789abcdef"},
    ),
    Row(
        "a manifest that got lost",
        FailureReason.METADATA,
        "Error loading gallery metadata: the bucket holds a manifest of this gallery",
        ("site-only: true",),
        lambda gallery: gallery.manifest.unlink(),
        {},
    ),
    Row(
        "a report folder that became a link",
        FailureReason.CONFIG,
        "Error: report-dir galleria-report cannot be used",
        (),
        lambda gallery: (_removed("b")(gallery), _linked(gallery)),
        {},
    ),
    Row(
        "a report folder behind a link",
        FailureReason.CONFIG,
        "Error: report-dir out/report cannot be used",
        (),
        lambda gallery: (_removed("b")(gallery), (gallery.root / "out").symlink_to("..")),
        {"report_dir": "out/report"},
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.why)
def test_a_plan_that_is_refused(row, unwelcome, shared, copied):
    """Not one request writes; the bucket and the folders around it are as they were."""
    row.change(copied)
    outside, site = set(copied.root.parent.iterdir()), set(copied.site.rglob("*"))
    before = servers.listing(shared.server, shared.bucket)
    with proxy(shared.server) as between:
        run = unwelcome.run(s3_endpoint=between.server.endpoint, **row.inputs)

    failure.check(run, unwelcome, row.reason, row.message, *row.details)
    assert between.writes() == []
    assert servers.listing(shared.server, shared.bucket) == before
    assert set(copied.root.parent.iterdir()) == outside
    assert set(copied.site.rglob("*")) == site
    assert (run.outputs["uploaded-files"], run.outputs["deleted-files"]) == ("0", "0")


def test_too_many_deletes_are_still_shown(unwelcome, copied):
    """The plan that was refused can be read in the log, the summary, the outputs and plan.json."""
    _removed("a", "b", "c")(copied)

    run = unwelcome.run()

    assert "  Photos to delete: 3" in run.log
    assert run.outputs["photos-to-delete"] == "3"
    plan = json.loads((copied.root / run.outputs["plan-path"]).read_bytes())
    assert "photos/full/a.jpg" in [each["key"] for each in plan["changes"]]
    assert "photos/full/a.jpg" in run.summary


@pytest.mark.parametrize(
    "server", ["rclone", pytest.param("ceph", marks=pytest.mark.ceph)], indirect=True
)
def test_the_remote_changed_in_between(deployed, server, bucket, gallery):
    """Somebody commits while photos are sent: their manifest and their photos stay."""
    theirs = json.dumps({**gallery.document(), "collection": "theirs"}).encode()
    _removed("b")(gallery)
    with proxy(server) as between:

        def interfere(request: Request) -> None:
            if request.method == "PUT" and request.key == "photos/full/new.jpg":
                servers.client(server).put_object(Bucket=bucket, Key=MANIFEST, Body=theirs)

        between.before = interfere
        run = deployed.run(s3_endpoint=between.server.endpoint)

    message = "Error: The bucket changed during the deployment"
    failure.check(run, deployed, FailureReason.REMOTE_CHANGED, message, "Run again")
    assert servers.body(server, bucket, MANIFEST) == theirs
    assert "photos/full/b.jpg" in servers.listing(server, bucket)
    assert run.outputs["deleted-files"] == "0"
    written = {each.key for each in between.writes()}
    assert written <= {*gallery.keys("photos"), LEDGER}


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "reason", "opening"),
    [
        ("prod/pics/full/new.jpg", FailureReason.STALE_PHOTOS, "Photo"),
        ("prod/site/js/app.js", FailureReason.UPLOAD, "Static site"),
    ],
)
def test_a_file_changes_while_others_are_sent(
    deployed, server, bucket, gallery, changed, reason, opening
):
    """It is named, the groups after its own are not begun, and the manifest stays."""
    before = servers.listing(server, bucket)
    with proxy(server) as between:

        def change(request: Request) -> None:
            if request.method == "PUT":
                (gallery.root / changed).write_bytes(b"other")

        between.before = change
        gallery.add("new")
        gallery.write()
        run = deployed.run(s3_endpoint=between.server.endpoint, force="true", concurrency="1")

    name = changed.removeprefix("prod/pics/").removeprefix("prod/site/")
    message = f"{opening} deployment failed: {name} changed while the deployment was running"
    failure.check(run, deployed, reason, message, "The live gallery is as it was")
    assert servers.listing(server, bucket)[MANIFEST] == before[MANIFEST]
    assert "index.html" not in between.puts()


@pytest.mark.parametrize("server", ["moto"], indirect=True)
def test_what_a_newer_version_wrote_is_left_alone(deployed, server, bucket):
    """An old action does not touch what it cannot understand, and says how to go on."""
    newer = {MANIFEST: b'{"schema_version": "2.0", "photos": []}', LEDGER: b'{"version": 99}'}
    for key, data in newer.items():
        old = servers.body(server, bucket, key)
        servers.client(server).put_object(Bucket=bucket, Key=key, Body=data)
        before = servers.listing(server, bucket)

        run = deployed.run(force="true")

        failure.check(run, deployed, FailureReason.METADATA, "Error", "Update the action")
        assert servers.listing(server, bucket) == before
        servers.client(server).put_object(Bucket=bucket, Key=key, Body=old)
