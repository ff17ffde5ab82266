"""`history plan` and `history fetch`."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final

from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.rebuild import Cost, RebuildDesk, Rebuilt, plan, rebuild
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.pipeline import Pipeline, connect

LONG: Final = timedelta(hours=1)
"""Beyond it the exchange's archive is the shorter way."""
SAID_EVERY: Final = 0.5
"""Seconds between two lines of progress, at the least."""


@dataclass(slots=True)
class Pace:
    """Says on stderr how far it is, and how long the rest takes at this pace."""

    began: float
    said: float = 0.0
    start: int = -1

    def __call__(self, calls: int, done: int, due: int) -> None:
        """Say it, unless that was said a moment ago."""
        now = perf_counter()
        self.start = done if self.start < 0 else self.start
        if done < due and now - self.said < SAID_EVERY:
            return
        self.said = now
        gained = done - self.start
        left = f"{(now - self.began) * (due - done) / gained:.0f} s left" if gained else "…"
        end = "\r" if sys.stderr.isatty() and done < due else "\n"
        sys.stderr.write(f"  {calls} calls, {100 * done // max(due, 1)} %, {left}{end}")
        sys.stderr.flush()


def show_plan(environ: Mapping[str, str], pair: str, since: datetime, *, as_json: bool) -> None:
    """Print what filling a pair's history takes.

    Raises:
        InvalidValueError: the day is not over, or there is no such pair.
        ExchangeError: the exchange did not tell.
    """
    with _connected(environ, perf_counter()) as (pipeline, desk):
        cost = plan(desk, _listed(pipeline, pair), since=since, now=pipeline.clock())
    if as_json:
        print_json(_document(cost))
    else:
        sys.stdout.write(_said(cost))


def run_fetch(environ: Mapping[str, str], pair: str, since: datetime, *, as_json: bool) -> None:
    """Tell what it takes, fill a pair's history, and print what came of it.

    Raises:
        InvalidValueError: the day is not over, or there is no such pair.
        ExchangeError: the exchange did not tell; whole days before that are kept.
    """
    with _connected(environ, perf_counter()) as (pipeline, desk):
        listed, now = _listed(pipeline, pair), pipeline.clock()
        cost = plan(desk, listed, since=since, now=now)
        sys.stderr.write(_said(cost))
        made = rebuild(desk, listed, since=since, now=now)
    if as_json:
        print_json(_document(cost) | {"done": _result(made)})
    else:
        _show(made)


@contextmanager
def _connected(environ: Mapping[str, str], began: float) -> Iterator[tuple[Pipeline, RebuildDesk]]:
    pipeline = connect(environ)
    try:
        folder = pipeline.loaded.bars_dir
        yield (
            pipeline,
            RebuildDesk(
                market=pipeline.edge.market,
                bars=HistoryBarStore(folder),
                certificates=CertificateFiles(folder),
                progress=Pace(began),
            ),
        )
    finally:
        pipeline.close()


def _listed(pipeline: Pipeline, spelling: str) -> Pair:
    listing = pipeline.edge.market.listing()
    return listing.pairs[listing.symbols.pair(spelling).pair]


def _said(cost: Cost) -> str:
    if not cost.calls:
        return f"{cost.pair} is filled up to {_day(cost.until)} from that day on\n"
    lines = [
        f"{cost.pair} from {_day(cost.first)} to {_day(cost.until)}: about {cost.trades} trades, "
        f"{cost.calls} calls, {cost.duration} at one call a second\n"
    ]
    if cost.guessed_days:
        lines.append(f"{cost.guessed_days} days of it are guessed from the oldest known ones\n")
    if cost.in_ohlc:
        lines.append(f"candles still tell all of {', '.join(cost.in_ohlc)}, in one call each\n")
    if cost.duration > LONG:
        lines.append(
            "the exchange's OHLCVT archive, taken in with `history import`, is the shorter way\n"
        )
    return "".join(lines)


def _show(made: Rebuilt) -> None:
    rows = [
        {"timeframe": name, "added": made.added[name], "differing": made.differing[name]}
        for name in TIMEFRAMES
    ]
    print_rows(f"{made.pair} from {made.trades} trades in {made.calls} calls", rows, nothing="")


def _document(cost: Cost) -> dict[str, object]:
    return {
        "pair": cost.pair,
        "first": _day(cost.first),
        "until": _day(cost.until),
        "trades": cost.trades,
        "guessed_days": cost.guessed_days,
        "calls": cost.calls,
        "seconds": int(cost.duration.total_seconds()),
        "in_ohlc": list(cost.in_ohlc),
    }


def _result(made: Rebuilt) -> dict[str, object]:
    return {
        "calls": made.calls,
        "trades": made.trades,
        "added": dict(made.added),
        "differing": dict(made.differing),
    }


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d}"
