"""Which planned orders go now, in which order, and which wait; `sending` sends them."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.attempts import may_leave_at
from kraken_pipeline.domain.errors import ExchangeError
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.order_checks import Filing, faults_of
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, FATE_OPEN, Order, State
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.unknowns import Wanted, block, unknown_of
from kraken_pipeline.services.orders.sending import SendDesk, Sender, lease_of
from kraken_pipeline.services.orders.smaller import smaller_qty
from kraken_pipeline.services.ports.exchange import Clock, Holding, Quoting
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.services.ports.orders import OrderWriting

FRESH: Final = timedelta(seconds=10)
"""What was planned longer ago is held against the pair and the market anew before it goes."""
MOST_TOGETHER: Final = 15
"""Orders in one request. Source: Kraken's AddOrderBatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDesk:
    """What sending needs."""

    namespace: Namespace
    """Whose orders it sends; no other's."""
    orders: OrderWriting
    gateway: Gateway
    market: Quoting
    account: Holding
    equity: Callable[[], Decimal]
    """NAV, in base currency; zero where it is not known."""
    panic_is_latched: Callable[[], bool]
    is_guarded: Callable[[Order], bool]
    """Whether the dead man's switch stands over an order that would rest; arms it for the first."""
    opening_objection: Callable[[], str]
    """Why no buy may go now: books and exchange are not known to agree. Asked where anything waits
    to be sent; it looks at every order that may be at the exchange first."""
    owner: str
    """Who takes the lease: the run or the command."""
    lease: timedelta
    deadline: timedelta
    """How long the engine may take an order after it was sent (OMS-4)."""
    max_plan_age: timedelta
    min_notional: Decimal
    """Of a buy, in base currency."""
    funds_cooldown: timedelta
    """How long nothing opens on a pair that was refused for want of funds (OMS-17)."""
    max_at_exchange: int
    """Orders that may be at the exchange together before the next buy waits."""
    leaves_room: Callable[[Order], bool]
    """Whether a sale and what may sell beside it fit into what its book holds (F-STP-3)."""
    clock: Clock


def submit(desk: SubmitDesk) -> Counter[str]:
    """Send every planned order once, reductions first, and count what became of them.

    An order that a dead run left in SENDING becomes UNKNOWN first: it is settled by evidence and
    never sent again. What can not go now stays planned until its plan is too old. Once the exchange
    turned an order away unread, the rest waits: it would go the same way. Orders of one pair and
    side go in one request.

    The panic file and every halt stop what opens; what reduces goes (INV-7). What would rest waits
    until the dead man's switch is certain to be armed (DMS-2). A buy waits until every order that
    may be at the exchange was looked at, and books and exchange agree (contract 11.3). While the
    fate of an order is unknown, others wait for it as far as it reaches (OMS-10). What waited is
    held against the pair and the market anew before it goes (OMS-6, OMS-8).

    Returns:
        State or `waiting`, to how many orders; an order that was attempted twice counts twice.

    Raises:
        LeaseLostError: another process sends now; every order stays planned.
        AuthError: the key was refused; the order is rejected, the rest stays planned.
        ConfigurationError: nothing can be sent as things are set up; the order is rejected, the
            rest stays planned.
    """
    sender = Sender(_send_desk(desk))
    try:
        return _Round(desk, sender).send_all()
    finally:
        desk.orders.release_lease(lease_of(desk.namespace), owner=desk.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The market as it is now."""

    listing: Listing
    tickers: Mapping[str, Ticker]
    system_status: str


class _Round:
    """One pass over what is planned."""

    def __init__(self, desk: SubmitDesk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender
        self._taken: set[str] = set()
        """Ours that take a place at the exchange, by our id."""
        self._doubtful: dict[str, Order] = {}
        """Ours of open fate, by our id."""
        self._is_unguarded = False
        self._objection = ""
        self._looked = False
        self._look: _Look | None = None

    def send_all(self) -> Counter[str]:
        """Send what is planned; see `submit`."""
        planned = sorted(self._taken_over(), key=_rank)
        alike: defaultdict[tuple[str, Side], deque[Order]] = defaultdict(deque)
        for order in planned:
            alike[order.pair, order.side].append(order)
        counts: Counter[str] = Counter()
        done: set[str] = set()
        for order in planned:
            if order.local_id in done:
                continue
            done.add(order.local_id)
            kept_back = self._kept_back(order)
            group = [] if kept_back else self._group(order, alike[order.pair, order.side], done)
            done |= {each.local_id for each in group}
            for each in [kept_back] if kept_back else self._sender.send(group):
                self._note(each)
                counts["waiting" if each.state is State.PLANNED else each.state] += 1
        return counts

    def _taken_over(self) -> list[Order]:
        """Doubt what a dead run began to send, and return what is planned then."""
        found = _own_orders(self._desk)
        for order in found:
            if order.state is State.SENDING:
                self._sender.doubt(order)
        if any(each.state is State.PLANNED for each in found):
            self._objection = self._desk.opening_objection()
        found = _own_orders(self._desk)
        for order in found:
            self._note(order)
        return [each for each in found if each.state is State.PLANNED]

    def _note(self, order: Order) -> None:
        self._taken.discard(order.local_id)
        self._doubtful.pop(order.local_id, None)
        if _takes_a_place(order):
            self._taken.add(order.local_id)
        if order.state in FATE_OPEN:
            self._doubtful[order.local_id] = order

    def _group(self, order: Order, alike: deque[Order], done: Collection[str]) -> list[Order]:
        """Return what goes in one request: an order, and those of its pair and side that may too.

        Args:
            order: that goes.
            alike: planned orders of its pair and side; those that were looked at are taken out.
            done: our ids of those that were judged already.
        """
        group = [order]
        while alike and len(group) < MOST_TOGETHER:
            other = alike.popleft()
            if other.local_id in done or not _goes_with(order, other):
                continue
            is_fine = not (self._staleness(other) or self._fault(other))
            if is_fine and not self._must_wait(other, len(group)):
                group.append(other)
        return group

    def _kept_back(self, order: Order) -> Order | None:
        """Return an order that does not go now, as it is then; None for one that goes."""
        staleness = self._staleness(order)
        if staleness:
            return self._sender.withdraw(order, staleness)
        fault = self._fault(order)
        if fault:
            return self._sender.reject(order, fault)
        return order if self._must_wait(order, 0) else None

    def _must_wait(self, order: Order, sent_with: int) -> bool:
        """Tell whether an order stays planned for now.

        Args:
            order: that is planned.
            sent_with: how many go with it.
        """
        return (
            self._sender.is_turned_away
            or self._desk.clock() < may_leave_at(order)
            or self._is_blocked(order)
            or self._may_not_open(order, sent_with)
            or not self._desk.leaves_room(order)
            or not self._is_guarded(order)
        )

    def _is_blocked(self, order: Order) -> bool:
        """Whether the fate of another order has to be known first (OMS-10)."""
        if not self._doubtful:
            return False
        now = self._desk.clock()
        found = (unknown_of(each, now=now) for each in self._doubtful.values())
        wanted = Wanted(
            pair=order.pair,
            asset=order.base,
            strategy_id=order.strategy_id,
            opens=order.side is Side.BUY,
        )
        equity = self._desk.equity() if wanted.opens else ZERO
        unknowns = [each for each in found if each is not None]
        return block(unknowns, wanted, equity=equity) is not None

    def _may_not_open(self, order: Order, sent_with: int) -> bool:
        """However many buys rest there, and whatever is not known of the books, an exit goes."""
        if order.side is Side.SELL:
            return False
        is_full = len(self._taken) + sent_with >= self._desk.max_at_exchange
        is_blind = self._is_aged(order) and self._market_now() is None
        return is_full or bool(self._objection) or is_blind

    def _is_guarded(self, order: Order) -> bool:
        """What could not be armed for one buy is not tried again for the next."""
        if self._is_unguarded and order.side is Side.BUY:
            return False
        is_guarded = self._desk.is_guarded(order)
        self._is_unguarded = not is_guarded
        return is_guarded

    def _staleness(self, order: Order) -> str:
        now = self._desk.clock()
        age = now - order.created_at
        if age > self._desk.max_plan_age:
            return f"PLAN_AGE: age={age}, max={self._desk.max_plan_age}"
        if order.side is Side.BUY and now >= order.expires_at:
            return f"INTENT_EXPIRED: now={now}, expires_at={order.expires_at}"
        return ""

    def _fault(self, order: Order) -> str:
        """Return what the pair and the market have against an order that waited by now (OMS-6)."""
        look = self._market_now() if self._is_aged(order) else None
        if look is None:
            return ""
        pair = look.listing.pairs.get(order.pair)
        if pair is None:
            return f"PAIR_STATUS: {order.pair} is not listed any more"
        filing = Filing(
            order=order,
            pair=pair,
            ticker=look.tickers.get(order.pair),
            system_status=look.system_status,
        )
        return "; ".join(str(each) for each in faults_of(filing))

    def _is_aged(self, order: Order) -> bool:
        return self._desk.clock() - order.created_at > FRESH

    def _market_now(self) -> _Look | None:
        """Look once a pass; None where the exchange does not answer."""
        if not self._looked:
            self._looked = True
            with suppress(ExchangeError):
                self._look = _Look(
                    listing=self._desk.market.listing(),
                    tickers=self._desk.market.tickers(),
                    system_status=self._desk.market.system_status(),
                )
        return self._look


def _send_desk(desk: SubmitDesk) -> SendDesk:
    def smaller(order: Order) -> Qty:
        return smaller_qty(
            order,
            [each for each in _own_orders(desk) if each.local_id != order.local_id],
            market=desk.market,
            account=desk.account,
            min_notional=desk.min_notional,
        )

    return SendDesk(
        namespace=desk.namespace,
        orders=desk.orders,
        gateway=desk.gateway,
        panic_is_latched=desk.panic_is_latched,
        smaller_qty=smaller,
        funds_cooldown=desk.funds_cooldown,
        owner=desk.owner,
        lease=desk.lease,
        deadline=desk.deadline,
        clock=desk.clock,
    )


def _own_orders(desk: SubmitDesk) -> list[Order]:
    return [each for each in desk.orders.reserving() if each.namespace is desk.namespace]


def _goes_with(order: Order, other: Order) -> bool:
    """Stops, and what was refused before, go by themselves."""
    return all(each.attempt == 1 and each.purpose is not Purpose.PROTECT for each in (order, other))


def _takes_a_place(order: Order) -> bool:
    """A stop that waits keeps no buy from being sent: it opens nothing."""
    return order.state in AT_THE_EXCHANGE and order.purpose is not Purpose.PROTECT


def _rank(order: Order) -> tuple[bool, datetime, str]:
    return order.side is Side.BUY, order.created_at, order.local_id
