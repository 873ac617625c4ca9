"""Runs the lab for many seeds and counts: ``make chaos``, or one seed with ``--seed``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from support import servers
from support.ceph import ceph
from support.servers import Server

from faults import lab, script
from faults.lab import Result
from faults.script import Script
from faults.wire import Authority

STORES = {"ceph": ceph, "moto": servers.moto}
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds, print the counts; 1 if a promise was broken."""
    given = _parser().parse_args(arguments)
    if given.each_alone:
        scripts = script.each_alone()
    elif given.seed is not None:
        scripts = [script.of(given.seed)]
    else:
        scripts = [script.of(seed) for seed in range(given.first, given.first + given.runs)]
    forget_this_machine()
    with ExitStack() as stack:
        chosen = {name: stack.enter_context(STORES[name]()) for name in given.stores.split(",")}
        results = list(_run_all(scripts, list(chosen.values()), given.workers))
    _print(results, verbose=given.seed is not None)
    return int(any(each.violations for each in results))


def forget_this_machine() -> None:
    """Proxies and AWS settings of whoever runs this play no part in it."""
    for name in [each for each in os.environ if each.lower() in PROXIES or each[:4] == "AWS_"]:
        del os.environ[name]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="how many seeds (500)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seed", type=int, help="this seed alone, on every store, with its log")
    parser.add_argument(
        "--each-alone",
        action="store_true",
        help="every fault and signal once, at the first request of every phase",
    )
    parser.add_argument("--stores", default="ceph,moto", help="of ceph and moto (both)")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time (2)")
    return parser


def _run_all(scripts: list[Script], stores: list[Server], workers: int) -> Iterator[Result]:
    """A run for each script, on the stores in turn; of one alone a run on each store."""
    pairs = [(each, stores[each.seed % len(stores)]) for each in scripts]
    if len(scripts) == 1:
        pairs = [(scripts[0], store) for store in stores]
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        authority = Authority.found(Path(folder))

        def one(pair: tuple[Script, Server]) -> Result:
            chosen, server = pair
            place = Path(folder, f"{chosen.seed}-{server.name}")
            place.mkdir()
            try:
                return lab.run(chosen, server, authority, place)
            except Exception as error:  # a fault of the lab itself must not end all runs
                return Result(chosen, server.name, "lab", violations=[repr(error)])
            finally:
                shutil.rmtree(place)

        with ThreadPoolExecutor(workers) as pool:
            for number, result in enumerate(pool.map(one, pairs), 1):
                for each in result.violations:
                    print(f"VIOLATION on {result.store}, {result.script}: {each}", flush=True)
                if number % 50 == 0:
                    print(f"{number} runs, {time.strftime('%H:%M:%S')}", flush=True)
                yield result


def _print(results: list[Result], *, verbose: bool) -> None:
    if verbose:
        for each in results:
            print(f"--- {each.script} on {each.store}: {each.outcome}\n{each.log}")
    happened: Counter[str] = sum((each.happened for each in results), Counter())
    print(f"runs                 {len(results)}")
    _table("on", Counter(each.store for each in results))
    print(f"faults               {happened.total()}")
    _table("fault", happened)
    _table("signal", Counter(each.killed for each in results if each.killed))
    _table("outcome", Counter(each.outcome for each in results))
    sent, twice = sum(each.sent for each in results), sum(each.sent_twice for each in results)
    again, missing = (
        sum(getattr(each, name) for each in results) for name in ("sent_again", "missing")
    )
    print(f"bytes sent           {sent:,}, of them again {twice:,}")
    print(f"bytes sent by reruns {missing:,}, and {again:,} that had arrived")
    print(f"longest run          {max(each.seconds for each in results):.1f} s")
    print(f"violations           {sum(len(each.violations) for each in results)}")


def _table(title: str, counts: Counter[str]) -> None:
    for name, count in sorted(counts.items()):
        print(f"  {title:<8} {name:<34} {count:>6}")


if __name__ == "__main__":
    sys.exit(main())
