"""An exchange over bars: it takes orders as Kraken does, and the tape fills them (BT-2).

It is asked and told through the same ports as the real one. What it does happens at instants of the
tape; whoever runs it turns the clock from one to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from heapq import heappop, heappush
from typing import Final

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import (
    FundsRefusedError,
    InvalidValueError,
    OrderRefusedError,
)
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.money import PERCENT, ZERO, Price, Qty, round_down, round_up
from kraken_pipeline.domain.order_terms import LIMITED
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import (
    Balance,
    Listing,
    OrderReport,
    Placed,
    Rehearsed,
    TradeReport,
)
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest.asked import Backtest, Rules
from kraken_pipeline.services.backtest.history import exact
from kraken_pipeline.services.backtest.model import FeeSchedule, FillModel, Traded, fee_of
from kraken_pipeline.services.backtest.resting import Happened, Resting, closing
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.services.ports.exchange import Clock

MICROSECOND: Final = 1e-6
ONE: Final = Decimal(1)
NOISE: Final = Decimal("1e-8")
"""As a share of the price: a float that was worked out between two prices is off by so much."""
UNFILLED: Final = {"IOC": "Immediate or cancel", "FOK": "Fill or kill"}
"""Why what may not rest is over."""
ENDS: Final = {"closed": "", "expired": "", "canceled": "User requested"}


class BarExchange:
    """The exchange of one backtest."""

    source = "bars"

    def __init__(
        self,
        tape: Tape,
        listing: Listing,
        model: FillModel,
        fees: FeeSchedule,
        funds: Mapping[Asset, Decimal],
        clock: Clock,
    ) -> None:
        """Open it.

        Args:
            tape: what trades.
            listing: the pairs with their rules, of which the tape has bars.
            model: how orders trade in bars.
            fees: what fills cost.
            funds: what the account has.
            clock: the run's.
        """
        self._tape = tape
        self._listing = listing
        self._model = model
        self._half_spread = model.half_spread
        self._crossing_share = model.half_spread + model.slippage
        self._fees = fees
        self._totals: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO, funds)
        self._clock = clock
        self._open: dict[str, Resting] = {}
        self._queue: list[tuple[float, int, str, int, str]] = []
        """When, in which turn of all, which order, its own turn, and what."""
        self._taken: defaultdict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
        """What of a bar's volume was ours, by column and row."""
        self._traded_lately = Traded()
        """In base currency; nothing is counted where every volume costs the same."""
        self._serial = 0
        self._trades = 0
        self._holdings: Mapping[Asset, Balance] = {}
        """As they were told; nobody writes into what was told."""
        self._changed = set(self._totals)
        """Assets of which something has changed since then."""
        self._told: dict[str, Ticker | None] = {}
        """Tickers of an instant, each made once."""
        self._told_at: datetime | None = None

    # what it says

    def listing(self) -> Listing:
        """Return every pair that is traded here."""
        return self._listing

    def system_status(self) -> str:
        """Return `online`: the tape knows of no other."""
        return "online"

    def tickers(self) -> Mapping[str, Ticker]:
        """Return the ticker of every pair that ever traded, as it is now."""
        return _Tickers(self)

    def tickers_of(self, names: Iterable[str]) -> dict[str, Ticker]:
        """Return the tickers of some pairs, by our names."""
        found = {name: self.ticker(name) for name in names}
        return {name: each for name, each in found.items() if each is not None}

    def balances(self) -> Mapping[str, Balance]:
        """Return what the account has, and what of it open orders hold."""
        return dict(self.holdings().items())

    def holdings(self) -> Mapping[Asset, Balance]:
        """Return the same by economic asset: there are no buckets here."""
        if self._changed:
            self._holdings = self._counted()
            self._changed.clear()
        return self._holdings

    def _counted(self) -> dict[Asset, Balance]:
        before, changed = self._holdings, self._changed
        return {
            asset: Balance(total=total, held=min(self._held_of(asset), total))
            if asset in changed
            else before[asset]
            for asset, total in self._totals.items()
            if total
        }

    def _held_of(self, asset: Asset) -> Decimal:
        """Return what open orders hold of an asset."""
        open_there = (each for each in self._open.values() if each.asset_held == asset)
        return sum((each.held for each in open_there), ZERO)

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        """Return what fills of pairs cost now."""
        rates = self._rates(self._clock())
        return {each.name: rates for each in pairs}

    def _rates(self, moment: datetime) -> FeeRates:
        return self._fees.at(moment, self._traded_lately.at(moment))

    # what it is told

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what is sent."""
        return {"pair": order.pair, "cl_ord_id": order.cl_ord_id, "volume": str(order.qty)}

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        """Take an order; it is in the market once it has arrived.

        Raises:
            OrderRefusedError: it breaks a rule of its pair.
            FundsRefusedError: the account does not have enough.
        """
        pair = self._listing.pairs.get(order.pair)
        if pair is None:
            raise OrderRefusedError(f"EQuery:Unknown asset pair: {order.pair}")
        _require_rules(order, pair)
        self._require_funds(order, pair)
        placed = self._opened(order, pair)
        self._foresee(placed, (placed.opened_at + self._model.latency).timestamp(), "arrive")
        if order.time_in_force == "GTD":
            self._foresee(placed, order.expires_at.timestamp(), "expire")
        return Placed(
            kraken_order_id=placed.kraken_order_id,
            description=f"{order.side} {order.qty} {order.pair} @ {order.order_type}",
        )

    def _opened(self, order: Order, pair: Pair, *, closes: str | None = None) -> Resting:
        self._serial += 1
        opened = Resting(
            kraken_order_id=f"OB{self._serial:08}",
            order=order,
            pair=pair,
            column=self._tape.column(order.pair),
            opened_at=self._clock(),
            qty=order.qty,
            limit=order.limit_price if order.order_type in LIMITED else None,
            trigger=None if order.trigger is None else order.trigger.price,
            waits=order.trigger is not None,
            is_taker=order.order_type == "market",
            closes=closes,
        )
        self._open[opened.kraken_order_id] = opened
        self._changed.add(opened.asset_held)
        return opened

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        """Take several orders, each by itself, and say what became of each."""
        answers: list[Placed | Rehearsed | OrderRefusedError] = []
        for order in orders:
            try:
                answers.append(self.add(order, deadline=deadline))
            except OrderRefusedError as refusal:
                answers.append(refusal)
        return tuple(answers)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        self.amended(kraken_order_id, amendment)
        return Amended(amend_id=f"AB{self._serial:08}", kraken_order_id=kraken_order_id)

    def amended(self, kraken_order_id: str, amendment: Amendment) -> OrderReport:
        """Change an order that rests, and show it.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        resting = self._known(kraken_order_id)
        self._changed.add(resting.asset_held)
        resting.qty = amendment.qty or resting.qty
        if amendment.limit_price is not None:
            resting.limit = amendment.limit_price
        if amendment.trigger_price is not None:
            resting.trigger = amendment.trigger_price
        self._serial += 1
        if resting.arrived is not None:
            # with its new terms it may trade at once
            self._foresee(resting, self._clock().timestamp(), "arrive")
        return resting.report()

    def cancel(self, kraken_order_id: str) -> None:
        """Take an order out of the market.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        self.withdrawn(kraken_order_id)

    def withdrawn(self, kraken_order_id: str) -> OrderReport:
        """Take an order out of the market, and show it.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        resting = self._known(kraken_order_id)
        self._end(resting, "canceled")
        return resting.report()

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        """Take orders out of the market; what is not open is passed over."""
        known = [self._open[each] for each in kraken_order_ids if each in self._open]
        for each in known:
            self._end(each, "canceled")
        return len(known)

    # what happens

    def next_before(self, until: float) -> float | None:
        """Return when something happens next, Unix seconds; None if nothing does up to then."""
        at = self.next_at()
        return at if at is not None and at <= until else None

    def next_at(self) -> float | None:
        """Return when something happens next, Unix seconds; None if nothing will."""
        while self._queue:
            at, _, name, turn, what = self._queue[0]
            resting = self._open.get(name)
            if resting is not None and (what == "expire" or turn == resting.turn):
                return at
            heappop(self._queue)
        return None

    def happen(self) -> Happened | None:
        """Let the next thing happen, and tell of it; None where nobody would hear of it."""
        if self.next_at() is None:
            return None
        at, _, name, _, what = heappop(self._queue)
        resting = self._open[name]
        if what == "expire":
            self._end(resting, "expired")
            return Happened(report=resting.report(), trade=None)
        if what == "reach":
            return self._fill(resting, at, self._limit_of(resting), is_maker=True)
        if what == "fire":
            resting.waits, resting.is_taker = False, resting.limit is None
        return self._arrive(resting, at)

    def _arrive(self, resting: Resting, at: float) -> Happened | None:
        """Let an order meet the market."""
        order = resting.order
        resting.arrived = at if resting.arrived is None else resting.arrived
        if resting.waits:
            self._wait(resting, at)
            return None
        price = self._tape.price(resting.column, at)
        crossing = (
            None if price is None else self._crossing(resting, _told(price, resting.pair.tick))
        )
        if crossing is None:
            return self._stays_or_ends(resting, at)
        if order.post_only:
            self._end(resting, "canceled", reason="Post only order")
            return Happened(report=resting.report(), trade=None)
        return self._fill(resting, at, crossing, is_maker=False)

    def _crossing(self, resting: Resting, price: Decimal) -> Decimal | None:
        """Return at which price an order trades at once; None where its limit forbids it."""
        worse, tick = self._crossing_share, resting.pair.tick
        best = self._beside(price, resting.order.side, self._half_spread, tick)
        limit = resting.limit
        if limit is None:
            return self._beside(price, resting.order.side, worse, tick)
        if best > limit if resting.buys else best < limit:
            return None
        taken = self._beside(price, resting.order.side, worse, tick)
        return min(taken, limit) if resting.buys else max(taken, limit)

    @staticmethod
    def _beside(price: Decimal, side: Side, share: Decimal, tick: Decimal) -> Decimal:
        """Return what whoever takes pays or gets, on the tick and never better than assumed."""
        if side is Side.BUY:
            return round_up(price * (ONE + share), tick)
        return max(round_down(price * (ONE - share), tick), tick)

    def _fill(
        self, resting: Resting, at: float, price: Decimal, *, is_maker: bool
    ) -> Happened | None:
        """Fill what the bar's volume leaves, and see what becomes of the rest."""
        row = self._tape.row(at)
        qty = min(resting.left, self._room(resting, row))
        if resting.order.time_in_force == "FOK" and qty < resting.left:
            qty = ZERO
        if qty <= 0:
            return self._stays_or_ends(resting, at, is_dry=True)
        self._taken[resting.column, row] += qty
        trade = self._traded(resting, at, price, qty, is_maker=is_maker)
        if not resting.left:
            self._end(resting, "closed")
        elif resting.order.time_in_force in UNFILLED:
            # what traded in part and may not rest is closed, as on Kraken
            self._end(resting, "closed", reason=UNFILLED[resting.order.time_in_force])
        else:
            self._go_on(resting, at)
        child = self._closing(resting, at, qty)
        return Happened(report=resting.report(), trade=trade, child=child)

    def _closing(self, resting: Resting, at: float, qty: Decimal) -> OrderReport | None:
        """Place what closes a fill, where that was asked for: it is in the market at once."""
        close = resting.order.close
        if close is None:
            return None
        order = closing(resting.order, close, qty)
        child = self._opened(order, resting.pair, closes=resting.kraken_order_id)
        self._foresee(child, at, "arrive")
        return child.report()

    def _stays_or_ends(
        self, resting: Resting, at: float, *, is_dry: bool = False
    ) -> Happened | None:
        """Let an order rest that may; one that may not is over."""
        if resting.order.time_in_force in UNFILLED and not resting.order.trigger:
            self._end(resting, "canceled", reason=UNFILLED[resting.order.time_in_force])
            return Happened(report=resting.report(), trade=None)
        if is_dry or resting.is_taker:
            self._go_on(resting, at)
        else:
            self._wait(resting, at)
        return None

    def _go_on(self, resting: Resting, at: float) -> None:
        """Go on in the next bar in which anything trades."""
        row = self._tape.next_bar(resting.column, self._tape.row(at))
        if row is None:
            return
        opened = float(self._tape.opened(row))
        if resting.is_taker:
            self._foresee(resting, opened, "arrive")
        else:
            self._wait(resting, opened)

    def _wait(self, resting: Resting, at: float) -> None:
        """Foresee when the market comes to an order that rests."""
        if resting.waits:
            fires = self._fires(resting, at)
            if fires is not None:
                self._foresee(resting, fires, "fire")
            return
        edge = ONE + self._half_spread if resting.buys else ONE - self._half_spread
        found = self._reached(
            resting, self._limit_of(resting) / edge, at, below=resting.buys, touch=False
        )
        if found is not None:
            self._foresee(resting, found, "reach")

    def _fires(self, resting: Resting, at: float) -> float | None:
        """Return when the trigger of an order fires, Unix seconds; None if it does not."""
        order = resting.order
        if resting.trigger is None:
            return self._turns_back(resting, at)
        # a stop sells below, or buys above; what takes a profit the other way round
        below = (order.side is Side.SELL) is order.order_type.startswith("stop-loss")
        return self._reached(resting, resting.trigger, at, below=below, touch=True)

    def _turns_back(self, resting: Resting, at: float) -> float | None:
        """Return when the price has come back from its best since the order arrived by so much."""
        trigger, tick = resting.order.trigger, resting.pair.tick
        share = ZERO if trigger is None else (trigger.trail_pct or ZERO) * PERCENT
        kept = ONE + share if resting.buys else ONE - share

        def stop_of(best: float) -> float:
            ticks = (exact(best) * kept / tick).to_integral_value(ROUND_HALF_UP)
            return float(ticks * tick)

        # a change of the order does not make its best price anew
        since = at if resting.arrived is None else resting.arrived
        return self._tape.turned_back(
            resting.column,
            stop_of,
            start=since,
            until=float(self._tape.ends),
            rising=resting.buys,
        )

    def _reached(
        self, resting: Resting, price: Decimal, at: float, *, below: bool, touch: bool
    ) -> float | None:
        until = float(self._tape.ends)
        if resting.order.time_in_force == "GTD":
            until = min(until, resting.order.expires_at.timestamp())
        return self._tape.reached(
            resting.column, float(price), start=at, until=until, below=below, touch=touch
        )

    def _limit_of(self, resting: Resting) -> Decimal:
        return resting.order.limit_price if resting.limit is None else resting.limit

    def _room(self, resting: Resting, row: int) -> Decimal:
        """Return what of a bar's volume an order may still have."""
        if not self._tape.is_there(resting.column, row):
            return ZERO
        volume = exact(self._tape.volume(resting.column, row)) * self._model.volume_share
        return round_down(volume, resting.pair.lot) - self._taken[resting.column, row]

    def _traded(
        self, resting: Resting, at: float, price: Decimal, qty: Decimal, *, is_maker: bool
    ) -> TradeReport:
        pair, moment = resting.pair, datetime.fromtimestamp(at, UTC)
        cost = price * qty
        if pair.cost_decimals is not None:
            cost = round(cost, pair.cost_decimals)
        rates = self._rates(moment)
        fee = fee_of(cost, rates, is_maker=is_maker, decimals=pair.cost_decimals)
        resting.filled, resting.cost = resting.filled + qty, resting.cost + cost
        resting.fee += fee
        self._changed.update((pair.base, pair.quote))
        sign = 1 if resting.buys else -1
        self._totals[pair.base] += sign * qty
        self._totals[pair.quote] -= sign * cost + fee
        if self._fees.has_tiers:
            self._traded_lately.add(moment, cost * resting.order.quote_rate)
        self._trades += 1
        return TradeReport(
            trade_id=f"TB{self._trades:08}",
            kraken_order_id=resting.kraken_order_id,
            pair=pair.name,
            side=resting.order.side,
            price=Price(price),
            qty=Qty(qty),
            cost=cost,
            fee=fee,
            maker=is_maker,
            at=moment,
        )

    def _end(self, resting: Resting, status: str, *, reason: str | None = None) -> None:
        resting.status = status
        resting.reason = ENDS[status] if reason is None else reason
        resting.turn += 1
        del self._open[resting.kraken_order_id]
        self._changed.add(resting.asset_held)

    def _foresee(self, resting: Resting, at: float, what: str) -> None:
        if what != "expire":
            resting.turn += 1
        self._serial += 1
        entry = (at, self._serial, resting.kraken_order_id, resting.turn, what)
        heappush(self._queue, entry)

    def _known(self, kraken_order_id: str) -> Resting:
        if kraken_order_id not in self._open:
            raise OrderRefusedError("EOrder:Unknown order")
        return self._open[kraken_order_id]

    def ticker(self, name: str) -> Ticker | None:
        """Return the ticker of a pair by our name; None before it ever traded."""
        now = self._clock()
        if now != self._told_at:
            self._told_at, self._told = now, {}
        if name not in self._told:
            self._told[name] = self._ticker(self._listing.pairs[name])
        return self._told[name]

    def _ticker(self, pair: Pair) -> Ticker | None:
        column, at = self._tape.column(pair.name), self._clock().timestamp()
        told = self._tape.price(column, at)
        if told is None:
            return None
        last = _told(told, pair.tick)
        volume, turnover = self._tape.day_before(column, at)
        return Ticker(
            bid=Price(self._beside(last, Side.SELL, self._half_spread, pair.tick)),
            ask=Price(self._beside(last, Side.BUY, self._half_spread, pair.tick)),
            last=Price(last),
            volume_24h=exact(volume),
            vwap_24h=exact(turnover / volume) if volume else ZERO,
        )

    def _require_funds(self, order: Order, pair: Pair) -> None:
        asset = pair.quote if order.side is Side.BUY else pair.base
        total = self._totals[asset]
        held = self._held_of(asset)
        needed: Decimal = order.qty
        if order.side is Side.BUY:
            needed *= order.limit_price * (1 + self._rates(self._clock()).worst_share)
        if needed > total - held:
            raise FundsRefusedError("EOrder:Insufficient funds")


def over_bars(asked: Backtest, rules: Rules, tape: Tape, clock: Clock) -> BarExchange:
    """Open an exchange over bars, with nothing but cash."""
    funds = {rules.base_currency: asked.cash}
    return BarExchange(tape, rules.listing, asked.model, asked.fees, funds, clock)


def _told(price: float, tick: Decimal) -> Decimal:
    """Return a price of the tape; one that is off the tick by rounding alone is put on it."""
    told = exact(price)
    near = (told / tick).to_integral_value() * tick
    return near if abs(told - near) <= told * NOISE else told


class _Tickers(Mapping[str, Ticker]):
    """The tickers of now, each made when it is asked for."""

    def __init__(self, exchange: BarExchange) -> None:
        self._exchange = exchange
        self._names = exchange.listing().pairs

    def __getitem__(self, name: str) -> Ticker:
        found = self._exchange.ticker(name) if name in self._names else None
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._exchange.ticker(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _require_rules(order: Order, pair: Pair) -> None:
    """Refuse what Kraken refuses.

    Raises:
        OrderRefusedError: the order breaks a rule of its pair.
    """
    if order.qty < pair.min_qty:
        raise OrderRefusedError("EGeneral:Invalid arguments:volume minimum not met")
    if order.qty * order.limit_price < pair.min_cost:
        raise OrderRefusedError("EOrder:Cost minimum not met")
    if order.order_type in LIMITED and order.limit_price % pair.tick:
        raise OrderRefusedError("EOrder:Tick size check failed")
    if order.qty % pair.lot:
        raise InvalidValueError(f"qty {order.qty} is not on the lot {pair.lot}")
