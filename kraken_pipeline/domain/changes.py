"""Which changes an order that rests may see, so that none needs more than is reserved (OMS-12)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import LIMITED, TRIGGERED
from kraken_pipeline.domain.orders import Order, State

CODE: Final = "AMEND"
"""What every objection to a change begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that is wanted of an order."""

    order: Order
    wanted: Amendment

    @property
    def open_qty(self) -> Decimal:
        """What may still fill afterwards, in base."""
        return max((self.wanted.qty or self.order.qty) - self.order.filled_qty, Decimal(0))

    @property
    def limit_price(self) -> Decimal:
        """The worst price afterwards, in quote per base."""
        return self.wanted.limit_price or self.order.limit_price


def opens_more(order: Order, wanted: Amendment) -> bool:
    """Tell whether a change could buy more, dearer, or sooner than the order as it is."""
    if order.side is Side.SELL:
        return False
    change = Change(order=order, wanted=wanted)
    return (
        change.open_qty > order.open_qty
        or change.limit_price > order.limit_price
        or wanted.trigger_price is not None
    )


def sells_more(order: Order, wanted: Amendment) -> bool:
    """Tell whether a change sells more than the order as it is."""
    is_more = Change(order=order, wanted=wanted).open_qty > order.open_qty
    return order.side is Side.SELL and is_more


def order_rests(change: Change) -> Objection | None:
    """The exchange has it, by an id that is known, and nothing else is under way."""
    order = change.order
    if order.state is State.LIVE and order.kraken_order_id is not None:
        return None
    return Objection(f"{CODE}_STATE", f"{order.local_id} is {order.state}")


def words_fit(change: Change) -> Objection | None:
    """It has each of the words that are to change."""
    order, wanted = change.order, change.wanted
    missing = [
        name
        for name, is_strange in (
            ("limit_price", wanted.limit_price and order.order_type not in LIMITED),
            ("trigger_price", wanted.trigger_price and order.order_type not in TRIGGERED),
            ("display_qty", wanted.display_qty),
        )
        if is_strange
    ]
    if not missing:
        return None
    return Objection(f"{CODE}_WORDS", f"a {order.order_type} order has no {', '.join(missing)}")


def something_changes(change: Change) -> Objection | None:
    """It is not as wanted already: then nothing could ever show that the change was made."""
    order, wanted = change.order, change.wanted
    trigger = None if order.trigger is None else order.trigger.price
    is_new = (
        wanted.qty not in {None, order.qty}
        or wanted.limit_price not in {None, order.limit_price}
        or wanted.trigger_price not in {None, trigger}
    )
    return None if is_new else Objection(f"{CODE}_NOTHING", f"{order.local_id} is so already")


def stays_within_reservation(change: Change) -> Objection | None:
    """A buy may never need more than what was approved and is reserved for it.

    It may not grow either, also where it gets cheaper: it may fill at the old price before it is
    changed, and what was added would fill on top of that (INV-6).
    """
    order = change.order
    cost = change.open_qty * change.limit_price
    reserved = order.open_qty * order.limit_price
    if order.side is Side.SELL or (cost <= reserved and change.open_qty <= order.open_qty):
        return None
    figures = f"needs={cost}, reserved={reserved}, qty={change.open_qty}, max={order.open_qty}"
    return Objection(f"{CODE}_RESERVATION", figures)


def fires_no_dearer(change: Change) -> Objection | None:
    """A buy without a limit is reserved for by where it fires: it may not come to fire higher."""
    order, wanted = change.order, change.wanted.trigger_price
    has = None if order.trigger is None else order.trigger.price
    is_bound = order.side is Side.SELL or order.order_type in LIMITED
    if is_bound or wanted is None or has is None or wanted <= has:
        return None
    return Objection(f"{CODE}_RESERVATION", f"trigger={wanted}, max={has}")


QUESTIONS: Final[tuple[Question[Change], ...]] = (
    order_rests,
    words_fit,
    something_changes,
    stays_within_reservation,
    fires_no_dearer,
)
"""What is asked of every change before it is written; what is owned is asked where it is."""


def against_change(order: Order, wanted: Amendment) -> tuple[Objection, ...]:
    """Return what stands against a change, every objection."""
    return objections(QUESTIONS, Change(order=order, wanted=wanted))
