"""From what is wanted to a qty: sized by volatility, clamped by what every cap leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Target, Unit
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import (
    EXACT,
    EXACT_DOWN,
    EXACT_UP,
    PERCENT,
    ZERO,
    Price,
    Qty,
    round_down,
    round_up,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A notional after the clamps, in base currency, and which caps bound it."""

    notional: Decimal
    clamped_by: tuple[str, ...]
    """Codes of the caps that left less than was wanted, tightest first."""


def wanted_notional(
    *, equity: Decimal, risk_pct: Decimal, stop_distance: Decimal, confidence: Decimal
) -> Decimal:
    """Return the notional at which a stop-out loses `risk_pct` of equity, times confidence.

    Args:
        equity: in base currency.
        risk_pct: percent of equity to lose when the stop is hit.
        stop_distance: share of the price between entry and stop, above zero.
        confidence: 0 to 1.

    Raises:
        InvalidValueError: `stop_distance` is not above zero.

    Source: contract 10.1.
    """
    if stop_distance <= 0:
        raise InvalidValueError(f"stop_distance must be above zero, not {stop_distance}")
    return equity * risk_pct * PERCENT / stop_distance * confidence


def target_qty(target: Target, *, price: Price, quote_rate: Decimal, equity: Decimal) -> Decimal:
    """Return how much a target comes to, in base units, not yet on any lot.

    Args:
        target: what is to be held.
        price: in quote per base.
        quote_rate: base currency per quote unit.
        equity: in base currency.

    Raises:
        InvalidValueError: it can not be told without a price, a rate or the equity, and that is
            not above zero.

    Source: RSK-6: nothing is guessed where a number is missing.
    """
    if target.unit is Unit.QTY:
        return target.amount
    if target.unit is Unit.WEIGHT and equity <= 0:
        raise InvalidValueError(f"equity is {equity}: a target of {target} has no size")
    is_share = target.unit is Unit.WEIGHT
    worth = EXACT.multiply(target.amount, equity) if is_share else target.amount
    return EXACT.divide(worth, _worth_of_one(price, quote_rate, EXACT))


def clamp(wanted: Decimal, rooms: Mapping[str, Decimal]) -> Sized:
    """Return `wanted`, or the smallest room that a cap leaves; never more, never below zero.

    Args:
        wanted: in base currency.
        rooms: code of each cap to what it still leaves, in base currency.

    Source: RSK-4.
    """
    binding = sorted([(room, code) for code, room in rooms.items() if room < wanted])
    smallest = binding[0][0] if binding else wanted
    return Sized(notional=max(smallest, ZERO), clamped_by=tuple([code for _, code in binding]))


def qty_for(notional: Decimal, *, price: Price, quote_rate: Decimal, lot: Decimal) -> Qty:
    """Return the qty whose cost at `price` is at most `notional`, on the pair's lot.

    Args:
        notional: in base currency.
        price: in quote per base.
        quote_rate: base currency per quote unit.
        lot: the pair's smallest qty step, in base.

    Raises:
        InvalidValueError: price, rate or lot is not above zero.
    """
    worth = _worth_of_one(price, quote_rate, EXACT_DOWN)
    return Qty(round_down(EXACT_DOWN.divide(notional, worth), lot))


def minimum_qty(pair: Pair, *, price: Price, quote_rate: Decimal, min_notional: Decimal) -> Qty:
    """Return the smallest qty that exchange and configuration both accept at `price`.

    Args:
        pair: whose `min_qty` and `min_cost` hold.
        price: in quote per base.
        quote_rate: base currency per quote unit.
        min_notional: the configured minimum, in base currency.

    Raises:
        InvalidValueError: price or rate is not above zero.

    Source: OMS-6.
    """
    worth = _worth_of_one(price, quote_rate, EXACT_UP)
    least = max(EXACT_UP.multiply(pair.min_cost, quote_rate), min_notional)
    return Qty(round_up(max(pair.min_qty, EXACT_UP.divide(least, worth)), pair.lot))


def _worth_of_one(price: Price, quote_rate: Decimal, exact: Context) -> Decimal:
    if price <= 0 or quote_rate <= 0:
        raise InvalidValueError(f"price {price} and quote rate {quote_rate} must be above zero")
    return exact.multiply(price, quote_rate)
