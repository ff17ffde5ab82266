"""The portfolio as people read it: what was traded, paid, brought in, and what became of it.

One read model for commands, assets and reports. It reads the books and writes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Final, Protocol

from kraken_pipeline.domain.accounting.attribution import Dimension, Share, attributed
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.periods import Days, Period, divided
from kraken_pipeline.domain.accounting.profit import Mark, Profit, Rules, View, profits
from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.nav_days import NavDay, fall
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH

OUTSIDE: Final = frozenset({Cause.FLOW, Cause.REWARD, Cause.ADJUSTMENT, Cause.UNKNOWN})
"""What came or went without anything given for it."""


class Books(Protocol):
    """Fills, snapshots and days."""

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        ...

    def snapshot_before(self, at: datetime) -> Snapshot | None:
        """Return the newest snapshot of an instant or before it that is not pruned."""
        ...

    def newest_day(self, at: datetime) -> NavDay | None:
        """Return the UTC day of an instant, or the newest before it that is kept."""
        ...

    def days_since(self, day: date) -> tuple[NavDay, ...]:
        """Return the kept UTC days from that one on, oldest first."""
        ...

    def steps(self) -> Mapping[Place, Sequence[Step]]:
        """Return what changed each book's position of each pair."""
        ...

    def fills_after(self, at: datetime | None) -> tuple[Fill, ...]:
        """Return booked fills after an instant, oldest first."""
        ...


class Accounts(Protocol):
    """The account's own books."""

    def books(self) -> tuple[AssetBook, ...]:
        """Return every asset's book, by asset."""
        ...

    def moves_within(self, since: datetime, until: datetime) -> tuple[AccountMove, ...]:
        """Return the moves of every asset from one instant until another, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioDesk:
    """What reading the portfolio needs."""

    books: Books
    accounts: Accounts
    base_currency: Asset
    method: Method
    """That the books are kept by."""
    bases: Mapping[str, Asset]
    """Pair to what is bought in it, of those that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What was paid on something, in base currency."""

    what: str
    """The asset that paid, or the pair."""
    why: str
    """The cause of what it was paid for, or whose book traded."""
    count: int
    """Moves or fills that paid or, where fees are for trades of a pair, that were made."""
    traded: Decimal | None
    """The cost of all fills of a pair."""
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What came or went without a trade, at its worth then, in base currency."""

    at: datetime
    cause: str
    asset: Asset
    qty: Decimal
    value: Decimal | None
    """Below zero where it left; None where nobody knows."""
    fee: Decimal
    cost: Decimal | None
    """What an arrival counts as having cost."""
    basis: str
    """How well that is known; empty where it left."""
    priced_by: str
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How a UTC day ended, in base currency: a point of each curve."""

    day: date
    equity: Decimal
    exposure: Decimal
    """What all is worth that is not the base currency."""
    exposed: Decimal | None
    """The share of the equity that is; None where there is no equity."""
    unit_price: Decimal
    """No deposit and no withdrawal moves it (PF-13)."""
    gained: Decimal
    """By how much of itself the unit price rose in the day: 0.02 is 2 %."""
    fallen: Decimal
    """How far the unit price is below its highest ever, 0 to 1."""
    deepest: Decimal
    """How far it was at its lowest of the day."""
    flows: Decimal
    """What came from outside less what left."""


def trades(desk: PortfolioDesk, days: Days) -> tuple[Fill, ...]:
    """Return the fills of some days, oldest first."""
    after = None if days.first == date.min else days.since - datetime.resolution
    return tuple(each for each in desk.books.fills_after(after) if days.has(each.at))


def fees_by_asset(desk: PortfolioDesk, days: Days) -> tuple[Fee, ...]:
    """Return what was paid in each asset and what for, in base currency at the time."""
    found: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for each in desk.accounts.moves_within(*_bounds(days)):
        if each.fee:
            found[each.asset, each.cause.value].append(each.fee)
    return tuple(
        Fee(what=asset, why=cause, count=len(paid), traded=None, fee=_sum(paid))
        for (asset, cause), paid in sorted(found.items())
    )


def fees_by_pair(desk: PortfolioDesk, days: Days) -> tuple[Fee, ...]:
    """Return what trading each pair cost each book, in base currency at the fills' rates."""
    found: defaultdict[tuple[str, str], list[Fill]] = defaultdict(list)
    for each in trades(desk, days):
        found[each.pair, each.book].append(each)
    with localcontext(EXACT):
        return tuple(
            Fee(
                what=pair,
                why=book,
                count=len(some),
                traded=_sum([each.cost * each.quote_rate for each in some]),
                fee=_sum([each.fee * each.quote_rate for each in some]),
            )
            for (pair, book), some in sorted(found.items())
        )


def flows(desk: PortfolioDesk, days: Days) -> tuple[Flow, ...]:
    """Return deposits, withdrawals, rewards, corrections and what nobody can explain."""
    return tuple(
        Flow(
            at=each.at,
            cause=each.cause.value,
            asset=each.asset,
            qty=each.qty,
            value=None if each.value is None else each.value.copy_sign(each.qty),
            fee=each.fee,
            cost=each.cost,
            basis=each.basis.value if each.cost is not None else "",
            priced_by=each.price_source,
            event_id=each.event_id,
        )
        for each in desk.accounts.moves_within(*_bounds(days))
        if each.cause in OUTSIDE
    )


def pnl(
    desk: PortfolioDesk, days: Days, period: Period, *, method: Method | None, view: View
) -> tuple[Profit, ...]:
    """Return what became of the account in each period of some days; nothing before it began.

    Args:
        desk: what reading needs.
        days: whose profit is asked for.
        period: by which it is told.
        method: of cost; None for the one that the books are kept by.
        view: where fees count.
    """
    rules = Rules(method=method or desk.method, view=view, base_currency=desk.base_currency)
    moves = desk.accounts.moves_within(EPOCH, days.until)
    if not moves:
        return ()
    newest = desk.books.latest_snapshot()
    last = max(moves[-1].at.date(), date.min if newest is None else newest.at.date())
    first = max(days.first, moves[0].at.date())
    last = min(days.last, last)
    if last < first:
        return ()
    return profits(moves, divided(Days(first=first, last=last), period), _Marks(desk), rules)


def curve(desk: PortfolioDesk, days: Days) -> tuple[Day, ...]:
    """Return how each kept day ended, oldest first; a day without a reading is left out."""
    kept = desk.books.days_since(days.first)
    return tuple(_day(each) for each in kept if each.day <= days.last)


def _day(each: NavDay) -> Day:
    first, last = each.first_unit_price, each.last_unit_price
    return Day(
        day=each.day,
        equity=each.equity,
        exposure=each.exposure,
        exposed=each.exposure / each.equity if each.equity > 0 else None,
        unit_price=last,
        gained=last / first - 1 if first else ZERO,
        fallen=fall(each.peak_unit_price, last),
        deepest=fall(each.peak_unit_price, each.lowest_unit_price),
        flows=each.flows,
    )


def attribution(desk: PortfolioDesk, days: Days, by: Dimension) -> tuple[Share, ...]:
    """Return what each strategy, pair or day realised in some days, by name."""
    return attributed(desk.books.steps(), days, by)


def attributions(desk: PortfolioDesk, days: Days) -> Mapping[Dimension, tuple[Share, ...]]:
    """Return the same profit put down to strategies, to pairs, and to days; the fills read once."""
    steps = desk.books.steps()
    return {by: attributed(steps, days, by) for by in Dimension}


class _Marks:
    """What was known of worth at an instant."""

    def __init__(self, desk: PortfolioDesk) -> None:
        self._desk = desk

    def __call__(self, at: datetime) -> Mark | None:
        """Return the prices of a snapshot, or what is left of the day where that was pruned."""
        snapshot = self._desk.books.snapshot_before(at)
        if snapshot is not None:
            prices = {
                each.asset: each.price for each in snapshot.valuations if each.price is not None
            }
            return Mark(at=snapshot.at, prices=prices, equity=snapshot.equity)
        day = self._desk.books.newest_day(at)
        if day is None:
            return None
        return Mark(at=day.last_at, prices=MappingProxyType({}), equity=day.equity)


def _bounds(days: Days) -> tuple[datetime, datetime]:
    return max(days.since, EPOCH), days.until


def _sum(amounts: Sequence[Decimal]) -> Decimal:
    with localcontext(EXACT):
        return sum(amounts, ZERO)
