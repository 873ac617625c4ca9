"""Work shared by processes: what comes back, and what is left when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from support.program import Serial
from unit.samples import page

from galleria_action.errors import DeployError
from galleria_action.forks import FEWEST, beside, cores, forks
from galleria_action.readings import Readings
from galleria_action.unread import ReadRequest
from galleria_action.workspace import Workspace

HERE = os.getpid()
MANY = 4 * FEWEST

INTERRUPTED = """
import os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from galleria_action import cancellation
from galleria_action.errors import Cancelled
from galleria_action.forks import forks

def work(number):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(60)

with cancellation.signals():
    try:
        with ThreadPoolExecutor(1) as threads, forks(2, threads) as executor:
            list(executor.map(work, range(8)))
    except Cancelled:
        print("cancelled", flush=True)
        os._exit(130)
"""


def children() -> set[str]:
    """Process ids of our children, those that ended and were not waited for included."""
    return {
        child
        for file in Path("/proc/self/task").glob("*/children")
        for child in file.read_text().split()
    }


@pytest.fixture
def executor():
    before = children()
    with ThreadPoolExecutor(1) as threads, forks(2, threads) as made:
        yield made
    assert children() <= before  # nobody is left behind


def where(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_results_come_in_the_order_of_the_work(executor):
    """Another process and this one do it, all of it once; the order tells nothing of that."""

    def work(number: int) -> tuple[int, int]:
        time.sleep(0.002)
        return where(number)

    made = list(executor.map(work, range(200)))
    assert [number for number, _ in made] == list(range(200))
    assert len({process for _, process in made}) == 2
    assert HERE in {process for _, process in made}


def test_it_goes_on_while_this_process_does_something_else(executor):
    """What is ready when the results are asked for was made by the other one alone."""
    results = executor.map(where, range(200))
    time.sleep(0.5)
    assert HERE not in {process for _, process in results}


def test_work_beside(executor):
    """It is begun by one other process at once, and ended by whoever has time."""
    (begun, begin), (done, end) = os.pipe(), os.pipe()

    def work(number):
        if number == 0:  # until the next piece is done by somebody else
            os.write(begin, b".")
            os.read(done, 1)
        else:
            os.write(end, b".")
        return where(number)

    results = executor.beside(work, 2)
    os.read(begun, 1)
    (first, other), second = results
    assert (first, second) == (0, (1, HERE))
    assert other != HERE
    for each in (begun, begin, done, end):
        os.close(each)


def test_a_process_beside_that_dies(executor):
    """What it was at is done here."""

    def work(number):
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return where(number)

    assert list(executor.beside(work, 2)) == [(0, HERE), (1, HERE)]


def test_nobody_can_work_beside(executor, monkeypatch):
    """Where no process can be made this one does it."""

    def refused():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert list(executor.beside(where, 1)) == [(0, HERE)]


def test_small_work_stays_here(executor):
    """A few pieces are not worth a process."""
    assert {process for _, process in executor.map(where, range(FEWEST - 1))} == {HERE}
    assert list(executor.map(where, [])) == []
    assert executor.submit(where, 1).result() == (1, HERE)


def test_one_core_forks_nothing():
    """Where one process may run at a time, the threads do it all."""
    threads = Serial()
    with forks(1, threads) as executor:
        assert executor is threads


def test_cores_without_a_way_to_fork(monkeypatch):
    """On other systems than Linux nothing is forked."""
    assert cores() >= 1
    monkeypatch.delattr(os, "memfd_create")
    assert cores() == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_leaves_is_done_here(executor, number):
    """No piece is missing when the kernel, or anybody, ends one or all of them."""

    def work(piece: int) -> tuple[int, int]:
        if os.getpid() != HERE and piece > 5:
            os.kill(os.getpid(), number)
        return where(piece)

    made = list(executor.map(work, range(MANY)))
    assert [piece for piece, _ in made] == list(range(MANY))
    assert {process == HERE for piece, process in made if piece > 5} == {True}


def test_no_process_can_be_made(executor, monkeypatch):
    """Then this one does it all."""

    def refused():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert {process for _, process in executor.map(where, range(MANY))} == {HERE}


def test_a_defect_is_raised_here(executor):
    """With its own traceback, as if nothing had been forked."""

    def work(piece: int) -> float:
        return 1 / (piece - 3)

    results = executor.map(work, range(MANY))
    assert [next(results) for _ in range(3)] == [1 / -3, 1 / -2, 1 / -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_results_that_nobody_asks_for():
    """The end of the block ends the processes, however long they would have worked."""
    began, before = time.monotonic(), children()
    with forks(2, Serial()) as executor:
        executor.map(time.sleep, [60] * MANY)
        assert len(children() - before) == 1
    assert time.monotonic() - began < 30
    assert children() <= before


@contextmanager
def running(program: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A program in a group of its own, and what it prints."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("group", [False, True], ids=["process", "group"])
def test_an_interruption_leaves_no_process(number, group):
    """A signal to the process, or from a terminal to all of them, cancels once and ends them."""
    with running(INTERRUPTED) as (process, printed):
        children = [int(printed.readline()) for _ in range(2)]
        (os.killpg if group else os.kill)(process.pid, number)
        assert printed.read() == "cancelled\n"  # the end of the file: nobody has it open
        assert process.wait(30) == 130
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_an_orphan_ends_after_the_piece_at_hand():
    """A process that is killed without a chance to say so takes the others with it."""
    program = INTERRUPTED.replace("sleep(60)", "sleep(0.5)").replace("range(8)", "range(10_000)")
    with running(program) as (process, printed):
        printed.readline()
        process.kill()
        began = time.monotonic()
        printed.read()
    assert time.monotonic() - began < 30


def test_one_piece_beside(executor):
    """Another process has begun it; where there is none it is done when it is asked for."""
    begun, begin = os.pipe()

    def work() -> int:
        os.write(begin, b"!")
        return os.getpid()

    made = beside(executor, work)
    os.read(begun, 1)
    assert made() != HERE
    assert beside(Serial(), work)() == HERE
    os.close(begun)
    os.close(begin)


def test_files_that_vanish_between_processes(executor, local_file, tmp_path):
    """All that cannot be read are told of, whoever found out."""
    objects = [
        page(f"{number}.html", file=local_file(f"{number}.html", b"page"))
        for number in range(250 * FEWEST)
    ]
    for name in ("3.html", "700.html"):
        (tmp_path / name).unlink()
    readings = Readings(Workspace(str(tmp_path)), executor)
    assert [
        each.key for each, read in zip(objects, readings.begin(objects), strict=True) if not read
    ] == ["3.html", "700.html"]
    with pytest.raises(DeployError) as caught:
        readings.all([ReadRequest(each, None, md5=True) for each in objects])
    assert [str(each).split(":")[0] for each in caught.value.problems] == ["3.html", "700.html"]
