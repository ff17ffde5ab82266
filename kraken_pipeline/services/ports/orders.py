"""Orders on their way, ours and others'."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.fate import Read
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.orders import Event, Order
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.domain.reconciliations import ForeignOrder
from kraken_pipeline.services.ports.decisions import Assessment


class OrderWriting(Protocol):
    """Orders on their way: read, sent and heard of."""

    def reserving(self) -> tuple[Order, ...]:
        """Return every order that may still fill, oldest first."""
        ...

    def order(self, local_id: str) -> Order:
        """Return one order.

        Raises:
            UnknownNameError: there is none of that id.
        """
        ...

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
        ...

    def record_all(
        self, told: Sequence[tuple[Order, Event]], *, epoch: int | None = None
    ) -> tuple[Order, ...]:
        """Write an event of each of several orders, all or none; see `record`."""
        ...

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
        ...

    def take_lease(self, resource: str, *, owner: str, now: datetime, length: timedelta) -> int:
        """Take or renew the lease and return its epoch.

        Raises:
            LeaseLostError: another owner holds it.
        """
        ...

    def release_lease(self, resource: str, *, owner: str) -> None:
        """Give the lease back, if the owner still has it."""
        ...

    def changes(self, local_id: str, *, since: datetime) -> tuple[Event, ...]:
        """Return each AMENDED written of an order since then, with what it was before; in order."""
        ...


class OrderStore(OrderWriting, Protocol):
    """Orders, reservations and the lease, always in one transaction with the journal."""

    def assessing(self) -> AbstractContextManager[Assessment]:
        """Open the transaction of an assessment; an exception undoes all of it."""
        ...

    def with_exchange_ids(self, kraken_order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that these ids of Kraken's belong to."""
        ...

    def with_client_ids(self, cl_ord_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that were given these ids of ours."""
        ...

    def last_epoch(self) -> int:
        """Return the highest epoch of any lease; zero before the first."""
        ...

    def note_result(self, result: PlanResult) -> None:
        """Write how far a plan came, over what was noted of it before."""
        ...

    def unfinished_plans(self) -> tuple[PlanResult, ...]:
        """Return the plans that are neither settled nor failed."""
        ...

    def orders_of_plan(self, plan: PlanId) -> tuple[Order, ...]:
        """Return a plan's orders."""
        ...

    def unmatched(self) -> tuple[tuple[Order, Decimal], ...]:
        """Return ended orders that filled and have no BOOKS_MATCHED yet, with the booked qty.

        The booked qty is the sum of the order's fills that the books hold, in base. Recording
        BOOKS_MATCHED sets the order's `settled_at`.
        """
        ...

    def clean_reads(self, local_id: str) -> tuple[Read, ...]:
        """Return each read that found nothing of the order, as noted, the oldest first."""
        ...

    def note_clean_read(self, local_id: str, read: Read, *, spacing: timedelta) -> tuple[Read, ...]:
        """Note that open and closed orders were read and did not hold the order.

        One that is nearer to the one before than the spacing is not kept.

        Returns:
            Those that are noted now, the oldest first.
        """
        ...

    def written_off(self, *, since: datetime) -> tuple[Order, ...]:
        """Return the orders that a person wrote off since then and that did not show up."""
        ...

    def unproven_sales(self) -> tuple[Order, ...]:
        """Return the sales that a person wrote off and that too few looks since have missed."""
        ...


class ForeignStore(Protocol):
    """Orders of the account that are not ours."""

    def open(self) -> tuple[ForeignOrder, ...]:
        """Return those that are open as far as is known."""
        ...

    def see(
        self, orders: Sequence[ForeignOrder], *, gone: Collection[str], at: datetime
    ) -> tuple[ForeignOrder, ...]:
        """Keep what is open and, by Kraken's id, what is gone; return what was not known before."""
        ...
