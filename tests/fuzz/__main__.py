"""Fuzz every parser for a while: ``make fuzz``, or

    PYTHONPATH=.:tests python -m fuzz --seconds 60 --seed 1 [--only manifest --only http]

Each parser gets so many seconds. Prints the inputs and findings of each; an input that was a
finding is kept in ``tests/fuzz/corpus``, where the short run looks at it ever after. An input that
takes longer than five seconds, or more than two gigabytes, is a finding, too.

With ``--guided`` the inputs are those of Atheris, which follows the coverage of the code. It is no
package of this project: ``pip install atheris`` first.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable

from fuzz import corpus
from fuzz.mutation import mutate
from fuzz.targets import TARGETS, Target

SLOW_SECONDS = 5.0
MEMORY = 2 << 30


class Slow(Exception):
    """An input took too long."""


def tried(target: Target, data: bytes) -> str:
    """What is wrong with how a parser takes an input; '' if nothing is."""
    began = time.process_time()
    try:
        target.check(data)
        if (took := time.process_time() - began) > SLOW_SECONDS:
            raise Slow(f"{took:.1f} seconds")
    except Exception:
        return traceback.format_exc()
    return ""


def keep(name: str, data: bytes, why: str) -> None:
    folder = corpus.FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    print(f"\n{name}: {path}\n{why}", flush=True)


def fuzz(name: str, seconds: float, dice: random.Random) -> tuple[int, int]:
    """Count of inputs, and of findings that differ in where they happened."""
    target, known = TARGETS[name], corpus.of(name)
    count, found = 0, set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutate(known, target.words, dice)
        count += 1
        if why := tried(target, data):
            place = "\n".join(line for line in why.splitlines() if line.startswith("  File"))
            if place not in found:
                found.add(place)
                keep(name, data, why)
    return count, len(found)


def guided(name: str, seconds: int, seed: int) -> None:
    """Hand a parser to Atheris, which ends this process."""
    import atheris

    target = TARGETS[name]

    def check(data: bytes) -> None:
        if why := tried(target, data):
            keep(name, data, why)
            raise RuntimeError(why)

    folder = corpus.FOLDER.parent.parent.parent / ".hypothesis/atheris" / name
    folder.mkdir(parents=True, exist_ok=True)
    for data in corpus.of(name):
        (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
    atheris.instrument_all()
    arguments = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=20000", str(folder)]
    atheris.Setup([sys.argv[0], *arguments], check)
    atheris.Fuzz()


def main(arguments: list[str] | None = None, limit: Callable[[], None] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=sorted(TARGETS))
    parser.add_argument("--guided", action="store_true")
    options = parser.parse_args(arguments)
    names = options.only or list(TARGETS)
    warnings.simplefilter("error")
    if options.guided:
        guided(names[0], int(options.seconds), options.seed)
        return 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    findings = 0
    for name in names:
        count, found = fuzz(name, options.seconds, random.Random(f"{name} {options.seed}"))
        findings += found
        print(f"{name:14} {count:9,} inputs, {found} findings", flush=True)
    return min(findings, 1)


if __name__ == "__main__":
    sys.exit(main())
