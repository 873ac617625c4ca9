"""A few seeds of the lab. `make chaos` runs hundreds, and any of these again by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults import lab, script
from faults.kinds import Fault, Phase, Request
from faults.wire import Authority

SEEDS = range(24)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=["moto", pytest.param("ceph", marks=pytest.mark.ceph)])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("seed", SEEDS)
def test_seed(server, authority, tmp_path: Path, seed):
    """Whatever happens: each promise holds at every moment, and a rerun in peace mends it."""
    result = lab.run(script.of(seed), server, authority, tmp_path)

    assert result.violations == [], f"{result.script}\n{result.log}"


def test_a_seed_decides():
    """The same seed is the same script, in whatever order requests come."""
    requests = [
        Request(Phase.PHOTOS, "PUT", f"photos/{number}", "", number, attempt)
        for number in range(50)
        for attempt in range(2)
    ]
    for seed in SEEDS:
        first = {each: script.of(seed).fault(each) for each in requests}
        again = {each: script.of(seed).fault(each) for each in reversed(requests)}
        assert script.of(seed) == script.of(seed)
        assert first == again


def test_every_fault_is_tried_somewhere():
    """None of them is forgotten in the complete set."""
    tried = {each.fault for one in script.each_alone() for each in one.strikes}
    assert tried == set(Fault)
