"""What must wait while it is not known whether an order exists (OMS-10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.orders import FATE_OPEN, Order, State

CODE: Final = "UNKNOWN_ORDER"
MANY: Final = 2
"""So many at once stop whatever opens."""
MOST_PCT: Final = Decimal(2)
"""Percent of NAV that may be reserved for unknown orders before whatever opens is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An order that may or may not be at the exchange."""

    local_id: str
    pair: str
    asset: str
    """The pair's base; empty of an order from before it was written down."""
    strategy_id: str
    notional: Decimal
    """That may still fill, at its worst, in base currency."""
    is_in_flight: bool
    """Its reply may still come: another process sends it now. It stops its own pair only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall be sent beside it."""

    pair: str
    asset: str
    strategy_id: str
    opens: bool


def unknown_of(order: Order, *, now: datetime) -> Unknown | None:
    """Return what is unknown of an order, or None where its fate is known."""
    if order.state not in FATE_OPEN:
        return None
    return Unknown(
        local_id=order.local_id,
        pair=order.pair,
        asset=order.base,
        strategy_id=order.strategy_id,
        notional=order.open_notional,
        is_in_flight=order.state is State.SENDING
        and order.deadline is not None
        and now <= order.deadline,
    )


def block(unknowns: Sequence[Unknown], wanted: Wanted, *, equity: Decimal) -> Objection | None:
    """Return why an order has to wait for another's fate, or None.

    On the pair itself everything waits, what reduces too: it might sell twice. What opens waits for
    its asset and its strategy as well, and altogether once two are unknown or they reserve over 2 %
    of NAV. With a NAV that is not known, any unknown order stops what opens.

    Args:
        unknowns: every order of open fate.
        wanted: what shall be sent.
        equity: NAV, in base currency; zero where it is not known.

    Source: OMS-10.
    """
    here = [each for each in unknowns if each.pair == wanted.pair]
    if here:
        return _because(here, f"pair={wanted.pair}")
    doubtful = [each for each in unknowns if not each.is_in_flight]
    if not wanted.opens or not doubtful:
        return None
    alike = [each for each in doubtful if _is_alike(each, wanted)]
    if alike:
        return _because(alike, f"asset={wanted.asset}, strategy={wanted.strategy_id}")
    reserved = sum((each.notional for each in doubtful), ZERO)
    most = equity * MOST_PCT * PERCENT
    if len(doubtful) < MANY and reserved <= most:
        return None
    return _because(doubtful, f"reserved={reserved:.2f}, max={most:.2f}, max_count={MANY - 1}")


def _is_alike(unknown: Unknown, wanted: Wanted) -> bool:
    """An asset that is not known may be any."""
    is_asset = unknown.asset in {wanted.asset, ""}
    return is_asset or unknown.strategy_id == wanted.strategy_id


def _because(unknowns: Iterable[Unknown], figures: str) -> Objection:
    names = sorted(each.local_id for each in unknowns)
    return Objection(CODE, f"count={len(names)}, {figures}, orders={','.join(names)}")
