"""The run of a backtest: a clock that is turned from one thing that happens to the next (BT-1).

What decides, restrains, sends, hears and books is the code that does so in life. What is its own
here is the clock, the exchange over bars, and stores that last as long as the run.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import numpy as np

from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.protection import is_stop
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.services.backtest.account import RunAccount
from kraken_pipeline.services.backtest.asked import Backtest, Rules
from kraken_pipeline.services.backtest.awaken import Alarm, alarm_of
from kraken_pipeline.services.backtest.exchange import over_bars
from kraken_pipeline.services.backtest.exchanges import Opens
from kraken_pipeline.services.backtest.faults import Faults
from kraken_pipeline.services.backtest.history import History
from kraken_pipeline.services.backtest.kept import (
    KeptAssessment,
    KeptBooks,
    KeptDecisions,
    KeptLocks,
    KeptUniverse,
)
from kraken_pipeline.services.backtest.kept_halts import KeptHalts
from kraken_pipeline.services.backtest.kept_orders import KeptOrders
from kraken_pipeline.services.backtest.past import KeptPast
from kraken_pipeline.services.backtest.resting import Happened
from kraken_pipeline.services.backtest.result import Result
from kraken_pipeline.services.backtest.stops import Stops
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.services.backtest.trips import round_trips
from kraken_pipeline.services.backtest.universes import Universes, survivorship
from kraken_pipeline.services.bars.certified import BELIEVED
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.deciding.decide import Ask, DecisionDesk
from kraken_pipeline.services.orders.hear import STREAM, HearDesk, hear
from kraken_pipeline.services.orders.submit import SubmitDesk, submit
from kraken_pipeline.services.protection.protect import leaves_room
from kraken_pipeline.services.risk.allocate import AllocateDesk, allocate
from kraken_pipeline.services.risk.assess import Bench, reserving_for
from kraken_pipeline.services.risk.halt import breaches
from kraken_pipeline.services.risk.locks import LockDesk, judge
from kraken_pipeline.services.risk.standing import Standing
from kraken_pipeline.strategies.base import Strategy

TRADED: Final = Namespace.TRADE
"""In whose name is decided: the ids are those of life, in books that nobody else sees."""
BY: Final = "backtest"
"""Who latches a halt."""
LEASE: Final = timedelta(days=36_500)
"""Nobody else sends: it need never be renewed."""


class TurnedClock:
    """Tells the time that it was turned to."""

    def __init__(self, now: datetime) -> None:
        """Begin at an instant."""
        self.now = now

    def __call__(self) -> datetime:
        """Return it."""
        return self.now

    def turn(self, at: float) -> None:
        """Turn it forwards; it never goes back."""
        self.now = max(self.now, datetime.fromtimestamp(at, UTC))


class Run:
    """One backtest under way."""

    def __init__(
        self,
        asked: Backtest,
        rules: Rules,
        history: History,
        certificates: Certificates,
        opens: Opens = over_bars,
    ) -> None:
        """Open the exchange and the books.

        Args:
            asked: what is to be run.
            rules: what holds.
            history: every bar that is needed, from before the stretch on.
            certificates: why bars are missing.
            opens: the exchange.
        """
        self._asked = asked
        self._rules = rules
        self._history = history
        self._clock = TurnedClock(asked.since)
        frames = sorted(history.panels.values(), key=lambda each: each.frame.seconds)
        self._tape = Tape(frames[0])
        self._exchange = opens(asked, rules, self._tape, self._clock)
        self._halts = KeptHalts()
        self._orders = KeptOrders(self._halts)
        self._books = KeptBooks()
        self._universes = Universes(rules.universes, self._books, self._orders)
        self._decisions = KeptDecisions()
        self._locks = KeptLocks()
        self._kept = KeptAssessment(
            self._decisions, self._orders, self._books, self._halts, self._locks
        )
        past = KeptPast(self._decisions, self._orders, self._books)
        self._locking = self._lock_desk(past)
        self._allocating = self._allocate_desk(past)
        self._account = RunAccount(asked, rules, self._exchange, self._tape, self._books)
        self._deciding = DecisionDesk(
            strategies=asked.strategies,
            named=self._named,
            bars=history,
            certificates=certificates,
            universes=KeptUniverse(rules.universes[-1]),
            decisions=self._decisions,
            books=self._books,
            config_hash=rules.config_hash,
            clock=self._clock,
            enough=BELIEVED,
            evaluate=rules.evaluate,
        )
        self._faults = Faults(rules.most_faults)
        self._hearing = HearDesk(orders=self._orders, halts=self._halts, clock=self._clock)
        self._stops = Stops(rules.stops, self._exchange, self._orders, self._books, self._hearing)
        self._sending = self._submit_desk()
        self._alarms = [
            alarm_of(history, asked, each, name, certificates)
            for each in asked.strategies
            for name in each.timeframes
        ]

    def run(self) -> Result:
        """Run it to its end."""
        while (closed_at := self._reached_close()) is not None:
            for alarm in [each for each in self._alarms if each.closed_at == closed_at]:
                self._decide(alarm, closed_at)
            self._trade()
        return self._result()

    def _reached_close(self) -> datetime | None:
        """Let everything happen until the next close at which a strategy is asked; None at the end.

        Which close that is may change with each thing that happens: what was bought can be left at
        a close at which it could not have been entered.
        """
        while True:
            closed_at = self._next_close()
            decides_after = self._asked.model.decides_after
            end = max(self._asked.until, self._clock())
            until = end if closed_at is None else closed_at + decides_after
            if not self._happens(until.timestamp()):
                self._clock.turn(until.timestamp())
                self._account.reach(until.timestamp())
                self._value()
                return closed_at

    def _next_close(self) -> datetime | None:
        closes = [each.closed_at for each in self._alarms]
        found = min((each for each in closes if each is not None), default=None)
        return None if found is None or found > self._asked.until else found

    def _happens(self, until: float) -> bool:
        """Let the next thing happen, if that is until an instant."""
        at = self._exchange.next_before(until)
        if at is None:
            return False
        self._clock.turn(at)
        self._account.reach(at)
        happened = self._exchange.happen()
        if happened is not None:
            self._heard(happened)
            self._stops.tend(self._send)
        return True

    def _heard(self, happened: Happened) -> None:
        report = happened.report
        order = self._orders.with_exchange_id(report.kraken_order_id)
        order = hear(self._hearing, order, report, source=STREAM)
        if happened.trade is not None:
            self._book(happened.trade, order)
        if happened.child is not None:
            self._stops.adopt(order, happened.child)

    def _book(self, trade: TradeReport, order: Order) -> None:
        now = self._account.book(trade, order)
        # a close of just before is still to be decided
        heard_at = self._clock() - self._asked.model.decides_after
        for alarm in self._alarms:
            if now.book == book_of(alarm.configured.strategy_id, alarm.frame.name):
                alarm.holds(trade.pair, is_held=bool(now.qty), at=heard_at)

    def _value(self) -> None:
        """Value what there is, and latch what is breached."""
        snapshot = self._account.snapshot(self._clock())
        for kind, reason in breaches(self._rules.switches, snapshot).items():
            self._halts.latch(kind, reason=reason, at=snapshot.at, by=BY)

    def _decide(self, alarm: Alarm, closed_at: datetime) -> None:
        if self._faults.is_kept_out(alarm.configured.strategy_id):
            alarm.was_asked(closed_at)
            return
        ask = Ask(
            self._deciding,
            alarm.configured,
            alarm.frame,
            closed_at,
            self._universes.at(self._clock()),
            TRADED,
            self._rules.run_id,
            "",
        )
        decision, state = ask.decided()
        self._decisions.record(decision, state)
        self._faults.hear(decision)
        alarm.was_asked(closed_at)

    def _trade(self) -> None:
        """Answer what is pending, and send what was approved."""
        pending = self._decisions.pending(TRADED)
        if not pending:
            return
        names = [each.pair for each in pending]
        names += [each.pair for each in self._orders.reserving()]
        judge(self._locking, {each.pair for each in pending if each.side is Side.BUY})
        now = self._clock()
        world = self._account.world(names, now, self._universes.at(now))
        allocated = allocate(self._allocating, world)
        if allocated is not world.allocation:
            world = replace(world, allocation=allocated)
        reserving = reserving_for(self._kept, TRADED)
        standing = Standing(
            world,
            self._kept,
            reserving=reserving,
            unbooked=(),
            base_currency=self._rules.base_currency,
            namespace=TRADED,
        )
        bench = Bench(self._rules.bench, world, self._kept, standing, TRADED)
        plan, orders = bench.plan(pending, self._rules.run_id)
        self._kept.keep(plan, orders)
        if orders:
            self._stops.give_way()
            self._send()

    def _send(self) -> None:
        submit(self._sending)

    def _named(self, kind: str) -> Strategy:
        """Return a strategy of the run by its type."""
        return next(each.strategy for each in self._asked.strategies if each.strategy.name == kind)

    def _lock_desk(self, past: KeptPast) -> LockDesk:
        return LockDesk(
            protections=self._rules.protections,
            calm=self._rules.calm,
            locks=self._locks,
            evidence=past,
            bars=lambda: self._history,
            equity=self._known_equity,
            clock=self._clock,
        )

    def _allocate_desk(self, past: KeptPast) -> AllocateDesk:
        return AllocateDesk(
            rules=self._rules.allocation,
            measured=self._rules.measured,
            trips=past,
            positions=self._books.positions,
            bars=lambda: self._history,
        )

    def _known_equity(self) -> Decimal:
        """Return what all was worth when it was last valued, as the books of life have it."""
        snapshot = self._books.latest_snapshot()
        return ZERO if snapshot is None else snapshot.equity

    def _submit_desk(self) -> SubmitDesk:
        sending = self._rules.sending
        return SubmitDesk(
            namespace=TRADED,
            orders=self._orders,
            gateway=self._exchange,
            market=self._exchange,
            account=self._exchange,
            equity=lambda: self._account.equity(self._clock()),
            panic_is_latched=lambda: False,
            is_guarded=lambda order: True,
            opening_objection=lambda: "",
            owner=self._rules.run_id,
            lease=LEASE,
            deadline=sending.deadline,
            max_plan_age=sending.max_plan_age,
            min_notional=sending.min_notional,
            funds_cooldown=sending.funds_cooldown,
            max_at_exchange=sending.max_at_exchange,
            leaves_room=partial(leaves_room, self._stops.desk),
            clock=self._clock,
        )

    def _result(self) -> Result:
        asked, curve = self._asked, self._account.curve
        intents = {each.intent_id: each for made in self._decisions.made for each in made.intents}
        orders = tuple(self._orders.all())
        why = {
            each.kraken_order_id: _why(each, intents[each.intent_id])
            for each in orders
            if each.kraken_order_id is not None
        }
        balances = self._exchange.holdings()
        cash = balances.get(self._rules.base_currency)
        used = self._universes.between(asked.since, asked.until)
        return Result(
            asked=asked,
            run_id=self._rules.run_id,
            config_hash=self._rules.config_hash,
            data_digest=self._history.digest,
            universe_version=used[0].version,
            universes=tuple((each.at, each.version) for each in used),
            pairs=self._history.pairs,
            survivorship=survivorship(used[0], asked.since),
            base_currency=self._rules.base_currency,
            decisions=tuple(self._decisions.made),
            faults=tuple(self._faults.said()),
            asked_closes=self._decisions.asked,
            candles=sum(_bars_within(self._history, name, asked) for name in asked.decided_on),
            plans=tuple(self._kept.plans),
            orders=orders,
            moves=tuple(self._orders.moves),
            fills=tuple(self._books.fills),
            positions=self._books.positions(),
            trips=round_trips(self._books.fills, why),
            halts=tuple(self._halts.halts),
            at=self._tape.bars.opened_at[curve.rows] + self._tape.seconds,
            equity=curve.equity[curve.rows],
            exposure=curve.exposure[curve.rows],
            final_cash=ZERO if cash is None else cash.total,
            final_equity=self._account.equity(self._clock()),
        )


def _why(order: Order, intent: Intent) -> str:
    """Say what was behind an order."""
    if not is_stop(order):
        return intent.reason
    if order.trigger is None:
        return f"closed at {plain(order.limit_price)}"
    price = order.trigger.price
    word = "target" if order.order_type.startswith("take-profit") else "stop"
    return "trailing stop" if price is None else f"{word} at {plain(price)}"


def _bars_within(history: History, name: str, asked: Backtest) -> int:
    bars = history.panels[name]
    closed = bars.opened_at + bars.frame.seconds
    within = (closed >= asked.since.timestamp()) & (closed <= asked.until.timestamp())
    return int((~np.isnan(bars.close[within])).sum())
