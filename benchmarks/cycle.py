"""A cycle over 500 pairs and six timeframes beside an empty job, both as whole processes."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from time import perf_counter

from benchmarks.home import ALL_PAIRS, fresh_home
from kraken_pipeline.wiring.exchange import MarketChoice, running_simulator
from kraken_pipeline.wiring.home import DATA_DIR

ROUNDS = 7
CLOSES = 5
MINUTE = 60
STAGE = re.compile(r"^\s*(\S+(?: \S+)?)\s+([\d.]+) s  (.*)$", re.MULTILINE)


def run() -> None:
    """Print the ratio between closes and right after a 1m close, with the slowest stages."""
    with fresh_home(ALL_PAIRS) as env, running_simulator(Path(env[DATA_DIR]), MarketChoice()):
        first, said = _timed(["-m", "kraken_pipeline", "cycle"], env)
        print(f"first cycle, candles fetched: {first:.2f} s")
        print(next(line for line in said.splitlines() if "pairs in" in line).strip())
        _compare("nothing closed", env, rounds=ROUNDS, after_close=False)
        _compare("a 1m bar closed", env, rounds=CLOSES, after_close=True)


def _compare(title: str, env: dict[str, str], *, rounds: int, after_close: bool) -> None:
    cycles, empties, stages = [], [], []
    for _ in range(rounds):
        empties.append(_timed(["-m", "benchmarks.empty"], env)[0])
        if after_close:
            time.sleep(MINUTE - time.time() % MINUTE + 0.1)
        seconds, said = _timed(["-m", "kraken_pipeline", "cycle"], env)
        cycles.append(seconds)
        stages.append({name: float(each) for name, each, _ in STAGE.findall(said)})
    ratios = [ours / theirs for ours, theirs in zip(cycles, empties, strict=True)]
    print(f"{title}, {rounds} rounds")
    print(f"  cycle             median {statistics.median(cycles):.2f} s")
    print(f"  empty Dagster job median {statistics.median(empties):.2f} s")
    print(
        f"  ratio             median {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}); aim 1.5 or less"
    )
    names = {name for each in stages for name in each} - {"dagster", "simulator"}
    medians = {name: statistics.median(each.get(name, 0.0) for each in stages) for name in names}
    slowest = sorted(medians.items(), key=lambda each: -each[1])[:3]
    print("  slowest stages   ", ", ".join(f"{name} {each:.2f} s" for name, each in slowest))


def _timed(arguments: list[str], env: dict[str, str]) -> tuple[float, str]:
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return seconds, done.stderr
