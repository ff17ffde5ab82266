"""The exchange once more, as simply as it can be told: lists, loops, and every print looked at.

It takes from the simulator what the market is, its prints and the crowd's orders, and nothing of
what is done with them: matching, funds, fees, minimums, triggers and time are written anew here.

Source: kraken/rest.md §4 to §6, kraken/errors.md §2, kraken.com/features/fee-schedule.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator import candles, house
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.market import Market, last_price
from kraken_pipeline_tests.simulator.naive_orders import ZERO, Ask, Fill, cut

MICROSECOND: Final = timedelta(microseconds=1)
SCHEDULE: Final = (
    *((0, "0.40", "0.80"), (2500, "0.30", "0.60"), (10_000, "0.22", "0.38")),
    *((25_000, "0.20", "0.35"), (50_000, "0.15", "0.30"), (100_000, "0.12", "0.25")),
    *((250_000, "0.10", "0.22"), (500_000, "0.08", "0.20"), (1_000_000, "0.06", "0.18")),
)
"""30-day volume in USD, and what makers and takers pay, percent."""
STABLE_SCHEDULE: Final = ((0, "0.20", "0.20"), (50_000, "0.16", "0.16"), (100_000, "0.12", "0.12"))
STABLE: Final = {"USD", "USDT", "EUR"}


@dataclass
class Naive:
    """An account on a market."""

    market: Market
    position: datetime
    balances: dict[str, Decimal] = field(default_factory=dict)
    open: list[Ask] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    ledger: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    """Asset, amount, fee."""
    timer: datetime | None = None
    taken: int = 0
    """How many orders were taken; the last of them has this number."""

    def last(self, pair: Pair, at: datetime) -> Decimal:
        """Return the price of the last print."""
        return last_price(self.market, pair, at.timestamp())

    def prints(self, pair: Pair, start: datetime, end: datetime) -> Iterator[tuple[float, Decimal]]:
        """Yield the time and price of every print after one moment, up to and with another."""
        for candle in self._minutes(pair, start, end):
            first = candles.prints_until(candle, start.timestamp())
            for number in range(first, candles.prints_until(candle, end.timestamp())):
                price = pair.price(candles.print_price(candle, number))
                yield candles.print_time(candle, number), price

    def _minutes(self, pair: Pair, start: datetime, end: datetime) -> Iterator[candles.Candle]:
        minute = int(start.timestamp()) // 60 * 60
        while minute < end.timestamp():
            found = self.market.finest(pair, minute)
            assert found is not None
            yield found
            minute += 60

    # what an order costs

    def rates(self, pair: Pair, now: datetime) -> tuple[Decimal, Decimal]:
        """Return the shares that makers and takers pay."""
        since = now - timedelta(days=30)
        volume = sum((fill.usd for fill in self.fills if fill.at > since), ZERO)
        stable = {pair.base.altname, pair.quote.altname} <= STABLE
        rows = [row for row in (STABLE_SCHEDULE if stable else SCHEDULE) if row[0] <= volume]
        return Decimal(rows[-1][1]) / 100, Decimal(rows[-1][2]) / 100

    def held(self, order: Ask) -> tuple[Asset, Decimal]:
        """Return what an order holds, without fees."""
        if not order.buys:
            return order.pair.base, order.left
        if order.in_quote:
            return order.pair.quote, order.left
        return order.pair.quote, order.left * (order.price or order.stop or order.last)

    def reserve(self, order: Ask, now: datetime) -> tuple[str, Decimal]:
        """Return the most that an order can still take from an asset."""
        asset, amount = self.held(order)
        if order.buys is not order.fee_in_base:
            amount *= 1 + self.rates(order.pair, now)[1]
        return asset.id, cut(amount, asset.decimals, ROUND_CEILING)

    def holds(self) -> dict[str, Decimal]:
        """Return what open orders hold by asset."""
        total: dict[str, Decimal] = {}
        for order in self.open:
            asset, amount = self.held(order)
            total[asset.id] = total.get(asset.id, ZERO) + amount
        return total

    def free(self, asset: Asset, now: datetime, but: Ask) -> Decimal:
        """Return what an order may spend."""
        kept = [self.reserve(order, now) for order in self.open if order is not but]
        used = sum((amount for name, amount in kept if name == asset.id), ZERO)
        return self.balances.get(asset.id, ZERO) - used

    # what can be done

    def deposit(self, asset: Asset, amount: Decimal) -> None:
        """Bring funds in."""
        self._row(asset, amount, ZERO)

    def cancel(self, identity: int) -> None:
        """Take an order away."""
        self.open = [order for order in self.open if order.id != identity]

    def place(self, order: Ask, now: datetime) -> str | None:
        """Take an order; return why not."""
        order.last = self.last(order.pair, now)
        if order.trail is not None:
            order.peak = order.last
            order.follow(order.last)
        problem = self._problem(order)
        if problem is not None:
            return problem
        order.waits = order.stop is not None
        order.ends = now + timedelta(seconds=order.lives) if order.lives else None
        order.id = self.taken + 1
        before = list(self.open)
        self.open.append(order)
        if not self._entered(order, now):
            self.open = before
            return "EOrder:Insufficient funds"
        self.taken += 1
        return None

    def _problem(self, order: Ask) -> str | None:
        pair, volume = order.pair, order.volume
        if volume <= 0 or volume != cut(volume, pair.lot_decimals, ROUND_DOWN):
            return "EGeneral:Invalid arguments:volume"
        if (volume / order.last if order.in_quote else volume) < pair.ordermin:
            return "EGeneral:Invalid arguments:volume minimum not met"
        for price in (order.stop, order.price):
            if price is not None and price != cut(price, pair.pair_decimals, ROUND_DOWN):
                return (
                    f"EOrder:Invalid price:{pair.wsname} price can only be specified"
                    f" up to {pair.pair_decimals} decimals."
                )
            if price is not None and price % pair.tick:
                return "EOrder:Tick size check failed"
        cost = volume if order.in_quote else volume * (order.price or order.stop or order.last)
        return "EOrder:Cost minimum not met" if cost < pair.costmin else None

    def _entered(self, order: Ask, now: datetime) -> bool:
        if order.waits and not order.reached(order.last):
            return self._affordable(order, [], now, left=order.left)
        order.waits = False
        if order.post and any(self._crosses(order, each[0]) for each in self._met(order, now)[:1]):
            affordable = self._affordable(order, [], now, left=order.left)
            self.open.remove(order)
            return affordable
        return self._taken(order, now)

    def _taken(self, order: Ask, now: datetime) -> bool:
        """Trade an order with what stands against it; tell whether its funds suffice."""
        trades, gone, stopped = self._matched(order, now)
        rests = order.price is not None and order.timeinforce in {"GTC", "GTD"}
        traded = sum((qty for _, qty in trades), ZERO)
        left = None if order.in_quote else order.volume - order.executed - traded
        if order.timeinforce == "FOK" and left:
            self.open.remove(order)
            return True
        fills = [self._fill(order, price, qty, now, maker=False) for price, qty in trades]
        if not self._affordable(order, fills, now, left=left if rests else None):
            return False
        self._book(order, fills)
        self.open = [each for each in self.open if each not in gone]
        if not rests or not left or stopped:
            self.open.remove(order)
        return True

    def _matched(
        self, order: Ask, now: datetime
    ) -> tuple[list[tuple[Decimal, Decimal]], list[Ask], bool]:
        trades: list[tuple[Decimal, Decimal]] = []
        gone: list[Ask] = []
        left = order.left
        for price, qty, _, own in self._met(order, now):
            unit = price if order.in_quote else Decimal(1)
            most = cut(left / unit, order.pair.lot_decimals, ROUND_FLOOR)
            if not self._crosses(order, price) or most <= 0:
                break
            if own is not None and order.stp == "cancel-newest":
                return trades, gone, True
            if own is not None:
                gone.append(own)
                if order.stp == "cancel-both":
                    return trades, gone, True
                continue
            trades.append((price, min(qty, most)))
            left -= min(qty, most) * unit
        return trades, gone, False

    def _met(self, order: Ask, now: datetime) -> list[tuple[Decimal, Decimal, int, Ask | None]]:
        """Return what stands against an order, best first: price, qty, rank, whose."""
        mine = [
            (each.price, each.left, rank, each)
            for rank, each in enumerate(self.open)
            if each is not order
            and each.pair is order.pair
            and each.price is not None
            and not each.waits
        ]
        bids = [price for price, _, _, own in mine if own.buys]
        asks = [price for price, _, _, own in mine if not own.buys]
        found: list[tuple[Decimal, Decimal, int, Ask | None]] = []
        found += [each for each in mine if each[3].buys is not order.buys]
        minute = int(now.timestamp()) // 60
        for each in house.ladder(order.pair, self.last(order.pair, now), minute):
            shy = (
                asks and each.price >= min(asks)
                if each.side == "buy"
                else (bids and each.price <= max(bids))
            )
            if each.side != order.side and not shy:
                found.append((each.price, each.qty, each.rank, None))
        sign = 1 if order.buys else -1
        return sorted(found, key=lambda each: (sign * each[0], each[2]))

    @staticmethod
    def _crosses(order: Ask, price: Decimal) -> bool:
        if order.price is None:
            return True
        return price <= order.price if order.buys else price >= order.price

    def _affordable(
        self, order: Ask, fills: list[Fill], now: datetime, *, left: Decimal | None
    ) -> bool:
        asset = order.pair.quote if order.buys else order.pair.base
        needed = sum((fill.cost if order.buys else fill.qty for fill in fills), ZERO)
        if order.buys is not order.fee_in_base:
            needed += sum((fill.fee for fill in fills), ZERO)
        if left:
            traded = sum((fill.qty for fill in fills), ZERO)
            order.executed += traded
            needed += self.reserve(order, now)[1]
            order.executed -= traded
        return needed <= self.free(asset, now, order)

    def _fill(self, order: Ask, price: Decimal, qty: Decimal, at: datetime, *, maker: bool) -> Fill:
        pair = order.pair
        cost = cut(price * qty, pair.cost_decimals, ROUND_HALF_UP)
        rate = self.rates(pair, at)[0 if maker else 1]
        paid, decimals = (
            (qty, pair.base.decimals) if order.fee_in_base else (cost, pair.cost_decimals)
        )
        return Fill(
            order=order.id,
            price=price,
            qty=qty,
            cost=cost,
            fee=cut(paid * rate, decimals, ROUND_HALF_UP),
            maker=maker,
            at=at,
            usd=cut(self._usd(pair.quote, cost, at), 4, ROUND_HALF_UP),
        )

    def _usd(self, asset: Asset, amount: Decimal, at: datetime) -> Decimal:
        if asset.altname == "USD":
            return amount
        pair = self.market.listing.pair(f"{asset.altname}/USD")
        assert pair is not None
        return amount * self.last(pair, at)

    def _book(self, order: Ask, fills: list[Fill]) -> None:
        pair = order.pair
        for fill in fills:
            self.fills.append(fill)
            order.executed += fill.qty
            order.cost += fill.cost
            sign = 1 if order.buys else -1
            base_fee, quote_fee = (fill.fee, ZERO) if order.fee_in_base else (ZERO, fill.fee)
            self._row(pair.base, sign * fill.qty, base_fee)
            self._row(pair.quote, -sign * fill.cost, quote_fee)

    def _row(self, asset: Asset, amount: Decimal, fee: Decimal) -> None:
        amount, fee = (cut(each, asset.decimals, ROUND_DOWN) for each in (amount, fee))
        self.ledger.append((asset.id, amount, fee))
        self.balances[asset.id] = self.balances.get(asset.id, ZERO) + amount - fee

    # what time brings

    def advance(self, now: datetime) -> None:
        """Let the market run up to now."""
        while True:
            due = [at for at in [self.timer, *(each.ends for each in self.open)] if at is not None]
            moment = min([at for at in due if at <= now], default=None)
            self._run(now if moment is None else moment)
            if moment is None:
                return
            self.open = [each for each in self.open if each.ends is None or each.ends > moment]
            if self.timer is not None and self.timer <= moment:
                self.open, self.timer = [], None

    def _run(self, moment: datetime) -> None:
        while self.position < moment:
            firing = [(self._fires(each, moment), each) for each in self.open if each.waits]
            stop = min([at for at, _ in firing if at is not None], default=moment)
            self._rest(self.position, stop)
            for order in self.open:
                if order.waits:
                    self._watch(order, self.position, stop)
            self.position = stop
            for at, order in firing:
                if at == stop and order in self.open:
                    order.waits = False
                    if not self._taken(order, stop):
                        self.open.remove(order)

    def _fires(self, order: Ask, moment: datetime) -> datetime | None:
        stop, peak = order.stop, order.peak
        found = self._watch(order, self.position, moment)
        order.stop, order.peak = stop, peak
        if found is None:
            return None
        at = datetime.fromtimestamp(found, UTC)
        at = at if at.timestamp() >= found else at + MICROSECOND
        return min(max(at, self.position + MICROSECOND), moment)

    def _watch(self, order: Ask, start: datetime, end: datetime) -> float | None:
        """Return when a print fires an order; its stop follows all that come before."""
        for at, price in self.prints(order.pair, start, end):
            if order.reached(price):
                return at
            order.follow(price)
        return None

    def _rest(self, start: datetime, stop: datetime) -> None:
        """Fill orders that rest, each in its moment."""
        hits: list[tuple[float, Ask, Decimal]] = []
        for key in sorted({each.pair.key for each in self.open}):
            mine = [o for o in self.open if o.pair.key == key and o.price and not o.waits]
            mine.sort(key=lambda each: (each.price or ZERO) * (-1 if each.buys else 1))
            left = {each.id: each.left for each in mine}
            for candle in self._minutes(mine[0].pair, start, stop) if mine else []:
                for leg in candles.legs(candle, start.timestamp(), stop.timestamp()):
                    hits += self._leg(leg, mine, left)
        for at, order, qty in sorted(hits, key=lambda hit: hit[0]):
            exact = datetime.fromtimestamp(at, UTC)
            when = min(max(exact, self.position), stop)
            assert order.price is not None
            self._book(order, [self._fill(order, order.price, qty, when, maker=True)])
            if not order.left:
                self.open.remove(order)

    @staticmethod
    def _leg(
        leg: candles.Leg, mine: list[Ask], left: dict[int, Decimal]
    ) -> Iterator[tuple[float, Ask, Decimal]]:
        pair = mine[0].pair
        begins, ends = pair.price(leg.price_from), pair.price(leg.price_to)
        share = cut(pair.volume(leg.volume) / 4, pair.lot_decimals, ROUND_DOWN)
        for order in mine:
            assert order.price is not None
            best = min(begins, ends) if order.buys else max(begins, ends)
            if best > order.price if order.buys else best < order.price:
                continue
            ahead = house.queue_ahead(pair, order.price) if best == order.price else ZERO
            qty = min(left[order.id], share - ahead)
            if qty > 0:
                share -= qty
                left[order.id] -= qty
                way = float((order.price - begins) / (ends - begins)) if begins != ends else 1.0
                yield leg.start + (leg.end - leg.start) * min(max(way, 0.0), 1.0), order, qty
