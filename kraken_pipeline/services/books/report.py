"""All that a report of the portfolio tells, read once. It reads the books and writes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from kraken_pipeline.domain.accounting.attribution import Dimension, Share
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.performance import Performance
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import Profit, View
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.nav import Quality, Snapshot
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.services.books import portfolio
from kraken_pipeline.services.books.holdings import Held, positions_by_asset, positions_by_book
from kraken_pipeline.services.books.portfolio import Day, Fee, Flow, PortfolioDesk
from kraken_pipeline.strategies.base import Bars

MOST_BARS: Final = 200
"""Candles of a chart; of more the bodies would run together."""
MOST_NAMED: Final = 10
"""Flows of one lack that are noted one by one, the newest."""
BEFORE_AND_AFTER: Final = 20
"""Candles that are shown around the trades, where they are stored."""


class BarSource(Protocol):
    """The stored candles."""

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        ...

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last bars of each pair that were closed by then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """What making a report needs."""

    portfolio: PortfolioDesk
    bars: BarSource
    performance: Callable[[Days], Performance | None]
    differing: Callable[[], Mapping[Asset, str]]
    """Assets of which books and account have another qty, and how; asked once it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """A pair that was traded, and its candles around the trades."""

    pair: str
    fills: tuple[Fill, ...]
    """Oldest first."""
    bars: Bars | None
    """Of this pair alone; None where none are stored of that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The portfolio in some days, and what is held as last read. In base currency."""

    days: Days
    base_currency: Asset
    snapshot: Snapshot | None
    """The newest, whichever days were asked for; None where the account was not read yet."""
    curve: tuple[Day, ...]
    performance: Performance | None
    profits: tuple[Profit, ...]
    """By month, in the trading view."""
    assets: tuple[Held, ...]
    books: tuple[Held, ...]
    strategies: tuple[Share, ...]
    traded: tuple[Traded, ...]
    """By pair."""
    fills: tuple[Fill, ...]
    fees_by_asset: tuple[Fee, ...]
    fees_by_pair: tuple[Fee, ...]
    flows: tuple[Flow, ...]
    notes: tuple[str, ...]
    """What a reader must know of these figures before believing them."""


def report(desk: ReportDesk, days: Days) -> Report:
    """Read what a report of some days tells."""
    of = desk.portfolio
    snapshot = of.books.latest_snapshot()
    fills = portfolio.trades(of, days)
    curve, flows = portfolio.curve(of, days), portfolio.flows(of, days)
    profits = portfolio.pnl(of, days, Period.MONTH, method=None, view=View.TRADING)
    traded = tuple(traded_of(desk.bars, pair, fills) for pair in sorted({e.pair for e in fills}))
    assets = positions_by_asset(of)
    notes = (
        *_of_account(snapshot, {} if snapshot is None else desk.differing()),
        *(f"the profit of {each.asset} is not known whole" for each in assets if each.incomplete),
        *_of_days(curve, profits),
        *_of_flows(flows),
        *(
            f"no candle is stored of {each.pair} when it was traded"
            for each in traded
            if not each.bars
        ),
    )
    return Report(
        days=days,
        base_currency=of.base_currency,
        snapshot=snapshot,
        curve=curve,
        performance=desk.performance(days),
        profits=profits,
        assets=assets,
        books=positions_by_book(of),
        strategies=portfolio.attribution(of, days, Dimension.STRATEGY),
        traded=traded,
        fills=fills,
        fees_by_asset=portfolio.fees_by_asset(of, days),
        fees_by_pair=portfolio.fees_by_pair(of, days),
        flows=flows,
        notes=notes,
    )


def traded_of(bars: BarSource, pair: str, fills: Sequence[Fill]) -> Traded:
    """Return a pair with its own fills and the candles around them.

    Args:
        bars: the stored candles.
        pair: that has a fill among them.
        fills: of any pair, oldest first.
    """
    own = tuple(each for each in fills if each.pair == pair)
    return Traded(pair=pair, fills=own, bars=_around(bars, pair, own[0].at, own[-1].at))


def _around(bars: BarSource, pair: str, first: datetime, last: datetime) -> Bars | None:
    """Return candles that show a stretch whole, of an hour or more if there are any.

    Of one that is too long for any, the longest candles show its end.
    """
    room = MOST_BARS - 2 * BEFORE_AND_AFTER
    fitting = [each for each in TIMEFRAMES.values() if last - first <= room * each.length]
    for frame in sorted(fitting, key=_preferred) or [TIMEFRAMES["1d"]]:
        newest = bars.newest(frame).get(pair)
        # the candle of a new trade is not over yet; those before it show where it stands
        if newest is None or newest < first - BEFORE_AND_AFTER * frame.length:
            continue
        until = last + BEFORE_AND_AFTER * frame.length
        count = (until - first) // frame.length + BEFORE_AND_AFTER
        found = bars.read(frame, (pair,), closed_by=until, count=min(count, MOST_BARS))
        if found.opened_at.size:
            return found
    return None


def _preferred(frame: Timeframe) -> int:
    """Rank an hour first, then what is longer, then what is shorter from the longest on."""
    hour = TIMEFRAMES["1h"].minutes
    return (
        frame.minutes if frame.minutes >= hour else TIMEFRAMES["1d"].minutes + hour - frame.minutes
    )


def _of_account(snapshot: Snapshot | None, differing: Mapping[Asset, str]) -> Iterator[str]:
    if snapshot is None:
        yield "the account was not read yet"
        return
    if snapshot.frozen:
        yield f"unit price and falls stand still: {snapshot.frozen}"
    for each in snapshot.valuations:
        if each.qty and each.quality is Quality.NONE:
            yield f"{plain(each.qty)} {each.asset} never had a price and count for nothing"
        elif each.qty and each.quality is Quality.STALE:
            yield f"the price of {each.asset} is of {each.stale_since:%Y-%m-%d %H:%M} UTC"
    for bucket, how in sorted(snapshot.drift.items()):
        yield f"ledger and balance of {bucket} differ: {how}"
    for asset, how in sorted(differing.items()):
        yield f"books and account differ in {asset}: {how}"


def _of_days(curve: Sequence[Day], profits: Sequence[Profit]) -> Iterator[str]:
    if curve:
        missing = (curve[-1].day - curve[0].day) // timedelta(days=1) + 1 - len(curve)
        if missing:
            yield f"{missing} days without a reading are not in the curves"
    for profit in profits:
        if profit.residual:
            yield f"{plain(profit.residual)} of {profit.period} nothing explains"
        elif profit.residual is None:
            yield f"the profit of {profit.period} cannot be proved: its prices are not kept"


def _of_flows(flows: Sequence[Flow]) -> Iterator[str]:
    unknown = [each for each in flows if each.cause == Cause.UNKNOWN]
    worthless = [each for each in flows if each.value is None and each.cause != Cause.UNKNOWN]
    for some, said in ((unknown, "nobody can explain"), (worthless, "nobody knows the worth of")):
        for each in some[-MOST_NAMED:]:
            yield f"{said} {plain(each.qty)} {each.asset} of {each.at:%Y-%m-%d}"
        if (left := len(some) - MOST_NAMED) > 0:
            yield f"{said} {left} earlier flows either: `portfolio flows --csv FILE` has all"
