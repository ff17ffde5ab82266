"""What can strike, and that a seed gives one life; what the lives lead to: `test_seeds_*`."""

import os
import subprocess
import sys

from kraken_pipeline.simulator.faults.kinds import TRAITS
from kraken_pipeline_tests.simulation.moves.troubles import AT_THE_STREAM, STRIKING
from kraken_pipeline_tests.simulation.outcomes import ending
from kraken_pipeline_tests.simulation.seeds import REGRESSIONS, SEEDS, SHARES, share


def test_every_seed_is_in_one_share() -> None:
    shared = [seed for number in range(SHARES) for seed in share(number)]

    assert sorted(shared) == sorted({*SEEDS, *REGRESSIONS})


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
    assert first == second == [f"seed 1 {ending(1).hash}"]
