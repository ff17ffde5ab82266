"""What follows from a pair's status: no entry while it is restricted, and a way out (UNI-7, UNI-8).

The stream tells of a change within a second, the hourly listing of all of them; both come here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.errors import ConflictError, ExchangeError
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.lots import DUST, MANUAL, Position
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESTING, Order, State
from kraken_pipeline.domain.pair_status import (
    UNLISTED,
    Way,
    proposal,
    restriction,
    way_out,
)
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.halts import StatusHalts
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.ports.universe import UniverseStore

BY: Final = "universe"
"""Who latches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDesk:
    """What applying a status needs."""

    universes: UniverseStore
    orders: OrderStore
    books: BookStore
    halts: StatusHalts
    tradable: frozenset[str]
    """Statuses under which the configuration lets a pair be opened."""
    withdraw: Callable[[Order, str], object]
    """Takes back an order that was never sent."""
    cancel: Callable[[Sequence[Order]], object]
    """Cancels what rests, as far as the exchange allows."""
    leave: Callable[[Sequence[Position], str], object] | None
    """Asks for a sale, where the configuration wants that; None where it is only proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a status changed."""

    pair: str
    status: str
    is_restricted: bool
    is_news: bool
    """Whether opening was allowed a moment before and is not now, or the other way round."""
    held: tuple[Position, ...]
    """What books hold of it, without dust."""
    ended: tuple[str, ...]
    """Our ids of the entries that were taken back or are being canceled."""
    failed: str
    """Why the exchange was not told of it; settling asks again. Mostly empty."""
    said: str
    """How it stands and what can be done, for a person."""


def apply_status(desk: StatusDesk, pair: str, status: str, at: datetime) -> Applied | None:
    """Apply the status of one pair; None where nothing of ours has to do with the pair.

    Args:
        desk: what it works with.
        pair: our name of it.
        status: in Kraken's words.
        at: when it was told. Exchange time, UTC.
    """
    applied = apply_statuses(desk, {pair: status}, at)
    return applied[0] if applied else None


def apply_statuses(
    desk: StatusDesk, statuses: Mapping[str, str], at: datetime
) -> tuple[Applied, ...]:
    """Apply statuses of pairs, as of a snapshot of the instrument channel.

    The halt is latched first, then entries are ended, then an exit is asked for: a death in between
    leaves nothing open, and the next look finds the rest.

    Args:
        desk: what it works with.
        statuses: our name to Kraken's word; those of other pairs than ours are passed over.
        at: when they were told. Exchange time, UTC.

    Returns:
        What was applied, of each pair that is in the universe, held or ordered.
    """
    ours = _ours(desk)
    told = {pair: status for pair, status in statuses.items() if pair in ours.pairs}
    return _apply(desk, ours, told, at, gone=())


def review_statuses(
    desk: StatusDesk, statuses: Mapping[str, str], at: datetime
) -> tuple[Applied, ...]:
    """Apply what a whole listing says, also of pairs that it does not have any more.

    A halt of a pair that nothing is held or wanted of any more is cleared: the universe keeps such
    a pair out by itself.

    Args:
        desk: what it works with.
        statuses: our name to Kraken's word, of every pair that is listed.
        at: when the listing was read.
    """
    ours = _ours(desk)
    told = {pair: statuses.get(pair, UNLISTED) for pair in ours.pairs}
    return _apply(desk, ours, told, at, gone=ours.restricted - ours.pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """What we have to do with pairs, read once."""

    pairs: frozenset[str]
    held: Mapping[str, tuple[Position, ...]]
    orders: Mapping[str, tuple[Order, ...]]
    restricted: frozenset[str]
    """Pairs whose opening is stopped already."""


def _ours(desk: StatusDesk) -> _Ours:
    universe = desk.universes.latest()
    held: defaultdict[str, list[Position]] = defaultdict(list)
    for position in desk.books.positions():
        if position.qty and position.book != DUST:
            held[position.pair].append(position)
    orders: defaultdict[str, list[Order]] = defaultdict(list)
    for order in desk.orders.reserving():
        if order.namespace is Namespace.TRADE:
            orders[order.pair].append(order)
    members = () if universe is None else universe.names
    return _Ours(
        pairs=frozenset(members) | held.keys() | orders.keys(),
        held={pair: tuple(some) for pair, some in held.items()},
        orders={pair: tuple(some) for pair, some in orders.items()},
        restricted=frozenset(
            each.scope.name for each in desk.halts.latched() if each.kind is HaltKind.RESTRICTED
        ),
    )


def _apply(
    desk: StatusDesk, ours: _Ours, told: Mapping[str, str], at: datetime, *, gone: Iterable[str]
) -> tuple[Applied, ...]:
    """Latch and clear first, all at once, then see to the orders and holdings of each pair."""
    restricted = {pair for pair, status in told.items() if status not in desk.tradable}
    on = {_scope(pair): restriction(pair, told[pair]) for pair in restricted}
    off = {_scope(pair): f"status={told[pair]}" for pair in told.keys() - restricted}
    off |= {_scope(pair): "nothing of the pair is held or wanted any more" for pair in gone}
    if on or off.keys() & {_scope(pair) for pair in ours.restricted}:
        desk.halts.switch(HaltKind.RESTRICTED, on=on, off=off, at=at, by=BY)
    return tuple(
        _applied(desk, ours, pair, status, is_restricted=pair in restricted)
        for pair, status in sorted(told.items())
    )


def _applied(
    desk: StatusDesk, ours: _Ours, pair: str, status: str, *, is_restricted: bool
) -> Applied:
    held = ours.held.get(pair, ())
    ended, failed = _end_entries(desk, ours.orders.get(pair, ())) if is_restricted else ((), "")
    failed = failed or (_leave(desk, ours, pair, status) if is_restricted else "")
    return Applied(
        pair=pair,
        status=status,
        is_restricted=is_restricted,
        is_news=is_restricted is not (pair in ours.restricted),
        held=held,
        ended=ended,
        failed=failed,
        said=proposal(pair, status, held),
    )


def _scope(pair: str) -> Scope:
    return Scope(kind=ScopeKind.PAIR, name=pair)


def _end_entries(desk: StatusDesk, orders: Sequence[Order]) -> tuple[tuple[str, ...], str]:
    """End what would buy and return our ids of it, with why the exchange was not told."""
    buys = [each for each in orders if each.side is Side.BUY]
    for order in buys:
        if order.state is State.PLANNED:
            # whoever sends it just now was first: the halt refuses it there, or the exchange does
            with suppress(ConflictError):
                desk.withdraw(order, "the exchange restricted the pair")
    resting = [each for each in buys if each.state in RESTING]
    planned = [each for each in buys if each.state is State.PLANNED]
    failed = ""
    if resting:
        try:
            desk.cancel(resting)
        except ExchangeError as error:
            failed = str(error)
    return tuple(each.local_id for each in (*planned, *resting)), failed


def _leave(desk: StatusDesk, ours: _Ours, pair: str, status: str) -> str:
    """Ask for the sale of what strategies hold, unless one is on its way; return why not."""
    sells = [
        each
        for each in ours.orders.get(pair, ())
        if each.side is Side.SELL and each.purpose is not Purpose.PROTECT
    ]
    held = [each for each in ours.held.get(pair, ()) if each.book != MANUAL]
    if desk.leave is None or way_out(status) is not Way.SALE or sells or not held:
        return ""
    try:
        desk.leave(held, f"the exchange restricted {pair}: status={status}")
    except ExchangeError as error:
        return str(error)
    return ""
