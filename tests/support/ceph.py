"""A Ceph Object Gateway of one node, with its objects in memory, from the machine's packages.

Ceph is what Hetzner and others run. It wants the ETag of If-Match without quotes, lists fewer
than 1,000 keys a page, and refuses the chunked bodies that boto3 sends over TLS by default.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from support import servers
from support.servers import HOST, Processes, Server

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
MISSING = "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common"

CONFIGURATION = """\
[global]
fsid = {cluster}
mon initial members = a
mon host = [v2:{host}:{mon_port}/0]
public addr = {host}
cluster addr = {host}
ms bind ipv6 = false
ms bind port min = {osd_port}
ms bind port max = {osd_port_max}
# nobody but this machine reaches the cluster: no cephx, so no keyrings
auth cluster required = none
auth service required = none
auth client required = none
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
log to stderr = false
err to stderr = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# one mon: no need to gather changes for a second before each map
paxos propose interval = 0.05
paxos min wait = 0.01

[mon]
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 2

[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush initial weight = 1
osd op num shards = 2
osd op num threads per shard = 1

[client]
rgw frontends = beast ssl_endpoint={host}:{port} ssl_certificate={folder}/tls.crt ssl_private_key={folder}/tls.key
rgw data = {folder}/rgw
rgw thread pool size = 64
rgw run sync thread = false
# radosgw alone defaults to "secure", which does not exist without cephx
ms mon client mode = crc secure
rgw enable ops log = false
# give the memory of deleted objects back soon
rgw gc obj min wait = 5
rgw gc processor period = 10
rgw gc processor max time = 10
"""
ROLES = """\
# for those who have a token of an issuer that it knows (AssumeRoleWithWebIdentity)
rgw s3 auth use sts = true
rgw sts key = sixteen-letters-
"""


@contextmanager
def ceph(more: str = "") -> Iterator[Server]:
    """Ceph's gateway; the test is skipped, or fails if Ceph is required, where it is missing.

    ``more`` lines of its configuration, such as `ROLES`: with them it says no more than
    AccessDenied of keys that it does not know.
    """
    if not all(map(shutil.which, PROGRAMS)):
        required = os.environ.get("GALLERIA_REQUIRE_CEPH") == "1"
        (pytest.fail if required else pytest.skip)(MISSING)
    with servers.processes() as started:
        yield _start(started, more)


def _start(processes: Processes, more: str) -> Server:
    folder, port = processes.folder, servers.free_port()
    mon_port, osd_port = servers.free_port(), servers.free_port()
    authority = _certificates(folder)
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    configuration = folder / "ceph.conf"
    configuration.write_text(
        (CONFIGURATION + more).format(
            cluster=uuid.uuid4(),
            host=HOST,
            port=port,
            mon_port=mon_port,
            # the osd tries the ports of this range until it has the eight that it needs
            osd_port=min(osd_port, 64000),
            osd_port_max=min(osd_port, 64000) + 999,
            folder=folder,
        )
    )
    environ = {**os.environ, "CEPH_CONF": str(configuration)}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:2])} failed: {done.stderr[-2000:]}")
        return done.stdout

    mon = ["ceph-mon", "-i", "a", "--public-addr", f"v2:{HOST}:{mon_port}"]
    run(*mon, "--mkfs")
    processes.start([*mon, "-f"], environ)
    osd = str(uuid.uuid4())
    run("ceph", "--connect-timeout", "30", "osd", "new", osd)
    run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
    processes.start(["ceph-osd", "-i", "0", "-f"], environ)
    processes.wait_for(lambda: "1 up" in run("ceph", "osd", "stat"))
    server = Server("ceph", f"https://localhost:{port}", ca_bundle=authority)
    login = [f"--access-key={server.access_key}", f"--secret-key={server.secret_key}"]
    run("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester", *login)
    run("radosgw-admin", "caps", "add", "--uid=tester", "--caps=roles=*;oidc-provider=*")
    processes.start(["radosgw", "-n", "client.rgw", "-f"], environ)
    processes.wait_for(lambda: _answers(server))
    return server


def _certificates(folder: Path) -> Path:
    """A certificate for the gateway; the file of the authority that signed it."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", HOST)
    leaf.private_key_pem.write_to_path(folder / "tls.key")
    for certificate in leaf.cert_chain_pems:
        certificate.write_to_path(folder / "tls.crt", append=True)
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return folder / "ca.crt"


def _answers(server: Server) -> bool:
    context = ssl.create_default_context(cafile=server.ca_bundle)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        opener.open(server.endpoint, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True
