"""Decisions and risk of a cycle beside the same indicators in plain numpy, in the same run.

`python -m benchmarks decisions`. 500 pairs on six timeframes, 720 candles of each; `trend_core` as
it is asked for so much strength that it wishes for next to nothing, and with nothing configured. A
full cycle decides the close of all six and answers every intent; a new candle is that of one
minute, for every pair. Ours reads the bars from the store, names and keeps all that was seen, and
commits; the exchange answers at once, so that no network is measured. Numpy has the matrices in
memory and computes the indicators only: at every candle, as columns of a data frame would be, and
at the newest one alone. The rounds alternate, and the ratios are of pairs.
"""

import os
import sqlite3
import statistics
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.candle_market import FRAMES, NAMES
from benchmarks.instant_market import KEPT, MIDNIGHT, Bench, bench_of
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.strategies.base import Bars

ROUNDS = 9
MINUTES = 25
FAST, SLOW, RANGES, HOURS = 10, 20, 20, 200
T = TypeVar("T")
Times = dict[str, list[tuple[float, float]]]
"""Elapsed and CPU seconds of each round."""
FEW_WISHES = "strategies: {configs: {trend_core: {params: {min_strength_bps: 1000}}}}"
Matrix = NDArray[np.float64]


def run() -> None:
    """Print what a cycle and a candle take, and how often the time of numpy that is."""
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(f"load of the machine in the last minute: {load:.1f} on {cores} cores")
    print(f"{len(NAMES)} pairs, six timeframes, {KEPT} candles of each; elapsed (CPU)")
    for config in (FEW_WISHES, ""):
        with bench_of(config) as bench:
            full, counted = _cycles(bench)
            one = _candles(bench)
        _say(f"full cycle, six timeframes, {counted}", full, ROUNDS)
        for name in ("numpy, every candle", "numpy, the newest"):
            elapsed, busy = (
                [
                    (decided[kind] + answered[kind]) / plain[kind]
                    for decided, answered, plain in zip(
                        full["decisions"], full["risk"], full[name], strict=True
                    )
                ]
                for kind in (0, 1)
            )
            print(
                f"  decisions and risk over {name:<20} ratio {statistics.median(elapsed):5.2f} "
                f"({min(elapsed):.2f} to {max(elapsed):.2f}), of CPU {statistics.median(busy):5.2f}"
            )
        _say("a new candle of one minute", one, MINUTES)


def _cycles(bench: Bench) -> tuple[Times, str]:
    """Decide the close of everything again and again, on books as they were before."""
    panels = {each.name: _panel(bench, each.name) for each in FRAMES}
    times: Times = {}
    counted = ""
    with closing(sqlite3.connect(":memory:")) as before:
        with closing(_books(bench)) as books:
            books.backup(before)
        for _ in range(ROUNDS):
            decided = _noted(times, "decisions", partial(_decided, bench))
            plan = _noted(times, "risk", partial(_assessed, bench))
            _noted(times, "numpy, every candle", partial(_columns, panels))
            _noted(times, "numpy, the newest", partial(_newest, panels))
            counted = f"{decided} wishes, {0 if plan is None else len(plan.verdicts)} answered"
            with closing(_books(bench)) as books:
                before.backup(books)
    return times, counted


def _candles(bench: Bench) -> Times:
    """Decide minute after minute."""
    times: Times = {}
    for number in range(1, MINUTES + 1):
        bench.next_minute(number)
        _noted(times, "decision", lambda: bench.pipeline.decide(FRAMES[0], run_id="bench"))
        _noted(times, "risk", partial(_assessed, bench))
    return times


def _books(bench: Bench) -> sqlite3.Connection:
    return sqlite3.connect(bench.pipeline.loaded.data_dir / "portfolio.db")


def _panel(bench: Bench, name: str) -> Bars:
    frame = TIMEFRAMES[name]
    return bench.pipeline.stores.bars.read(frame, NAMES, closed_by=MIDNIGHT, count=KEPT)


def _decided(bench: Bench) -> int:
    made = [bench.pipeline.decide(frame, run_id="bench") for frame in FRAMES]
    return sum(len(each.intents) for decisions in made for each in decisions)


def _assessed(bench: Bench) -> Plan | None:
    return bench.pipeline.assess(Namespace.TRADE, run_id="bench")


def _noted(times: Times, name: str, act: Callable[[], T]) -> T:
    began, busy = perf_counter(), process_time()
    done = act()
    times.setdefault(name, []).append((perf_counter() - began, process_time() - busy))
    return done


def _columns(panels: Mapping[str, Bars]) -> None:
    """Compute what trend_core looks at, at every candle."""
    for bars in panels.values():
        fast, slow = _mean(bars.close, FAST), _mean(bars.close, SLOW)
        _strength = (fast[SLOW - FAST :] / slow - 1) * 10_000
        _stop = 2 * _mean(_ranges(bars), RANGES) / bars.close[RANGES:]
    changes = panels["1h"].close[1:] / panels["1h"].close[:-1] - 1
    mean, square = _mean(changes, HOURS), _mean(changes**2, HOURS)
    _volatility = np.sqrt(square - mean**2)
    _correlation = _mean(changes[1:] * changes[:-1], HOURS) / square[1:]
    _above = panels["1d"].close[SLOW - 1 :] > _mean(panels["1d"].close, SLOW)


def _newest(panels: Mapping[str, Bars]) -> None:
    """Compute the same at the newest candle alone."""
    for bars in panels.values():
        fast, slow = bars.close[-FAST:].mean(axis=0), bars.close[-SLOW:].mean(axis=0)
        _strength = (fast / slow - 1) * 10_000
        _stop = 2 * _ranges(bars)[-RANGES:].mean(axis=0) / bars.close[-1]
    hours = panels["1h"].close[-HOURS - 1 :]
    changes = hours[1:] / hours[:-1] - 1
    _volatility = changes.std(axis=0, ddof=1)
    centered = changes - changes.mean(axis=0)
    _correlation = (centered[1:] * centered[:-1]).sum(axis=0) / (centered**2).sum(axis=0)
    _above = panels["1d"].close[-1] > panels["1d"].close[-SLOW:].mean(axis=0)


def _mean(values: Matrix, count: int) -> Matrix:
    """Return the moving average the fastest way there is in numpy."""
    total = np.cumsum(values, axis=0)
    total[count:] -= total[:-count].copy()
    return np.asarray(total[count - 1 :] / count)


def _ranges(bars: Bars) -> Matrix:
    before = bars.close[:-1]
    gaps = np.maximum(np.abs(bars.high[1:] - before), np.abs(bars.low[1:] - before))
    return np.asarray(np.maximum(bars.high[1:] - bars.low[1:], gaps))


def _say(title: str, times: Times, rounds: int) -> None:
    print(f"{title}, {rounds} rounds")
    for name, spent in times.items():
        elapsed, busy = (1000 * statistics.median(each[kind] for each in spent) for kind in (0, 1))
        print(f"  {name:<22} median {elapsed:7.1f} ms ({busy:.1f})")
