"""The exchange: a market, one account and a clock, and what can be done with them.

Before anything is answered, `advance` runs the market up to now: resting orders fill, orders
expire, the dead man's switch fires, each at its own moment. Every change is written down before it
takes effect.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np

from kraken_pipeline.simulator import fees, flow, house
from kraken_pipeline.simulator.accounts import OWNER, Account, in_ledger, reserved
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.engine import (
    NOTHING,
    Book,
    Incoming,
    Outcome,
    Resting,
    Side,
    crosses,
    match,
)
from kraken_pipeline.simulator.events import (
    Deposited,
    Event,
    Order,
    OrderAmended,
    OrderEnded,
    OrderFilled,
    OrderOpened,
    TimerSet,
)
from kraken_pipeline.simulator.flow import Hit
from kraken_pipeline.simulator.ids import funding_reference, identifier
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.market import Market, last_price
from kraken_pipeline.simulator.order_rules import Wanted
from kraken_pipeline.simulator.params import RefusedError

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

    def last(self, pair: Pair, at: datetime) -> Decimal:
        """Return the pair's last price, quote per base.

        Raises:
            LookupError: the pair had not traded by then.
        """
        return last_price(self.market, pair, at.timestamp())

    def book(self, pair: Pair, at: datetime) -> Book:
        """Return the pair's book: the house's orders and the account's."""
        ladder = house.ladder(pair, self.last(pair, at), int(at.timestamp()) // 60)
        return house.with_own(ladder, self.account.resting(pair))

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
        self._record(
            Deposited(
                at=self._stamp(self.clock.now()),
                asset=asset.id,
                amount=in_ledger(amount, asset),
                refid=funding_reference(*self._run(), number),
                ledger_id=identifier("L", *self._run(), number),
            )
        )

    def taker_rate(self, pair: Pair, now: datetime) -> Decimal:
        """Return the account's taker fee as a share of the cost, 0 to 1."""
        return fees.tier(pair, self.account.volume_usd(now)).taker * fees.PERCENT

    def place(self, wanted: Wanted, now: datetime) -> Order:
        """Accept an order and match it.

        Raises:
            RefusedError: its cl_ord_id is that of an open order, or the funds do not suffice.
        """
        if wanted.cl_ord_id and self.by_cl_ord_id(wanted.cl_ord_id):
            raise RefusedError("EGeneral:Invalid arguments:cl_ord_id not unique")
        order = _order(wanted, identifier("O", *self._run(), self.account.events), self._stamp(now))
        self._record(*self._entered(order, now))
        return self.account.orders[order.id]

    def amend(self, order: Order, *, volume: Decimal, price: Decimal | None, post: bool) -> str:
        """Change an open order in place and return the amend's id.

        An order that now crosses trades at once. One whose new total has traded already ends.

        Raises:
            RefusedError: it may only post and would trade, or the funds do not suffice.
        """
        now = self.advance()
        pair = self.account.pair_of(order)
        event = OrderAmended(
            at=self._stamp(now),
            order_id=order.id,
            amend_id=identifier("T", "amend", *self._run(), self.account.events),
            volume=volume,
            price=price,
            post=post,
        )
        if volume <= order.executed:
            self._record(event, self._ended(order, "closed", None))
            return event.amend_id
        book = _without(self.book(pair, now), order.id)
        outcome = match(
            _incoming(order, pair, volume - order.executed, price), book.against(order.side)
        )
        if outcome.matches and post:
            raise RefusedError(f"EOrder:{POST_ONLY}")
        fills = list(self._fills(order, pair, outcome, now))
        before = self.account.open.pop(order.id)
        try:
            self._check_funds(before, pair, fills, now, left=outcome.left or NOTHING, price=price)
        finally:
            self.account.open[order.id] = before
        ends = [] if outcome.left else [self._ended(order, "closed", None)]
        self._record(event, *fills, *ends)
        return event.amend_id

    def cancel(self, orders: Iterable[Order], reason: str = USER_REQUESTED) -> int:
        """Take orders out of the book and return how many."""
        ended = [self._ended(order, "canceled", reason) for order in orders]
        if ended:
            self._record(*ended)
        return len(ended)

    def set_timer(self, trigger: datetime | None) -> None:
        """Set the dead man's switch, or turn it off."""
        self._record(TimerSet(at=self._stamp(self.clock.now()), trigger=trigger))

    def by_cl_ord_id(self, cl_ord_id: str) -> Order | None:
        """Return the open order of that client id, or None."""
        found = (order for order in self.account.open.values() if order.cl_ord_id == cl_ord_id)
        return next(found, None)

    def _run(self) -> tuple[object, ...]:
        return tuple(sorted(self.market.identity.items()))

    def _stamp(self, at: datetime) -> datetime:
        """Return a time for an event: `at`, or just after the last, so that no two are alike."""
        self._last_stamp = max(at.astimezone(UTC), self._last_stamp + MICROSECOND)
        return self._last_stamp

    def _record(self, *events: Event) -> None:
        self.journal.append(events)
        for event in events:
            self.account.apply(event)

    def _ended(self, order: Order, status: str, reason: str | None) -> OrderEnded:
        at = self._stamp(self._position)
        return OrderEnded(at=at, order_id=order.id, status=status, reason=reason)

    def _next_moment(self, now: datetime) -> datetime | None:
        moments = [order.expires for order in self.account.open.values()] + [self.account.timer]
        return min((at for at in moments if at is not None and at <= now), default=None)

    def _end_due(self, moment: datetime) -> None:
        due = [o for o in self.account.open.values() if o.expires and o.expires <= moment]
        events: list[Event] = [self._ended(order, "expired", None) for order in due]
        if self.account.timer is not None and self.account.timer <= moment:
            alive = [order for order in self.account.open.values() if order not in due]
            events += [self._ended(order, "canceled", USER_REQUESTED) for order in alive]
            events.append(TimerSet(at=self._stamp(moment), trigger=None))
        self._record(*events)

    def _run_to(self, moment: datetime) -> None:
        if moment <= self._position:
            return
        start, end = self._position.timestamp(), moment.timestamp()
        pairs = {self.account.pair_of(order).key for order in self.account.open.values()}
        hits = [hit for key in sorted(pairs) for hit in self._hits(key, start, end)]
        for hit in sorted(hits, key=lambda each: each.at):
            self._fill_resting(hit)
        self._position = moment
        self.journal.position = moment

    def _hits(self, key: str, start: float, end: float) -> Iterator[Hit]:
        pair = self.market.listing.pair(key)
        if pair is None:
            raise LookupError(f"an open order is for {key}, which is not listed here")
        orders = list(self.account.resting(pair))
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
        fill = self._fill(order, pair, (hit.order.price, hit.qty), at, maker=True, first=None)
        ends = [self._ended_at(order, fill)] if hit.qty == order.left else []
        self._record(fill, *ends)

    def _ended_at(self, order: Order, fill: OrderFilled) -> OrderEnded:
        at = self._stamp(fill.at)
        return OrderEnded(at=at, order_id=order.id, status="closed", reason=None)

    def _entered(self, order: Order, now: datetime) -> list[Event]:
        """Return what happens when an order enters the book.

        Raises:
            RefusedError: the funds do not suffice.
        """
        pair = self.account.pair_of(order)
        against = self.book(pair, now).against(order.side)
        opened = OrderOpened(at=order.opened, order=order)
        if (
            "post" in order.oflags
            and against
            and crosses(order.side, order.price, against[0].price)
        ):
            self._check_funds(order, pair, [], now, left=order.left, price=order.price)
            return [opened, self._ended(order, "canceled", POST_ONLY)]
        outcome = match(_incoming(order, pair, order.volume, order.price), against)
        if order.timeinforce == "FOK" and outcome.left:
            return [opened, self._ended(order, "canceled", UNFILLED["FOK"])]
        fills = list(self._fills(order, pair, outcome, now))
        rests = order.price is not None and order.timeinforce in {"GTC", "GTD"}
        stays = bool(outcome.left) and rests and not outcome.met_itself
        left = (outcome.left or NOTHING) if rests else NOTHING
        self._check_funds(order, pair, fills, now, left=left, price=order.price)
        return [opened, *fills, *([] if stays else [self._leaves(order, outcome)])]

    def _leaves(self, order: Order, outcome: Outcome) -> OrderEnded:
        if not outcome.left and outcome.matches:
            return self._ended(order, "closed", None)
        if outcome.met_itself:
            return self._ended(order, "canceled", "Self trade prevention")
        status = "closed" if outcome.matches else "canceled"
        return self._ended(order, status, UNFILLED.get(order.timeinforce, "No liquidity"))

    def _fills(
        self, order: Order, pair: Pair, outcome: Outcome, now: datetime
    ) -> Iterator[OrderFilled]:
        first: str | None = None
        for offset, found in enumerate(outcome.matches):
            fill = self._fill(
                order,
                pair,
                (found.resting.price, found.qty),
                now,
                maker=False,
                first=first,
                offset=offset,
            )
            first = first or fill.trade_id
            yield fill

    def _fill(  # noqa: PLR0913 a trade has this many sides, and all but two are named
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
        price, qty = traded
        cost = (price * qty).quantize(
            Decimal(1).scaleb(-pair.cost_decimals), rounding=ROUND_HALF_UP
        )
        now, number = self._stamp(at), self.account.events + offset
        tier = fees.tier(pair, self.account.volume_usd(now))
        trade_id = identifier("T", *self._run(), number, order.id)
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
            usd=(self.usd_value(pair.quote, cost, at) or NOTHING).quantize(Decimal("0.0001")),
            base_ledger_id=identifier("L", trade_id, "base"),
            quote_ledger_id=identifier("L", trade_id, "quote"),
        )

    def _check_funds(
        self,
        order: Order,
        pair: Pair,
        fills: Sequence[OrderFilled],
        now: datetime,
        *,
        left: Decimal,
        price: Decimal | None,
    ) -> None:
        """Refuse an order that the account can't pay for.

        Raises:
            RefusedError: the funds do not suffice.
        """
        rate = self.taker_rate(pair, now)
        needs = reserved(_remainder(order, left, price), pair, rate) if left else {}
        buys = order.side is Side.BUY
        asset = pair.quote if buys else pair.base
        paid = sum((fill.cost if buys else fill.qty for fill in fills), NOTHING)
        if buys is not order.fee_in_base:
            paid += sum((fill.fee for fill in fills), NOTHING)
        if paid + needs.get(asset.id, NOTHING) > self.account.free(asset, rate):
            raise RefusedError("EOrder:Insufficient funds")


def _order(wanted: Wanted, identity: str, at: datetime) -> Order:
    return Order(
        id=identity,
        pair=wanted.pair.key,
        side=wanted.side,
        ordertype=wanted.ordertype,
        price=wanted.price,
        volume=wanted.volume,
        in_quote=wanted.in_quote,
        oflags=wanted.oflags,
        timeinforce=wanted.timeinforce,
        expires=wanted.expires,
        cl_ord_id=wanted.cl_ord_id,
        userref=wanted.userref,
        opened=at,
    )


def _remainder(order: Order, left: Decimal, price: Decimal | None) -> Order:
    return Order(
        id=order.id,
        pair=order.pair,
        side=order.side,
        ordertype=order.ordertype,
        price=price,
        volume=left,
        oflags=order.oflags,
        opened=order.opened,
    )


def _incoming(order: Order, pair: Pair, volume: Decimal, price: Decimal | None) -> Incoming:
    return Incoming(
        owner=OWNER,
        side=order.side,
        qty=None if order.in_quote else volume,
        limit=price,
        budget=volume if order.in_quote else None,
        lot=pair.lot,
    )


def _without(book: Book, order_id: str) -> Book:
    def others(orders: Iterable[Resting]) -> tuple[Resting, ...]:
        return tuple(order for order in orders if order.id != order_id)

    return Book(bids=others(book.bids), asks=others(book.asks))
