"""Price-time matching of one pair's book; pure.

Better prices trade first, and at one price whoever came first. An order trades at the price of the
order that it meets, never at a worse one than its own, and not with its own account's orders.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final

HOUSE: Final = "house"
"""The owner of the orders that the simulator itself puts into the book."""
NOTHING: Final = Decimal(0)


class Side(StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    @property
    def other(self) -> "Side":
        """The side that it trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An order in the book."""

    id: str
    owner: str
    side: Side
    price: Decimal
    """Quote per base."""
    qty: Decimal
    """What is left of it, base."""
    rank: int
    """When it came, as a number that rises."""
    shown: Decimal | None = None
    """What the book shows of an iceberg, base; None for all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An order that has just arrived."""

    owner: str
    side: Side
    qty: Decimal | None
    """Base; None if it is bounded by `budget` alone."""
    limit: Decimal | None = None
    """The worst price, quote per base; None takes any."""
    budget: Decimal | None = None
    """What it may cost at most, quote; None for no bound."""
    lot: Decimal = Decimal("0.00000001")
    """The smallest step of a quantity that a budget is turned into, base."""
    stp: str = "cancel-newest"
    """Which order goes if it meets one of its own account: the newest, the oldest or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A trade between the incoming order and one in the book, at the latter's price."""

    resting: Resting
    qty: Decimal

    @property
    def cost(self) -> Decimal:
        """What it costs, quote, before fees and rounding."""
        return self.resting.price * self.qty


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an incoming order."""

    matches: tuple[Match, ...]
    left: Decimal | None
    """Base that did not trade; None for an order bounded by its budget."""
    met_itself: bool
    """Whether it stopped before an order of its own account."""
    gone: tuple[str, ...] = ()
    """Orders of its own account in the book that it put an end to, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Both sides of a book, each best first."""

    bids: tuple[Resting, ...]
    asks: tuple[Resting, ...]

    def against(self, side: Side) -> tuple[Resting, ...]:
        """Return the orders that an order of that side meets, best first."""
        return self.asks if side is Side.BUY else self.bids


def priority(order: Resting) -> tuple[Decimal, int]:
    """Return what orders of one side are sorted by: price, then time."""
    return (-order.price if order.side is Side.BUY else order.price, order.rank)


def book(orders: Iterable[Resting]) -> Book:
    """Return the orders as a book."""
    ranked = sorted(orders, key=priority)
    return Book(
        bids=tuple(order for order in ranked if order.side is Side.BUY),
        asks=tuple(order for order in ranked if order.side is Side.SELL),
    )


def crosses(side: Side, limit: Decimal | None, met: Decimal) -> bool:
    """Tell whether an order of a side and limit trades at a price of the other side."""
    if limit is None:
        return True
    return met <= limit if side is Side.BUY else met >= limit


def match(incoming: Incoming, against: Iterable[Resting]) -> Outcome:
    """Trade an incoming order with the orders it meets, given best first.

    What comes of meeting an order of its own account is said by `incoming.stp`: it stops before the
    first, or they go and it trades on, or both.
    """
    matches: list[Match] = []
    gone: list[str] = []
    left, budget = incoming.qty, incoming.budget
    for resting in against:
        if not crosses(incoming.side, incoming.limit, resting.price):
            break
        qty = _takes(incoming, resting, left, budget)
        if qty <= NOTHING:
            break
        if resting.owner == incoming.owner:
            gone += [resting.id] if incoming.stp != "cancel-newest" else []
            if incoming.stp == "cancel-oldest":
                continue
            return Outcome(matches=tuple(matches), left=left, met_itself=True, gone=tuple(gone))
        matches.append(Match(resting=resting, qty=qty))
        left = None if left is None else left - qty
        budget = None if budget is None else budget - resting.price * qty
    return Outcome(matches=tuple(matches), left=left, met_itself=False, gone=tuple(gone))


def _takes(
    incoming: Incoming, resting: Resting, left: Decimal | None, budget: Decimal | None
) -> Decimal:
    bounds = [resting.qty]
    if left is not None:
        bounds.append(left)
    if budget is not None:
        bounds.append((budget / resting.price).quantize(incoming.lot, rounding=ROUND_DOWN))
    return min(bounds)


def enter(before: Book, order: Resting) -> tuple[Book, Outcome]:
    """Match a limit order and leave in the book what is left of it.

    What is left is dropped if the order met one of its own account.
    """
    incoming = Incoming(owner=order.owner, side=order.side, qty=order.qty, limit=order.price)
    outcome = match(incoming, before.against(order.side))
    traded = {found.resting.id: found.qty for found in outcome.matches}
    stays = [
        replace(resting, qty=resting.qty - traded.get(resting.id, NOTHING))
        for resting in (*before.bids, *before.asks)
    ]
    if outcome.left and not outcome.met_itself:
        stays.append(replace(order, qty=outcome.left))
    return book(resting for resting in stays if resting.qty > NOTHING), outcome
