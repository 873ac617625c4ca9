"""A large object, sent in parts: each of them is proven, and so is the whole."""

from __future__ import annotations

import hashlib
from collections import Counter
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
    """A fault for the first request of each kind that is about the large object."""

    def fault(self, request):
        if request.key != KEY or request.attempt:
            return None
        for method, text, fault in WHAT[self.seed]:
            if request.method == method and text in request.query:
                return fault
        return None


WHAT = [
    [
        ("POST", "uploads", Fault.LOST),
        ("PUT", "partNumber=1", Fault.FLIP_UP),
        ("PUT", "partNumber=2", Fault.RESET_IN),
        ("PUT", "partNumber=3", Fault.LOST),
        ("PUT", "partNumber=5", Fault.STATUS_503_ASKS),
        ("POST", "uploadId", Fault.STATUS_500),
        ("HEAD", "", Fault.RESET_AFTER),
    ],
    [("POST", "uploadId", Fault.LOST)],
    [("POST", "uploadId", Fault.OK_ERROR)],
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
@pytest.mark.parametrize("number", range(len(WHAT)), ids=["every", "lost end", "refused end"])
def test_faults_on_the_way_of_parts(ceph, gallery, authority, tmp_path, number):
    """The object is whole in the end, and no part of an upload stays behind that is known of."""
    bucket = servers.make_bucket(ceph)
    witness = Bystander(ceph, bucket, Story(gallery, {}))
    with (
        wire.wire(ceph, witness, authority) as way,
        process.job(gallery.root, tmp_path / "runner", way.server, bucket) as job,
    ):
        way.script = OnParts(number)
        job.program = hurried.LAUNCHER
        run = job.run()

    assert way.happened == Counter(fault for _, _, fault in WHAT[number])
    assert (run.status, run.stderr) == (0, ""), run.stdout
    arrived = servers.body(ceph, bucket, KEY)
    assert hashlib.md5(arrived).digest() == hashlib.md5((gallery.site / KEY).read_bytes()).digest()
    uploads = servers.client(ceph).list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    assert len(uploads) == (number == 0)  # the one of which nobody was told
    servers.client(ceph).delete_object(Bucket=bucket, Key=KEY)
