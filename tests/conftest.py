"""Fixtures of all tests: real S3 servers, each started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import servers
from support.ceph import ROLES
from support.ceph import ceph as ceph_server
from support.servers import Server


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine() -> Iterator[None]:
    """AWS profiles, certificates and proxies of whoever runs the tests play no part in them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "AWS_PROFILE",
            "AWS_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "AWS_SESSION_TOKEN",
            "AWS_ENDPOINT_URL",
        ):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        patch.setenv("no_proxy", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def rclone() -> Iterator[Server]:
    with servers.rclone() as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    with servers.moto() as server:
        yield server


@pytest.fixture(scope="session")
def ceph() -> Iterator[Server]:
    with ceph_server() as server:
        yield server


@pytest.fixture(scope="session")
def ceph_with_roles() -> Iterator[Server]:
    with ceph_server(ROLES) as server:
        yield server


@pytest.fixture(params=["rclone", "moto", pytest.param("ceph", marks=pytest.mark.ceph)])
def server(request: pytest.FixtureRequest) -> Server:
    """Every server in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket(server: Server) -> str:
    """A new, empty bucket."""
    return servers.make_bucket(server)
