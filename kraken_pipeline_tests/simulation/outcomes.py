"""What must be true of each simulation, and of some together."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from kraken_pipeline_tests.simulation.moves.troubles import AT_THE_STREAM, STRIKING
from kraken_pipeline_tests.simulation.scenario import FEW, Ending, simulate

FAULT = "fault: "
BY_HAND = (
    "positions flattened",
    "orders adopted by hand",
    "orders written off",
    # of those that showed up after all
    "halt CONTRADICTION",
)
"""What people did in some simulation of many, by what it is counted as."""


@cache
def ending(seed: int) -> Ending:
    """Return how a seed ends; lived through once in a process."""
    return simulate(seed)


def require_whole(seed: int) -> None:
    """Complain where something broke in a simulation."""
    found = ending(seed)
    assert not found.broken, "\n".join([found.broken, *found.last_lines[-30:]])


def require_hard(seeds: Sequence[int]) -> None:
    """Complain where simulations are too easy to mean something."""
    found = [ending(seed) for seed in seeds]
    assert all(each.virtual_seconds >= 3600 for each in found)
    # chance leaves a life in peace now and then
    hard = [each for each in found if each.counts["orders"] >= FEW and faults(each).total() >= 3]
    assert len(hard) >= 0.95 * len(found)
    assert sum(each.counts["crashes"] > 0 for each in found) >= len(found) / 2
    for what in BY_HAND:
        assert any(each.counts[what] for each in found), what


def require_faults(seeds: Sequence[int]) -> None:
    """Complain where more than one kind of fault never strikes in some simulations."""
    struck: Counter[str] = Counter()
    for seed in seeds:
        struck.update(faults(ending(seed)))
    assert len(struck) >= len({*STRIKING, *AT_THE_STREAM}) - 1


def faults(found: Ending) -> Counter[str]:
    """Return how often each kind of fault struck."""
    return Counter({what: each for what, each in found.counts.items() if what.startswith(FAULT)})
