"""What Dagster shows of a timeframe's bars: figures, what is lacking with its remedy, pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg

from kraken_pipeline.defs import plots
from kraken_pipeline.defs.markdown import table
from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.speeds import Speeds, Work
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close, months, stretch_of
from kraken_pipeline.services.bars.completeness import Kept, Lack, shares
from kraken_pipeline.services.bars.history import Refreshed
from kraken_pipeline.services.bars.past_months import Filled
from kraken_pipeline.wiring.pipeline import Pipeline

MOST_SHOWN: Final = 20
"""Rows of a table; the counts beside it are of all."""
MOST_MONTHS: Final = 60
"""Months of the picture of coverage, the newest."""


def figures(
    frame: Timeframe, done: Refreshed, report: MonthReport, now: datetime
) -> dict[str, Any]:
    """Return the numbers of a month, which Dagster plots over time."""
    newest = report.newest_close
    end = EPOCH + timedelta(seconds=stretch_of(report.month)[1])
    due = last_close(frame, min(now, end))
    behind = {} if newest is None else {"lag_seconds": _seconds(due - newest)}
    return {
        "dagster/partition_row_count": report.rows,
        "pairs": report.pairs,
        "asked": done.asked,
        "added": done.added,
        "failed": len(done.failures),
        "gaps": sum(report.missing.values()),
        "newest_close": str(newest),
        **behind,
        **({"failures": dict(list(done.failures.items())[:MOST_SHOWN])} if done.failures else {}),
    }


def lacking(found: Sequence[Lack], frame: Timeframe) -> dict[str, Any]:
    """Return what is absent without a proven reason, and how it can be had."""
    by_reason = Counter[str]()
    for each in found:
        by_reason[each.gap.reason.value] += each.gap.bars
    told: dict[str, Any] = {"uncertified_bars": by_reason.total()}
    if found:
        told["uncertified_pairs"] = len({each.pair for each in found})
        told["uncertified_by_reason"] = dict(by_reason)
        told["uncertified"] = dg.MetadataValue.md(_table(found, frame))
    return told


def filled(made: Filled) -> dict[str, Any]:
    """Return what reading trades did, and what is left of it for another run."""
    told: dict[str, Any] = {"trade_calls": made.calls, "trades_read": made.trades}
    if made.added:
        told["added_from_trades"] = dict(made.added)
    if made.failures:
        told["trades_not_told"] = dict(list(made.failures.items())[:MOST_SHOWN])
    if made.left:
        named = sorted({each.pair.name for each in made.left})
        told["left"] = (
            f"{len(made.left)} months of {len(named)} pairs ({', '.join(named[:MOST_SHOWN])}) are "
            "left: launch it again, which goes on where this run stopped, with a higher max_calls; "
            "or import the exchange's OHLCVT archive with `kraken-pipeline history import`"
        )
    return told


def speeds(told: Speeds) -> dict[str, Any]:
    """Return how fast history was brought in the last time, by whatever way (HIS-9)."""
    figures: dict[str, Any] = {}
    if Work.IMPORT in told:
        figures["import_candles_per_second"] = round(told[Work.IMPORT].a_second)
        figures["imported_at"] = str(told[Work.IMPORT].at)
    if Work.CALLS in told:
        figures["calls_per_second"] = round(told[Work.CALLS].a_second, 3)
        figures["calls_share_of_limit"] = round(told[Work.CALLS].share or 0.0, 3)
        figures["called_at"] = str(told[Work.CALLS].at)
    return figures


def pictures(
    pipeline: Pipeline, of: Kept, month: str, now: datetime
) -> dict[str, dg.MarkdownMetadataValue]:
    """Return how much of each month is there, pair by pair, and the candles of one pair."""
    frame = of.frame
    drawn = {
        "coverage": coverage_picture(of, now),
        "candles": _candles(pipeline, frame, month, now),
    }
    return {
        name: dg.MetadataValue.md(plots.embedded(name, picture))
        for name, picture in drawn.items()
        if picture is not None
    }


def coverage_picture(of: Kept, now: datetime) -> bytes | None:
    """Draw the share of each month's bars that is stored, over the newest months of any pair."""
    first = min((each[0][0] for each in of.present.values() if each), default=None)
    if first is None:
        return None
    names = list(months(datetime.fromtimestamp(first, tz=UTC), now))[-MOST_MONTHS:]
    due = _seconds(last_close(of.frame, now) - EPOCH)
    told = shares(of, [stretch_of(each) for each in names], due)
    return plots.coverage(told, names, title=f"{of.frame.name} bars, by month")


def _candles(pipeline: Pipeline, frame: Timeframe, month: str, now: datetime) -> bytes | None:
    pair = _shown(pipeline)
    if pair is None:
        return None
    until = datetime.fromtimestamp(stretch_of(month)[1], tz=UTC)
    bars = pipeline.stores.bars.read(frame, (pair,), closed_by=min(now, until), count=plots.CANDLES)
    return plots.candles(bars, pair)


def _shown(pipeline: Pipeline) -> str | None:
    """Name the pair that most trade, of those held if any is."""
    known = pipeline.stores.universes.latest()
    traded: Mapping[str, Any] = {} if known is None else known.notional_24h
    held = [each.pair for each in pipeline.stores.books.positions() if each.qty]
    return max(held or traded, key=lambda pair: traded.get(pair, 0), default=None)


def _table(found: Sequence[Lack], frame: Timeframe) -> str:
    rows = [
        (
            *(each.pair, _at(each.gap.first), _at(each.gap.until), each.gap.bars),
            *(each.gap.reason.value, each.remedy),
        )
        for each in sorted(found, key=lambda each: -each.gap.bars)[:MOST_SHOWN]
    ]
    head = ["pair", f"first absent {frame.name} bar", "until", "bars", "reason", "remedy"]
    return table(head, rows)


def _at(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M}"


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
