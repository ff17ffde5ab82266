"""The same seed and the same calls give the same life: in another process, under other hashes."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from kraken_pipeline_tests.simulator.life import lived

REPOSITORY = Path(__file__).resolve().parents[2]
SEED, STEPS = 20, 200
MUCH = {"AddOrder", "AmendOrder", "EditOrder", "frame", "strike", "fills", "flow", "succeeded"}
ELSEWHERE = ({"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"}, {"PYTHONHASHSEED": "4242"})
"""Two machines, as far as one can be two."""


def test_the_same_seed_gives_the_same_life_in_any_process() -> None:
    life = "kraken_pipeline_tests.simulator.life"
    told = [sys.executable, "-m", life, str(SEED), str(STEPS)]
    running = [
        subprocess.Popen(
            told, env={**os.environ, **env}, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        for env in ELSEWHERE
    ]

    said = [each.communicate()[0] for each in running]

    assert said[0] == said[1]
    summary, happened = said[0].splitlines()
    assert summary.startswith(f"seed {SEED} steps {STEPS} ")
    assert all(ast.literal_eval(happened)[name] >= 3 for name in MUCH)


def test_another_seed_gives_another_life() -> None:
    assert lived(1, 15)[0] != lived(2, 15)[0]
