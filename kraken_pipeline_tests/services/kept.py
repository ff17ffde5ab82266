"""Books in memory, and the desk that reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.fold import AssetBook, folded
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.nav_days import NavDay
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.portfolio import PortfolioDesk
from kraken_pipeline_tests.builders import snapshot
from kraken_pipeline_tests.domain.accounting.lives import (
    START,
    USD,
    XBT,
    entry,
    explained,
    terms,
)


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
