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
    for each in found:
        assert each.virtual_seconds >= 3600
        assert each.counts["orders"] >= FEW
        assert sum(faults(each).values()) >= 3
    assert sum(each.counts["crashes"] > 0 for each in found) >= len(found) / 2
    for what in BY_HAND:
        assert any(each.counts[what] for each in found), what


def require_faults(seeds: Sequence[int]) -> None:
    """Complain where more than one kind of fault never strikes in some simulations."""
    struck: Counter[str] = Counter()
    for seed in seeds:
        struck.update(faults(ending(seed)))
    assert len(struck) >= len({*STRIKING, *AT_THE_STREAM}) - 1


def faults(found: Ending) -> dict[str, int]:
    """Return how often each kind of fault struck."""
    return {what: count for what, count in found.counts.items() if what.startswith(FAULT)}
