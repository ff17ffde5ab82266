"""The orders of a backtest, in memory: every change in order, and what is asked of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import ConflictError, RefusedError, UnknownNameError
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING, Event, Fact, Order, advance
from kraken_pipeline.services.backtest.kept_halts import KeptHalts


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What happened to an order, as its table of events has it."""

    local_id: str
    version: int
    to_status: str
    event: Event


class KeptOrders:
    """Orders, each as its facts leave it, by the same table as in life (`domain.orders`)."""

    def __init__(self, halts: KeptHalts) -> None:
        """Keep nothing yet.

        Args:
            halts: what stops an order that would open from leaving (PAN-2).
        """
        self.moves: list[Moved] = []
        self.cooldowns: dict[str, datetime] = {}
        self._halts = halts
        self._orders: dict[str, Order] = {}
        self._made: list[datetime] = []
        """When each was made, in order."""
        self._reserving: dict[str, Order] = {}
        self._at_exchange: dict[str, str] = {}
        self._stop_distances: dict[tuple[str, str], Decimal] = {}
        self._entries: dict[tuple[str, str], str] = {}
        self._attempts: dict[tuple[IntentId, Purpose], int] = {}

    def all(self) -> Sequence[Order]:
        """Return every order, in the order in which they were planned."""
        return list(self._orders.values())

    def newest_first(self) -> Iterator[Order]:
        """Yield every order, the last planned first."""
        return reversed(self._orders.values())

    def plan(self, order: Order) -> None:
        """Keep an order that may be sent from now on.

        Raises:
            ConflictError: there is one of that id.
        """
        if order.local_id in self._orders:
            raise ConflictError(f"{order.local_id} was planned already")
        self._made.append(order.created_at)
        self._attempts[order.intent_id, order.purpose] = order.attempt
        if order.kraken_order_id is not None:
            # the exchange made it: it was there before we knew
            self._at_exchange[order.kraken_order_id] = order.local_id
        self._keep(order)

    def count_after(self, moment: datetime) -> int:
        """Return how many orders were made after an instant."""
        return len(self._made) - bisect_right(self._made, moment)

    def count_from(self, moment: datetime) -> int:
        """Return how many orders were made at an instant or after it."""
        return len(self._made) - bisect_left(self._made, moment)

    def reserving(self) -> tuple[Order, ...]:
        """Return every order that may still fill, oldest first."""
        return tuple(self._reserving.values())

    def order(self, local_id: str) -> Order:
        """Return one order.

        Raises:
            UnknownNameError: there is none of that id.
        """
        if local_id not in self._orders:
            raise UnknownNameError(f"no order has the local id {local_id!r}")
        return self._orders[local_id]

    def with_exchange_id(self, kraken_order_id: str) -> Order:
        """Return the order that an id of the exchange's belongs to.

        Raises:
            UnknownNameError: it is none of ours.
        """
        return self.order(self._at_exchange.get(kraken_order_id, kraken_order_id))

    def record(self, order: Order, event: Event, *, epoch: int | None = None) -> Order:
        """Write the event and what it makes of the order.

        Raises:
            ConflictError: the order changed since it was read.
            RefusedError: a halt is latched and the order would open (PAN-2).
            ImpossibleFactError: the fact contradicts what is known.
        """
        if self.order(order.local_id).version != order.version:
            raise ConflictError(f"{order.local_id} is not at version {order.version} any more")
        if event.fact is Fact.SEND_STARTED and order.side is Side.BUY:
            self._require_no_halt(order)
        moved = advance(order, event)
        self._keep(moved)
        if moved.kraken_order_id is not None:
            self._at_exchange[moved.kraken_order_id] = moved.local_id
        if moved.filled_qty and moved.side is Side.BUY:
            place = book_of(moved.strategy_id, moved.timeframe), moved.pair
            self._stop_distances[place] = moved.stop_distance
            self._entries[place] = moved.local_id
        self.moves.append(
            Moved(
                local_id=moved.local_id,
                version=moved.version,
                to_status=moved.state.value,
                event=event,
            )
        )
        return moved

    def record_all(
        self, told: Sequence[tuple[Order, Event]], *, epoch: int | None = None
    ) -> tuple[Order, ...]:
        """Write an event of each of several orders."""
        return tuple(self.record(order, event, epoch=epoch) for order, event in told)

    def record_refusal(
        self,
        order: Order,
        event: Event,
        *,
        again: Order | None = None,
        cooldown: Cooldown | None = None,
    ) -> Order:
        """Write that an order was not taken, and what follows from it."""
        moved = self.record(order, event)
        if again is not None:
            self.plan(again)
        if cooldown is not None:
            self.cooldowns[cooldown.pair] = cooldown.until
        return moved

    def take_lease(self, resource: str, *, owner: str, now: datetime, length: timedelta) -> int:
        """Return the only epoch: nobody else sends here."""
        return 1

    def release_lease(self, resource: str, *, owner: str) -> None:
        """Give nothing back: there was no other who waits for it."""

    def changes(self, local_id: str, *, since: datetime) -> tuple[Event, ...]:
        """Return each AMENDED written of an order since then."""
        return tuple(
            each.event
            for each in reversed(self.moves)
            if each.local_id == local_id
            and each.event.fact is Fact.AMENDED
            and each.event.at >= since
        )

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the stop distance of the newest buy that filled, by book and pair."""
        return self._stop_distances

    def last_attempt(self, intent: IntentId, purpose: Purpose) -> int:
        """Return which attempt of an intent for a purpose was the last; 0 before the first."""
        return self._attempts.get((intent, purpose), 0)

    def entry(self, book: str, pair: str) -> Order | None:
        """Return the newest buy of a book and a pair that filled."""
        name = self._entries.get((book, pair))
        return None if name is None else self._orders[name]

    def _keep(self, order: Order) -> None:
        self._orders[order.local_id] = order
        if order.state in RESERVING:
            self._reserving[order.local_id] = order
        else:
            self._reserving.pop(order.local_id, None)

    def _require_no_halt(self, order: Order) -> None:
        over = [
            each
            for each in self._halts.halts
            if each.scope.covers(pair=order.pair, asset=order.base, strategy=order.strategy_id)
        ]
        if over:
            raise RefusedError("; ".join(map(str, over)))
