"""A large object, sent in parts: each of them is proven, and so is the whole."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from support import galleries, process, servers
from support.galleries import Gallery

from faults import hurried, wire
from faults.kinds import Fault
from faults.script import Script
from faults.story import Story
from faults.wire import Authority
from faults.witness import Witness
from galleria_action import content

KEY = "media/tour.mp4"


class Bystander(Witness):
    """Knows nothing of parts: what arrives is looked at in the end."""

    def writes(self, *_: object) -> None:
        pass

    def done(self, *_: object) -> None:
        pass


class OnParts(Script):
    """One fault for the first request of a kind that is about the large object."""

    def fault(self, request):
        method, text, fault = WHAT[self.seed]
        about = request.key == KEY and request.method == method and text in request.query
        return fault if about and request.attempt == 0 else None


WHAT = [
    ("POST", "uploads", Fault.LOST),
    ("PUT", "partNumber=1", Fault.FLIP_UP),
    ("PUT", "partNumber=2", Fault.RESET_IN),
    ("PUT", "partNumber=3", Fault.LOST),
    ("PUT", "partNumber=5", Fault.STATUS_503_ASKS),
    ("POST", "uploadId", Fault.STATUS_500),
    ("POST", "uploadId", Fault.LOST),
    ("POST", "uploadId", Fault.OK_ERROR),
    ("HEAD", "", Fault.RESET_AFTER),
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory) -> Gallery:
    made = galleries.make(tmp_path_factory.mktemp("parts") / "workspace", ["a"])
    some = Random(0).randbytes(1 << 20)
    made.write_site({KEY: some * 64 + b"end"})
    assert len(some) * 64 >= content.LARGE
    return made


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority.found(tmp_path)


@pytest.mark.ceph
@pytest.mark.parametrize("number", range(len(WHAT)), ids=lambda each: " ".join(WHAT[each]))
def test_a_fault_on_the_way_of_a_part(ceph, gallery, authority, tmp_path, number):
    """The object is whole, or the deployment has failed."""
    bucket = servers.make_bucket(ceph)
    witness = Bystander(ceph, bucket, Story(gallery, {}))
    with (
        wire.wire(ceph, witness, authority) as way,
        process.job(gallery.root, tmp_path / "runner", way.server, bucket) as job,
    ):
        way.script = OnParts(number)
        job.program = hurried.LAUNCHER
        run = job.run()

    assert way.happened == {WHAT[number][2]: 1}
    assert (run.status, run.stderr) == (0, ""), run.stdout
    arrived = servers.body(ceph, bucket, KEY)
    assert hashlib.md5(arrived).digest() == hashlib.md5((gallery.site / KEY).read_bytes()).digest()
    uploads = servers.client(ceph).list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    assert len(uploads) == (WHAT[number][:2] == ("POST", "uploads"))
    servers.client(ceph).delete_object(Bucket=bucket, Key=KEY)
