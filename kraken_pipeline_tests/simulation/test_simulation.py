"""The whole from a seed: whatever breaks, every order exists once and the books are right."""

import os
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from kraken_pipeline.simulator.faults.kinds import TRAITS
from kraken_pipeline_tests.simulation.moves.troubles import AT_THE_STREAM, STRIKING
from kraken_pipeline_tests.simulation.scenario import FEW, Ending, simulate
from kraken_pipeline_tests.simulation.seeds import REGRESSIONS, SEEDS

EVERY = sorted({*SEEDS, *REGRESSIONS})
FAULT = "fault: "


@cache
def _ending(seed: int) -> Ending:
    return simulate(seed)


@pytest.mark.parametrize("seed", EVERY)
def test_every_order_exists_once_whatever_breaks(seed: int) -> None:
    ending = _ending(seed)

    assert not ending.broken, "\n".join([ending.broken, *ending.last_lines[-30:]])


def test_each_simulation_is_hard_enough_to_mean_something() -> None:
    endings = [_ending(seed) for seed in EVERY]

    for each in endings:
        assert each.virtual_seconds >= 3600
        assert each.counts["orders"] >= FEW
        assert sum(_faults(each).values()) >= 3
    assert sum(each.counts["crashes"] > 0 for each in endings) >= len(endings) / 2


def test_nearly_every_kind_of_fault_strikes_in_these_few() -> None:
    struck: Counter[str] = Counter()
    for seed in EVERY:
        struck.update(_faults(_ending(seed)))

    assert len(struck) >= len({*STRIKING, *AT_THE_STREAM}) - 1


def test_every_kind_of_fault_can_strike_but_one_of_books_that_nobody_listens_to() -> None:
    left_out = set(TRAITS) - {*STRIKING, *AT_THE_STREAM}

    assert {each.value for each in left_out} == {"bad_checksum"}


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
    assert first == second == [f"seed 1 {_ending(1).hash}"]


def _faults(ending: Ending) -> dict[str, int]:
    return {what: count for what, count in ending.counts.items() if what.startswith(FAULT)}
