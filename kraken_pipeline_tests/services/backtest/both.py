"""The exchange over bars beside the simulator's engine, on the same candles and orders.

The simulator's crowd is replaced by the one that a backtest assumes: bid and ask lie half a spread
beside the price, and there is enough of both. What is left are the engines themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.kraken.forms import request_of
from kraken_pipeline.services.backtest import FeeSchedule, FeeStep, FillModel
from kraken_pipeline.services.backtest.engine import TurnedClock
from kraken_pipeline.services.backtest.exchange import BarExchange
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.simulator import catalog, fees, listing
from kraken_pipeline.simulator.api import trading
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine import HOUSE, Resting, Side
from kraken_pipeline.simulator.events import Event, OrderEnded, OrderFilled
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.replay import ReplayMarket
from kraken_pipeline.simulator.running import House
from kraken_pipeline.wiring.run_universes import listing_of
from kraken_pipeline_tests.services.backtest.runs import BEGUN, EXACT_FILLS, HOUR, USD, bars, listed

Row = tuple[int, int, int, int]
"""Open, high, low and close of an hour, whole dollars."""
XBT = Asset("XBT")
FUNDS = Decimal(1_000_000)
PLENTY = 100_000
"""In base: more than all orders of a test together want."""
PRINTS = 36_000
"""Of each hour: so many that the price moves by no more than a tick from one to the next."""
KNOWN = catalog.pair("XBT", "USD")
LATE = timedelta(seconds=190)
"""What two moments may be apart that are the same: a price that moves by ticks is early by half of
one, which takes an hour of which the price moves by a dollar three minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What traded, and what a backtest assumes of it."""

    rows: Sequence[Row]
    model: FillModel = EXACT_FILLS
    volume: int = PLENTY
    """Of each hour, in base."""

    @property
    def ends(self) -> datetime:
        """Up to when it is looked at."""
        return BEGUN + len(self.rows) * HOUR - timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An order, and at which hour it is sent."""

    hour: int
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change of an order, and at which hour: another limit, or None for its end."""

    hour: int
    order: Order
    limit: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A fill, as both tell it."""

    qty: Decimal
    price: Decimal
    cost: Decimal
    fee: Decimal
    maker: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an order ended."""

    status: str
    reason: str


Act = Sent | Changed
Told = list[tuple[datetime, Trade | End]]
"""What became of an order, and when."""
REFUSED = End(status="refused", reason="")


class Beside(House):
    """Everybody else, as a backtest assumes them."""

    def __init__(self, hours: Hours) -> None:
        self._half = hours.model.half_spread
        self._room = hours.volume * hours.model.volume_share

    def ladder(self, pair: listing.Pair, last: Decimal, at: datetime) -> Iterator[Resting]:
        for side, share, rounding in (
            (Side.BUY, 1 - self._half, ROUND_FLOOR),
            (Side.SELL, 1 + self._half, ROUND_CEILING),
        ):
            price = (last * share / pair.tick).to_integral_value(rounding) * pair.tick
            yield Resting(
                id=f"{HOUSE}-{side}",
                owner=HOUSE,
                side=side,
                price=price,
                qty=self._room,
                rank=0,
            )


def at_simulator(hours: Hours, acts: Sequence[Act]) -> Mapping[str, Told]:
    """Return what becomes of orders at the simulator, by their `cl_ord_id`."""
    told: dict[str, Told] = {each.order.cl_ord_id: [] for each in acts}
    with _simulator(hours) as (exchange, clock):

        def watch(events: Sequence[Event]) -> None:
            for event in events:
                if isinstance(event, OrderFilled | OrderEnded):
                    order = exchange.account.orders[event.order_id]
                    # what closes a fill is told with the order that filled
                    owner = exchange.account.orders[order.refid] if order.refid else order
                    told[str(owner.cl_ord_id)].append((event.at, _of(event)))

        exchange.watchers.append(watch)
        for act in sorted(acts, key=lambda each: each.hour):
            clock.turn(max(clock.now(), BEGUN + act.hour * HOUR))
            try:
                _ask(exchange, act, exchange.advance())
            except RefusedError:
                told[act.order.cl_ord_id].append((clock.now(), REFUSED))
        clock.turn(hours.ends)
        exchange.advance()
    return told


def _ask(exchange: Exchange, act: Act, now: datetime) -> None:
    named = Params({"cl_ord_id": act.order.cl_ord_id})
    if isinstance(act, Sent):
        request = request_of(act.order, deadline=now + timedelta(seconds=30))
        trading.add_order(exchange, Params(request))
    elif act.limit is None:
        trading.cancel_order(exchange, named)
    else:
        limit = {"cl_ord_id": act.order.cl_ord_id, "limit_price": str(act.limit)}
        trading.amend_order(exchange, Params(limit))


def over_bars(hours: Hours, acts: Sequence[Act]) -> Mapping[str, Told]:
    """Return what becomes of the same orders over bars."""
    clock = TurnedClock(BEGUN)
    panel = bars(*((*row, hours.volume) for row in hours.rows))
    exchange = BarExchange(
        Tape(panel), listing_of([_pair()]), hours.model, _fees(), {USD: FUNDS, XBT: FUNDS}, clock
    )
    told: dict[str, Told] = {each.order.cl_ord_id: [] for each in acts}
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for act in sorted(acts, key=lambda each: each.hour):
        at = BEGUN + act.hour * HOUR
        # the engine's first print of an hour comes just after its begin
        _happen(exchange, clock, at - timedelta.resolution, told, owners)
        clock.turn(at.timestamp())
        of_order, name = told[act.order.cl_ord_id], names.get(act.order.cl_ord_id, "")
        try:
            if isinstance(act, Sent):
                placed = exchange.add(act.order, deadline=clock())
                assert isinstance(placed, Placed)
                names[act.order.cl_ord_id] = placed.kraken_order_id
            elif act.limit is None:
                report = exchange.withdrawn(name)
                of_order.append((clock(), End(status=report.status, reason=report.reason)))
            else:
                exchange.amended(name, Amendment(limit_price=act.limit))
        except OrderRefusedError:
            of_order.append((clock(), REFUSED))
    _happen(exchange, clock, hours.ends, told, owners)
    return told


def _happen(
    exchange: BarExchange,
    clock: TurnedClock,
    until: datetime,
    told: Mapping[str, Told],
    owners: dict[str, str],
) -> None:
    while (at := exchange.next_before(until.timestamp())) is not None:
        clock.turn(at)
        happened = exchange.happen()
        if happened is None:
            continue
        report, trade = happened.report, happened.trade
        of_order = told[owners.setdefault(report.kraken_order_id, str(report.cl_ord_id))]
        if happened.child is not None:
            owners[happened.child.kraken_order_id] = str(report.cl_ord_id)
        if trade is not None:
            of_order.append(
                (
                    trade.at,
                    Trade(
                        qty=trade.qty,
                        price=trade.price,
                        cost=trade.cost,
                        fee=trade.fee,
                        maker=trade.maker,
                    ),
                )
            )
        if report.status != "open":
            of_order.append((clock(), End(status=report.status, reason=report.reason)))
    clock.turn(until.timestamp())


def _of(event: OrderFilled | OrderEnded) -> Trade | End:
    if isinstance(event, OrderEnded):
        return End(status=event.status, reason=event.reason or "")
    return Trade(
        qty=event.qty, price=event.price, cost=event.cost, fee=event.fee, maker=event.maker
    )


@contextmanager
def _simulator(hours: Hours) -> Iterator[tuple[Exchange, FixedClock]]:
    with TemporaryDirectory() as folder:
        market = _market(Path(folder), hours)
        journal = Journal(Path(folder) / "state", market.identity)
        clock = FixedClock(BEGUN)
        try:
            exchange = Exchange(market, clock, journal, Beside(hours))
            for each in (KNOWN.base, KNOWN.quote):
                exchange.deposit(each, FUNDS)
            yield exchange, clock
        finally:
            journal.close()


def _market(folder: Path, hours: Hours) -> ReplayMarket:
    opened = int(BEGUN.timestamp()) + 3600 * np.arange(len(hours.rows))
    lines = [
        ",".join(map(str, (at, *row, hours.volume, PRINTS)))
        for at, row in zip(opened.tolist(), hours.rows, strict=True)
    ]
    (folder / "XBTUSD_60.csv").write_text("\n".join(lines) + "\n")
    return ReplayMarket(folder)


def _pair() -> Pair:
    return replace(listed(), tick=KNOWN.tick, lot=KNOWN.lot, cost_decimals=KNOWN.cost_decimals)


def _fees() -> FeeSchedule:
    first = fees.tier(KNOWN, Decimal(0))
    rates = FeeRates(maker_pct=first.maker, taker_pct=first.taker)
    return FeeSchedule(steps=(FeeStep(since=EPOCH, rates=rates),))
