"""What a backtest keeps, in memory, for as long as it runs: the same ports, no database (BT-1).

Nothing here can reach the trading database: there is no connection, no path and no name of one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.activity import MINUTE, Lately, day_of
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.halts import Halt
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Fill, Position, booked
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.quarantines import fault_of
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.domain.values import changed
from kraken_pipeline.services.backtest.kept_halts import KeptHalts
from kraken_pipeline.services.backtest.kept_orders import KeptOrders


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
