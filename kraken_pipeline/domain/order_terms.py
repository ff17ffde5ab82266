"""What an order is for, what fires it, and what it leaves behind for each fill."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import Price, decimal_from

LIMITED: Final = frozenset({"limit", "stop-loss-limit", "take-profit-limit"})
"""Order types with a limit that the exchange knows."""
TRIGGERED: Final = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"})
"""Order types that a price fires."""
TRAILING: Final = "trailing-stop"
"""The order type that a distance behind the best price fires."""
ORDER_TYPES: Final = LIMITED | TRIGGERED | {"market", TRAILING}
"""Every order type of ours, in Kraken's words."""


class Purpose(StrEnum):
    """What an order is for. Never renamed: it stands in books and in derived ids."""

    OPEN = "open"
    """A strategy wants more."""
    CLOSE = "close"
    """A strategy wants less."""
    PROTECT = "protect"
    """It waits at the exchange to end a position that goes wrong (OMS-14)."""
    FLATTEN = "flatten"
    """A person wants nothing of it any more, now or by a setting for safety (FLT-1, OMS-14)."""


class Urgency(StrEnum):
    """How much a better price is worth beside being done (OMS-5)."""

    PASSIVE = "passive"
    """Wait at the best price of the own side."""
    NORMAL = "normal"
    """Take the best price of the other side, or a little worse."""
    URGENT = "urgent"
    """Take as deep as all of it needs, at once, and cancel the rest."""


class TriggeredBy(StrEnum):
    """The price that fires a trigger. Source: Kraken's `trigger`."""

    LAST = "last"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What wakes an order: a price, or a distance from the best price since it was placed."""

    price: Price | None = None
    """In quote per base."""
    trail_pct: Decimal | None = None
    """In percent of the best price."""
    by: TriggeredBy = TriggeredBy.LAST

    def __post_init__(self) -> None:
        """Refuse what fires never or twice.

        Raises:
            InvalidValueError: both or neither is given, or it is not above zero.
        """
        told = [each for each in (self.price, self.trail_pct) if each is not None]
        if len(told) != 1:
            raise InvalidValueError("a trigger is either a price or a trail_pct; give one of them")
        if decimal_from(told[0]) <= 0:
            raise InvalidValueError(f"a trigger must be above zero, not {told[0]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """What Kraken places on the other side for each fill of an order (conditional close)."""

    order_type: str
    trigger_price: Price | None = None
    """In quote per base."""
    limit_price: Price | None = None
    """In quote per base."""

    def __post_init__(self) -> None:
        """Refuse prices that do not go with the type.

        Raises:
            InvalidValueError: a price is missing, too many, or not above zero.
        """
        if self.order_type not in LIMITED | TRIGGERED:
            raise InvalidValueError(
                f"a conditional close can't be of the type {self.order_type!r}; "
                f"it can be {', '.join(sorted(LIMITED | TRIGGERED))}"
            )
        _require_price("trigger_price", self.trigger_price, wanted=self.order_type in TRIGGERED)
        _require_price("limit_price", self.limit_price, wanted=self.order_type in LIMITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """How a wish is to be ordered, where it is not to be as the configuration says."""

    order_type: str = "limit"
    time_in_force: str | None = None
    """`GTC`, `GTD` or `IOC`; None as configured."""
    post_only: bool | None = None
    """None as configured."""
    trigger: Trigger | None = None
    close: Close | None = None
    urgency: Urgency | None = None
    """None as configured."""
    flattens: bool = False
    """Whether a person wants nothing of it any more; no strategy may say so (FLT-1)."""

    def __post_init__(self) -> None:
        """Refuse a type without the trigger that it needs, and the other way round.

        Raises:
            InvalidValueError: the type is unknown, or the trigger does not go with it.
        """
        if self.order_type not in ORDER_TYPES:
            raise InvalidValueError(
                f"the order type {self.order_type!r} is none of {', '.join(sorted(ORDER_TYPES))}"
            )
        require_fitting_trigger(self.order_type, self.trigger)


def require_fitting_trigger(order_type: str, trigger: Trigger | None) -> None:
    """Refuse a trigger that does not go with an order type.

    Raises:
        InvalidValueError: it has none and needs one, or has one and needs none, or trails where it
            must not.
    """
    needed = _TRIGGERS.get(order_type, "none")
    given = "none" if trigger is None else "price" if trigger.price is not None else "trail_pct"
    if needed != given:
        raise InvalidValueError(f"a {order_type} order needs the trigger {needed}, not {given}")


def terms_data(terms: OrderTerms) -> dict[str, object]:
    """Return terms as plain data, for the books."""
    return {
        "order_type": terms.order_type,
        "time_in_force": terms.time_in_force,
        "post_only": None if terms.post_only is None else int(terms.post_only),
        "trigger": None if terms.trigger is None else trigger_data(terms.trigger),
        "close": None if terms.close is None else close_data(terms.close),
        "urgency": terms.urgency,
        "flattens": int(terms.flattens),
    }


def terms_of(data: Mapping[str, object]) -> OrderTerms:
    """Return the terms that `terms_data` made this of."""
    trigger, close, post_only = data["trigger"], data["close"], data["post_only"]
    urgency = data["urgency"]
    return OrderTerms(
        order_type=str(data["order_type"]),
        time_in_force=_maybe_text(data["time_in_force"]),
        post_only=None if post_only is None else bool(post_only),
        trigger=trigger_of(trigger) if isinstance(trigger, Mapping) else None,
        close=close_of(close) if isinstance(close, Mapping) else None,
        urgency=None if urgency is None else Urgency(str(urgency)),
        # terms from before it was kept were all of strategies
        flattens=bool(data.get("flattens")),
    )


def trigger_data(trigger: Trigger) -> dict[str, object]:
    """Return a trigger as plain data, for the books."""
    return {"price": trigger.price, "trail_pct": trigger.trail_pct, "by": trigger.by.value}


def trigger_of(data: Mapping[str, object]) -> Trigger:
    """Return the trigger that `trigger_data` made this of."""
    return Trigger(
        price=_maybe_price(data["price"]),
        trail_pct=_maybe_price(data["trail_pct"]),
        by=TriggeredBy(str(data["by"])),
    )


def close_data(close: Close) -> dict[str, object]:
    """Return a conditional close as plain data, for the books."""
    return {
        "order_type": close.order_type,
        "trigger_price": close.trigger_price,
        "limit_price": close.limit_price,
    }


def close_of(data: Mapping[str, object]) -> Close:
    """Return the conditional close that `close_data` made this of."""
    return Close(
        order_type=str(data["order_type"]),
        trigger_price=_maybe_price(data["trigger_price"]),
        limit_price=_maybe_price(data["limit_price"]),
    )


_TRIGGERS: Final[Mapping[str, str]] = MappingProxyType(
    {**dict.fromkeys(TRIGGERED, "price"), TRAILING: "trail_pct"}
)


def _require_price(name: str, price: Price | None, *, wanted: bool) -> None:
    if wanted is not (price is not None):
        raise InvalidValueError(f"a conditional close {'needs' if wanted else 'has no'} {name}")
    if price is not None and decimal_from(price) <= 0:
        raise InvalidValueError(f"conditional close: {name} is {price}, it must be above zero")


def _maybe_price(value: object) -> Price | None:
    return None if value is None else Price(decimal_from(str(value)))


def _maybe_text(value: object) -> str | None:
    return None if value is None else str(value)
