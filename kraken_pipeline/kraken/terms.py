"""The words of an order at Kraken's spot market, and which of them go with which order type.

Margin is not among them, so nothing that is written with them can borrow.

Source: docs.kraken.com/api/docs/rest-api/add-order, docs.kraken.com/api/docs/websocket-v2/add_order
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from


class OrderType(StrEnum):
    """How an order trades, spelled as Kraken does."""

    MARKET = "market"
    LIMIT = "limit"
    ICEBERG = "iceberg"
    STOP_LOSS = "stop-loss"
    TAKE_PROFIT = "take-profit"
    STOP_LOSS_LIMIT = "stop-loss-limit"
    TAKE_PROFIT_LIMIT = "take-profit-limit"
    TRAILING_STOP = "trailing-stop"
    TRAILING_STOP_LIMIT = "trailing-stop-limit"


class TimeInForce(StrEnum):
    """How long an order may rest."""

    GTC = "GTC"
    GTD = "GTD"
    IOC = "IOC"
    FOK = "FOK"


class PriceKind(StrEnum):
    """What the amount of a price term is, spelled as the stream does."""

    STATIC = "static"
    """A price, in quote per base."""
    QUOTE = "quote"
    """A distance from the reference, in quote per base; below zero is below the reference."""
    PERCENT = "pct"
    """A distance from the reference, in percent of it; below zero is below the reference."""


class Reference(StrEnum):
    """The price that fires a trigger."""

    LAST = "last"
    INDEX = "index"


class FeeCurrency(StrEnum):
    """The asset that the fee is paid in."""

    QUOTE = "quote"
    BASE = "base"


class SelfTrade(StrEnum):
    """Which of the account's own two orders gives way when they would meet."""

    CANCEL_NEWEST = "cancel-newest"
    """Kraken's own choice where an order says nothing."""
    CANCEL_OLDEST = "cancel-oldest"
    CANCEL_BOTH = "cancel-both"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerm:
    """A price, or a distance from one. A distance has its sign, so Kraken need not choose one."""

    amount: Decimal
    kind: PriceKind = PriceKind.STATIC

    def __post_init__(self) -> None:
        """Refuse what is no price.

        Raises:
            InvalidValueError: a price is not above zero, or a distance is zero or no number.
        """
        amount = decimal_from(self.amount)
        if amount == 0 or (amount < 0 and self.kind is PriceKind.STATIC):
            raise InvalidValueError(f"a {self.kind} price term can't be {amount}")

    @classmethod
    def at(cls, price: Decimal) -> Self:
        """Return the term for a price, in quote per base."""
        return cls(amount=price)

    @property
    def is_distance(self) -> bool:
        """Whether it depends on another price."""
        return self.kind is not PriceKind.STATIC


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRule:
    """Which words go with an order type. What a type has, it must have."""

    limit: bool = False
    trigger: bool = False
    trails: bool = False
    """Its trigger is a distance above zero that follows the market, its limit one from there."""
    display: bool = False
    cash: bool = False
    """It may be told in quote instead of base."""
    post_only: bool = False
    times: frozenset[TimeInForce]
    """None of them where there is no time in force to say."""


RESTS: Final = frozenset({TimeInForce.GTC, TimeInForce.GTD})
"""What lets an order wait in the book."""
RULES: Final[Mapping[OrderType, TypeRule]] = MappingProxyType(
    {
        OrderType.MARKET: TypeRule(cash=True, times=frozenset()),
        OrderType.LIMIT: TypeRule(limit=True, post_only=True, times=frozenset(TimeInForce)),
        OrderType.ICEBERG: TypeRule(limit=True, display=True, times=RESTS),
        OrderType.STOP_LOSS: TypeRule(trigger=True, times=RESTS),
        OrderType.TAKE_PROFIT: TypeRule(trigger=True, times=RESTS),
        OrderType.STOP_LOSS_LIMIT: TypeRule(limit=True, trigger=True, times=RESTS),
        OrderType.TAKE_PROFIT_LIMIT: TypeRule(limit=True, trigger=True, times=RESTS),
        OrderType.TRAILING_STOP: TypeRule(trigger=True, trails=True, times=RESTS),
        OrderType.TRAILING_STOP_LIMIT: TypeRule(limit=True, trigger=True, trails=True, times=RESTS),
    }
)
"""Order type to the words that go with it."""
NOT_TO_CLOSE: Final = frozenset({OrderType.MARKET, OrderType.ICEBERG})
"""What a conditional close can't be: the one would close at once, the other needs a display qty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The order that Kraken places on the other side for each fill of this one."""

    order_type: OrderType
    limit: PriceTerm | None = None
    trigger: PriceTerm | None = None

    def __post_init__(self) -> None:
        """Refuse what Kraken would not take.

        Raises:
            InvalidValueError: the type can't close, or a price is missing or too many.
        """
        if self.order_type in NOT_TO_CLOSE:
            raise InvalidValueError(f"a conditional close can't be of the type {self.order_type}")
        fault = price_fault(self.order_type, self.limit, self.trigger)
        if fault:
            raise InvalidValueError(f"conditional close: {fault}")


def price_fault(
    order_type: OrderType, limit: PriceTerm | None, trigger: PriceTerm | None
) -> str | None:
    """Return what is wrong with the prices of an order of a type, or None where they fit."""
    rule = RULES[order_type]
    for name, wanted, term in (
        ("limit", rule.limit, limit),
        ("trigger", rule.trigger, trigger),
    ):
        if wanted is not (term is not None):
            return f"a {order_type} order {'needs a' if wanted else 'has no'} {name} price"
    if rule.trails and not all(each.is_distance for each in (limit, trigger) if each):
        return f"the prices of a {order_type} order are distances from the market"
    if rule.trails and trigger is not None and trigger.amount < 0:
        return f"the distance of a {order_type} order is above zero, not {trigger.amount}"
    return None
