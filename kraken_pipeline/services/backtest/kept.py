"""What a backtest keeps, in memory, for as long as it runs: the same ports, no database (BT-1).

Nothing here can reach the trading database: there is no connection, no path and no name of one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.activity import MINUTE, Lately, day_of
from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import ConflictError, RefusedError, UnknownNameError
from kraken_pipeline.domain.halts import ACTIONS, EVERYTHING, Halt, HaltKind, Scope
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Fill, Position, book_of, booked
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING, Event, Fact, Order, advance
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.quarantines import fault_of
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.domain.values import changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What happened to an order, as its table of events has it."""

    local_id: str
    version: int
    to_status: str
    event: Event


class KeptDecisions:
    """Decisions, the intents that wait, and what strategies keep."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.made: list[Decision] = []
        """Those in which anything was wished for, or went wrong, or that were skipped, in order."""
        self.asked = 0
        """Decisions in all."""
        self.prices: dict[IntentId, Decimal] = {}
        """What the close was that each intent was decided on, in quote per base."""
        self._last: dict[tuple[str, str], datetime] = {}
        self._states: dict[tuple[str, str, str], Mapping[str, str]] = {}
        self._pending: dict[IntentId, Intent] = {}

    def is_decided(
        self, namespace: Namespace, strategy_id: str, frame: Timeframe, closed_at: datetime
    ) -> bool:
        """Tell whether the bar was decided; a backtest goes forwards only."""
        last = self._last.get((strategy_id, frame.name))
        return last is not None and closed_at <= last

    def record(self, decision: Decision, state: Mapping[str, str]) -> bool:
        """Keep decision, intents and state; False if the bar was decided."""
        name = decision.strategy_id, decision.timeframe
        last = self._last.get(name)
        if last is not None and decision.closed_at <= last:
            return False
        self._last[name] = decision.closed_at
        self._states[*name, decision.strategy_version] = state
        self.asked += 1
        if decision.intents or decision.outcome is Outcome.SKIPPED or fault_of(decision):
            # what was seen is named by the hash of it, and would be most of what is kept
            self.made.append(changed(decision, seen=None))
        self._pending.update((each.intent_id, each) for each in decision.intents)
        self.prices.update((each.intent_id, each.decision_price) for each in decision.intents)
        return True

    def state(
        self, namespace: Namespace, strategy_id: str, timeframe: str, *, version: str
    ) -> Mapping[str, str]:
        """Return what the strategy saved with its last decision; empty at first."""
        return self._states.get((strategy_id, timeframe, version), {})

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered."""
        return tuple(self._pending.values())

    def answer(self, plan: Plan) -> None:
        """Let what a plan answers wait no more.

        Raises:
            ConflictError: one of the intents is not pending.
        """
        for verdict in plan.verdicts:
            if self._pending.pop(verdict.intent_id, None) is None:
                raise ConflictError(f"the intent {verdict.intent_id} is not pending any more")


class KeptHalts:
    """What is latched. In a backtest there is nobody who would clear it."""

    def __init__(self) -> None:
        """Begin with nothing latched."""
        self.halts: list[Halt] = []

    def latch(
        self,
        kind: HaltKind,
        *,
        reason: str,
        at: datetime,
        by: str,
        scope: Scope = EVERYTHING,
    ) -> bool:
        """Latch; False if one of that kind and scope is latched already."""
        if any((each.kind, each.scope) == (kind, scope) for each in self.halts):
            return False
        self.halts.append(
            Halt(
                halt_id=len(self.halts) + 1,
                kind=kind,
                scope=scope,
                reason=reason,
                action=ACTIONS[kind],
                latched_at=at,
                latched_by=by,
            )
        )
        return True


class KeptUniverse:
    """The universe of a run."""

    def __init__(self, universe: Universe) -> None:
        """Take the one version."""
        self._universe = universe

    def latest(self) -> Universe | None:
        """Return it."""
        return self._universe

    def refresh(self, *, at: datetime | None = None, version: str | None = None) -> Refresh | None:
        """Return none: what was refreshed when is not known here."""
        return None


class KeptBooks:
    """What every book holds, fill after fill."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.fills: list[Fill] = []
        self.snapshot: Snapshot | None = None
        """The newest."""
        self.realised = self.fees = ZERO
        self._positions: dict[tuple[str, str], Position] = {}
        self._held: Mapping[tuple[str, str], Position] | None = None
        """Of now; None where a fill changed it since it was told."""
        self._day: datetime | None = None
        """When the UTC day of the newest fill began."""
        self._traded_of_day = self._fees_of_day = ZERO

    def positions(self) -> tuple[Position, ...]:
        """Return every position, also flat ones."""
        return tuple(self._positions.values())

    def latest_snapshot(self) -> Snapshot | None:
        """Return what all was worth when it was last valued."""
        return self.snapshot

    def traded_of_day(self, day: datetime) -> tuple[Decimal, Decimal]:
        """Return what fills of a UTC day cost and their fees, in base currency.

        Added up as they are booked: a day of minutes has hundreds, and each close asks.

        Args:
            day: when the day began; none is later than the present one.
        """
        return (self._traded_of_day, self._fees_of_day) if day == self._day else (ZERO, ZERO)

    def held(self) -> Mapping[tuple[str, str], Position]:
        """Return what is held, by book and pair."""
        if self._held is None:
            self._held = {place: each for place, each in self._positions.items() if each.qty}
        return self._held

    def book(self, fill: Fill) -> Position:
        """Book a fill and return what its book holds then."""
        place = fill.book, fill.pair
        before = self._positions.get(place) or Position(book=fill.book, pair=fill.pair)
        now = self._positions[place] = booked(before, fill)
        self.realised += now.realised - before.realised
        self.fees += now.fees - before.fees
        self.fills.append(fill)
        self._held = None
        self._count(fill)
        return now

    def _count(self, fill: Fill) -> None:
        day = day_of(fill.at)
        if day != self._day:
            self._day, self._traded_of_day, self._fees_of_day = day, ZERO, ZERO
        self._traded_of_day += fill.cost * fill.quote_rate
        self._fees_of_day += fill.fee * fill.quote_rate


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


class KeptLocks:
    """What protections keep from being opened. In a backtest there is nobody who would clear it."""

    def __init__(self) -> None:
        """Begin with nothing locked."""
        self.locks: dict[str, Lock] = {}
        """Every one that ever was, by its id."""
        self._in_force: tuple[Lock, ...] = ()

    def in_force(self, now: datetime) -> tuple[Lock, ...]:
        """Return what is not over; a run goes forwards only."""
        self._in_force = tuple(each for each in self._in_force if each.until > now)
        return self._in_force

    def add(self, some: Sequence[Lock], *, at: datetime, by: str) -> tuple[Lock, ...]:
        """Keep the locks whose cause never locked before, and return them."""
        new = tuple(each for each in some if each.lock_id not in self.locks)
        self.locks.update((each.lock_id, each) for each in new)
        self._in_force += new
        return new


class KeptAssessment:
    """What an assessment reads and writes; there is nobody beside it."""

    def __init__(
        self,
        decisions: KeptDecisions,
        orders: KeptOrders,
        books: KeptBooks,
        halts: KeptHalts,
        locks: KeptLocks,
    ) -> None:
        """Take what it reads."""
        self.plans: list[Plan] = []
        self._decisions = decisions
        self._orders = orders
        self._books = books
        self._halts = halts
        self._locks = locks

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered."""
        return self._decisions.pending(namespace)

    def reserving_orders(self) -> tuple[Order, ...]:
        """Return every order that may still fill."""
        return self._orders.reserving()

    def positions(self) -> tuple[Position, ...]:
        """Return what every book holds."""
        return self._books.positions()

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the stop distance of the newest buy that filled, by book and pair."""
        return self._orders.stop_distances()

    def halts(self) -> tuple[Halt, ...]:
        """Return the latched halts."""
        return tuple(self._halts.halts)

    def lately(self, namespace: Namespace, now: datetime) -> Lately:
        """Return what was ordered in the last minute, and ordered and traded in the UTC day."""
        day = day_of(now)
        traded, fees = self._books.traded_of_day(day)
        return Lately(
            orders_of_minute=self._orders.count_after(now - MINUTE),
            orders_of_day=self._orders.count_from(day),
            traded=traded,
            fees=fees,
        )

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        """Return the locks of protections that are in force."""
        return self._locks.in_force(now)

    def cooldowns(self) -> Mapping[str, datetime]:
        """Return until when nothing opens on each pair that was refused for want of funds."""
        return self._orders.cooldowns

    def keep(self, plan: Plan, orders: Sequence[Order]) -> None:
        """Keep verdicts and reservations."""
        self._decisions.answer(plan)
        self.plans.append(plan)
        for order in orders:
            self._orders.plan(order)
