"""A market of 500 pairs that answers at once, and a pipeline over it in this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import numpy as np

from benchmarks.candle_market import BEGIN, FRAMES, NAMES
from benchmarks.home import fresh_home
from benchmarks.instant_exchange import InstantExchange
from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import ZERO, Price
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.reports import Balance, Listing
from kraken_pipeline.domain.symbols import Asset, PairName, SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.settings import load, prepare_data_dir
from kraken_pipeline.wiring.edge import Edge
from kraken_pipeline.wiring.modes import world_of
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.stores import open_stores

MIDNIGHT = datetime.fromtimestamp(BEGIN, tz=UTC)
"""Every timeframe has a bar that closes here."""
KEPT = 720
"""Bars of each pair and timeframe until then."""
AHEAD = 30
"""Bars of each that have not closed by then."""
CASH = Decimal(1_000_000)
USD = Asset("USD")


def _pair(name: str) -> Pair:
    base = Asset(name.removesuffix("USD"))
    return Pair(
        name=name,
        key=name,
        base=base,
        quote=USD,
        asset_class="currency",
        status="online",
        tick=Decimal("0.01"),
        lot=Decimal("0.00000001"),
        min_qty=Decimal("0.0001"),
        min_cost=Decimal("0.5"),
    )


def walked(frame: Timeframe) -> list[Candles]:
    """Return `KEPT` candles of each pair until midnight and `AHEAD` after it, on a random walk."""
    rows = KEPT + AHEAD
    chance = np.random.default_rng(frame.minutes)
    steps = chance.normal(0, 0.0004 * frame.minutes**0.5, (rows, len(NAMES)))
    close = 1000 * np.exp(np.cumsum(steps, axis=0))
    spread = 1 + np.abs(chance.normal(0, 0.0002 * frame.minutes**0.5, close.shape))
    opened = tuple(BEGIN + frame.seconds * (row - KEPT) for row in range(rows))
    before = np.vstack([close[:1], close[:-1]])
    columns = {
        "open": before,
        "high": np.maximum(before, close) * spread,
        "low": np.minimum(before, close) / spread,
        "close": close,
        "volume": np.full_like(close, 1000.0),
    }
    return [
        Candles(
            pair=name,
            timeframe=frame.name,
            opened_at=opened,
            trades=(7,) * rows,
            **{key: tuple(f"{each:.2f}" for each in of[:, at]) for key, of in columns.items()},
        )
        for at, name in enumerate(NAMES)
    ]


def part(candles: Sequence[Candles], first: int, until: int) -> list[Candles]:
    """Return some rows of each pair's candles."""
    return [
        replace(
            each,
            **{
                name: getattr(each, name)[first:until]
                for name in ("opened_at", "open", "high", "low", "close", "volume", "trades")
            },
        )
        for each in candles
    ]


PAIRS: Mapping[str, Pair] = {name: _pair(name) for name in NAMES}


class InstantMarket(InstantExchange):
    """Lists the pairs; what they cost is told once their candles are known."""

    def __init__(self) -> None:
        """Work out what never changes."""
        super().__init__("market")
        names = [
            PairName(pair=each.name, key=each.key, base=each.base, quote=each.quote)
            for each in PAIRS.values()
        ]
        assets = {"ZUSD": "USD", **{each.base: each.base for each in PAIRS.values()}}
        self._listing = Listing(symbols=SymbolTable(assets=assets, pairs=names), pairs=dict(PAIRS))
        self._tickers: dict[str, Ticker] = {}

    def stand_at(self, candles: Sequence[Candles], row: int) -> None:
        """Let each pair cost what it did at the close of a candle."""
        self._tickers = {each.pair: _ticker(Decimal(each.close[row])) for each in candles}

    def listing(self) -> Listing:
        """Return the pairs."""
        return self._listing

    def tickers(self) -> Mapping[str, Ticker]:
        """Return what each pair stands at."""
        return self._tickers

    def system_status(self) -> str:
        """Say that all is well."""
        return "online"

    def balances(self) -> Mapping[str, Balance]:
        """Return the cash."""
        return {"ZUSD": Balance(total=CASH, held=ZERO)}

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        """Return the rates of who trades little."""
        rates = FeeRates(maker_pct=Decimal("0.25"), taker_pct=Decimal("0.4"))
        return {each.name: rates for each in pairs}


def _ticker(price: Decimal) -> Ticker:
    tick = Decimal("0.01")
    return Ticker(
        bid=Price(price - tick),
        ask=Price(price + tick),
        last=Price(price),
        volume_24h=Decimal(1000),
        vwap_24h=price,
    )


class Hands:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        """Stand a moment after the close of everything."""
        self.now = MIDNIGHT + timedelta(seconds=1)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A pipeline with its bars, its universe and its cash, and what it goes by."""

    pipeline: Pipeline
    market: InstantMarket
    hands: Hands
    minutes: Sequence[Candles]
    """Those of 1m that have not closed by midnight."""

    def next_minute(self, number: int) -> None:
        """Let the candle of a minute after midnight close, of every pair; counted from 1."""
        self.hands.now = MIDNIGHT + timedelta(minutes=number, seconds=1)
        self.pipeline.stores.bars.append(FRAMES[0], part(self.minutes, number - 1, number))
        self.market.stand_at(self.minutes, number - 1)
        keep_cash(self.pipeline, self.hands.now)


@contextmanager
def bench_of(config: str) -> Iterator[Bench]:
    """Yield a pipeline over the market, a moment after midnight."""
    with fresh_home(config) as env:
        loaded, market, hands = load(env), InstantMarket(), Hands()
        prepare_data_dir(loaded)
        edge = SimpleNamespace(
            rehearses=False,
            clock=hands,
            market=market,
            market_now=market,
            account=market,
            close=lambda: None,
        )
        world = world_of(loaded.settings, is_kraken=False)
        pipeline = Pipeline(
            loaded=loaded, stores=open_stores(loaded, world=world), edge=cast("Edge", edge)
        )
        try:
            minutes = _fill(pipeline, market, hands.now)
            yield Bench(pipeline=pipeline, market=market, hands=hands, minutes=minutes)
        finally:
            pipeline.close()


def _fill(pipeline: Pipeline, market: InstantMarket, now: datetime) -> Sequence[Candles]:
    for frame in reversed(FRAMES):
        candles = walked(frame)
        # the newest comes by itself, as it does in life
        pipeline.stores.bars.append(frame, part(candles, 0, KEPT - 1))
        pipeline.stores.bars.append(frame, part(candles, KEPT - 1, KEPT))
    market.stand_at(candles, KEPT - 1)
    universe = Universe(
        version="U",
        at=now,
        members=tuple(PAIRS.values()),
        leaving=(),
        notional_24h={name: Decimal(1_000_000) for name in NAMES},
        reasons={},
    )
    pipeline.stores.universes.keep(
        Refresh(universe=universe, judged={}, config_hash="", rules_hash="", source_hash="")
    )
    keep_cash(pipeline, now)
    return part(candles, KEPT, KEPT + AHEAD)


def keep_cash(pipeline: Pipeline, now: datetime) -> None:
    """Have the books say what the account is worth."""
    cash = Valuation(asset=USD, qty=CASH, price=Decimal(1), source="base currency")
    pipeline.stores.books.keep_snapshot(
        Snapshot(
            at=now,
            equity=CASH,
            cash=CASH,
            valuations=(cash,),
            positions=(),
            realised=ZERO,
            unrealised=ZERO,
            fees=ZERO,
            units=CASH,
            unit_price=Decimal(1),
            drawdown=ZERO,
            drawdown_of_day=ZERO,
            drawdown_of_all_time=ZERO,
        ),
        (),
    )
