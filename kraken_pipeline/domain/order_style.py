"""How orders are made: as configured, and as a wish says otherwise."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.order_terms import (
    TRAILING,
    TRIGGERED,
    Close,
    OrderTerms,
    Trigger,
    Urgency,
)

FIRED: Final = TRIGGERED | {TRAILING}
"""Order types that wait outside the book until the market fires them."""
RESTING_TIMES: Final = frozenset({"GTC", "GTD"})
"""Times in force of what may wait in the book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStyle:
    """How orders are made where a wish does not say, from the configuration."""

    max_slippage_bps: int
    time_in_force: str
    post_only: bool
    min_notional: Decimal
    """Of a buy, in base currency."""
    order_type: str = "limit"
    """`limit` or `market`."""
    urgency: Urgency = Urgency.NORMAL
    allows_market: bool = False
    """Whether a market order goes as one, without a bound; else as an IOC limit at the bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one order is made, every choice taken."""

    order_type: str
    urgency: Urgency
    time_in_force: str
    """`GTD` for what may rest: it has the horizon of its wish (OMS-15)."""
    post_only: bool
    trigger: Trigger | None
    close: Close | None

    @property
    def waits(self) -> bool:
        """Whether it is outside the book until the market fires it."""
        return self.order_type in FIRED

    @property
    def rests(self) -> bool:
        """Whether it may stay at the exchange."""
        return self.waits or self.time_in_force in RESTING_TIMES


def manner_of(style: OrderStyle, terms: OrderTerms | None) -> Manner:
    """Return how an order is made: what its wish says, and the configuration for the rest.

    A market order is an IOC limit at the bound unless the operator allows it to go without one.
    What must not take is passive, and what is passive may rest. What is urgent does not.

    Args:
        style: the configuration's.
        terms: the wish's own; None where it says nothing.

    Raises:
        InvalidValueError: choices that do not go together: an order that must not take and can't
            rest either, or one that waits for a trigger and shall not rest.

    Source: OMS-5, OMS-15.
    """
    terms = terms or OrderTerms(order_type=style.order_type)
    if terms.order_type in FIRED:
        return _fired(terms)
    if terms.order_type == "market":
        order_type = "market" if style.allows_market else "limit"
        return _manner(terms, order_type=order_type, time_in_force="IOC")
    urgency = _urgency(style, terms)
    time_in_force = (terms.time_in_force or _usual_time(style, urgency)).upper()
    if urgency is Urgency.PASSIVE and time_in_force not in RESTING_TIMES:
        raise InvalidValueError(
            f"a passive order must be able to rest: its time in force is {time_in_force}, "
            "needs GTC or GTD"
        )
    return _manner(
        terms,
        order_type=terms.order_type,
        urgency=urgency,
        time_in_force="GTD" if time_in_force in RESTING_TIMES else time_in_force,
        post_only=_post_only(style, terms, urgency),
    )


def _urgency(style: OrderStyle, terms: OrderTerms) -> Urgency:
    if terms.urgency is not None:
        return terms.urgency
    return Urgency.PASSIVE if terms.post_only or style.post_only else style.urgency


def _usual_time(style: OrderStyle, urgency: Urgency) -> str:
    """Return the configured time in force, unless the wish's own urgency rules it out."""
    usual = {Urgency.PASSIVE: "GTC", Urgency.URGENT: "IOC"}
    return usual.get(urgency, style.time_in_force)


def _post_only(style: OrderStyle, terms: OrderTerms, urgency: Urgency) -> bool:
    """What the wish says stands above the configuration; what it says must fit together."""
    if terms.post_only and urgency is not Urgency.PASSIVE:
        raise InvalidValueError(f"a post-only order is passive, it can't be {urgency}")
    wanted = style.post_only if terms.post_only is None else terms.post_only
    return wanted and urgency is Urgency.PASSIVE


def _fired(terms: OrderTerms) -> Manner:
    time_in_force = (terms.time_in_force or "GTC").upper()
    if time_in_force not in RESTING_TIMES:
        raise InvalidValueError(
            f"a {terms.order_type} order waits for its trigger: its time in force is "
            f"{time_in_force}, needs GTC or GTD"
        )
    if terms.post_only:
        raise InvalidValueError(f"a {terms.order_type} order can't be post-only")
    return _manner(terms, order_type=terms.order_type, time_in_force="GTD")


def _manner(
    terms: OrderTerms,
    *,
    order_type: str,
    time_in_force: str,
    urgency: Urgency = Urgency.NORMAL,
    post_only: bool = False,
) -> Manner:
    return Manner(
        order_type=order_type,
        urgency=urgency,
        time_in_force=time_in_force,
        post_only=post_only,
        trigger=terms.trigger,
        close=terms.close,
    )
