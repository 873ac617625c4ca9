"""Many uploads at once: bounded, stopped by the first failure, nothing forgotten."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.program import Serial

from galleria_action import transfer
from galleria_action.errors import Cancelled
from galleria_action.transfer import ByteBudget


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def run(work, items, executor, in_flight=4, tick=lambda: None) -> list:
    done: list = []
    start = _in(executor, work)
    transfer.run(start, items, in_flight, done=lambda *pair: done.append(pair), tick=tick)
    return done


def _in(executor, work):
    """Starts work in a thread."""
    return lambda item: executor.submit(work, item)


@pytest.mark.parametrize("number", [0, 1, 3, 4, 50])
def test_everything_is_done(threads, number):
    """Every item once, with its result."""
    done = run(lambda item: item * 2, range(number), threads)
    assert sorted(done) == [(item, item * 2) for item in range(number)]


def test_in_flight(threads):
    """At most so many at a time, and results are reported in the calling thread."""
    lock, running, most = threading.Lock(), [0], [0]
    callers = set()

    def work(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.002)
        with lock:
            running[0] -= 1

    transfer.run(
        _in(threads, work),
        range(40),
        3,
        done=lambda *_: callers.add(threading.get_ident()),
        tick=lambda: None,
    )
    assert most[0] <= 3
    assert callers == {threading.get_ident()}


def test_items_are_taken_when_there_is_room():
    """A long list is not submitted at once."""
    taken = []

    def items():
        for item in range(10):
            taken.append(item)
            yield item

    seen = []
    transfer.run(
        _in(Serial(), lambda item: item),
        items(),
        2,
        done=lambda *_: seen.append(len(taken)),
        tick=lambda: None,
    )
    assert all(ahead <= position + 2 for position, ahead in enumerate(seen))


def test_nothing_is_started_after_a_failure(threads):
    """The first failure is raised; what arrived meanwhile is counted."""
    started = []

    def work(item: int) -> int:
        started.append(item)
        if item == 2:
            raise OSError("broken")
        return item

    done: list = []
    with pytest.raises(OSError, match="broken"):
        transfer.run(
            _in(threads, work),
            range(100),
            4,
            done=lambda *pair: done.append(pair),
            tick=lambda: None,
        )
    assert len(started) < 20
    assert {item for item, _ in done} == set(started) - {2}


def test_the_first_failure_is_raised(threads):
    """Failures that follow from the first, or come after it, do not hide it."""
    first_has_failed = threading.Event()

    def work(item: int) -> None:
        if item == 0:
            first_has_failed.set()
            raise OSError("first")
        first_has_failed.wait(5)
        time.sleep(0.3)
        raise ValueError("later")

    with pytest.raises(OSError, match="first"):
        run(work, range(2), threads)


def test_a_worker_that_gave_up_is_not_the_cause(threads):
    """Cancelled, raised by a worker because of a failure elsewhere, is not what is reported."""
    both = threading.Barrier(2)

    def work(item: int) -> None:
        both.wait(5)
        raise Cancelled if item == 0 else OSError("cause")

    with pytest.raises(OSError, match="cause"):
        run(work, range(2), threads)


def test_tick(threads):
    """A waiting loop looks regularly whether something else is due."""
    ticks = []
    run(lambda _: time.sleep(0.5), range(1), threads, tick=lambda: ticks.append(1))
    assert len(ticks) >= 2


def test_interruption_keeps_what_is_in_flight(threads):
    """An interruption waits briefly for what is in flight, so that it is recorded."""
    started = threading.Event()

    def work(item: int) -> int:
        started.set()
        time.sleep(0.4)
        return item

    def tick() -> None:
        if started.is_set():
            raise Cancelled

    done: list = []
    with pytest.raises(Cancelled):
        transfer.run(
            _in(threads, work),
            range(50),
            3,
            done=lambda *pair: done.append(pair[0]),
            tick=tick,
        )
    assert done
    assert set(done) <= {0, 1, 2}


def test_budget(threads):
    """Only so many bytes at once, whatever the number of workers."""
    budget, lock, held, most = ByteBudget(100), threading.Lock(), [0], [0]

    def work(size: int) -> None:
        with budget.hold(size):
            with lock:
                held[0] += size
                most[0] = max(most[0], held[0])
            time.sleep(0.002)
            with lock:
                held[0] -= size

    run(work, [30, 60, 50, 1, 99, 100] * 5, threads, 8)
    assert most[0] <= 100


def test_a_large_object_passes_alone():
    """What is larger than the budget is not waited for for ever, but it passes alone."""
    budget = ByteBudget(10)
    with budget.hold(1000):
        pass
    with pytest.raises(KeyError), budget.hold(10):
        raise KeyError
    with budget.hold(10):  # given back after the failure
        pass


def test_a_stopped_budget():
    """Whoever waits for bytes gives up when the run is stopped."""
    budget = ByteBudget(10, stopped=lambda: True)
    with budget.hold(10), pytest.raises(Cancelled), budget.hold(1):
        pass
