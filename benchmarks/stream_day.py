"""A day of the market's stream in virtual time, with all that goes wrong, judged by the exchange.

`python -m benchmarks stream_day [--symbols 500] [--hours 24] [--seed 7] [--calm 8]`.

The simulator's frames go through the client's own line and feed, the closing of bars, the mending
by REST and the file of quotes; only the socket is left out. Every stored candle is compared with
REST's, an hour of each pair with its trades one by one, and each price that risk would have opened
on with what the exchange's was. What is broken ends it with an error.
"""

import argparse
import logging
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.bars.closing import MINUTE
from kraken_pipeline_tests.market_day import QUIET_MINUTES, START, Compared, MarketDay, market_day

STRETCH: Final = timedelta(hours=11)
"""As much as REST still tells of minutes, and some more."""
SETTLED: Final = timedelta(minutes=30)
"""What closed so long ago must be right, whatever goes wrong now."""
PROMPT_SECONDS: Final = 1.0


def main(options: Sequence[str] = ()) -> None:
    """Read the options and run."""
    reader = argparse.ArgumentParser(prog="stream_day", description=__doc__)
    reader.add_argument("--symbols", type=int, default=500)
    reader.add_argument("--hours", type=int, default=24)
    reader.add_argument("--seed", type=int, default=7)
    reader.add_argument("--calm", type=int, default=8)
    told = reader.parse_args(list(options))
    run(symbols=told.symbols, hours=told.hours, seed=told.seed, calm=told.calm)


def run(*, symbols: int, hours: int, seed: int, calm: int) -> None:
    """Let the time pass, and print what came of it.

    Args:
        symbols: how many pairs, all quoted in dollars.
        hours: of virtual time, at least one.
        seed: of the faults.
        calm: how many fewer trades there are than in the simulator's own market: it makes about
            ten a minute and pair, and with them a day takes three times as long.
    """
    logging.disable(logging.CRITICAL)
    began, used = time.monotonic(), time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        market_day(Path(folder), symbols=symbols, seed=seed, calm=calm) as day,
    ):
        minutes = _minutes(day, timedelta(hours=hours))
        found = {MINUTE.name: minutes}
        end = day.line.now() - MINUTE.length
        for frame in list(TIMEFRAMES.values())[1:]:
            found[frame.name] = day.compared(frame, START, end)
        tape = _retraced(day, hours, Random(seed))  # noqa: S311 - which hours are looked at
        print(f"{symbols} symbols, {hours} h and {QUIET_MINUTES} quiet minutes, seed {seed}")
        seconds, processor = time.monotonic() - began, time.process_time() - used
        print(f"  took {seconds:.0f} s, {processor:.0f} s of CPU, calm {calm}")
        broken = _print_candles(found, tape) + _print_verdicts(day)
        _print_closes(day)
        _print_faults(day)
    print(f"broken: {broken}")
    if broken:
        sys.exit(1)


def _minutes(day: MarketDay, length: timedelta) -> Compared:
    """Live through it, and compare the minutes before REST forgets them."""
    found, begin, end = Compared(), START, START + length
    while day.line.now() < end:
        stretch = min(STRETCH, end - day.line.now())
        day.run(int(stretch.total_seconds()) // 60)
        until = day.line.now() - SETTLED
        found += day.compared(MINUTE, begin, until)
        begin = until
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"  {day.line.now():%d %H:%M} at most {kilobytes // 1024} MB", flush=True)
    day.run(QUIET_MINUTES, is_rough=False)
    return found + day.compared(MINUTE, begin, day.line.now() - MINUTE.length)


def _retraced(day: MarketDay, hours: int, chance: Random) -> Compared:
    found = Compared()
    for pair in day.pairs:
        found += day.retraced(pair, START + timedelta(hours=chance.randrange(hours)))
    return found


def _print_candles(found: dict[str, Compared], tape: Compared) -> int:
    print("candles    equal   missing differing")
    for name, each in {**found, "by trades": tape}.items():
        print(f"  {name:<9}{each.same:7d} {each.missing:7d} {each.differing:7d}")
    return sum(each.missing + each.differing for each in (*found.values(), tape))


def _print_verdicts(day: MarketDay) -> int:
    told = day.judge.judged
    print(f"opening asked {told.asked} times, {told.in_outages} of them without a stream")
    print(f"  allowed {told.allowed}; denied by {dict(told.codes.most_common())}")
    print(f"  allowed on a price that the exchange had left {len(told.left)}", end="")
    print(f", at most {max(told.left):.1f} s before" if told.left else "")
    print(f"  allowed on a stale price {len(told.stale)}")
    for each in told.stale[:10]:
        print(f"    {each}")
    return len(told.stale)


def _print_closes(day: MarketDay) -> None:
    late = statistics.quantiles(day.late, n=100)
    prompt = sum(each <= PROMPT_SECONDS for each in day.late)
    print(
        f"closes {len(day.late)}: p50 {late[49]:.1f} s, p99 {late[98]:.1f} s, "
        f"at most {max(day.late):.1f} s after the close; {prompt} within {PROMPT_SECONDS:.0f} s"
    )
    print(f"  bars asked of REST {day.closing.mended}, minutes that changed {day.closing.late}")


def _print_faults(day: MarketDay) -> None:
    struck = Counter(each.kind for each in day.incidents.struck)
    print(f"incidents {dict(struck.most_common())}")
    print(f"frames struck {dict(day.incidents.frames.most_common())}")
    print(f"connections lost {len(day.line.losses)}")


if __name__ == "__main__":
    main(sys.argv[1:])
