"""One run of the lab: a deployment that a script disturbs, then one in peace, then nothing to do."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from support import failure, process, program, servers
from support.process import Job, Run
from support.servers import Listed, Server

from faults import hurried, story
from faults.kinds import LEDGER, RECORDS, Fault, Request
from faults.script import Script
from faults.story import OTHERS, Story
from faults.wire import Authority, Wire, wire
from faults.witness import Witness
from galleria_action import ledger
from galleria_action.errors import FailureReason

MOST_SECONDS = 45
"""Within which every run ends, whatever happens to it; the program's waits are a twentieth."""


@dataclass
class Result:
    """What came of one run. ``outcome`` is its failure reason, or success or killed."""

    script: Script
    store: str
    outcome: str = ""
    seconds: float = 0
    happened: Counter[Fault] = field(default_factory=Counter)
    killed: str = ""
    sent: int = 0
    sent_twice: int = 0
    sent_again: int = 0
    """Bytes that the rerun sent although they had arrived."""
    missing: int = 0
    violations: list[str] = field(default_factory=list)
    log: str = ""


def run(chosen: Script, server: Server, authority: Authority | None, folder: Path) -> Result:
    """Do what the script says and see whether the promises hold.

    On a server of plain HTTP the way to it is over TLS every other time.
    """
    if not server.ca_bundle and chosen.seed % 4 > 1:
        authority = None
    bucket = servers.make_bucket(server)
    told = story.tell(chosen, server, bucket, folder / "workspace")
    others = _others(server, bucket)
    witness = Witness(server, bucket, told)
    name = f"{server.name}{' over TLS' if authority else ''}"
    result = Result(chosen, name, violations=witness.violations)
    with (
        wire(server, witness, authority) as way,
        process.job(told.gallery.root, folder / "runner", way.server, bucket) as job,
    ):
        job.program = hurried.LAUNCHER
        _disturbed(chosen, way, job, result, folder)
        _in_peace(way, job, result)
    _idle(told, server, bucket, result)
    if _others(server, bucket) != others:
        result.violations.append("objects of others were touched")
    return result


def _disturbed(chosen: Script, way: Wire, job: Job, result: Result, folder: Path) -> None:
    witness = way.witness
    witness.begin()
    way.script = chosen
    started = time.monotonic()
    step = job.start(concurrency="6")
    way.moment = _Moments(chosen, way, step.process.send_signal, result, folder)
    try:
        ran = step.finish(MOST_SECONDS)
    except subprocess.TimeoutExpired:
        result.violations.append(f"the run does not end within {MOST_SECONDS} seconds")
        ran = None
    result.seconds = time.monotonic() - started
    way.drain()
    result.happened = way.happened.copy()
    witness.check_live()
    witness.check_picture()
    if ran:
        result.log = ran.stdout + ran.stderr
        _check_end(ran, job, way, result)
    _check_bounds(way, result)
    result.sent, result.sent_twice = witness.sent_bytes, witness.sent_twice


class _Moments:
    """What happens when a certain request is made: a signal, or somebody else's commit."""

    def __init__(self, chosen, way, send_signal, result, folder) -> None:
        self._script = chosen
        self._way = way
        self._send = send_signal
        self._result = result
        self._folder = folder
        self._intruded = False

    def __call__(self, request: Request, done: bool) -> None:
        blow = self._script.blow
        if blow and (blow.phase, blow.number, blow.arrived) == (
            request.phase,
            request.number,
            done,
        ):
            time.sleep(blow.seconds)
            self._result.killed = f"{blow.signal.name} at {blow.phase}"
            self._send(blow.signal)
        if request.phase is self._script.intruder and not (done or self._intruded):
            self._intruded = True
            witness = self._way.witness
            story.intrude(witness.server, witness.bucket, witness.story, self._folder / "guest")
            witness.intruded()


def _check_end(ran: Run, job: Job, way: Wire, result: Result) -> None:
    """It ended in success or in one clear error."""
    witness, bad = way.witness, result.violations
    failure.check_secrets(ran, job)
    if "Traceback" in ran.visible or ran.stderr:
        bad.append("a traceback")
    # The ledger is tried again at later moments, whatever has made it fail before.
    later = ran.status or result.script.outage
    hasty = [each for each in way.hasty if not (later and each.endswith(LEDGER))]
    # Behind an answer that came twice, those that follow may never be seen.
    if hasty and not way.happened[Fault.TWICE]:
        bad.append(f"Retry-After was not honoured: {hasty}")
    if witness.unconditional and not result.script.lies:
        bad.append(f"put without a condition: {witness.unconditional}")
    if ran.status == -signal.SIGKILL:
        result.outcome = "killed"
        return
    reason = ran.outputs.get("failure-reason", "no outputs")
    result.outcome = reason or "success"
    if ran.status == 0:
        wrong = [
            key for key, etag in witness.story.target.items() if witness.objects.get(key) != etag
        ]
        if wrong or reason:
            bad.append(f"success, but {reason} {wrong}")
        return
    if reason not in _reasons(result.script):
        bad.append(f"failure-reason {reason!r}")
    if ran.status != (130 if reason == FailureReason.CANCELLED else 1):
        bad.append(f"exit status {ran.status} with {reason}")
    headlines = [line for line in ran.log if line.startswith(failure.OPENINGS)]
    errors = ran.annotations("error")
    titles = [line for line in ran.summary.splitlines() if line.endswith(f"eployed: {reason}")]
    titles += [line for line in ran.summary.splitlines() if "not finished: " in line]
    if len(headlines) != 1 or len(errors) != 1 or len(titles) != 1:
        bad.append(f"not one clear error: {headlines} {errors} {titles}")


def _reasons(chosen: Script) -> set[str]:
    """What a run may fail with, for what was done to it."""
    found = {FailureReason.NETWORK}
    if chosen.lies or chosen.intruder:
        found |= {FailureReason.REMOTE_CHANGED, FailureReason.UPLOAD}
    if chosen.blow and chosen.blow.signal is not signal.SIGKILL:
        found.add(FailureReason.CANCELLED)
    return {str(each) for each in found}


def _check_bounds(way: Wire, result: Result) -> None:
    """Nothing is sent more often than faults were met, and once.

    An answer that is sent twice may be taken for that to another request.
    """
    for (key, _), count in way.witness.sent.items():
        faults = way.hit["PUT", key] + way.happened[Fault.TWICE]
        if key not in RECORDS and count > 1 + faults:
            result.violations.append(f"{key} was sent {count} times with {faults} faults")


def _in_peace(way: Wire, job: Job, result: Result) -> None:
    """A rerun without faults makes the bucket what it has to be, and sends only what is missing."""
    witness = way.witness
    witness.begin()
    way.calm()
    before = dict(witness.objects)
    ran = job.run(concurrency="6")
    way.drain()
    bad = result.violations
    if ran.status:
        bad.append(f"the rerun failed: {ran.outputs.get('failure-reason')}")
        result.log += f"\n--- rerun\n{ran.stdout}{ran.stderr}"
        return
    result.sent_again = witness.sent_twice
    result.missing = witness.sent_bytes - witness.sent_twice
    again = [key for key, md5 in witness.sent if key not in RECORDS and before.get(key) == md5]
    if again:
        bad.append(f"the rerun sent {again}, which had arrived")
    witness.check_live()
    witness.check_picture()
    _check_converged(witness, bad)


def _check_converged(witness: Witness, bad: list[str]) -> None:
    told = witness.story
    expected = told.target | {key: witness.objects.get(key) for key in (*OTHERS, LEDGER)}
    if witness.objects != expected:
        keys = {key for key, _ in witness.objects.items() ^ expected.items()}
        bad.append(f"the rerun does not converge: {sorted(keys)}")
    records = ledger.decode(servers.body(witness.server, witness.bucket, LEDGER)).entries
    facts = {key: entry.etag for key, entry in records.items()}
    if facts != told.target:
        bad.append(
            f"the ledger is wrong about {sorted(k for k, _ in facts.items() ^ told.target.items())}"
        )
    if not all(entry.listed for entry in records.values()):
        bad.append("the ledger has objects that no manifest has listed")


def _idle(told: Story, server: Server, bucket: str, result: Result) -> None:
    """Once more: nothing is written."""
    before = servers.listing(server, bucket)
    ran = program.run(told.gallery.root, story.store(server, bucket))
    if ran.error or ran.outputs["changes"] != "false" or ran.outcome.uploaded_files:
        result.violations.append(f"the second run has something to do: {ran.log}")
    if servers.listing(server, bucket) != before:
        result.violations.append("the second run writes")


def _others(server: Server, bucket: str) -> dict[str, Listed]:
    listing = servers.listing(server, bucket)
    return {key: listing[key] for key in OTHERS if key in listing}
