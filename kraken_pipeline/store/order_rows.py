"""Orders, intents and events to rows, and back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, select

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.forms import Form
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import Action, Intent, Namespace, Target, Unit
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty, decimal_from
from kraken_pipeline.domain.order_terms import (
    Purpose,
    close_data,
    close_of,
    terms_data,
    terms_of,
    trigger_data,
    trigger_of,
)
from kraken_pipeline.domain.orders import Event, Order, State
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.prepared import Makings, Named, Prepared
from kraken_pipeline.store.schema.decisions import intents
from kraken_pipeline.store.schema.orders import execution_orders

AT_ONCE: Final = 500
"""Names in one query: databases bound how many they take."""
_ORDERS: Final = execution_orders
ORDERS: Final = select(_ORDERS).order_by(_ORDERS.c.created_at, _ORDERS.c.local_id)
"""Every order, oldest first; narrowed by `where` to a statement that is written once."""
_ONE: Final = Prepared(ORDERS.where(_ORDERS.c.local_id == bindparam("of")))
_IN_STATES: Final = Prepared(
    ORDERS.where(_ORDERS.c.status.in_(bindparam("states", expanding=True)))
)
_PENDING: Final = Prepared(
    select(intents)
    .where(intents.c.namespace == bindparam("of"), intents.c.plan_id.is_(None))
    .order_by(intents.c.decided_at, intents.c.intent_id)
)
T = TypeVar("T")


def order_row(order: Order) -> dict[str, Any]:
    """Return an order as its row, without what only the table knows."""
    return {
        "local_id": order.local_id,
        "namespace": order.namespace.value,
        "plan_id": order.plan_id,
        "intent_id": order.intent_id,
        "purpose": order.purpose.value,
        "attempt": order.attempt,
        "cl_ord_id": order.cl_ord_id,
        "strategy_id": order.strategy_id,
        "timeframe": order.timeframe,
        "pair": order.pair,
        "base": order.base,
        "side": order.side.value,
        "order_type": order.order_type,
        "time_in_force": order.time_in_force,
        "post_only": int(order.post_only),
        "trigger": None if order.trigger is None else canonical(trigger_data(order.trigger)),
        "close": None if order.close is None else canonical(close_data(order.close)),
        "amending": _amendment_text(order.amending),
        "parent_id": order.parent_id,
        "kraken_order_id": order.kraken_order_id,
        "userref": order.userref,
        "status": order.state.value,
        "version": order.version,
        "volume": order.qty,
        "price": order.limit_price,
        "filled_volume": order.filled_qty,
        "avg_fill_price": order.avg_fill_price,
        "fee": order.fee,
        "quote_rate": order.quote_rate,
        "stop_distance": order.stop_distance,
        "deadline": order.deadline,
        "expires_at": order.expires_at,
        "last_error": order.last_error,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def order_of(row: Named) -> Order:
    """Return the order that a row tells of."""
    return Order(
        local_id=row["local_id"],
        namespace=Namespace(row["namespace"]),
        plan_id=row["plan_id"],
        intent_id=row["intent_id"],
        purpose=Purpose(row["purpose"]),
        attempt=row["attempt"],
        cl_ord_id=row["cl_ord_id"],
        strategy_id=row["strategy_id"],
        timeframe=row["timeframe"],
        pair=row["pair"],
        base=Asset(row["base"]),
        side=Side(row["side"]),
        order_type=row["order_type"],
        time_in_force=row["time_in_force"],
        post_only=bool(row["post_only"]),
        trigger=None if row["trigger"] is None else trigger_of(json.loads(row["trigger"])),
        close=None if row["close"] is None else close_of(json.loads(row["close"])),
        amending=amendment_of(row["amending"]),
        parent_id=row["parent_id"],
        kraken_order_id=row["kraken_order_id"],
        userref=row["userref"],
        state=State(row["status"]),
        version=row["version"],
        qty=row["volume"],
        limit_price=row["price"],
        filled_qty=row["filled_volume"],
        avg_fill_price=row["avg_fill_price"],
        fee=row["fee"],
        quote_rate=row["quote_rate"],
        stop_distance=row["stop_distance"],
        deadline=row["deadline"],
        expires_at=row["expires_at"],
        last_error=row["last_error"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


_READ: Final = Makings(order_of)


def orders_where(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Order, ...]:
    """Return the orders that meet every condition, oldest first."""
    return orders_found(connection, Prepared(ORDERS.where(*conditions)), {})


def orders_found(
    connection: Connection, wanted: Prepared, values: Mapping[str, Any]
) -> tuple[Order, ...]:
    """Return the orders that a statement made of `ORDERS` finds with these values."""
    return wanted.made(connection, values, _READ)


def order_with(connection: Connection, local_id: str) -> Order:
    """Return one order.

    Raises:
        UnknownNameError: there is none of that id.
    """
    found = orders_found(connection, _ONE, {"of": local_id})
    if not found:
        raise UnknownNameError(f"no order has the local id {local_id!r}")
    return found[0]


def orders_in(connection: Connection, states: Iterable[State]) -> tuple[Order, ...]:
    """Return the orders that are in one of the states, oldest first."""
    names = sorted(each.value for each in states)
    return orders_found(connection, _IN_STATES, {"states": names})


def event_row(before: Order | None, now: Order, event: Event, epoch: int | None) -> dict[str, Any]:
    """Return an event as its row, with the move that it made."""
    return {
        "local_id": now.local_id,
        "version": now.version,
        "from_status": None if before is None else before.state.value,
        "to_status": now.state.value,
        "fact": event.fact.value,
        "source": event.source,
        "detail": event.detail,
        "at": event.at,
        "kraken_order_id": event.kraken_order_id,
        "filled_volume": event.filled_qty,
        "avg_fill_price": event.avg_fill_price,
        "fee": event.fee,
        "deadline": event.deadline,
        "amendment": _amendment_text(event.amendment),
        "epoch": epoch,
    }


def intent_row(intent: Intent) -> dict[str, Any]:
    """Return an intent as its row, without namespace and answer."""
    return {
        "intent_id": intent.intent_id,
        "decision_id": intent.decision_id,
        "strategy_id": intent.strategy_id,
        "timeframe": intent.timeframe,
        "pair": intent.pair,
        "side": intent.side.value,
        "action": intent.action.value,
        "confidence": intent.confidence,
        "stop_distance": intent.stop_distance,
        "decided_at": intent.decided_at,
        "closed_at": intent.closed_at,
        "expires_at": intent.expires_at,
        "decision_price": intent.decision_price,
        "reason": intent.reason,
        "userref": intent.userref,
        "terms": None if intent.terms is None else canonical(terms_data(intent.terms)),
        "target": None if intent.target is None else intent.target.amount,
        "target_unit": None if intent.target is None else intent.target.unit.value,
    }


INTENT: Final = Form(
    "intent_id",
    "decision_id",
    "strategy_id",
    "timeframe",
    "pair",
    "side",
    "action",
    "confidence",
    "stop_distance",
    "decided_at",
    "closed_at",
    "expires_at",
    "decision_price",
    "reason",
    "userref",
    "terms",
    "target",
    "target_unit",
)
"""An intent's row, as the journal and a decision of research tell of it."""


def intent_of(row: Named) -> Intent:
    """Return the intent that a row tells of."""
    told = {name: row[name] for name in Intent.__slots__}
    terms = None if row["terms"] is None else terms_of(json.loads(row["terms"]))
    unit = row["target_unit"]
    target = None if unit is None else Target(unit=Unit(unit), amount=row["target"])
    return Intent(**{**told, "action": Action(row["action"]), "terms": terms, "target": target})


# an assessment reads them before it asks the exchange, and again in its transaction
_WISHED: Final = Makings(intent_of)


def pending_intents(connection: Connection, namespace: str) -> tuple[Intent, ...]:
    """Return the intents of a namespace that no plan has answered, oldest decision first."""
    return _PENDING.made(connection, {"of": namespace}, _WISHED)


def in_chunks(names: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the names in runs that one query can take."""
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _amendment_text(amendment: Amendment | None) -> str | None:
    if amendment is None:
        return None
    told = {
        "qty": amendment.qty,
        "limit_price": amendment.limit_price,
        "trigger_price": amendment.trigger_price,
        "display_qty": amendment.display_qty,
        "post_only": int(amendment.post_only),
    }
    return canonical(told)


def amendment_of(text: str | None) -> Amendment | None:
    """Return the change that a row tells of."""
    if text is None:
        return None
    told = json.loads(text)
    qty, limit, trigger, display = (
        None if told[name] is None else decimal_from(told[name])
        for name in ("qty", "limit_price", "trigger_price", "display_qty")
    )
    return Amendment(
        qty=None if qty is None else Qty(qty),
        limit_price=None if limit is None else Price(limit),
        trigger_price=None if trigger is None else Price(trigger),
        display_qty=None if display is None else Qty(display),
        post_only=bool(told["post_only"]),
    )
