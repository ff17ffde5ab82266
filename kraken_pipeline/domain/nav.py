"""Valuation, units and drawdown: what everything is worth, and how far that fell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import EXACT, ZERO, plain
from kraken_pipeline.domain.swings import Swing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.values import quickly_made

OF_PRICE: Final = Context(prec=28)
OF_UNITS: Final = Context(prec=50)
"""Units have so many digits more than their price that the price which a flow bought at is, worked
out again, the same to the last digit (P-19)."""
COVERAGE_NEEDED: Final = Decimal("0.99")
"""Share of what all is worth that needs a fresh price, for anything to open (PF-12)."""


class Quality(StrEnum):
    """How good a price is."""

    FRESH = "fresh"
    STALE = "stale"
    """The last good one: the market says nothing now, or nothing that can be believed."""
    NONE = "none"
    """There never was one."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """One asset of the account and what it is worth."""

    asset: Asset
    qty: Decimal
    price: Decimal | None
    """Base currency per unit; None where there never was a price, which is not taken for zero."""
    source: str
    """The pair that priced it, or why there is no fresh price."""
    stale_since: datetime | None = None
    """When `price` was the market's, if it is not any more."""
    swing: Swing | None = None
    """How much its price moves, as far as that is known."""
    is_traded: bool = True
    """Whether the exchange lists anything by which it could be priced."""
    locked: Decimal = ZERO
    """What of the qty can't be sold as it lies: staked, bonded or in a vault."""

    @property
    def value(self) -> Decimal | None:
        """In base currency."""
        return None if self.price is None else EXACT.multiply(self.qty, self.price)

    @property
    def quality(self) -> Quality:
        """How good the price is."""
        if self.price is None:
            return Quality.NONE
        return Quality.FRESH if self.stale_since is None else Quality.STALE


@quickly_made
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
    drifted_by: Mapping[str, Decimal] = field(default_factory=dict)
    """How much more there is of each of them than the replay says. An older version kept none."""

    @property
    def exposure(self) -> Decimal:
        """What all is worth that is not the base currency, in base currency."""
        return self.equity - self.cash

    @property
    def loss_of_day(self) -> Decimal:
        """What of the equity with which the UTC day began is gone, flows apart; never negative."""
        left = 1 - self.drawdown_of_day
        return self.equity * self.drawdown_of_day / left if left else self.equity

    @property
    def unpriced(self) -> tuple[Asset, ...]:
        """Held assets without a fresh price."""
        return tuple(each.asset for each in unpriced(self.valuations))

    @property
    def coverage(self) -> Decimal:
        """Share of what all is worth that has a fresh price, 0 to 1."""
        return coverage(self.valuations)

    @property
    def frozen(self) -> str:
        """Why units, unit price and drawdowns stand still; empty where they do not."""
        return freeze(self.valuations)


def total(valuations: Iterable[Valuation]) -> Decimal:
    """Return what all that ever had a price is worth, in base currency, to the last digit."""
    with localcontext(EXACT):
        values = (each.value for each in valuations)
        return sum((each for each in values if each is not None), ZERO)


def unpriced(valuations: Iterable[Valuation]) -> tuple[Valuation, ...]:
    """Return what is held and has no fresh price."""
    return tuple(each for each in valuations if each.qty and each.quality is not Quality.FRESH)


def coverage(valuations: Iterable[Valuation]) -> Decimal:
    """Return the share of what all is worth that has a fresh price, 0 to 1.

    What never had a price may be worth anything, and so nothing is known to be covered. What the
    exchange lists no pair of, and never did since we look, has no weight: it could not be sold
    (F-MON-7).
    """
    fresh = whole = ZERO
    for each in valuations:
        value = each.value
        if value is None:
            if each.qty and each.is_traded:
                return ZERO
            continue
        whole += abs(value)
        fresh += abs(value) if each.quality is Quality.FRESH else ZERO
    return fresh / whole if whole else Decimal(1)


def freeze(valuations: Sequence[Valuation]) -> str:
    """Return why what all is worth is not known well enough, or nothing where it is."""
    share = coverage(valuations)
    if share >= COVERAGE_NEEDED:
        return ""
    said = "; ".join(_said(each) for each in unpriced(valuations) if each.is_traded)
    return f"{share * 100:.1f} % of what is held has a fresh price: {said}"


def _said(each: Valuation) -> str:
    if each.stale_since is None:
        return f"{each.asset} never had one ({each.source})"
    return f"{each.asset} had {plain(each.price or ZERO)} at {each.stale_since} ({each.source})"


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
    with localcontext(OF_UNITS):
        before = equity - flows
        if units <= 0:
            return equity / last_price, last_price
        if before <= 0:
            return units, ZERO
        # at the price as it is told, its last digit would be off after a withdrawal: what stays
        # carries the rounding of what left
        price = before / units
        return units + flows / price, OF_PRICE.plus(price)


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
