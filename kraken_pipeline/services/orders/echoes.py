"""Whether a report is the echo of an order of ours: as sent, as asked for, or as it was of late."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.order_terms import LIMITED, TRIGGERED, Trigger
from kraken_pipeline.domain.orders import FATE_OPEN, Order
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.orders import OrderWriting

STILL_OPEN: Final = frozenset({"pending", "open"})
"""Kraken's words for an order that has not ended."""
OLD_TERMS_SHOW: Final = timedelta(minutes=2)
"""How long a read may still show what an order was before a change.

Source: kraken/rest.md, intermittently for a moment; taken as long as any other read may lag.
"""
NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
"""A price in Kraken's words for a conditional close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoDesk:
    """What knowing an order again needs."""

    orders: OrderWriting
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What of an order an echo must repeat. Amounts in base, prices in quote per base."""

    pair: str
    side: Side
    order_type: str
    qty: Decimal
    limit_price: Decimal | None
    trigger_price: Decimal | None

    def __str__(self) -> str:
        limit = "" if self.limit_price is None else f", limit {plain(self.limit_price)}"
        trigger = "" if self.trigger_price is None else f", trigger {plain(self.trigger_price)}"
        return f"{self.side} {plain(self.qty)} {self.pair} {self.order_type}{limit}{trigger}"


def may_be_of_before(desk: EchoDesk, order: Order, report: OrderReport) -> bool:
    """Tell whether a report shows a change as made, and may as well be from before the last one.

    So it is where a change asks for what the order was of late.
    """
    may_be_old = report.status in STILL_OPEN and report.filled_qty <= order.qty
    return (
        may_be_old
        and shows_the_change(order, report)
        and _terms_asked(order) in _terms_left_behind(desk, order)
    )


def shows_the_change(order: Order, report: OrderReport) -> bool:
    """Tell whether the order is as the change wanted it, which it is not without the change."""
    asked = _terms_asked(order)
    return asked is not None and said_by(report) == asked


def terms_before(order: Order) -> Amendment:
    """Return what the change leaves behind, for a read that still shows it."""
    return Amendment(
        qty=order.qty,
        limit_price=order.limit_price,
        trigger_price=None if order.trigger is None else order.trigger.price,
    )


def difference(desk: EchoDesk, order: Order, report: OrderReport) -> str:
    """Return in what a report differs from the order; nothing if it is its echo (OMS-9).

    The conditional close is compared where the source tells of one. A change that was asked for may
    show or not, and what was changed may show for a while.
    """
    close = _close_difference(order, report)
    if not close and (
        _is_echo(order, report, terms_of(order))
        or _is_echo(order, report, _terms_asked(order))
        or any(_is_echo(order, report, each) for each in _terms_left_behind(desk, order))
    ):
        return ""
    told = f", {close}" if close else ""
    return f"sent as {terms_of(order)}, the exchange has {told_of(report)}{told}"


def _is_echo(order: Order, report: OrderReport, terms: Terms | None) -> bool:
    if terms is None:
        return False
    is_asked = terms.trigger_price is not None
    if is_asked and report.trigger_price is None and order.state not in FATE_OPEN:
        # the order is known by its id, and not every source tells what fires it
        terms = replace(terms, trigger_price=None)
    said = said_by(report)
    # one that was reduced to less than had filled shows both, and our books what filled
    return terms == said or (
        report.filled_qty > report.qty and terms == replace(said, qty=report.filled_qty)
    )


def _close_difference(order: Order, report: OrderReport) -> str:
    """Compare the prices of a conditional close, where the source says one."""
    if not report.close_description:
        return ""
    said = [Decimal(each) for each in NUMBER.findall(report.close_description)]
    ours = [] if order.close is None else [order.close.trigger_price, order.close.limit_price]
    return "" if said == [each for each in ours if each is not None] else report.close_description


def terms_of(order: Order) -> Terms:
    """Return what the exchange shows of an order of ours.

    What goes without a limit has one in the books only, where it values the reservation.
    """
    trigger = order.trigger.price if order.trigger and order.order_type in TRIGGERED else None
    return Terms(
        pair=order.pair,
        side=order.side,
        order_type=order.order_type,
        qty=order.qty,
        limit_price=order.limit_price if order.order_type in LIMITED else None,
        trigger_price=trigger,
    )


def _terms_asked(order: Order) -> Terms | None:
    return None if order.amending is None else terms_of(_changed(order, order.amending))


def _terms_left_behind(desk: EchoDesk, order: Order) -> list[Terms]:
    """Return what the order was before each change of late: a stop follows every fill."""
    if order.state in FATE_OPEN:
        return []
    done = desk.orders.changes(order.local_id, since=desk.clock() - OLD_TERMS_SHOW)
    return [terms_of(_changed(order, each.amendment)) for each in done if each.amendment]


def _changed(order: Order, change: Amendment) -> Order:
    trigger = order.trigger
    if trigger is not None and change.trigger_price is not None:
        trigger = Trigger(price=change.trigger_price, by=trigger.by)
    return replace(
        order,
        qty=change.qty or order.qty,
        limit_price=change.limit_price or order.limit_price,
        trigger=trigger,
    )


def said_by(report: OrderReport) -> Terms:
    """Return what a report shows of an order."""
    return Terms(
        pair=report.pair,
        side=report.side,
        order_type=report.order_type,
        qty=report.qty,
        limit_price=report.limit_price,
        trigger_price=report.trigger_price,
    )


def told_of(report: OrderReport) -> str:
    """Return what a report shows, for a person."""
    return f"{report.kraken_order_id} ({report.status}, {said_by(report)})"
