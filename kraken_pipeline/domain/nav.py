"""Valuation, units and drawdown: what everything is worth, and how far that fell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.symbols import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """One asset of the account and what it is worth."""

    asset: Asset
    qty: Decimal
    price: Decimal | None
    """Base currency per unit; None where there is no price, which is never taken for zero."""
    source: str
    """The pair that priced it, or why there is no price."""

    @property
    def value(self) -> Decimal | None:
        """In base currency."""
        return None if self.price is None else self.qty * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The account at an instant, in base currency."""

    at: datetime
    equity: Decimal
    cash: Decimal
    """What is held of the base currency itself."""
    valuations: tuple[Valuation, ...]
    positions: tuple[Position, ...]
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    units: Decimal
    """External flows buy and redeem units; equity / units is the unit price (PF-13)."""
    unit_price: Decimal
    drawdown: Decimal
    """Fall of the unit price from its highest of the last 24 h, as a share."""
    drawdown_of_day: Decimal
    """Fall from the unit price with which the UTC day began, as a share."""
    drawdown_of_all_time: Decimal
    """Fall from the highest unit price that ever was, as a share."""
    drift: Mapping[str, str] = field(default_factory=dict)
    """Bucket to how replay and balance differ; empty when the books are right."""

    @property
    def exposure(self) -> Decimal:
        """What all is worth that is not the base currency, in base currency."""
        return self.equity - self.cash

    @property
    def unpriced(self) -> tuple[Asset, ...]:
        """Held assets without a price."""
        return tuple(each.asset for each in self.valuations if each.qty and each.price is None)


def total(valuations: Iterable[Valuation]) -> Decimal:
    """Return the sum of what has a price, in base currency."""
    return sum((each.value for each in valuations if each.value is not None), ZERO)


def units_after(
    *, units: Decimal, equity: Decimal, flows: Decimal, last_price: Decimal = Decimal(1)
) -> tuple[Decimal, Decimal]:
    """Return units and unit price after external flows.

    A flow changes the number of units, never their price, so a deposit cannot hide a loss and a
    withdrawal cannot look like one. Where everything was lost the price is zero: no flow can buy
    at that, and the drawdown shows it.

    Args:
        units: before the flows; zero for a new account.
        equity: with the flows in it, in base currency.
        flows: what came (above zero) or left since the last snapshot, in base currency.
        last_price: at which an account that was empty goes on, so that emptying and filling it
            again is no fall; 1 for a new account.

    Source: PF-13.
    """
    before = equity - flows
    if units <= 0:
        return equity / last_price, last_price
    if before <= 0:
        return units, ZERO
    price = before / units
    return units + flows / price, price


def drawdown(
    history: Iterable[tuple[datetime, Decimal]],
    *,
    now: datetime,
    unit_price: Decimal,
    window: timedelta = timedelta(hours=24),
) -> Decimal:
    """Return the fall from the highest unit price in the window, as a share of it, 0 to 1.

    Args:
        history: instants and unit prices, in any order.
        now: end of the window.
        unit_price: the present one.
        window: how far back the highest counts.
    """
    recent = [price for at, price in history if now - at <= window]
    peak = max([*recent, unit_price])
    return (peak - unit_price) / peak if peak > 0 else ZERO
