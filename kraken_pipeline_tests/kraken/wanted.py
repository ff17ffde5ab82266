"""Every kind of ticket that can be made, for properties of whatever writes tickets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.kraken.terms import (
    NOT_TO_CLOSE,
    RULES,
    Close,
    FeeCurrency,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    SelfTrade,
    TimeInForce,
)
from kraken_pipeline.kraken.tickets import Ticket

START = datetime(2026, 11, 2, tzinfo=UTC)
AMOUNTS = st.decimals(
    min_value=Decimal("1E-12"), max_value=Decimal("1E12"), allow_nan=False, allow_infinity=False
)
DISTANCE_KINDS = [PriceKind.QUOTE, PriceKind.PERCENT]


@st.composite
def terms(draw: st.DrawFn, *, trails: bool = False, signed: bool = True) -> PriceTerm:
    kind = draw(st.sampled_from(DISTANCE_KINDS if trails else list(PriceKind)))
    amount = draw(AMOUNTS)
    below = signed and kind is not PriceKind.STATIC and draw(st.booleans())
    return PriceTerm(amount=amount.copy_negate() if below else amount, kind=kind)


@st.composite
def closes(draw: st.DrawFn) -> Close:
    order_type = draw(st.sampled_from(sorted(set(OrderType) - NOT_TO_CLOSE)))
    limit, trigger = _prices(draw, order_type)
    return Close(order_type=order_type, limit=limit, trigger=trigger)


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    order_type = draw(st.sampled_from(OrderType))
    rule = RULES[order_type]
    side = draw(st.sampled_from(Side))
    time_in_force = draw(st.sampled_from(sorted(rule.times))) if rule.times else None
    limit, trigger = _prices(draw, order_type)
    in_cash = rule.cash and side is Side.BUY and draw(st.booleans())
    amount = draw(AMOUNTS)
    named = draw(st.booleans())
    rests = time_in_force in {TimeInForce.GTC, TimeInForce.GTD}
    starts_at = draw(st.none() | st.integers(1, 10**6).map(_after))
    return Ticket(
        pair="XBTUSD",
        side=side,
        order_type=order_type,
        qty=None if in_cash else Qty(amount),
        cash=amount if in_cash else None,
        display_qty=Qty(amount / 2) if rule.display else None,
        limit=limit,
        trigger=trigger,
        reference=draw(st.sampled_from(Reference)) if rule.trigger else None,
        time_in_force=time_in_force,
        starts_at=starts_at,
        expires_at=_after(10**7) if time_in_force is TimeInForce.GTD else None,
        post_only=rule.post_only and rests and draw(st.booleans()),
        fee_currency=draw(st.sampled_from(FeeCurrency)),
        self_trade=draw(st.sampled_from(SelfTrade)),
        close=draw(st.none() | closes()),
        cl_ord_id=draw(st.uuids().map(str)) if named else None,
        userref=None if named else draw(st.integers(-(2**31) + 1, 2**31 - 1)),
    )


def _prices(draw: st.DrawFn, order_type: OrderType) -> tuple[PriceTerm | None, PriceTerm | None]:
    rule = RULES[order_type]
    limit = draw(terms(trails=rule.trails)) if rule.limit else None
    trigger = draw(terms(trails=rule.trails, signed=not rule.trails)) if rule.trigger else None
    return limit, trigger


def _after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)
