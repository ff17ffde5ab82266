"""The floor of the exchange: a market, one account and a clock, and what can be told from them.

Every change is written down before it takes effect.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Protocol

from kraken_pipeline.simulator import fees, house
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.engine import Book, Resting
from kraken_pipeline.simulator.engine_limits import TIERS, Counters
from kraken_pipeline.simulator.events import Event, OrderEnded, OrderFilled
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.market import Market, last_price
from kraken_pipeline.simulator.orders import Order

MICROSECOND: Final = timedelta(microseconds=1)
STRICTER: Final = (
    "online",
    "limit_only",
    "post_only",
    "reduce_only",
    "cancel_only",
    "maintenance",
)
"""What a pair or the whole exchange may be, the stricter the later."""
MATCHING: Final = frozenset({"online", "limit_only", "reduce_only"})
"""In which of these there is trading."""


class Crowd(Protocol):
    """Everyone else who trades: whose orders ours meet, and who meets ours."""

    def is_known(self, pair: Pair) -> bool:
        """Tell whether what they want on a pair is known; if not, nothing can be placed there."""

    def ladder(self, pair: Pair, last: Decimal, at: datetime) -> Iterable[Resting]:
        """Return their orders on a pair, best first on each side.

        Args:
            pair: the market.
            last: its last price, quote per base.
            at: the exchange's time.
        """

    def run_to(self, floor: "Floor", moment: datetime) -> None:
        """Let them trade up to a moment, and set the floor's position to it."""


class Floor:
    """One account on one market."""

    def __init__(self, market: Market, clock: Clock, journal: Journal, crowd: Crowd) -> None:
        """Take up where the journal ends.

        Raises:
            StateError: the journal is damaged.
        """
        self.market: Final = market
        self.clock: Final = clock
        self.journal: Final = journal
        self.crowd: Final = crowd
        self.account: Final = Account(market.listing)
        self.counters: Final = Counters(TIERS["starter"])
        """How often orders may be touched; set its `tier` for an account of another level."""
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

    @position.setter
    def position(self, moment: datetime) -> None:
        self._position = moment
        self.journal.position = moment

    def status(self, pair: Pair, at: datetime) -> str:
        """Return a pair's status; one that does not trade at a time only takes cancels."""
        if not self.market.is_open(pair, at.timestamp()):
            return "cancel_only"
        return self.account.pair_status.get(pair.key, pair.status)

    def mode(self, pair: Pair, at: datetime) -> str:
        """Return what may be done on a pair: the stricter of its own and the exchange's status.

        Where nobody knows what others want, there is nothing but cancels.
        """
        known = "online" if self.crowd.is_known(pair) else "cancel_only"
        return max(self.status(pair, at), self.account.system, known, key=STRICTER.index)

    def is_matching(self, pair: Pair) -> bool:
        """Tell whether orders of a pair trade; a gap in what is recorded needs no telling."""
        own = self.account.pair_status.get(pair.key, pair.status)
        return own in MATCHING and self.account.system in MATCHING

    def rate_counter(self, pair: Pair, now: datetime) -> Decimal:
        """Return what the account's counter of order transactions on a pair shows."""
        return self.counters.value(pair.key, now)

    @property
    def rate_limit(self) -> int:
        """The most that such a counter may show."""
        return self.counters.tier.threshold

    def last(self, pair: Pair, at: datetime) -> Decimal:
        """Return the pair's last price, quote per base.

        Raises:
            NeverTradedError: the pair had not traded by then.
        """
        return last_price(self.market, pair, at.timestamp())

    def book(self, pair: Pair, at: datetime, *, without: Collection[str | None] = ()) -> Book:
        """Return the pair's book: the crowd's orders and the account's, but for some by id."""
        ladder = self.crowd.ladder(pair, self.last(pair, at), at)
        own = [o for o in self.account.resting().get(pair.key, ()) if o.id not in without]
        return house.with_own(ladder, [replace(o, qty=o.shown or o.qty) for o in own])

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

    def taker_rates(self, now: datetime) -> Callable[[Pair], Decimal]:
        """Return what tells the account's taker fee on a pair, as a share of the cost, 0 to 1."""
        volume = self.account.volume_usd(now)
        return lambda pair: fees.tier(pair, volume).taker * fees.PERCENT

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
            refilled=maker and order.shown <= qty < order.left,
        )

    def _tier_value(self, pair: Pair, cost: Decimal, at: datetime) -> Decimal:
        """Return what a cost counts for the fee tier, USD; about, where no pair gives a price."""
        value = self.usd_value(pair.quote, cost, at)
        if value is None:
            value = cost * Decimal(str(pair.quote_usd))
        return value.quantize(Decimal("0.0001"))
