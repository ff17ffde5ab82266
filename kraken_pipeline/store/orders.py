"""Orders, reservations and the lease, always in one transaction with the journal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from kraken_pipeline.domain.errors import (
    ConflictError,
    ImpossibleFactError,
    RefusedError,
    UnknownNameError,
)
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.orders import (
    ENDED,
    RESERVING,
    Event,
    Fact,
    Order,
    advance,
)
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.store import journal, leases, schema
from kraken_pipeline.store.assessments import OpenAssessment
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import latched_halts
from kraken_pipeline.store.order_rows import (
    event_row,
    in_chunks,
    order_row,
    order_with,
    orders_in,
    orders_where,
)

_ORDERS: Final = schema.execution_orders
_RESULTS: Final = schema.execution_results
OVER: Final = ("settled", "failed")
"""Statuses of a plan of which nothing more is expected."""


class SqlOrderStore:
    """Orders in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def assessing(self) -> Iterator[OpenAssessment]:
        """Open the transaction of an assessment; an exception undoes all of it.

        Raises:
            ConflictError: another process holds the write lock.
        """
        with self._database.writing() as connection:
            yield OpenAssessment(connection)

    def reserving(self) -> tuple[Order, ...]:
        """Return every order that may still fill, oldest first."""
        with self._database.reading() as connection:
            return orders_in(connection, RESERVING)

    def order(self, local_id: str) -> Order:
        """Return one order.

        Raises:
            UnknownNameError: there is none of that id.
        """
        with self._database.reading() as connection:
            return order_with(connection, local_id)

    def with_exchange_ids(self, kraken_order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that these ids of Kraken's belong to."""
        with self._database.reading() as connection:
            return tuple(
                order
                for some in in_chunks(kraken_order_ids)
                for order in orders_where(connection, _ORDERS.c.kraken_order_id.in_(some))
            )

    def record(self, order: Order, event: Event, *, epoch: int | None = None) -> Order:
        """Write the event and what it makes of the order, in one transaction.

        Args:
            order: as it was read; its version guards the write.
            event: what happened.
            epoch: of the lease; needed to move to SENDING.

        Raises:
            ConflictError: the order changed since it was read.
            LeaseLostError: the epoch is not the one in force (OMS-2).
            RefusedError: a halt is latched and the order would open (PAN-2).
            ImpossibleFactError: the fact contradicts what is known.
        """
        with self._database.writing() as connection:
            held = order_with(connection, order.local_id)
            if held.version != order.version:
                raise ConflictError(
                    f"{order.local_id} is at version {held.version}, not {order.version}: "
                    "read it again"
                )
            if event.fact is Fact.SEND_STARTED:
                _require_leave_to_send(connection, held, event, epoch)
            _require_own_id(connection, held, event)
            moved = advance(held, event)
            _write(connection, held, moved, event, epoch)
        return moved

    def take_lease(self, resource: str, *, owner: str, now: datetime, length: timedelta) -> int:
        """Take or renew the lease and return its epoch, which rises when hands may have changed.

        Args:
            resource: what is leased.
            owner: who takes it; no two may use the same name at once.
            now: on the exchange's clock.
            length: how long it lasts from `now`.

        Raises:
            LeaseLostError: another owner holds it.
            InvalidValueError: the length is not above zero.
        """
        with self._database.writing() as connection:
            return leases.take(connection, resource, owner=owner, now=now, length=length)

    def release_lease(self, resource: str, *, owner: str) -> None:
        """Give the lease back, if the owner still has it."""
        with self._database.writing() as connection:
            leases.release(connection, resource, owner=owner)

    def last_epoch(self) -> int:
        """Return the highest epoch of any lease; zero before the first."""
        with self._database.reading() as connection:
            return leases.last_epoch(connection)

    def note_result(self, result: PlanResult) -> None:
        """Write how far a plan came, over what was noted of it before.

        Raises:
            UnknownNameError: there is no such plan.
        """
        row = {
            "plan_id": result.plan_id,
            "started_at": result.started_at,
            "completed_at": result.completed_at,
            "status": result.status,
            "summary": result.summary,
        }
        with self._database.writing() as connection:
            _require_plan(connection, result.plan_id)
            over = update(_RESULTS).where(_RESULTS.c.plan_id == result.plan_id).values(row)
            if connection.execute(over).rowcount == 0:
                connection.execute(insert(_RESULTS), row)
            entry = journal.Entry(
                at=result.completed_at or result.started_at,
                kind="result.noted",
                subject=result.plan_id,
                actor=result.status,
                payload={"row": row},
            )
            journal.write(connection, entry)

    def unfinished_plans(self) -> tuple[PlanResult, ...]:
        """Return the plans that are neither settled nor failed, oldest first."""
        wanted = select(_RESULTS).where(_RESULTS.c.status.not_in(OVER)).order_by(_RESULTS.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings()
            return tuple(
                PlanResult(**{name: row[name] for name in PlanResult.__slots__}) for row in rows
            )

    def orders_of_plan(self, plan: PlanId) -> tuple[Order, ...]:
        """Return a plan's orders."""
        with self._database.reading() as connection:
            return orders_where(connection, _ORDERS.c.plan_id == plan)

    def unmatched(self) -> tuple[tuple[Order, Decimal], ...]:
        """Return ended orders that filled and have no BOOKS_MATCHED yet, with the booked qty."""
        with self._database.reading() as connection:
            orders = orders_where(
                connection,
                _ORDERS.c.status.in_(sorted(each.value for each in ENDED)),
                _ORDERS.c.settled_at.is_(None),
                _ORDERS.c.filled_volume != ZERO,
            )
            ids = [each.kraken_order_id for each in orders if each.kraken_order_id]
            booked = _booked_qty(connection, ids)
        return tuple((each, booked.get(each.kraken_order_id or "", ZERO)) for each in orders)

    def clean_reads(self, local_id: str) -> int:
        """Return how many reads found nothing of the order, as noted."""
        table = schema.clean_reads
        wanted = select(func.count()).select_from(table).where(table.c.local_id == local_id)
        with self._database.reading() as connection:
            return connection.execute(wanted).scalar_one()

    def note_clean_read(self, local_id: str, *, at: datetime) -> None:
        """Note that open and closed orders were read and did not hold the order.

        The same instant noted twice is one read.

        Raises:
            UnknownNameError: there is no order of that id.
        """
        table = schema.clean_reads
        with self._database.writing() as connection:
            order_with(connection, local_id)
            known = select(table).where(table.c.local_id == local_id, table.c.at == at)
            if connection.execute(known).first() is not None:
                return
            connection.execute(insert(table).values(local_id=local_id, at=at))
            entry = journal.Entry(
                at=at, kind="search.clean", subject=local_id, actor="settle", payload={}
            )
            journal.write(connection, entry)


def _require_leave_to_send(
    connection: Connection, order: Order, event: Event, epoch: int | None
) -> None:
    leases.require_in_force(connection, epoch, at=event.at)
    halts = latched_halts(connection)
    if halts and order.side is Side.BUY:
        raise RefusedError("; ".join(f"{each.kind.value}: {each.reason}" for each in halts))


def _require_own_id(connection: Connection, order: Order, event: Event) -> None:
    if event.kraken_order_id is None:
        return
    for other in orders_where(connection, _ORDERS.c.kraken_order_id == event.kraken_order_id):
        if other.local_id != order.local_id:
            raise ImpossibleFactError(
                f"{event.kraken_order_id} at the exchange is {other.local_id}, "
                f"it cannot be {order.local_id}"
            )


def _write(
    connection: Connection, held: Order, moved: Order, event: Event, epoch: int | None
) -> None:
    row = order_row(moved)
    if event.fact is Fact.BOOKS_MATCHED:
        row["settled_at"] = event.at
    elif moved.filled_qty != held.filled_qty:
        # what fills after it was settled must be matched again
        row["settled_at"] = None
    connection.execute(update(_ORDERS).where(_ORDERS.c.local_id == held.local_id), row)
    told = event_row(held, moved, event, epoch)
    connection.execute(insert(schema.execution_order_events), told)
    entry = journal.Entry(
        at=event.at,
        kind=f"order.{event.fact.value}",
        subject=held.local_id,
        actor=event.source,
        payload={"row": row, "event": told},
    )
    journal.write(connection, entry)


def _require_plan(connection: Connection, plan_id: PlanId) -> None:
    wanted = select(schema.plans.c.plan_id).where(schema.plans.c.plan_id == plan_id)
    if connection.execute(wanted).first() is None:
        raise UnknownNameError(f"no plan has the id {plan_id!r}")


def _booked_qty(connection: Connection, kraken_order_ids: Sequence[str]) -> dict[str, Decimal]:
    fills = schema.fills
    booked: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for some in in_chunks(kraken_order_ids):
        wanted = select(fills.c.kraken_order_id, fills.c.qty).where(
            fills.c.kraken_order_id.in_(some)
        )
        with localcontext(EXACT):
            for kraken_order_id, qty in connection.execute(wanted):
                booked[kraken_order_id] += qty
    return dict(booked)
