"""Moving orders: an event of each, what it makes of the order, and the journal, together.

However many orders move, the statements are the same few: a batch costs little more than one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from kraken_pipeline.domain.errors import (
    ConflictError,
    ImpossibleFactError,
    InvalidValueError,
    UnknownNameError,
)
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Event, Fact, Order, advance
from kraken_pipeline.store import journal, leases
from kraken_pipeline.store.changes import require_leave_to_change, require_no_halt
from kraken_pipeline.store.order_rows import event_row, in_chunks, order_row
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders

Told = Sequence[tuple[Order, Event]]
"""Orders as they were read, each with what happened to it."""
_ORDERS: Final = execution_orders
_VERSIONS: Final = Prepared(
    select(_ORDERS.c.local_id, _ORDERS.c.version).where(
        _ORDERS.c.local_id.in_(bindparam("ids", expanding=True))
    )
)
_OWNERS: Final = Prepared(
    select(_ORDERS.c.kraken_order_id, _ORDERS.c.local_id).where(
        _ORDERS.c.kraken_order_id.in_(bindparam("ids", expanding=True))
    )
)
_MOVE: Final = Prepared(update(_ORDERS).where(_ORDERS.c.local_id == bindparam("of")))
CHANGING: Final = frozenset(
    {
        "amending",
        "avg_fill_price",
        "deadline",
        "fee",
        "filled_volume",
        "kraken_order_id",
        "last_error",
        "price",
        "settled_at",
        "status",
        "trigger",
        "updated_at",
        "version",
        "volume",
    }
)
"""Columns that an event can change; writing the others again would touch every index."""
_ADD_EVENT: Final = Prepared(insert(execution_order_events))


def recorded(connection: Connection, told: Told, epoch: int | None) -> tuple[Order, ...]:
    """Write an event of each order and what it makes of it, and return the orders.

    Raises:
        ConflictError: an order changed since it was read.
        LeaseLostError: one would be sent or changed, and the epoch is not in force (OMS-2).
        RefusedError: a halt is latched and one would open, or a change would sell more than is
            held.
        ImpossibleFactError: a fact contradicts what is known.
        InvalidValueError: an order is told of twice.
        UnknownNameError: there is no such order.
    """
    _require_same_versions(connection, told)
    _require_leave(connection, told, epoch)
    _require_own_ids(connection, told)
    moved = tuple(advance(order, event) for order, event in told)
    _write(connection, told, moved, epoch)
    return moved


def _require_same_versions(connection: Connection, told: Told) -> None:
    seen = {order.local_id: order.version for order, _ in told}
    if len(seen) < len(told):
        raise InvalidValueError("an order is told of twice at once; tell of it one after another")
    found: dict[str, int] = {}
    for some in in_chunks(list(seen)):
        rows = _VERSIONS.rows(connection, {"ids": some})
        found |= {row[0]: row[1] for row in rows}
    for local_id, version in seen.items():
        if local_id not in found:
            raise UnknownNameError(f"no order has the local id {local_id!r}")
        if found[local_id] != version:
            raise ConflictError(
                f"{local_id} is at version {found[local_id]}, not {version}: read it again"
            )


def _require_leave(connection: Connection, told: Told, epoch: int | None) -> None:
    """Let what leaves the process pass, where nothing that is in force stands against it."""
    leaving = [(order, event) for order, event in told if event.fact is Fact.SEND_STARTED]
    if leaving:
        leases.require_in_force(connection, epoch, at=max(event.at for _, event in leaving))
        require_no_halt(connection, [order for order, _ in leaving if order.side is Side.BUY])
    for order, event in told:
        if event.fact is Fact.AMEND_STARTED:
            require_leave_to_change(connection, order, event, epoch)


def _require_own_ids(connection: Connection, told: Told) -> None:
    news = {
        event.kraken_order_id: order.local_id
        for order, event in told
        if event.kraken_order_id not in {None, order.kraken_order_id}
    }
    for some in in_chunks([each for each in news if each is not None]):
        for kraken_order_id, owner in _OWNERS.rows(connection, {"ids": some}):
            if owner != news[kraken_order_id]:
                raise ImpossibleFactError(
                    f"{kraken_order_id} at the exchange is {owner}, "
                    f"it cannot be {news[kraken_order_id]}"
                )


def _write(connection: Connection, told: Told, moved: Sequence[Order], epoch: int | None) -> None:
    rows = [_row(held, now, event) for (held, event), now in zip(told, moved, strict=True)]
    for names in {frozenset(each): None for each in rows}:
        alike = [each for each in rows if each.keys() == names]
        _MOVE.run_each(connection, [_changing(each) for each in alike])
    events = [
        event_row(held, now, event, epoch) for (held, event), now in zip(told, moved, strict=True)
    ]
    _ADD_EVENT.run_each(connection, events)
    journal.write_all(
        connection,
        [
            journal.Entry(
                at=event.at,
                kind=f"order.{event.fact.value}",
                subject=held.local_id,
                actor=event.source,
                payload={"row": row, "event": written},
            )
            for (held, event), row, written in zip(told, rows, events, strict=True)
        ],
    )


def _changing(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return of an order's row what a move can change, and whose it is."""
    named = {name: each for name, each in row.items() if name in CHANGING}
    return {**named, "of": row["local_id"]}


def _row(held: Order, now: Order, event: Event) -> Mapping[str, Any]:
    row = order_row(now)
    if event.fact is Fact.BOOKS_MATCHED:
        row["settled_at"] = event.at
    elif now.filled_qty != held.filled_qty:
        # what fills after it was settled must be matched again
        row["settled_at"] = None
    return row
