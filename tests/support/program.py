"""Runs `main.run` on a gallery with an in-memory store, serially, and tells what came of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path

from galleria_action import config as configuration
from galleria_action import main, outputs
from galleria_action.delivery import Delivery
from galleria_action.errors import DeployError
from galleria_action.event import Event
from galleria_action.outputs import Results
from galleria_action.progress import Lines
from galleria_action.recorder import Outcome
from galleria_action.reviews import Nowhere
from galleria_action.runner import Runner
from galleria_action.sources import Sources
from galleria_action.store import Store
from galleria_action.transfer import ByteBudget
from galleria_action.workspace import Workspace

BUCKET = {"s3-bucket": "gallery"}
NOBODY = Delivery(rest=lambda _seconds: None)
"""No CDN, no visitors to ask, and nothing to wait for."""


class Serial(Executor):
    """Does the work when it is submitted, in the calling thread: no race, the same order."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future

    def map(self, fn, *iterables, **_):
        return map(fn, *iterables)


SERIAL = Serial()


@dataclass
class Ran:
    """What one run left behind."""

    error: DeployError | None
    log: str
    summary: str
    outputs: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def reason(self) -> str:
        return str(self.error.reason) if self.error else ""


def run(
    root: Path,
    store: Store,
    *,
    delivery: Delivery = NOBODY,
    clock: Callable[[], float] = lambda: 0.0,
    readers: Executor = SERIAL,
    **inputs: str,
) -> Ran:
    """Deploy the gallery in ``root``; inputs with underscores for hyphens."""
    flags = {name.replace("_", "-"): value for name, value in inputs.items()}
    config = configuration.parse(Sources(BUCKET | flags, {}), Event())
    summary = root / "summary.md"
    summary.write_text("")
    out = io.StringIO()
    runner = Runner({"GITHUB_STEP_SUMMARY": str(summary)}, out, out)
    results = Results(config=config)
    error = None
    try:
        main.run(
            config,
            store,
            Workspace.of({}, str(root), ("settings.local.py", config.report_dir), config.exclude),
            runner,
            results,
            readers=readers,
            uploaders=Serial(),
            reviewers=Nowhere("this is a test"),
            budget=ByteBudget(1 << 30),
            observer=Lines(runner.say, lambda: 0.0, every_object=config.progress),
            delivery=delivery,
            clock=clock,
        )
    except DeployError as raised:
        error = raised
        results.failure = raised.reason
    return Ran(error, out.getvalue(), summary.read_text(), outputs.render(results), results.outcome)


def deployed(
    root: Path,
    store: Store,
    *,
    delivery: Delivery = NOBODY,
    readers: Executor = SERIAL,
    **inputs: str,
) -> Ran:
    """The same, for a deployment that has to succeed."""
    ran = run(root, store, delivery=delivery, readers=readers, **inputs)
    assert ran.error is None, f"{ran.error.text()}\n{ran.log}"
    return ran
