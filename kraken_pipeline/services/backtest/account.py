"""The account of a run: what it has and holds, what that is worth, and what is known of it.

It is valued where something happens, by the same values as in life; a bar that is stored is
certified, so that its price is believed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.accounting.valuation import valuations
from kraken_pipeline.domain.activity import day_of, results
from kraken_pipeline.domain.allocation import NO_LIMIT
from kraken_pipeline.domain.lots import Position, book_of, fill_of
from kraken_pipeline.domain.market import Pair, Quote, Ticker
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.nav import Snapshot, total
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest.asked import Backtest, Rules
from kraken_pipeline.services.backtest.exchanges import RunExchange
from kraken_pipeline.services.backtest.history import exact
from kraken_pipeline.services.backtest.kept import KeptBooks
from kraken_pipeline.services.backtest.nav import DAY, Curve
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.services.risk.quotes import Quoted
from kraken_pipeline.services.risk.world import World, by_our_name

PLACES: Final = 6
"""Of a share that is reckoned from the curve."""


class RunAccount:
    """What a run has, and what it is worth."""

    def __init__(
        self, asked: Backtest, rules: Rules, exchange: RunExchange, tape: Tape, books: KeptBooks
    ) -> None:
        """Begin with cash alone.

        Args:
            asked: with how much.
            rules: the pairs.
            exchange: that holds it.
            tape: by which it is valued between two things that happen.
            books: whose positions it has.
        """
        self.curve = Curve(tape, since=asked.since, cash=asked.cash)
        self._asked = asked
        self._rules = rules
        self._exchange = exchange
        self._tape = tape
        self._books = books
        self._fell = 0.0
        """How deep equity fell since it was valued before."""
        self._day = day_of(asked.since).timestamp()
        """When the UTC day began that is under way, Unix seconds."""
        self._day_began: Mapping[str, Decimal] = {}
        self._day_equity = asked.cash
        self._has_traded = False
        """Whether anything was booked since the newest snapshot."""
        self._qty_caps = by_our_name(rules.qty_caps, rules.listing.symbols)

    def book(self, trade: TradeReport, order: Order) -> Position:
        """Book a trade of an order, and return what its book holds then."""
        whose = book_of(order.strategy_id, order.timeframe)
        now = self._books.book(fill_of(trade, quote_rate=order.quote_rate, book=whose))
        self._has_traded = True
        base = self._rules.base_currency
        balances = self._exchange.holdings()
        held = {
            self._tape.column(pair.name): balances[pair.base].total
            for pair in self._pairs_held()
            if pair.base in balances
        }
        self.curve.changed(cash=balances[base].total if base in balances else ZERO, held=held)
        return now

    def reach(self, at: float) -> None:
        """Let time go on to an instant, Unix seconds, with what is held as it is."""
        if at - self._day >= DAY:
            # between two things that happen nothing changed: the last midnight is like any other
            self._begin_day(at // DAY * DAY)
        self.curve.reach(at)

    def snapshot(self, now: datetime) -> Snapshot:
        """Value what there is, and keep it as the newest snapshot.

        In life it is valued every few minutes: a fall that was over by now would have been seen.
        """
        self._fell = self.curve.deepest(float(self._rules.switches.max_drawdown_pct * PERCENT))
        pairs = {each.name: each for each in self._pairs_held()}
        snapshot = self._snapshot(now, pairs, self._exchange.tickers_of(pairs))
        self._books.snapshot = snapshot
        self._has_traded = False
        return snapshot

    def equity(self, now: datetime) -> Decimal:
        """Return what all is worth, in base currency."""
        return self.snapshot(now).equity

    def world(self, names: Iterable[str], now: datetime, universe: Universe) -> World:
        """Return what verdicts stand on: of the pairs that count, and no other.

        Args:
            names: pairs that something is wanted of, or ordered on.
            now: the present.
            universe: in force now.
        """
        listing, exchange = self._rules.listing, self._exchange
        looked_at = dict.fromkeys(names)
        wanted = dict.fromkeys([*looked_at, *(each.name for each in self._pairs_held())])
        pairs = {name: listing.pairs[name] for name in wanted if name in listing.pairs}
        tickers = exchange.tickers_of(pairs)
        quotes = {
            name: Quote(pair=name, ticker=tickers[name], source=exchange.source, received_at=now)
            for name in looked_at
            if name in tickers
        }
        snapshot = self._books.snapshot
        if snapshot is None or snapshot.at != now or self._has_traded:
            snapshot = self._snapshot(now, pairs, tickers)
        return World(
            now=now,
            universe=universe,
            pairs=pairs,
            tickers=tickers,
            quoted=Quoted(quotes=quotes, doubts={}, ages={}),
            depths={},
            prices=PriceTable(self._rules.base_currency, pairs, tickers),
            valuations={each.asset: each for each in snapshot.valuations},
            balances=exchange.holdings(),
            fees=exchange.fee_rates(list(pairs.values())),
            system_status=exchange.system_status(),
            snapshot=snapshot,
            qty_caps=self._qty_caps,
            habits=self._rules.habits(pairs, now),
            day_began=self._day_began,
            allocation=NO_LIMIT,
            foreign=(),
        )

    def _snapshot(
        self, now: datetime, pairs: Mapping[str, Pair], tickers: Mapping[str, Ticker]
    ) -> Snapshot:
        base = self._rules.base_currency
        held = {asset: each.total for asset, each in self._exchange.holdings().items()}
        valued = valuations(held, PriceTable(base, pairs, tickers), before=None, now=now)
        equity = total(valued)
        return Snapshot(
            at=now,
            equity=equity,
            cash=held.get(base, ZERO),
            valuations=valued,
            positions=self._books.positions(),
            realised=self._books.realised,
            unrealised=ZERO,
            fees=self._books.fees,
            units=self._asked.cash,
            unit_price=equity / self._asked.cash,
            drawdown=_share(max(self.curve.fall(float(equity)), self._fell)),
            drawdown_of_day=max(1 - equity / self._day_equity, ZERO),
            drawdown_of_all_time=_share(self.curve.fall_of_all_time(float(equity))),
        )

    def _begin_day(self, at: float) -> None:
        """Note what each strategy had gained, and what all was worth, when a UTC day began."""
        self._day = at
        positions = self._books.positions()

        def worth(position: Position) -> Decimal:
            price = self._tape.price(self._tape.column(position.pair), at)
            return position.cost if price is None else position.qty * exact(price)

        self._day_began = results(positions, worth)
        cash = self._exchange.holdings().get(self._rules.base_currency)
        held = sum((worth(each) for each in positions if each.qty), ZERO)
        self._day_equity = max((ZERO if cash is None else cash.total) + held, _LEAST)

    def _pairs_held(self) -> Sequence[Pair]:
        names = {place[1]: None for place in self._books.held()}
        return [self._rules.listing.pairs[name] for name in names]


_LEAST: Final = Decimal("0.00000001")
"""In base currency: of less nothing can be lost."""


def _share(value: float) -> Decimal:
    return Decimal(f"{value:.{PLACES}f}")
