"""What does the program take before it does anything?

    python -m benchmarks.startup

Whole processes: the version, a run that fails for want of a configuration, and a dry run of three
photos; then what the imports of that dry run cost, each with what it brings in (-X importtime).
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import peers, processes, servers
from benchmarks.peers import OURS, Place
from benchmarks.processes import Usage

_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|( +)(\S+)")
# Runs a deployment that is expected to fail, and succeeds if it does.
_FAILING = "import sys; from galleria_action.__main__ import main; sys.exit(main() != 1)"


def main() -> None:
    """Make a gallery of three photos, measure, print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--lines", type=int, default=25)
    given = parser.parse_args()
    ours = next(each for each in peers.ALL if each.name == OURS)
    with processes.memory_folder() as folder:
        gallery = folder / "gallery"
        make = ["benchmarks.galleries", str(gallery), "--photos", "3"]
        subprocess.run([sys.executable, "-m", *make], check=True)
        with servers.rclone(folder, ["bucket"]) as server:
            place = Place(gallery, server, "bucket")
            environ = ours.environment(place)
            bare = {name: text for name, text in environ.items() if "GALLERIA" not in name}
            commands = {
                "python -I -c pass": ([sys.executable, "-I", "-c", "pass"], bare),
                "--version": ([*ours.command(place), "--version"], bare),
                "no configuration": ([sys.executable, "-I", "-c", _FAILING], bare),
                "dry run of 3 photos": ([*ours.command(place), "--dry-run"], environ),
            }
            show(measured(commands, gallery, given.rounds))
            imports(commands["dry run of 3 photos"], gallery, given.lines)


def measured(
    commands: Mapping[str, tuple[Sequence[str], Mapping[str, str]]], here: Path, rounds: int
) -> dict[str, list[Usage]]:
    """Name to what each run took; the commands take turns."""
    results: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, environ) in commands.items():
            results[name].append(processes.run(command, here, environ))
    return results


def show(results: Mapping[str, Sequence[Usage]]) -> None:
    for name, usages in results.items():
        wall = statistics.median(each.wall for each in usages)
        cpu = statistics.median(each.cpu for each in usages)
        peak = statistics.median(each.peak for each in usages)
        print(f"{name:<22} {wall:6.3f} s  CPU {cpu:6.3f} s  {peak / 1e6:4.0f} MB")


def imports(run: tuple[Sequence[str], Mapping[str, str]], here: Path, lines: int) -> None:
    """The imports that take longest, and those that they are part of."""
    (python, *words), environ = run
    process = subprocess.run(
        [python, "-X", "importtime", *words],
        cwd=here,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    found = [
        (int(whole), int(own), len(depth) // 2, name)
        for own, whole, depth, name in _IMPORT.findall(process.stderr)
    ]
    print(f"\n{len(found)} modules, {sum(own for _, own, _, _ in found) / 1000:.0f} ms")
    for whole, own, depth, name in sorted(found, reverse=True)[:lines]:
        print(f"{whole / 1000:8.1f} ms, by itself {own / 1000:6.1f} ms  {'  ' * depth}{name}")


if __name__ == "__main__":
    main()
