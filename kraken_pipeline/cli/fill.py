"""`history plan` and `history fetch`."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.history import Wanted as WantedFiles
from kraken_pipeline.cli.history import bring_in
from kraken_pipeline.cli.names import found_in
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.speeds import Speed
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.bars.fetch_history import Done, fetch
from kraken_pipeline.services.bars.plan_history import CALLS_A_SECOND, PairPlan, Plan, Wanted, plan
from kraken_pipeline.services.bars.rebuild import Rebuilt
from kraken_pipeline.services.bars.renamed_history import former_names, former_pairs
from kraken_pipeline.services.bars.tails import Fetched, store_noted
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.wiring import histories
from kraken_pipeline.wiring.past_months import speed_of
from kraken_pipeline.wiring.pipeline import Pipeline, connect

LONG: Final = timedelta(hours=1)
"""Beyond it the exchange's archive is the shorter way."""
SAID_EVERY: Final = 0.5
"""Seconds between two lines of progress, at the least."""
MOST_SHOWN: Final = 20
"""Pairs that are printed to a person, those that take most calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for."""

    pairs: tuple[str, ...]
    """None means all that are managed."""
    frames: frozenset[str]
    """None means all."""
    since: datetime | None
    archive: Path | None
    prove: bool


@dataclass(slots=True)
class Pace:
    """Says on stderr how many calls are done, and how long the rest takes at this pace."""

    due: int
    began: float
    said: float = 0.0

    def __call__(self, done: int) -> None:
        """Say it, unless that was said a moment ago."""
        now = perf_counter()
        if done < self.due and now - self.said < SAID_EVERY:
            return
        self.said = now
        left = (now - self.began) * (self.due - done) / max(done, 1)
        end = "\r" if sys.stderr.isatty() and done < self.due else "\n"
        share = 100 * done // max(self.due, 1)
        sys.stderr.write(f"  {done} of {self.due} calls, {share} %, {left:.0f} s left{end}")
        sys.stderr.flush()


def show_plan(environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> None:
    """Print what it takes to have a history; nothing is fetched of it.

    Raises:
        InvalidValueError: the day is not over, or there is no such pair.
        ExchangeError: the exchange did not tell.
    """
    with _connected(environ) as pipeline:
        made = _planned(pipeline, asked, archive=asked.archive)
    if as_json:
        print_json(_document(made))
    else:
        _say(made, sys.stdout.write)
        print_rows(_title(made), _rows(made), nothing="nothing is missing")


def run_fetch(environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> Exit:
    """Tell what it takes, fetch it, and print what came of it; 7 where a pair was not told.

    Raises:
        InvalidValueError: the day is not over, or there is no such pair.
        ConflictError: another process is fetching.
        ExchangeError: the exchange does not answer.
    """
    with _connected(environ) as pipeline:
        # what a run that was cut had fetched counts before anything is planned
        noted = store_noted(histories.tail_desk(pipeline, lambda more: None))
        if asked.archive is not None:
            _import(pipeline, asked, asked.archive)
        made = _planned(pipeline, asked, archive=None)
        _say(made, sys.stderr.write)
        began = perf_counter()
        done = _fetched(pipeline, made)
        speed = speed_of(pipeline, done.calls, perf_counter() - began)
    for name, added in noted.added.items():
        done.tails.added[name] = done.tails.added.get(name, 0) + added
    if as_json:
        print_json(_document(made) | {"done": _result(done, speed)})
    else:
        _show(done, speed)
    return Exit.STALE if done.failures else Exit.DONE


@contextmanager
def _connected(environ: Mapping[str, str]) -> Iterator[Pipeline]:
    pipeline = connect(environ)
    try:
        yield pipeline
    finally:
        pipeline.close()


def _planned(pipeline: Pipeline, asked: Asked, *, archive: Path | None) -> Plan:
    now = pipeline.clock()
    pairs = _pairs(pipeline, asked.pairs)
    former = _former(pipeline, pairs)
    wanted = Wanted(
        pairs=(*pairs, *(pair for pair, _ in former.values())),
        ends={name: until for name, (_, until) in former.items()},
        frames=tuple(
            each for name, each in TIMEFRAMES.items() if name in (asked.frames or TIMEFRAMES)
        ),
        since=asked.since,
        prove=asked.prove,
    )
    desk = histories.plan_desk(pipeline)
    if archive is None:
        return plan(desk, wanted, now=now)
    files = CandleFiles(archive, now=now)
    try:
        return plan(desk, wanted, now=now, files=files)
    finally:
        files.close()


def _pairs(pipeline: Pipeline, spellings: Sequence[str]) -> tuple[Pair, ...]:
    if spellings:
        listing = pipeline.edge.market.listing()
        return tuple(listing.pairs[found_in(listing.symbols.pair, each).pair] for each in spellings)
    known = pipeline.stores.universes.latest()
    if known is None:
        sys.stderr.write("no universe is kept yet: it is read first\n")
        known = pipeline.refresh_universe()
    return tuple(known.managed)


def _former(pipeline: Pipeline, pairs: Sequence[Pair]) -> Mapping[str, tuple[Pair, datetime]]:
    """Return the further pairs, of old names, that are listed still, and until when each counts."""
    known = aliases(pipeline.loaded.settings)
    if not any(former_names(each, known) for each in pairs):
        return {}
    found = former_pairs(pairs, pipeline.edge.market.listing().pairs, known)
    return {name: each for name, each in found.items() if each[0] not in pairs}


def _import(pipeline: Pipeline, asked: Asked, archive: Path) -> None:
    pairs, known = _pairs(pipeline, asked.pairs), aliases(pipeline.loaded.settings)
    former = [name for each in pairs for name, _ in former_names(each, known)]
    names = frozenset([*(each.name for each in pairs), *former])
    bring_in(pipeline.loaded, archive, WantedFiles(pairs=names, frames=asked.frames))


def _fetched(pipeline: Pipeline, made: Plan) -> Done:
    pace = Pace(due=made.calls, began=perf_counter())
    tail_calls = iter(range(1, made.calls + made.made + 1))
    return fetch(
        histories.tail_desk(pipeline, lambda more: pace(next(tail_calls))),
        histories.rebuild_desk(pipeline, lambda calls, done, due: None),
        made,
        now=pipeline.clock(),
        progress=pace,
    )


def _say(made: Plan, write: Callable[[str], object]) -> None:
    """Tell what it costs, by source."""
    lines = [
        f"{made.calls} calls, {made.duration} at {CALLS_A_SECOND} call a second: "
        f"{made.tail_calls} for newest candles, {made.trade_calls} for trades; "
        f"{made.made} tails are made of shorter ones, {len(made.files)} files are read\n"
    ]
    guessed = sum(run.guessed_days for each in made.pairs for run in each.runs)
    if guessed:
        lines.append(f"{guessed} days of it are guessed from the oldest known ones\n")
    if made.trade_calls / CALLS_A_SECOND > LONG.total_seconds():
        lines.append("the exchange's OHLCVT archive, given as --archive, is the shorter way\n")
    lines += [f"{each.fault}\n" for each in made.pairs if each.fault]
    for each in lines:
        write(each)


def _title(made: Plan) -> str:
    if len(made.pairs) <= MOST_SHOWN:
        return "calls by pair"
    return f"calls by pair, {MOST_SHOWN} of {len(made.pairs)}; --json tells all"


def _rows(made: Plan) -> list[dict[str, object]]:
    rows = [_row(each) for each in made.pairs]
    rows.sort(key=lambda each: -int(str(each["calls"])))
    return rows[:MOST_SHOWN]


def _row(each: PairPlan) -> dict[str, object]:
    asked = [tail.frame.name for tail in each.tails if not tail.made_of]
    made = [tail.frame.name for tail in each.tails if tail.made_of]
    return {
        "pair": each.pair.name,
        "calls": len(asked) + sum(run.calls for run in each.runs),
        "candles": ", ".join(asked),
        "made": ", ".join(made),
        "trades": sum(run.trades for run in each.runs),
        "from": _day(min((run.first for run in each.runs), default=0)),
        "until": _day(max((run.until for run in each.runs), default=0)),
    }


def _document(made: Plan) -> dict[str, object]:
    return {
        "calls": made.calls,
        "seconds": int(made.duration.total_seconds()),
        "by_source": {
            "files": len(made.files),
            "ohlc": made.tail_calls,
            "made": made.made,
            "trades": made.trade_calls,
        },
        "pairs": [_row(each) | {"fault": each.fault} for each in made.pairs],
    }


def _show(done: Done, speed: Speed) -> None:
    if speed.fewest:
        sys.stdout.write(
            f"{speed.done} calls in {speed.seconds:.1f} s; Kraken's public limit allows them in "
            f"{speed.fewest:.0f} s at the least\n"
        )
    result = _sums(done)
    rows = [{"timeframe": name} | result[name] for name in TIMEFRAMES]
    print_rows(f"{done.calls} calls", rows, nothing="")
    for pair, why in done.failures.items():
        sys.stdout.write(f"{pair}: {why}\n")


def _sums(done: Done) -> dict[str, dict[str, int]]:
    told: list[Fetched | Rebuilt] = [done.tails, *done.rebuilt]
    return {
        name: {
            "added": sum(each.added.get(name, 0) for each in told),
            "differing": sum(each.differing.get(name, 0) for each in told),
        }
        for name in TIMEFRAMES
    }


def _result(done: Done, speed: Speed) -> dict[str, object]:
    return {
        "calls": done.calls,
        "seconds": speed.seconds,
        "share_of_limit": speed.share,
        "made": done.tails.made,
        "trades": sum(each.trades for each in done.rebuilt),
        "timeframes": _sums(done),
        "failures": done.failures,
    }


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, tz=UTC):%Y-%m-%d}" if moment else ""
