"""Random accounts in random markets, and what risk answers there: the real bench, nothing asked.

Everything is drawn from one source of chance, which hypothesis can shrink.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from kraken_pipeline.domain.accounting.valuation import valuations
from kraken_pipeline.domain.activity import Lately
from kraken_pipeline.domain.allocation import NO_LIMIT
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.halts import Halt
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.intents import Action, Intent, Namespace, Target, Unit
from kraken_pipeline.domain.lifecycle import never_barred
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.market import Pair, Quote, Side, Ticker
from kraken_pipeline.domain.market_reports import Depth, Level
from kraken_pipeline.domain.money import ZERO, Price, Qty, round_down
from kraken_pipeline.domain.nav import total
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.domain.order_terms import OrderTerms, Urgency
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.risk.assess import Bench, BenchDesk
from kraken_pipeline.services.risk.quotes import Quoted
from kraken_pipeline.services.risk.standing import Standing
from kraken_pipeline.services.risk.world import World
from kraken_pipeline_tests import builders
from kraken_pipeline_tests.builders import NOW

USD, EUR = Asset("USD"), Asset("EUR")
PAIRS: Final[Mapping[str, Pair]] = {
    f"{base}{quote}": builders.pair(
        name=f"{base}{quote}", key=f"{base}{quote}", base=Asset(base), quote=Asset(quote)
    )
    for base, quote in (("XBT", "USD"), ("ETH", "USD"), ("XBT", "EUR"), ("SOL", "USD"))
}
RATES: Final[Mapping[str, Decimal]] = {"USD": Decimal(1), "EUR": Decimal("1.125")}
MIDS: Final[Mapping[str, Decimal]] = {
    "XBTUSD": Decimal(50_000),
    "ETHUSD": Decimal(2_500),
    "XBTEUR": Decimal(44_444),
    "SOLUSD": Decimal(100),
    "EURUSD": RATES["EUR"],
}
LISTED: Final = {
    **PAIRS,
    "EURUSD": builders.pair(name="EURUSD", key="EURUSD", base=EUR, quote=USD),
}
STRATEGIES: Final = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the books say, as an open assessment tells it."""

    held: tuple[Position, ...]
    reserving: tuple[Order, ...]
    latched: tuple[Halt, ...]
    done: Lately
    stops: Mapping[tuple[str, str], Decimal]

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        raise NotImplementedError

    def keep(self, plan: Plan, orders: object) -> None:
        raise NotImplementedError

    def reserving_orders(self) -> tuple[Order, ...]:
        return self.reserving

    def positions(self) -> tuple[Position, ...]:
        return self.held

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        return self.stops

    def halts(self) -> tuple[Halt, ...]:
        return self.latched

    def cooldowns(self) -> Mapping[str, datetime]:
        return {}

    def lately(self, namespace: Namespace, now: datetime) -> Lately:
        return self.done

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class Life:
    """An account at an instant, and what is wished for."""

    desk: BenchDesk
    world: World
    books: Given
    wishes: tuple[Intent, ...]

    def answered(self) -> tuple[Plan, list[Order]]:
        """Return what risk says to all wishes."""
        standing = Standing(
            self.world,
            self.books,
            reserving=self.books.reserving,
            unbooked=(),
            base_currency=USD,
            namespace=Namespace.TRADE,
        )
        bench = Bench(self.desk, self.world, self.books, standing, Namespace.TRADE)
        return bench.plan(self.wishes, "a test")


def some(chance: Random, least: int, most: int, places: int = 0) -> Decimal:
    """Draw an amount, exact to so many places."""
    scale = Decimal(10) ** places
    return chance.randint(int(least * scale), int(most * scale)) / scale


def life(chance: Random) -> Life:
    """Draw a life in which, most of the time, something is approved."""
    held = _held(chance)
    orders = _orders(chance, held)
    world = _world(chance, held, orders)
    books = Given(
        held=held,
        reserving=orders,
        latched=(),
        done=Lately(
            orders_of_minute=chance.randint(0, 3),
            orders_of_day=chance.randint(0, 5),
            traded=some(chance, 0, 5_000),
            fees=some(chance, 0, 20),
        ),
        stops={(each.book, each.pair): some(chance, 0, 30) / 100 for each in held},
    )
    wishes = tuple(_wish(chance, number) for number in range(chance.randint(1, 6)))
    return Life(desk=_desk(chance), world=world, books=books, wishes=wishes)


def _desk(chance: Random) -> BenchDesk:
    return BenchDesk(
        limits=builders.limits(
            max_risk_per_trade_pct=some(chance, 1, 5),
            max_portfolio_stop_risk_pct=some(chance, 1, 40),
            max_gross_exposure_pct=some(chance, 20, 100),
            max_per_asset_pct=some(chance, 5, 80),
            max_per_strategy_pct=some(chance, 5, 80),
            max_open_positions=chance.randint(2, 5),
            max_pair_notional=chance.choice([None, some(chance, 300, 9_000)]),
            max_total_notional=chance.choice([None, some(chance, 1_000, 20_000)]),
            max_order_notional=chance.choice([None, some(chance, 50, 5_000)]),
            max_per_cluster_pct=chance.choice([None, some(chance, 10, 90)]),
            min_cash_reserve_pct=some(chance, 0, 30),
            max_orders_per_minute=chance.randint(3, 12),
            max_orders_per_day=chance.randint(5, 16),
            max_turnover_pct_per_day=some(chance, 20, 200),
            max_fees_pct_per_day=some(chance, 1, 3),
        ),
        strategy_caps={"a": some(chance, 1, 50)},
        style=OrderStyle(
            max_slippage_bps=50, time_in_force="GTC", post_only=False, min_notional=Decimal(10)
        ),
        strategy_styles={},
        base_currency=USD,
        panic_is_latched=False,
        unacknowledged=(),
        allowed=None,
        barred=never_barred,
        parts={},
        kraken_stops=None,
        config_hash="c",
    )


def _held(chance: Random) -> tuple[Position, ...]:
    return tuple(
        Position(
            book=f"{strategy}@1h",
            pair=name,
            qty=Qty(round_down(some(chance, 10, 1_000) / MIDS[name], PAIRS[name].lot)),
        )
        for strategy in STRATEGIES
        for name in PAIRS
        if chance.randint(1, 9) == 1
    )


def _orders(chance: Random, held: tuple[Position, ...]) -> tuple[Order, ...]:
    found = [_order(chance, number, Side.BUY) for number in range(chance.randint(0, 2))]
    for number, each in enumerate(held[:1]):
        sold = _order(chance, 9 + number, Side.SELL)
        found.append(
            replace(
                sold,
                pair=each.pair,
                base=PAIRS[each.pair].base,
                strategy_id=each.book.partition("@")[0],
                qty=each.qty,
                limit_price=Price(MIDS[each.pair]),
                quote_rate=RATES[PAIRS[each.pair].quote],
            )
        )
    return tuple(found)


def _order(chance: Random, number: int, side: Side) -> Order:
    name = chance.choice(list(PAIRS))
    pair = PAIRS[name]
    return builders.order(
        local_id=f"O{number}",
        intent_id=IntentId(f"J{number}"),
        pair=name,
        base=pair.base,
        side=side,
        strategy_id=chance.choice(STRATEGIES),
        state=chance.choice([State.PLANNED, State.LIVE]),
        qty=Qty(round_down(some(chance, 20, 800) / MIDS[name], pair.lot)),
        limit_price=Price(MIDS[name]),
        quote_rate=RATES[pair.quote],
        stop_distance=some(chance, 0, 30) / 100,
    )


def _world(chance: Random, held: tuple[Position, ...], orders: tuple[Order, ...]) -> World:
    totals = {USD: some(chance, 1_000, 20_000), EUR: some(chance, 1, 3_000)}
    for each in held:
        base = PAIRS[each.pair].base
        totals[base] = totals.get(base, ZERO) + each.qty
    balances = {
        asset: Balance(total=amount, held=min(amount, _kept(asset, orders)))
        for asset, amount in totals.items()
    }
    tickers = {name: _ticker(chance, mid) for name, mid in MIDS.items()}
    prices = PriceTable(USD, LISTED, tickers)
    valued = valuations(totals, prices, before=None, now=NOW)
    equity = total(valued)
    leaders = {"XBTUSD": "XBTUSD", "XBTEUR": "XBTUSD", "ETHUSD": "XBTUSD", "SOLUSD": "SOLUSD"}
    return World(
        now=NOW,
        universe=Universe(
            version="U",
            at=NOW,
            members=tuple(PAIRS.values()),
            leaving=(),
            notional_24h={},
            reasons={},
        ),
        pairs=LISTED,
        tickers=tickers,
        quoted=Quoted(
            quotes={
                name: Quote(pair=name, ticker=each, source="rest", received_at=NOW)
                for name, each in tickers.items()
            },
            doubts={},
            ages={},
        ),
        depths={name: _depth(chance, name, each) for name, each in tickers.items()},
        prices=prices,
        valuations={each.asset: each for each in valued},
        balances=balances,
        fees={
            name: FeeRates(maker_pct=Decimal("0.25"), taker_pct=some(chance, 0, 1, 2))
            for name in PAIRS
        },
        system_status="online",
        snapshot=builders.snapshot(equity=equity, cash=totals[USD], valuations=valued),
        qty_caps={"XBTUSD": some(chance, 0, 1, 2) + Decimal("0.01")},
        habits={
            name: Habit(notional=some(chance, 1_000, 900_000), leader=leader)
            for name, leader in leaders.items()
        },
        day_began={},
        allocation=NO_LIMIT,
        foreign=(),
    )


def _kept(asset: Asset, orders: tuple[Order, ...]) -> Decimal:
    """Return what the exchange holds of an asset for the orders that are there."""
    there = [each for each in orders if each.state is State.LIVE]
    cost = sum(
        (
            each.qty * each.limit_price
            for each in there
            if each.side is Side.BUY and PAIRS[each.pair].quote == asset
        ),
        ZERO,
    )
    sold = sum((each.qty for each in there if each.side is Side.SELL and each.base == asset), ZERO)
    return cost + sold


def _ticker(chance: Random, mid: Decimal) -> Ticker:
    half = mid * some(chance, 0, 10) / 10_000
    return Ticker(
        bid=Price(mid - half),
        ask=Price(mid + half),
        last=Price(mid),
        volume_24h=some(chance, 200_000, 900_000) / mid,
        vwap_24h=mid,
    )


def _depth(chance: Random, name: str, ticker: Ticker) -> Depth:
    qty = Qty(some(chance, 10, 5_000) / MIDS[name])
    return Depth(
        pair=name,
        bids=(Level(price=ticker.bid, qty=qty),),
        asks=(Level(price=ticker.ask, qty=qty),),
    )


def _wish(chance: Random, number: int) -> Intent:
    name = chance.choice(list(PAIRS))
    action = chance.choice([Action.ENTER, Action.ENTER, Action.INCREASE, Action.EXIT])
    wants = [Target(unit=Unit.NOTIONAL, amount=some(chance, 20, 9_000))]
    wants += [Target(unit=Unit.WEIGHT, amount=some(chance, 1, 90) / 100)]
    urgency = chance.choice([Urgency.NORMAL, Urgency.NORMAL, Urgency.URGENT])
    return builders.intent(
        intent_id=IntentId(f"I{number}"),
        strategy_id=chance.choice(STRATEGIES),
        pair=name,
        action=action,
        confidence=some(chance, 0, 1, 2),
        stop_distance=some(chance, 1, 20) / 100 if action.opens else ZERO,
        decision_price=MIDS[name],
        target=chance.choice([None, None, *wants]) if action.opens else None,
        terms=OrderTerms(urgency=urgency),
        expires_at=NOW + timedelta(hours=1),
    )
