"""The portfolio as people read it: what is not known is left out, never taken for zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.fold import AssetBook, folded
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import View
from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.nav_days import NavDay
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services import exports, portfolio
from kraken_pipeline.services.portfolio import PortfolioDesk
from kraken_pipeline_tests.builders import snapshot
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    START,
    USD,
    XBT,
    entry,
    explained,
    figures,
    terms,
)

EVER = Days()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Books in memory."""

    snapshots: tuple[Snapshot, ...] = ()
    days: tuple[NavDay, ...] = ()
    moves: tuple[AccountMove, ...] = ()

    def latest_snapshot(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    def snapshot_before(self, at: datetime) -> Snapshot | None:
        return next((each for each in reversed(self.snapshots) if each.at <= at), None)

    def newest_day(self, at: datetime) -> NavDay | None:
        return next((each for each in reversed(self.days) if each.day <= at.date()), None)

    def days_since(self, day: date) -> tuple[NavDay, ...]:
        return tuple(each for each in self.days if each.day >= day)

    def steps(self) -> Mapping[Place, Sequence[Step]]:
        return {}

    def fills_after(self, at: datetime | None) -> tuple[Fill, ...]:
        return ()

    def books(self) -> tuple[AssetBook, ...]:
        return folded(self.moves, Method.WAC, USD)[0]

    def moves_within(self, since: datetime, until: datetime) -> tuple[AccountMove, ...]:
        return tuple(each for each in self.moves if since <= each.at <= until)


def desk(kept: Kept) -> PortfolioDesk:
    return PortfolioDesk(
        books=kept,
        accounts=kept,
        base_currency=USD,
        method=Method.WAC,
        bases={"XBTUSD": XBT},
    )


def came(asset: str, qty: str, *, hours: int, name: str) -> tuple[AccountMove, ...]:
    found = explained(Cause.FLOW, entry(asset, qty, name=name, hours=hours), event=name)
    return moves_of(found, terms({XBT: "100"}))


def valued(asset: Asset, qty: str, price: str | None) -> Valuation:
    worth = None if price is None else Decimal(price)
    return Valuation(asset=asset, qty=Decimal(qty), price=worth, source="a test")


def read(hours: int, *valuations: Valuation) -> Snapshot:
    return snapshot(at=START + timedelta(hours=hours), valuations=valuations)


def ended(day: int, *, unit_price: str, equity: str, hour: int = 23) -> NavDay:
    price = Decimal(unit_price)
    return NavDay(
        day=(START + timedelta(days=day)).date(),
        first_unit_price=Decimal(1),
        highest_unit_price=max(price, Decimal(1)),
        lowest_unit_price=price / 2,
        last_unit_price=price,
        peak_unit_price=Decimal(2),
        equity=Decimal(equity),
        exposure=Decimal(equity) / 4,
        flows=Decimal(0),
        last_at=START + timedelta(days=day, hours=hour),
    )


def test_a_price_that_nobody_knows_leaves_value_and_gain_out() -> None:
    kept = Kept(
        snapshots=(read(5, valued(ETH, "3", None), valued(XBT, "1", "150")),),
        moves=(*came("ETH", "3", hours=1, name="L1"), *came("XBT", "1", hours=2, name="L2")),
    )

    eth, xbt = portfolio.positions_by_asset(desk(kept))

    assert figures(eth.value, eth.unrealised, eth.average_cost, eth.quality) == (
        None,
        None,
        None,
        "none",
    )
    assert eth.incomplete
    assert figures(xbt.value, xbt.unrealised, xbt.average_cost) == (150, 50, 100)


def test_a_pair_that_is_not_listed_has_no_price_and_its_position_is_shown() -> None:
    gone = Position(book="manual", pair="OLDUSD", qty=Qty(Decimal(2)), cost=Decimal(10))
    held = Position(book="manual", pair="XBTUSD", qty=Qty(Decimal(2)), cost=Decimal(150))
    told = snapshot(valuations=(valued(XBT, "2", "100"),), positions=(gone, held))

    first, second = portfolio.positions_by_book(desk(Kept(snapshots=(told,))))

    assert figures(first.value, first.unrealised, first.average_cost) == (None, None, 5)
    assert figures(second.value, second.unrealised) == (200, 50)


def test_where_snapshots_are_pruned_the_day_says_what_all_was_worth() -> None:
    kept = Kept(
        snapshots=(read(60, valued(XBT, "1", "180")),),
        days=(ended(0, unit_price="1", equity="110"), ended(1, unit_price="1", equity="130")),
        moves=came("XBT", "1", hours=1, name="L1"),
    )

    told = portfolio.pnl(desk(kept), EVER, Period.DAY, method=None, view=View.TRADING)

    assert [each.profit for each in told] == [10, 20, 50]
    assert [each.residual for each in told] == [None, None, None]
    [whole] = portfolio.pnl(desk(kept), EVER, Period.ALL, method=None, view=View.TRADING)
    assert figures(whole.profit, whole.flows, whole.residual) == (80, 100, 0)


def test_profit_ends_with_what_was_last_read_and_begins_with_the_first_move() -> None:
    kept = Kept(
        snapshots=(read(60, valued(XBT, "1", "180")),),
        moves=came("XBT", "1", hours=1, name="L1"),
    )

    told = portfolio.pnl(desk(kept), EVER, Period.DAY, method=None, view=View.TRADING)
    after = Days(first=date(2027, 1, 1))

    assert [each.period for each in told] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert portfolio.pnl(desk(kept), after, Period.DAY, method=None, view=View.TRADING) == ()


def test_a_day_shows_how_far_the_unit_price_fell_from_its_highest_ever() -> None:
    kept = Kept(days=(ended(0, unit_price="1.5", equity="0"), ended(1, unit_price="1", equity="8")))

    first, second = portfolio.curve(desk(kept), EVER)

    assert figures(first.gained, first.fallen, first.exposed) == (
        Decimal("0.5"),
        Decimal("0.25"),
        None,
    )
    assert figures(second.gained, second.fallen, second.deepest) == (
        0,
        Decimal("0.5"),
        Decimal("0.75"),
    )
    assert second.exposed == Decimal("0.25")
    assert portfolio.curve(desk(kept), Days(last=first.day)) == (first,)


def test_of_a_sale_the_lots_are_told_that_went_and_that_stay() -> None:
    sold = explained(
        Cause.FILL,
        entry("XBT", "-1.5", name="L3", hours=50),
        entry("USD", "300", "3", name="L4", hours=50),
        event="E3",
    )
    kept = Kept(
        moves=(
            *came("XBT", "1", hours=1, name="L1"),
            *came("XBT", "1", hours=2, name="L2"),
            *moves_of(sold, terms()),
        )
    )

    first, second, left = exports.lots(desk(kept), EVER, Method.FIFO)
    before = exports.lots(desk(kept), Days(last=date(2026, 1, 2)), Method.FIFO)
    after = exports.lots(desk(kept), Days(first=date(2026, 1, 4)), Method.FIFO)

    assert figures(first.lot_id, first.qty, first.gain, first.gain_after_fees) == ("L1", 1, 100, 98)
    assert figures(second.lot_id, second.gain, second.held_days) == ("L2", 50, 2)
    assert figures(left.state, left.qty, left.disposed_at) == ("held", Decimal("0.5"), None)
    assert [each.state for each in before] == ["held", "held"]
    assert after == (left,)
