"""The exchange: a market, one account and a clock, and what can be done with them.

Before anything is answered, `advance` runs the market up to now: resting orders fill, orders
expire, the dead man's switch fires, each at its own moment. Every change is written down before it
takes effect.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np

from kraken_pipeline.simulator import fees, flow, house
from kraken_pipeline.simulator.accounts import Account, in_ledger
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.engine import Book, Resting, Side
from kraken_pipeline.simulator.events import (
    Deposited,
    Event,
    Order,
    OrderEnded,
    OrderFilled,
    TimerSet,
)
from kraken_pipeline.simulator.flow import Hit
from kraken_pipeline.simulator.ids import funding_reference, identifier
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.market import Market, last_price

MICROSECOND: Final = timedelta(microseconds=1)
USER_REQUESTED: Final = "User requested"
POST_ONLY: Final = "Post only order"
UNFILLED: Final = {"IOC": "Immediate or cancel", "FOK": "Fill or kill"}
_ANY_HIGH: Final = int(np.iinfo(np.int64).max)


class Exchange:
    """One account on one market."""

    def __init__(self, market: Market, clock: Clock, journal: Journal) -> None:
        """Take up where the journal ends.

        Raises:
            StateError: the journal is damaged.
        """
        self.market: Final = market
        self.clock: Final = clock
        self.journal: Final = journal
        self.account: Final = Account(market.listing)
        self.watchers: Final[list[Callable[[Sequence[Event]], None]]] = []
        """Told of events that happened together, after they took effect."""
        for event in journal.read():
            self.account.apply(event)
        known = [at for at in (journal.position, self.account.latest) if at is not None]
        self._position = max(known, default=clock.now())
        self._last_stamp = self._position

    @property
    def position(self) -> datetime:
        """How far the market has been run."""
        return self._position

    def advance(self) -> datetime:
        """Run the market up to now and return now."""
        now = self.clock.now()
        while (moment := self._next_moment(now)) is not None:
            self._run_to(moment)
            self._end_due(moment)
        self._run_to(now)
        return now

    def status(self, pair: Pair, at: datetime) -> str:
        """Return a pair's status; one that does not trade at a time only takes cancels."""
        return pair.status if self.market.is_open(pair, at.timestamp()) else "cancel_only"

    def last(self, pair: Pair, at: datetime) -> Decimal:
        """Return the pair's last price, quote per base.

        Raises:
            NeverTradedError: the pair had not traded by then.
        """
        return last_price(self.market, pair, at.timestamp())

    def book(self, pair: Pair, at: datetime) -> Book:
        """Return the pair's book: the house's orders and the account's."""
        ladder = house.ladder(pair, self.last(pair, at), int(at.timestamp()) // 60)
        return house.with_own(ladder, self.account.resting().get(pair.key, ()))

    def usd_value(self, asset: Asset, amount: Decimal, at: datetime) -> Decimal | None:
        """Return what an amount is worth in USD at last prices; None if nothing says so."""
        listing = self.market.listing
        if asset.altname == "USD":
            return amount
        pair = listing.pair(f"{asset.altname}/USD")
        if pair is not None:
            return amount * self.last(pair, at)
        upside_down = listing.pair(f"USD/{asset.altname}")
        return amount / self.last(upside_down, at) if upside_down is not None else None

    def deposit(self, asset: Asset, amount: Decimal) -> None:
        """Bring funds in."""
        number = self.account.events
        self.record(
            Deposited(
                at=self.stamp(self.clock.now()),
                asset=asset.id,
                amount=in_ledger(amount, asset),
                refid=funding_reference(*self.run_id(), number),
                ledger_id=identifier("L", *self.run_id(), number),
            )
        )

    def taker_rate(self, pair: Pair, now: datetime) -> Decimal:
        """Return the account's taker fee as a share of the cost, 0 to 1."""
        return fees.tier(pair, self.account.volume_usd(now)).taker * fees.PERCENT

    def cancel(self, orders: Iterable[Order], reason: str = USER_REQUESTED) -> int:
        """Take orders out of the book and return how many."""
        ended = [self.ended(order, "canceled", reason) for order in orders]
        if ended:
            self.record(*ended)
        return len(ended)

    def set_timer(self, trigger: datetime | None) -> None:
        """Set the dead man's switch, or turn it off."""
        self.record(TimerSet(at=self.stamp(self.clock.now()), trigger=trigger))

    def by_cl_ord_id(self, cl_ord_id: str) -> Order | None:
        """Return the open order of that client id, or None."""
        found = (order for order in self.account.open.values() if order.cl_ord_id == cl_ord_id)
        return next(found, None)

    def run_id(self) -> tuple[object, ...]:
        """Return what tells this market's ids from another's."""
        return tuple(sorted(self.market.identity.items()))

    def stamp(self, at: datetime) -> datetime:
        """Return a time for an event: `at`, or just after the last, so that no two are alike."""
        self._last_stamp = max(at.astimezone(UTC), self._last_stamp + MICROSECOND)
        return self._last_stamp

    def record(self, *events: Event) -> None:
        """Write down events that happened together, then let them take effect."""
        self.journal.append(events)
        for event in events:
            self.account.apply(event)
        for told in self.watchers:
            told(events)

    def ended(self, order: Order, status: str, reason: str | None) -> OrderEnded:
        """Return that an order left the book just now."""
        at = self.stamp(self._position)
        return OrderEnded(at=at, order_id=order.id, status=status, reason=reason)

    def _next_moment(self, now: datetime) -> datetime | None:
        moments = [order.expires for order in self.account.open.values()] + [self.account.timer]
        return min((at for at in moments if at is not None and at <= now), default=None)

    def _end_due(self, moment: datetime) -> None:
        due = [o for o in self.account.open.values() if o.expires and o.expires <= moment]
        events: list[Event] = [self.ended(order, "expired", None) for order in due]
        if self.account.timer is not None and self.account.timer <= moment:
            alive = [order for order in self.account.open.values() if order not in due]
            events += [self.ended(order, "canceled", USER_REQUESTED) for order in alive]
            events.append(TimerSet(at=self.stamp(moment), trigger=None))
        self.record(*events)

    def _run_to(self, moment: datetime) -> None:
        if moment <= self._position:
            return
        start, end = self._position.timestamp(), moment.timestamp()
        resting = sorted(self.account.resting().items())
        hits = [hit for key, orders in resting for hit in self._hits(key, orders, start, end)]
        for hit in sorted(hits, key=lambda each: each.at):
            self._fill_resting(hit)
        self._position = moment
        self.journal.position = moment

    def _hits(self, key: str, orders: Sequence[Resting], start: float, end: float) -> Iterator[Hit]:
        pair = self.market.listing.pair(key)
        if pair is None:
            raise LookupError(f"an open order is for {key}, which is not listed here")
        scale = pair.price_decimals
        buys = [int(o.price.scaleb(scale)) for o in orders if o.side is Side.BUY]
        sells = [int(o.price.scaleb(scale)) for o in orders if o.side is Side.SELL]
        reach = self.market.reaching(
            pair, start, end, low=max(buys, default=-1), high=min(sells, default=_ANY_HIGH)
        )
        yield from flow.hits(pair, orders, reach, start, end)

    def _fill_resting(self, hit: Hit) -> None:
        order = self.account.open[hit.order.id]
        pair = self.account.pair_of(order)
        at = datetime.fromtimestamp(hit.at, UTC)
        fill = self.fill(order, pair, (hit.order.price, hit.qty), at, maker=True, first=None)
        ends = [self._ended_at(order, fill)] if hit.qty == order.left else []
        self.record(fill, *ends)

    def _ended_at(self, order: Order, fill: OrderFilled) -> OrderEnded:
        at = self.stamp(fill.at)
        return OrderEnded(at=at, order_id=order.id, status="closed", reason=None)

    def fill(  # noqa: PLR0913 a trade has this many sides, and all but two are named
        self,
        order: Order,
        pair: Pair,
        traded: tuple[Decimal, Decimal],
        at: datetime,
        *,
        maker: bool,
        first: str | None,
        offset: int = 0,
    ) -> OrderFilled:
        """Return that an order traded, with the fee of the account's tier.

        Args:
            order: the account's order.
            pair: its pair.
            traded: price in quote per base, and base.
            at: when.
            maker: whether the order had rested in the book.
            first: the first trade of the same moment; None if this is it.
            offset: how many trades come before it in the same record.
        """
        price, qty = traded
        cost = (price * qty).quantize(
            Decimal(1).scaleb(-pair.cost_decimals), rounding=ROUND_HALF_UP
        )
        now, number = self.stamp(at), self.account.events + offset
        tier = fees.tier(pair, self.account.volume_usd(now))
        trade_id = identifier("T", *self.run_id(), number, order.id)
        return OrderFilled(
            at=now,
            order_id=order.id,
            trade_id=trade_id,
            first_trade_id=first or trade_id,
            number=number + 1,
            price=price,
            qty=qty,
            cost=cost,
            fee=fees.fee(
                pair,
                qty if order.fee_in_base else cost,
                tier.maker if maker else tier.taker,
                in_base=order.fee_in_base,
            ),
            maker=maker,
            usd=self._tier_value(pair, cost, at),
            base_ledger_id=identifier("L", trade_id, "base"),
            quote_ledger_id=identifier("L", trade_id, "quote"),
        )

    def _tier_value(self, pair: Pair, cost: Decimal, at: datetime) -> Decimal:
        """Return what a cost counts for the fee tier, USD; about, where no pair gives a price."""
        value = self.usd_value(pair.quote, cost, at)
        if value is None:
            value = cost * Decimal(str(pair.quote_usd))
        return value.quantize(Decimal("0.0001"))
