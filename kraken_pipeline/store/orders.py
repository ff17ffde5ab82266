"""Orders, reservations and the lease, always in one transaction with the journal."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, insert, literal_column, select, update

from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import (
    InvalidValueError,
    UnknownNameError,
)
from kraken_pipeline.domain.fate import Read
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.orders import (
    ENDED,
    NEVER_THERE,
    RESERVING,
    Event,
    Fact,
    Order,
    State,
)
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.store import journal, leases, schema, unproven
from kraken_pipeline.store.assessments import OpenAssessment, reserve
from kraken_pipeline.store.cooldowns import cool
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_moves import recorded
from kraken_pipeline.store.order_rows import (
    ORDERS,
    amendment_of,
    in_chunks,
    order_with,
    orders_found,
    orders_in,
)
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.remembered import Remembered
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.decisions import plans
from kraken_pipeline.store.schema.orders import (
    execution_order_events,
    execution_orders,
    execution_results,
)

_ORDERS: Final = execution_orders
_RESULTS: Final = execution_results
OVER: Final = ("settled", "failed")
"""Statuses of a plan of which nothing more is expected."""
_WITH_EXCHANGE_IDS: Final = Prepared(
    ORDERS.where(_ORDERS.c.kraken_order_id.in_(bindparam("ids", expanding=True)))
)
_WITH_CLIENT_IDS: Final = Prepared(
    ORDERS.where(_ORDERS.c.cl_ord_id.in_(bindparam("ids", expanding=True)))
)
_OF_PLAN: Final = Prepared(ORDERS.where(_ORDERS.c.plan_id == bindparam("plan")))
_UNMATCHED: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.status.in_(sorted(each.value for each in ENDED)),
        _ORDERS.c.settled_at.is_(None),
        # as it stands in the index, or the index is of no use
        _ORDERS.c.filled_volume != literal_column("'0'"),
    )
)
_BOOKED: Final = Prepared(
    select(fills.c.kraken_order_id, fills.c.qty).where(
        fills.c.kraken_order_id.in_(bindparam("ids", expanding=True))
    )
)
_NOTE_AGAIN: Final = Prepared(update(_RESULTS).where(_RESULTS.c.plan_id == bindparam("of")))
_ADD_RESULT: Final = Prepared(insert(_RESULTS))
_UNFINISHED: Final = Prepared(
    select(_RESULTS).where(_RESULTS.c.status.not_in(OVER)).order_by(_RESULTS.c.id)
)
_PLAN: Final = Prepared(select(plans.c.plan_id).where(plans.c.plan_id == bindparam("of")))
_CHANGES: Final = Prepared(
    select(execution_order_events)
    .where(
        execution_order_events.c.local_id == bindparam("of"),
        execution_order_events.c.fact == Fact.AMENDED.value,
        execution_order_events.c.at >= bindparam("since"),
    )
    .order_by(execution_order_events.c.version)
)
_READS: Final = Prepared(
    select(schema.orders.clean_reads.c.at, schema.orders.clean_reads.c.doubts)
    .where(schema.orders.clean_reads.c.local_id == bindparam("of"))
    .order_by(schema.orders.clean_reads.c.at)
)
_WRITTEN_OFF: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.status == State.WRITTEN_OFF.value, _ORDERS.c.updated_at >= bindparam("since")
    )
)
_ADD_READ: Final = Prepared(insert(schema.orders.clean_reads))


class SqlOrderStore:
    """Orders in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reserving = Remembered(partial(orders_in, states=RESERVING))
        self._unmatched = Remembered(_unmatched)
        self._unproven_sales = Remembered(unproven.unproven_sales)

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
            return self._reserving.read(connection)

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
                for order in orders_found(connection, _WITH_EXCHANGE_IDS, {"ids": some})
            )

    def with_client_ids(self, cl_ord_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that were given these ids of ours."""
        with self._database.reading() as connection:
            return tuple(
                order
                for some in in_chunks(cl_ord_ids)
                for order in orders_found(connection, _WITH_CLIENT_IDS, {"ids": some})
            )

    def record(self, order: Order, event: Event, *, epoch: int | None = None) -> Order:
        """Write the event and what it makes of the order, in one transaction.

        Args:
            order: as it was read; its version guards the write.
            event: what happened.
            epoch: of the lease; needed to move to SENDING or AMENDING.

        Raises:
            ConflictError: the order changed since it was read.
            LeaseLostError: the epoch is not the one in force (OMS-2).
            RefusedError: a halt is latched and the order would open (PAN-2), or a change would
                sell more than is held.
            ImpossibleFactError: the fact contradicts what is known.
        """
        with self._database.writing() as connection:
            return recorded(connection, [(order, event)], epoch)[0]

    def record_all(
        self, told: Sequence[tuple[Order, Event]], *, epoch: int | None = None
    ) -> tuple[Order, ...]:
        """Write an event of each of several orders, all or none; see `record`."""
        with self._database.writing() as connection:
            return recorded(connection, told, epoch)

    def record_refusal(
        self,
        order: Order,
        event: Event,
        *,
        again: Order | None = None,
        cooldown: Cooldown | None = None,
    ) -> Order:
        """Write that an order was not taken, and what follows from it, in one transaction.

        Args:
            order: as it was read.
            event: the refusal.
            again: the next attempt at the same wish, with its reservation.
            cooldown: the pair's pause.

        Raises:
            ConflictError: the order changed since it was read; nothing is written.
            ImpossibleFactError: the fact contradicts what is known; nothing is written.
            InvalidValueError: `again` is no next attempt at what was refused.
        """
        with self._database.writing() as connection:
            [moved] = recorded(connection, [(order, event)], None)
            if again is not None:
                _require_next_attempt(moved, again)
                why = f"attempt {again.attempt}, after {moved.local_id}: {event.detail}"
                reserve(connection, again, source=event.source, by=event.source, why=why)
            if cooldown is not None:
                cool(connection, cooldown, at=event.at, by=order.local_id)
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
            if _NOTE_AGAIN.run(connection, {**row, "of": result.plan_id}) == 0:
                _ADD_RESULT.run(connection, row)
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
        with self._database.reading() as connection:
            rows = _UNFINISHED.named(connection)
            return tuple(
                PlanResult(**{name: row[name] for name in PlanResult.__slots__}) for row in rows
            )

    def orders_of_plan(self, plan: PlanId) -> tuple[Order, ...]:
        """Return a plan's orders."""
        with self._database.reading() as connection:
            return orders_found(connection, _OF_PLAN, {"plan": plan})

    def unmatched(self) -> tuple[tuple[Order, Decimal], ...]:
        """Return ended orders that filled and have no BOOKS_MATCHED yet, with the booked qty."""
        with self._database.reading() as connection:
            return self._unmatched.read(connection)

    def changes(self, local_id: str, *, since: datetime) -> tuple[Event, ...]:
        """Return each AMENDED written of an order since then, with what it was before; in order."""
        with self._database.reading() as connection:
            rows = _CHANGES.named(connection, {"of": local_id, "since": since})
            return tuple(
                Event(
                    fact=Fact(row["fact"]),
                    at=row["at"],
                    source=row["source"],
                    detail=row["detail"],
                    amendment=amendment_of(row["amendment"]),
                )
                for row in rows
            )

    def clean_reads(self, local_id: str) -> tuple[Read, ...]:
        """Return each read that found nothing of the order, as noted, the oldest first."""
        with self._database.reading() as connection:
            return _reads(connection, local_id)

    def note_clean_read(self, local_id: str, read: Read, *, spacing: timedelta) -> tuple[Read, ...]:
        """Note that open and closed orders were read and did not hold the order.

        One that is nearer to the one before than the spacing is not kept.

        Returns:
            Those that are noted now, the oldest first.

        Raises:
            UnknownNameError: there is no order of that id.
        """
        with self._database.writing() as connection:
            order_with(connection, local_id)
            known = _reads(connection, local_id)
            if known and read.at < known[-1].at + spacing:
                return known
            found = sorted(read.doubts)
            told = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
            _ADD_READ.run(connection, {"local_id": local_id, "at": read.at, "doubts": told})
            entry = journal.Entry(
                at=read.at,
                kind="search.clean",
                subject=local_id,
                actor="settle",
                payload={"doubts": found} if found else {},
            )
            journal.write(connection, entry)
        return (*known, read)

    def written_off(self, *, since: datetime) -> tuple[Order, ...]:
        """Return the orders that a person wrote off since then and that did not show up."""
        with self._database.reading() as connection:
            return orders_found(connection, _WRITTEN_OFF, {"since": since})

    def unproven_sales(self) -> tuple[Order, ...]:
        """Return the sales that a person wrote off and that too few looks since have missed."""
        with self._database.reading() as connection:
            return self._unproven_sales.read(connection)


def _unmatched(connection: Connection) -> tuple[tuple[Order, Decimal], ...]:
    orders = orders_found(connection, _UNMATCHED, {})
    ids = [each.kraken_order_id for each in orders if each.kraken_order_id]
    booked = _booked_qty(connection, ids)
    return tuple((each, booked.get(each.kraken_order_id or "", ZERO)) for each in orders)


def _reads(connection: Connection, local_id: str) -> tuple[Read, ...]:
    return tuple(
        Read(at=at, doubts=frozenset(json.loads(told or "[]")))
        for at, told in _READS.rows(connection, {"of": local_id})
    )


def _require_next_attempt(refused: Order, again: Order) -> None:
    """Let only one attempt of a wish be alive, and none be larger than what was approved."""
    is_next = (again.intent_id, again.purpose, again.attempt) == (
        refused.intent_id,
        refused.purpose,
        refused.attempt + 1,
    )
    if refused.state not in NEVER_THERE or not is_next or again.qty > refused.qty:
        raise InvalidValueError(f"{again.local_id} is no next attempt at {refused.local_id}")


def _require_plan(connection: Connection, plan_id: PlanId) -> None:
    if _PLAN.first(connection, {"of": plan_id}) is None:
        raise UnknownNameError(f"no plan has the id {plan_id!r}")


def _booked_qty(connection: Connection, kraken_order_ids: Sequence[str]) -> dict[str, Decimal]:
    booked: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for some in in_chunks(kraken_order_ids):
        with localcontext(EXACT):
            for kraken_order_id, qty in _BOOKED.rows(connection, {"ids": some}):
                booked[kraken_order_id] += qty
    return dict(booked)
