"""The run of a backtest: a clock that is turned from one thing that happens to the next (BT-1).

What decides, restrains, sends, hears and books is the code that does so in life. What is its own
here is the clock, the exchange over bars, and stores that last as long as the run.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.accounting.valuation import valuations
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.lots import Fill, book_of
from kraken_pipeline.domain.market import Pair, Quote
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.nav import Snapshot, total
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.assess import Bench, reserving_for
from kraken_pipeline.services.backtest.asked import Backtest, Rules
from kraken_pipeline.services.backtest.awaken import Alarm
from kraken_pipeline.services.backtest.exchange import BarExchange
from kraken_pipeline.services.backtest.history import History
from kraken_pipeline.services.backtest.kept import (
    KeptAssessment,
    KeptBooks,
    KeptDecisions,
    KeptHalts,
    KeptOrders,
    KeptUniverse,
)
from kraken_pipeline.services.backtest.nav import Curve
from kraken_pipeline.services.backtest.resting import Happened
from kraken_pipeline.services.backtest.result import Result
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.services.backtest.trips import round_trips
from kraken_pipeline.services.coverage import Certificates
from kraken_pipeline.services.decide import Ask, Configured, DecisionDesk
from kraken_pipeline.services.hear import STREAM, HearDesk, hear
from kraken_pipeline.services.quotes import Quoted
from kraken_pipeline.services.standing import Standing
from kraken_pipeline.services.submit import SubmitDesk, submit
from kraken_pipeline.services.world import World

BARS: Final = "bars"
"""The source of every price here."""
TRADED: Final = Namespace.TRADE
"""In whose name is decided: the ids are those of life, in books that nobody else sees."""
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
        self, asked: Backtest, rules: Rules, history: History, certificates: Certificates
    ) -> None:
        """Open the exchange and the books.

        Args:
            asked: what is to be run.
            rules: what holds.
            history: every bar that is needed, from before the stretch on.
            certificates: why bars are missing.
        """
        self._asked = asked
        self._rules = rules
        self._history = history
        self._clock = TurnedClock(asked.since)
        frames = sorted(history.panels.values(), key=lambda each: each.frame.seconds)
        self._tape = Tape(frames[0])
        self._exchange = BarExchange(
            self._tape,
            rules.listing,
            asked.model,
            asked.fees,
            {rules.base_currency: asked.cash},
            self._clock,
        )
        self._halts = KeptHalts()
        self._orders = KeptOrders(self._halts)
        self._books = KeptBooks()
        self._decisions = KeptDecisions()
        self._kept = KeptAssessment(self._decisions, self._orders, self._books, self._halts)
        self._curve = Curve(self._tape, since=asked.since, cash=asked.cash)
        self._deciding = DecisionDesk(
            strategies=asked.strategies,
            bars=history,
            certificates=certificates,
            universes=KeptUniverse(rules.universe),
            decisions=self._decisions,
            books=self._books,
            config_hash=rules.config_hash,
            clock=self._clock,
        )
        self._hearing = HearDesk(orders=self._orders, halts=self._halts, clock=self._clock)
        self._sending = self._submit_desk()
        self._alarms = [
            alarm_of(history, asked, each, name)
            for each in asked.strategies
            for name in each.timeframes
        ]

    def run(self) -> Result:
        """Run it to its end."""
        while (closed_at := self._next_close()) is not None:
            due = [each for each in self._alarms if each.closed_at == closed_at]
            self._let_happen((closed_at + self._asked.model.decides_after).timestamp())
            for alarm in due:
                self._decide(alarm, closed_at)
            self._trade()
        self._let_happen(self._asked.until.timestamp())
        self._curve.reach(self._asked.until.timestamp())
        return self._result()

    def _next_close(self) -> datetime | None:
        closes = [each.closed_at for each in self._alarms]
        found = min((each for each in closes if each is not None), default=None)
        return None if found is None or found > self._asked.until else found

    def _let_happen(self, until: float) -> None:
        """Let everything happen up to an instant, each thing at its own."""
        while (at := self._exchange.next_at()) is not None and at <= until:
            self._clock.turn(at)
            self._curve.reach(at)
            happened = self._exchange.happen()
            if happened is not None:
                self._heard(happened)
        self._clock.turn(until)
        self._curve.reach(until)
        self._watch_drawdown()

    def _heard(self, happened: Happened) -> None:
        report = happened.report
        order = self._orders.with_exchange_id(report.kraken_order_id)
        order = hear(self._hearing, order, report, source=STREAM)
        if happened.trade is not None:
            self._book(happened.trade, order)

    def _book(self, trade: TradeReport, order: Order) -> None:
        book = book_of(order.strategy_id, order.timeframe)
        now = self._books.book(_fill(trade, order, book))
        for alarm in self._alarms:
            if book == book_of(alarm.configured.strategy_id, alarm.frame.name):
                alarm.holds(trade.pair, is_held=bool(now.qty))
        self._revalue()

    def _revalue(self) -> None:
        """Note what is held from here on."""
        base = self._rules.base_currency
        balances = self._exchange.holdings()
        held = {
            self._tape.column(pair.name): balances[pair.base].total for pair in self._pairs_held()
        }
        self._curve.changed(cash=balances[base].total if base in balances else ZERO, held=held)

    def _pairs_held(self) -> Sequence[Pair]:
        names = {place[1]: None for place in self._books.held()}
        return [self._rules.listing.pairs[name] for name in names]

    def _watch_drawdown(self) -> None:
        most = float(self._rules.max_drawdown_pct * PERCENT)
        fall = self._curve.fall(most)
        if fall > most:
            self._halts.latch(
                HaltKind.DRAWDOWN,
                reason=f"drawdown={fall:.4f}, max={most:.4f}",
                at=self._clock(),
                by=BARS,
            )

    def _decide(self, alarm: Alarm, closed_at: datetime) -> None:
        ask = Ask(
            self._deciding,
            alarm.configured,
            alarm.frame,
            closed_at,
            self._rules.universe,
            TRADED,
            self._rules.run_id,
            "",
        )
        decision, state = ask.decided()
        self._decisions.record(decision, state)
        alarm.was_asked(closed_at)

    def _trade(self) -> None:
        """Answer what is pending, and send what was approved."""
        pending = self._decisions.pending(TRADED)
        if not pending:
            return
        world = self._look(pending)
        reserving = reserving_for(self._kept, TRADED)
        standing = Standing(
            world,
            self._kept,
            reserving=reserving,
            unbooked=(),
            base_currency=self._rules.base_currency,
        )
        bench = Bench(self._rules.bench, world, self._kept, standing, TRADED)
        plan, orders = bench.plan(pending, self._rules.run_id)
        self._kept.keep(plan, orders)
        if orders:
            submit(self._sending)

    def _look(self, pending: Sequence[Intent]) -> World:
        """Read what the verdicts stand on: of the pairs that count, and no other."""
        listing, exchange, now = self._rules.listing, self._exchange, self._clock()
        names = {each.pair: None for each in pending}
        names |= {each.pair: None for each in self._orders.reserving()}
        names |= {each.name: None for each in self._pairs_held()}
        pairs = {name: listing.pairs[name] for name in names if name in listing.pairs}
        tickers = exchange.tickers_of(pairs)
        quotes = {
            name: Quote(pair=name, ticker=each, source=BARS, received_at=now)
            for name, each in tickers.items()
        }
        prices = PriceTable(self._rules.base_currency, pairs, tickers)
        balances = exchange.holdings()
        held = {asset: each.total for asset, each in balances.items()}
        valued = valuations(held, prices, before=None, now=now)
        equity = total(valued)
        return World(
            now=now,
            universe=self._rules.universe,
            pairs=pairs,
            tickers=tickers,
            quoted=Quoted(quotes=quotes, doubts={}, ages={}),
            depths={},
            prices=prices,
            valuations={each.asset: each for each in valued},
            balances=balances,
            fees=exchange.fee_rates(list(pairs.values())),
            system_status=exchange.system_status(),
            snapshot=Snapshot(
                at=now,
                equity=equity,
                cash=held.get(self._rules.base_currency, ZERO),
                valuations=valued,
                positions=self._books.positions(),
                realised=ZERO,
                unrealised=ZERO,
                fees=ZERO,
                units=self._asked.cash,
                unit_price=equity / self._asked.cash,
                drawdown=ZERO,
                drawdown_of_day=ZERO,
                drawdown_of_all_time=ZERO,
            ),
            foreign=(),
        )

    def _submit_desk(self) -> SubmitDesk:
        sending = self._rules.sending
        return SubmitDesk(
            namespace=TRADED,
            orders=self._orders,
            gateway=self._exchange,
            market=self._exchange,
            account=self._exchange,
            equity=lambda: self._asked.cash,
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
            leaves_room=lambda order: True,
            clock=self._clock,
        )

    def _result(self) -> Result:
        asked, rows = self._asked, self._curve.rows
        intents = {each.intent_id: each for made in self._decisions.made for each in made.intents}
        orders = tuple(self._orders.all())
        why = {
            each.kraken_order_id: intents[each.intent_id].reason
            for each in orders
            if each.kraken_order_id is not None
        }
        balances = self._exchange.holdings()
        cash = balances.get(self._rules.base_currency)
        return Result(
            asked=asked,
            run_id=self._rules.run_id,
            config_hash=self._rules.config_hash,
            data_digest=self._history.digest,
            universe_version=self._rules.universe.version,
            survivorship=_survivorship(self._rules.universe, asked.since),
            base_currency=self._rules.base_currency,
            decisions=tuple(self._decisions.made),
            asked_closes=self._decisions.asked,
            candles=sum(_bars_within(self._history, name, asked) for name in asked.decided_on),
            plans=tuple(self._kept.plans),
            orders=orders,
            moves=tuple(self._orders.moves),
            fills=tuple(self._books.fills),
            positions=self._books.positions(),
            trips=round_trips(self._books.fills, why),
            halts=tuple(self._halts.halts),
            at=self._tape.bars.opened_at[rows] + self._tape.seconds,
            equity=self._curve.equity[rows],
            exposure=self._curve.exposure[rows],
            final_cash=ZERO if cash is None else cash.total,
            final_equity=self._equity(),
        )

    def _equity(self) -> Decimal:
        pairs = {each.name: each for each in self._pairs_held()}
        prices = PriceTable(self._rules.base_currency, pairs, self._exchange.tickers_of(pairs))
        held = {asset: each.total for asset, each in self._exchange.holdings().items()}
        return total(valuations(held, prices, before=None, now=self._clock()))


def alarm_of(history: History, asked: Backtest, configured: Configured, name: str) -> Alarm:
    """Return when a strategy is to be asked on a timeframe."""
    bars, strategy = history.panels[name], configured.strategy
    found = None
    if strategy.awake is not None:
        needs = strategy.needs(name, configured.parameters)
        panels = {each: history.panels[each] for each in needs}
        found = strategy.awake(bars.frame, panels, configured.parameters)
    alarm = Alarm(
        configured,
        bars,
        enter=None if found is None else found.enter,
        leave=None if found is None else found.leave,
    )
    alarm.skip_until(asked.since)
    return alarm


def _fill(trade: TradeReport, order: Order, book: str) -> Fill:
    return Fill(
        trade_id=trade.trade_id,
        kraken_order_id=trade.kraken_order_id,
        pair=trade.pair,
        side=trade.side,
        price=trade.price,
        qty=trade.qty,
        cost=trade.cost,
        fee=trade.fee,
        maker=trade.maker,
        at=trade.at,
        quote_rate=order.quote_rate,
        book=book,
    )


def _bars_within(history: History, name: str, asked: Backtest) -> int:
    bars = history.panels[name]
    closed = bars.opened_at + bars.frame.seconds
    within = (closed >= asked.since.timestamp()) & (closed <= asked.until.timestamp())
    return int((~np.isnan(bars.close[within])).sum())


def _survivorship(universe: Universe, since: datetime) -> str:
    """Say where the pairs were chosen later than the run begins (UNI-5)."""
    if universe.at <= since:
        return ""
    return f"no universe of then is kept: the pairs are those of {universe.at:%F}, which lived on"
