"""What happens to one deployment, decided by a seed alone.

Which fault meets a request depends on the seed, on what is asked for and on how often it was asked
for before; not on the order in which requests come, which differs from run to run.
"""

from __future__ import annotations

import itertools
import signal
from dataclasses import dataclass
from random import Random

from faults.kinds import LIES, SLOW, Fault, Phase, Request


@dataclass(frozen=True)
class Strike:
    """One fault for one request: the one of ``phase`` before which ``number`` others came."""

    phase: Phase
    number: int
    fault: Fault


@dataclass(frozen=True)
class Outage:
    """From a moment on ``fault`` meets everything, ``length`` requests long."""

    phase: Phase
    number: int
    fault: Fault
    length: int


@dataclass(frozen=True)
class Blow:
    """A signal for the program, when it makes a request of ``phase``.

    arrived
        Whether the request has been done by then.
    seconds
        How much later the signal comes.
    """

    phase: Phase
    number: int
    signal: signal.Signals
    arrived: bool = False
    seconds: float = 0


@dataclass(frozen=True)
class Script:
    """Everything that goes wrong in one run.

    weather
        The probability with which one of ``faults`` meets a request.
    thorough
        Whether the gallery is one that changes in every way.
    """

    seed: int = 0
    weather: float = 0
    faults: tuple[Fault, ...] = ()
    strikes: tuple[Strike, ...] = ()
    outage: Outage | None = None
    blow: Blow | None = None
    intruder: Phase | None = None
    thorough: bool = False

    @property
    def lies(self) -> bool:
        """Whether answers may be wrong in a way that cannot be seen."""
        return bool(LIES & {*self.faults, *(each.fault for each in self.strikes)})

    def fault(self, request: Request) -> Fault | None:
        """What happens to the request, outages apart."""
        for strike in self.strikes:
            if (strike.phase, strike.number) == (request.phase, request.number):
                return strike.fault if request.may_meet(strike.fault) else None
        about = f"{self.seed} {request.method} {request.key} {request.query} {request.attempt}"
        random = Random(about)
        if random.random() >= self.weather:
            return None
        return random.choice([each for each in self.faults if request.may_meet(each)] or [None])

    def __str__(self) -> str:
        parts = [f"seed {self.seed}"]
        if self.weather:
            parts.append(f"{self.weather:.0%} of {len(self.faults)} kinds of faults")
        parts += [f"{each.fault} at {each.phase} {each.number}" for each in self.strikes]
        if self.outage:
            parts.append(
                f"{self.outage.fault} for {self.outage.length} requests from "
                f"{self.outage.phase} {self.outage.number} on"
            )
        if self.blow:
            when = "after" if self.blow.arrived else "before"
            parts.append(
                f"{self.blow.signal.name} {when} {self.blow.phase} {self.blow.number}"
                f"{f' and {self.blow.seconds:.2f} s' if self.blow.seconds else ''}"
            )
        if self.intruder:
            parts.append(f"somebody else commits at {self.intruder}")
        return ", ".join(parts)


def of(seed: int) -> Script:
    """The script of a seed."""
    random = Random(f"script {seed}")
    make = random.choices(list(_KINDS), list(_KINDS.values()))[0]
    return make(seed, random)


def each_alone() -> list[Script]:
    """Every fault, and every signal before and after, at the first request of every phase."""
    seeds = itertools.count()
    # What makes the program read the manifest again
    before = {Phase.READ_BACK: (Strike(Phase.MANIFEST, 0, Fault.LOST),)}
    faults = [
        Script(
            next(seeds), strikes=(*before.get(phase, ()), Strike(phase, 0, fault)), thorough=True
        )
        for phase in Phase
        for fault in possible(phase)
    ]
    blows = [
        Script(
            next(seeds),
            strikes=before.get(phase, ()),
            blow=Blow(phase, 0, number, arrived),
            thorough=True,
        )
        for phase in Phase
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
        for arrived in (False, True)
    ]
    return faults + blows


def possible(phase: Phase) -> list[Fault]:
    """The faults that make sense for a request of the phase."""
    methods = {Phase.GATE: "HEAD", Phase.DELETES: "POST"}
    reads = (Phase.LOAD, Phase.LISTING, Phase.READ_BACK)
    method = methods.get(phase, "GET" if phase in reads else "PUT")
    request = Request(phase, method, "", "", 0, 0)
    return [each for each in Fault if request.may_meet(each)]


def _light(seed: int, random: Random) -> Script:
    """Some faults of any kind: mostly survived."""
    return Script(seed, random.choice([0.03, 0.06, 0.1]), _weather(random))


def _heavy(seed: int, random: Random) -> Script:
    """So many faults that the run often fails."""
    return Script(seed, random.choice([0.2, 0.35, 0.6]), _weather(random))


def _single(seed: int, random: Random) -> Script:
    """One fault, of any kind, at any place."""
    number, phase = random.choice([0, 0, 1, 3]), random.choice(list(Phase))
    return Script(seed, strikes=(Strike(phase, number, random.choice(possible(phase))),))


def _outage(seed: int, random: Random) -> Script:
    """The store is gone for a while, or for good."""
    fault = random.choice(
        [Fault.STATUS_503, Fault.STATUS_500, Fault.RESET_BEFORE, Fault.STATUS_503_ASKS, Fault.LOST]
    )
    length = random.choice([3, 10, 1000])
    return Script(seed, outage=Outage(random.choice(list(Phase)), 0, fault, length))


def _killed(seed: int, random: Random) -> Script:
    """The program is killed or told to stop, in fine weather or foul."""
    weather = random.choice([0, 0, 0.1])
    return Script(seed, weather, _weather(random) if weather else (), blow=_blow(random))


def _intruded(seed: int, random: Random) -> Script:
    """Somebody else publishes another version of the gallery meanwhile."""
    phases = [Phase.LISTING, Phase.PHOTOS, Phase.GATE, Phase.SITE, Phase.PAGES, Phase.LEDGER]
    return Script(seed, random.choice([0, 0.05]), _weather(random), intruder=random.choice(phases))


_KINDS = {_light: 25, _heavy: 18, _single: 20, _outage: 10, _killed: 22, _intruded: 5}


def _weather(random: Random) -> tuple[Fault, ...]:
    """Kinds of faults that go together: all, or some. What is slow is rare."""
    kinds = list(Fault)
    if random.random() < 0.5:
        kinds = random.sample(kinds, random.randint(1, 6))
    return tuple(each for each in kinds for _ in range(1 if each in SLOW else 4))


def _blow(random: Random) -> Blow:
    number = random.choices([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], [2, 1, 1])[0]
    phase = random.choice(list(Phase))
    later = random.choice([0, 0, 0, random.uniform(0, 0.3)])
    return Blow(phase, random.choice([0, 0, 1, 4]), number, random.random() < 0.5, later)
