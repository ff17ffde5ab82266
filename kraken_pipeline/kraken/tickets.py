"""What an order says at Kraken's spot market, checked before anything is sent.

A ticket is the same for both ways in: REST writes it as a form, the stream as JSON.

Source: docs.kraken.com/api/docs/rest-api/add-order.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty, decimal_from
from kraken_pipeline.domain.order_terms import ORDER_TYPES, Trigger
from kraken_pipeline.domain.order_terms import Close as Conditional
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.timeframes import require_utc
from kraken_pipeline.kraken.terms import (
    RESTS,
    RULES,
    Close,
    FeeCurrency,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    SelfTrade,
    TimeInForce,
    TypeRule,
    price_fault,
)

CLIENT_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}", re.ASCII
)
"""What Kraken takes as `cl_ord_id`: a UUID, its 32 digits, or up to 18 letters."""
LARGEST_USERREF: Final = 2**31 - 1
SHORTEST_LIFE: Final = timedelta(seconds=5)
"""Of an order that ends by itself, from when it can begin at the latest."""
LONGEST_LIFE: Final = timedelta(days=28)
"""Kraken says a month; this is one, whichever it is."""
MOST_SLICES: Final = 15
"""An iceberg shows at least its qty divided by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Everything that an order says. Only what fits together can be made."""

    pair: str
    """Our name, Kraken's altname: `XBTUSD`."""
    side: Side
    order_type: OrderType
    qty: Qty | None = None
    """In base. None where `cash` says how much."""
    cash: Decimal | None = None
    """In quote; only for a market buy."""
    display_qty: Qty | None = None
    """What an iceberg shows, in base."""
    limit: PriceTerm | None = None
    trigger: PriceTerm | None = None
    reference: Reference | None = None
    """Of the trigger, and only beside one."""
    time_in_force: TimeInForce | None = None
    """None only for a market order, which never rests."""
    starts_at: datetime | None = None
    """UTC, to the second; None to start at once."""
    expires_at: datetime | None = None
    """UTC, to the second; only with GTD. Kraken takes 5 s to a month from now."""
    post_only: bool = False
    fee_currency: FeeCurrency = FeeCurrency.QUOTE
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    close: Close | None = None
    cl_ord_id: str | None = None
    userref: int | None = None
    """Never beside `cl_ord_id`; Kraken takes one of them."""

    def __post_init__(self) -> None:
        """Refuse what Kraken would not take, all of it in one message.

        Raises:
            InvalidValueError: words that do not go together, or a value out of its bounds.
        """
        faults = [fault for check in CHECKS if (fault := check(self)) is not None]
        if faults:
            raise InvalidValueError(f"{self.order_type} order on {self.pair}: {'; '.join(faults)}")

    @property
    def rule(self) -> TypeRule:
        """Which words go with its type."""
        return RULES[self.order_type]


def ticket_of(order: Order, *, deadline: datetime) -> Ticket:
    """Return what an order of ours says at Kraken, with its `cl_ord_id`.

    The fee is paid in quote, so that no setting of the account decides. `userref` stays in our
    books. A market order never rests, so it has no time in force. What lives less than Kraken
    takes, or more, rests until we cancel it.

    Args:
        order: of ours; one that shall go with its horizon says `GTD`.
        deadline: after which the engine refuses it; from then on its life counts.

    Raises:
        InvalidValueError: it says what Kraken would not take; the message names it.

    Source: OMS-4, OMS-15.
    """
    try:
        order_type = _type_of(order)
        time_in_force = _time_in_force_of(order, deadline) if RULES[order_type].times else None
        is_limited = RULES[order_type].limit
        return Ticket(
            pair=order.pair,
            side=order.side,
            order_type=order_type,
            qty=order.qty,
            limit=PriceTerm.at(order.limit_price) if is_limited else None,
            trigger=None if order.trigger is None else _trigger_term(order.trigger),
            reference=None if order.trigger is None else Reference(order.trigger.by),
            time_in_force=time_in_force,
            expires_at=_to_the_second(order.expires_at)
            if time_in_force is TimeInForce.GTD
            else None,
            post_only=order.post_only,
            close=None if order.close is None else _close_of(order.close),
            self_trade=_goes_first(order),
            cl_ord_id=order.cl_ord_id,
        )
    except InvalidValueError as fault:
        raise InvalidValueError(f"order {order.local_id}: {fault}") from fault


def _goes_first(order: Order) -> SelfTrade:
    """What reduces goes on where it meets a resting buy of ours, and that buy goes (PF-10)."""
    return SelfTrade.CANCEL_OLDEST if order.side is Side.SELL else SelfTrade.CANCEL_NEWEST


def _type_of(order: Order) -> OrderType:
    if order.order_type not in ORDER_TYPES:
        raise InvalidValueError(
            f"the type {order.order_type!r} is none of {', '.join(sorted(ORDER_TYPES))}"
        )
    return OrderType(order.order_type)


def _time_in_force_of(order: Order, deadline: datetime) -> TimeInForce:
    said = order.time_in_force.upper()
    if said not in frozenset(TimeInForce):
        raise InvalidValueError(
            f"time in force {order.time_in_force!r} is none of {', '.join(sorted(TimeInForce))}"
        )
    life = _to_the_second(order.expires_at) - deadline
    if said == TimeInForce.GTD and not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        return TimeInForce.GTC
    return TimeInForce(said)


def _to_the_second(moment: datetime) -> datetime:
    """Kraken takes whole seconds; a moment earlier ends what would have ended then anyway."""
    return moment.replace(microsecond=0)


def _trigger_term(trigger: Trigger) -> PriceTerm:
    if trigger.price is not None:
        return PriceTerm.at(trigger.price)
    return PriceTerm(amount=trigger.trail_pct or ZERO, kind=PriceKind.PERCENT)


def _close_of(close: Conditional) -> Close:
    limit, trigger = (
        None if price is None else PriceTerm.at(price)
        for price in (close.limit_price, close.trigger_price)
    )
    return Close(order_type=OrderType(close.order_type), limit=limit, trigger=trigger)


def _prices_fit(ticket: Ticket) -> str | None:
    return price_fault(ticket.order_type, ticket.limit, ticket.trigger)


def _reference_fits(ticket: Ticket) -> str | None:
    if (ticket.reference is None) is not (ticket.trigger is None):
        return "a trigger needs the reference that fires it, and nothing else has one"
    return None


def _amount_fits(ticket: Ticket) -> str | None:
    if (ticket.qty is None) is (ticket.cash is None):
        return "either qty or cash says how much, and one of them must"
    if ticket.cash is not None and not (ticket.rule.cash and ticket.side is Side.BUY):
        return "only a market buy can be told in cash"
    amounts = [decimal_from(each) for each in (ticket.qty, ticket.cash) if each is not None]
    return None if all(each > 0 for each in amounts) else "qty or cash must be above zero"


def _display_fits(ticket: Ticket) -> str | None:
    shown, qty = ticket.display_qty, ticket.qty
    if (shown is not None) is not ticket.rule.display:
        return "an iceberg says how much of it is shown, and nothing else does"
    if shown is None or qty is None or qty / MOST_SLICES <= decimal_from(shown) <= qty:
        return None
    return f"display qty {shown} lies outside {qty} and a fifteenth of it"


def _time_fits(ticket: Ticket) -> str | None:
    times = ticket.rule.times
    if ticket.time_in_force is None and not times:
        return None
    if ticket.time_in_force in times:
        return None
    return f"time in force {ticket.time_in_force} is none of {', '.join(sorted(times)) or 'none'}"


def _expiry_fits(ticket: Ticket) -> str | None:
    if (ticket.expires_at is not None) is not (ticket.time_in_force is TimeInForce.GTD):
        return "GTD needs the time at which it ends, and nothing else has one"
    instants = [each for each in (ticket.starts_at, ticket.expires_at) if each is not None]
    if any(require_utc(each).microsecond for each in instants):
        return "its start and its end are told to the second"
    if sorted(set(instants)) != instants:
        return f"it ends at {ticket.expires_at}, before it starts at {ticket.starts_at}"
    return None


def _post_only_fits(ticket: Ticket) -> str | None:
    if not ticket.post_only or (ticket.rule.post_only and ticket.time_in_force in RESTS):
        return None
    return "only a limit order that may rest (GTC or GTD) can be post-only"


def _identity_fits(ticket: Ticket) -> str | None:
    if (ticket.cl_ord_id is None) is (ticket.userref is None):
        return "either cl_ord_id or userref names it, and one of them must"
    if ticket.cl_ord_id is not None and not CLIENT_ID.fullmatch(ticket.cl_ord_id):
        return f"cl_ord_id {ticket.cl_ord_id!r} is no UUID and not 1 to 18 plain letters"
    if ticket.userref is not None and abs(ticket.userref) > LARGEST_USERREF:
        return f"userref {ticket.userref} does not fit into 32 bits"
    return None


def _pair_fits(ticket: Ticket) -> str | None:
    return None if ticket.pair else "it names no pair"


CHECKS: Final[tuple[Callable[[Ticket], str | None], ...]] = (
    _pair_fits,
    _prices_fit,
    _reference_fits,
    _amount_fits,
    _display_fits,
    _time_fits,
    _expiry_fits,
    _post_only_fits,
    _identity_fits,
)
"""What is asked of every ticket; each answers with what is wrong."""
