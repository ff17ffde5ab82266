"""Simulate seeds: `python -m kraken_pipeline_tests.simulation --seeds 100 --first 1`."""

import argparse
import decimal
import gc
import os
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from time import perf_counter

from kraken_pipeline_tests.simulation.scenario import FEW, PAUSE, Ending, simulate

FAULTS = 3
"""Below which a simulation is not counted as a hard one."""
FAULT = "fault: "
"""What counts of faults begin with."""
YOUNG = 200_000
"""Objects that are made before a look for garbage: most die by themselves, and looks cost."""
COMMAND = "python -m kraken_pipeline_tests.simulation"


def main() -> int:
    """Simulate what is asked for and return whether all held."""
    told = _parser().parse_args()
    seeds = range(told.first, told.first + told.seeds)
    work = partial(simulate, hours=told.hours, pause=told.pause, kept=told.lines)
    began = perf_counter()
    endings: list[Ending] = []
    _begin()
    with ProcessPoolExecutor(told.jobs, initializer=_begin) as pool:
        found = map(work, seeds) if told.jobs == 1 else pool.map(work, seeds, chunksize=4)
        for each in found:
            endings.append(each)
            if told.hashes:
                print(f"seed {each.seed} {each.hash}")  # noqa: T201 what it is run for
            if each.broken:
                print(_failure(each, told))  # noqa: T201 the same
    print(_summary(endings, perf_counter() - began))  # noqa: T201 the same
    return 1 if any(each.broken for each in endings) else 0


def _begin() -> None:
    """Make a process ready: no float meets money, and little time goes into looking for garbage."""
    decimal.getcontext().traps[decimal.FloatOperation] = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Simulate the whole, seed by seed.")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=int, default=1, help="virtual hours of each")
    parser.add_argument(
        "--pause", type=float, default=PAUSE, help="virtual seconds between happenings, on average"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--lines", type=int, default=30, help="of a failing seed's log")
    parser.add_argument("--hashes", action="store_true", help="print the hash of each log")
    return parser


def _failure(ending: Ending, told: argparse.Namespace) -> str:
    again = (
        f"{COMMAND} --first {ending.seed} --seeds 1 --hours {told.hours} --pause {told.pause}"
        f" --jobs 1 --lines {told.lines}"
    )
    return "\n".join(
        [
            f"seed {ending.seed} is broken: {ending.broken}",
            *(f"  {each}" for each in ending.last_lines),
            f"  again: {again}",
        ]
    )


def _summary(endings: list[Ending], seconds: float) -> str:
    counts: Counter[str] = Counter()
    for each in endings:
        counts.update(each.counts)
    virtual = sum(each.virtual_seconds for each in endings)
    used = sum(each.seconds for each in endings)
    broken = sum(bool(each.broken) for each in endings)
    hard = sum(_is_hard(each.counts) for each in endings)
    crashed = sum(each.counts["crashes"] > 0 for each in endings)
    struck = {what.removeprefix(FAULT): count for what, count in counts.items() if FAULT in what}
    others = {what: count for what, count in counts.items() if FAULT not in what}
    return (
        f"{len(endings)} seeds, {broken} broken, {hard} of ten orders and three faults or more, "
        f"{crashed} with a crash, {virtual / 3600:.0f} virtual hours in "
        f"{seconds:.0f} s; {virtual / used:.0f} times real on one core; {_listed(others)}; "
        f"{sum(struck.values())} faults of {len(struck)} kinds: {_listed(struck)}"
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _is_hard(counts: Counter[str]) -> bool:
    struck = sum(count for what, count in counts.items() if what.startswith(FAULT))
    return counts["orders"] >= FEW and struck >= FAULTS


if __name__ == "__main__":
    sys.exit(main())
