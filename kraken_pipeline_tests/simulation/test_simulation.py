"""The whole from a seed: whatever breaks, every order exists once and the books are right."""

import os
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from kraken_pipeline_tests.simulation.scenario import Ending, simulate

SEEDS = range(1, 9)
REGRESSIONS = ()
"""Seeds that once were broken, by what they broke."""


@cache
def _ending(seed: int) -> Ending:
    return simulate(seed)


@pytest.mark.parametrize("seed", [*SEEDS, *REGRESSIONS])
def test_every_order_exists_once_whatever_breaks(seed: int) -> None:
    ending = _ending(seed)

    assert not ending.broken, "\n".join([ending.broken, *ending.last_lines[-30:]])


def test_the_simulations_are_hard_enough_to_mean_something() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        counts.update(_ending(seed).counts)

    struck = sum(count for what, count in counts.items() if what.startswith("fault: "))
    assert counts["orders"] >= 10 * len(SEEDS)
    assert struck >= 3 * len(SEEDS)
    assert counts["crashes"] >= len(SEEDS) / 2
    assert counts["fills"] >= len(SEEDS)
    assert all(_ending(seed).virtual_seconds >= 3600 for seed in SEEDS)


def test_one_seed_gives_one_log_in_every_process() -> None:
    command = [sys.executable, "-m", "kraken_pipeline_tests.simulation", "--seeds", "1"]
    said = [
        subprocess.run(
            [*command, "--first", "1", "--jobs", "1", "--hashes"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for hash_seed in ("1", "12345")
    ]

    first, second = ([each for each in text.splitlines() if "seed 1 " in each] for text in said)
    assert len(first) == 1
    assert first == second
