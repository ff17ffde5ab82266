"""Orders whose fate is open: found at the exchange, proven absent, or left to a person (OMS-9)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.fate import (
    READ_SPACING,
    Read,
    Search,
    doubts,
    is_unresolved,
    missing_proofs,
)
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.ledger import drifts
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reports import Balance, Listing, OrderReport
from kraken_pipeline.services.orders.hear import contradict, hear
from kraken_pipeline.services.orders.poll import PollDesk
from kraken_pipeline.services.risk.world import economic_asset

LOOK_BACK: Final = timedelta(minutes=1)
"""An order may carry a time of the exchange's that is a little before ours."""
ASKED_BY_NAME: Final = 5
"""Orders that are looked for one by one; for more of them all orders are read once (NET-3)."""
HALF: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDesk(PollDesk):
    """What searching needs."""

    listing: Callable[[], Listing]
    kept_balances: Callable[[], Mapping[str, Decimal]]
    """What the kept ledger adds up to, by bucket: what it tells of needs no reading."""
    with_vaults: Callable[[Mapping[str, Balance]], Mapping[str, Balance]]
    """Balances with what they leave out and the ledger has (U-AST-2)."""
    kept_until: Callable[[], datetime | None]
    """When the newest kept entry of the ledger was made; None while none is kept."""
    stream_shows_absence: Callable[[datetime, datetime], bool]
    """Whether the private stream would have told of an order between two instants and did not:
    when it was sent, and when it could come to exist no more. Where no stream is listened to it is
    true: then every page of open orders, closed orders and fills takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around the orders that were not found, read once for all of them."""

    strays: Mapping[str, OrderReport | None]
    """Orders behind fills that are not known as ours, by Kraken's id; None for one that the
    exchange does not show."""
    stray_pairs: Mapping[str, str]
    """The pair of each of them."""
    listing: Listing
    balances: Mapping[str, Balance]
    unexplained: Mapping[str, str]
    """Buckets whose balance is not what the ledger says, each with the two figures."""
    open_orders: tuple[OrderReport, ...]


def search(desk: SearchDesk, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Look for orders of open fate by their `cl_ord_id` and return them as they are then.

    What is found is adopted if it is the echo of what was sent. What is not found is absent once
    all of the proof is there, and left to a person once it is missing for too long.

    Raises:
        ExchangeError: the exchange did not answer; what was learned until then is written.
    """
    if not orders:
        return ()
    asked_at = desk.clock()
    found = find(desk, orders)
    seen = []
    silent = []
    for order in orders:
        reports = found.get(order.cl_ord_id, ())
        if reports:
            seen.append(take(desk, order, reports))
        else:
            silent.append(_doubted(desk, order, asked_at))
    unknown = [each for each in silent if each.state is State.UNKNOWN]
    seen += [each for each in silent if each.state is not State.UNKNOWN]
    if unknown:
        around = look_around(desk, unknown)
        seen += [_judged(desk, each, asked_at, around) for each in unknown]
    return tuple(seen)


def find(desk: SearchDesk, orders: Sequence[Order]) -> Mapping[str, tuple[OrderReport, ...]]:
    """Return what the exchange shows of orders, open and then closed, by `cl_ord_id`.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    account = desk.account
    shown: list[OrderReport] = []
    if len(orders) > ASKED_BY_NAME:
        since = min(each.created_at for each in orders) - LOOK_BACK
        shown += [*account.open_orders(), *account.closed_orders(since=since)]
    else:
        for order in orders:
            name, since = order.cl_ord_id, order.created_at - LOOK_BACK
            shown += account.open_orders(name)
            shown += account.closed_orders(since=since, cl_ord_id=name)
    found: defaultdict[str, tuple[OrderReport, ...]] = defaultdict(tuple)
    for report in shown:
        found[report.cl_ord_id or ""] += (report,)
    return found


def take(desk: SearchDesk, order: Order, reports: Sequence[OrderReport]) -> Order:
    """Hear what was found of an order; two orders of one name are left to a person."""
    ids = sorted({each.kraken_order_id for each in reports})
    if len(ids) == 1:
        # an order that ended between the two reads is in both; the later one is right
        return hear(desk, order, reports[-1], source="poll")
    story = f"{order.local_id} is at the exchange as {', '.join(ids)}"
    try:
        return contradict(desk, order, story, source="search")
    except ConflictError:
        return desk.orders.order(order.local_id)


def look_around(desk: SearchDesk, orders: Sequence[Order]) -> Surroundings:
    """Read what could speak of orders that were not found.

    Every order of ours carries a `cl_ord_id`, so a fill of one with another or none is explained:
    somebody else placed it. A fill of one that the exchange does not show explains nothing.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    account = desk.account
    since = min(each.created_at for each in orders) - LOOK_BACK
    pairs = {each.pair for each in orders}
    traded = {
        each.kraken_order_id: each.pair
        for each in account.trades(since=since)
        if each.pair in pairs
    }
    known = {each.kraken_order_id for each in desk.orders.with_exchange_ids(sorted(traded))}
    strange = sorted(traded.keys() - known)
    shown = account.orders(strange) if strange else {}
    balances = account.balances()
    listing = desk.listing()
    return Surroundings(
        strays={each: shown.get(each) for each in strange},
        stray_pairs=traded,
        listing=listing,
        balances=balances,
        unexplained=_unexplained(desk, balances, since),
        open_orders=account.open_orders(),
    )


def search_of(
    desk: SearchDesk,
    order: Order,
    *,
    asked_at: datetime,
    reads: Sequence[Read],
    around: Surroundings,
) -> Search:
    """Return what was looked at for an order that was not found."""
    deadline = _deadline(order)
    listing = around.listing
    pair = listing.pairs.get(order.pair)
    return Search(
        exchange_now=asked_at,
        deadline=deadline,
        settle=desk.unknown_settle,
        reads=tuple(reads),
        stream_explained=desk.stream_shows_absence(
            order.created_at, deadline + desk.unknown_settle
        ),
        stray_fills=tuple(
            name
            for name, report in around.strays.items()
            if report is None and around.stray_pairs[name] == order.pair
        ),
        stray_hold=f"{order.pair} is no pair" if pair is None else _stray_hold(order, pair, around),
        stray_balances=tuple(
            f"{bucket}: {said}"
            for bucket, said in around.unexplained.items()
            if pair is None or economic_asset(listing.symbols, bucket) in {pair.base, pair.quote}
        ),
    )


def _doubted(desk: SearchDesk, order: Order, asked_at: datetime) -> Order:
    """Doubt an order whose sender is gone: he would have written the answer long ago."""
    if order.state is not State.SENDING or asked_at <= _deadline(order) + desk.unknown_settle:
        return order
    return _recorded(desk, order, Fact.FATE_UNCLEAR, "the sender never wrote the reply")


def _judged(desk: SearchDesk, order: Order, asked_at: datetime, around: Surroundings) -> Order:
    own = [each for each in around.strays.values() if each and each.cl_ord_id == order.cl_ord_id]
    if own:
        return hear(desk, order, own[0], source="poll")
    if asked_at <= _deadline(order) + desk.unknown_settle:
        # what is read before the engine can take it no more never counts (F-SUB-5)
        return order
    looked = search_of(desk, order, asked_at=asked_at, reads=(), around=around)
    read = Read(at=asked_at, doubts=doubts(looked))
    reads = desk.orders.note_clean_read(order.local_id, read, spacing=READ_SPACING)
    looked = replace(looked, reads=reads)
    missing = missing_proofs(looked)
    if not missing:
        proof = "deadline passed; nothing open, closed, traded, held, told or moved"
        return _recorded(desk, order, Fact.ABSENCE_PROVEN, proof)
    return _given_up(desk, order, "; ".join(map(str, missing))) if is_unresolved(looked) else order


def _given_up(desk: SearchDesk, order: Order, why: str) -> Order:
    """Leave an order to a person: its reservation stays, and its pair is halted."""
    desk.halts.latch(
        HaltKind.UNKNOWN,
        reason=f"{order.local_id} is neither found nor proven absent: {why}",
        at=desk.clock(),
        by="search",
        scope=Scope(kind=ScopeKind.PAIR, name=order.pair),
    )
    return _recorded(desk, order, Fact.FATE_UNRESOLVED, why)


def _stray_hold(order: Order, pair: Pair, around: Surroundings) -> str:
    """Return what is held of its asset that the listed open orders do not need; empty if nothing.

    A hold is rounded by far less than half of an order. What has no limit is not known to hold
    anything: then something is left unexplained.
    """
    asset = pair.quote if order.side is Side.BUY else pair.base
    held = sum(
        (
            balance.held
            for bucket, balance in around.balances.items()
            if economic_asset(around.listing.symbols, bucket) == asset
        ),
        ZERO,
    )
    needed = ZERO
    for report in around.open_orders:
        other = around.listing.pairs.get(report.pair)
        if other is None:
            return f"{held} {asset} held beside an order on {report.pair}" if held else ""
        if (other.quote if report.side is Side.BUY else other.base) == asset:
            needed += _hold_of(report)
    own = order.open_qty * (order.limit_price if order.side is Side.BUY else 1)
    is_explained = held - needed < own * HALF
    return "" if is_explained else f"{held} {asset} held, {needed} needed"


def _unexplained(
    desk: SearchDesk, balances: Mapping[str, Balance], since: datetime
) -> Mapping[str, str]:
    """Return the buckets of which something came or went that the ledger does not tell of.

    Where the kept ledger does not add up to a balance, the rows after those that are kept are read:
    each says what the balance was after it. What moved long before the order was sent may not be
    kept either, if nothing was booked in between.
    """
    totals = {name: each.total for name, each in desk.with_vaults(balances).items()}
    moved = drifts(desk.kept_balances(), totals)
    if not moved:
        return {}
    newest: dict[str, tuple[datetime, set[Decimal]]] = {}
    unkept_since = min(since, (desk.kept_until() or since) - LOOK_BACK)
    for entry in desk.account.ledger(since=unkept_since):
        at, after = newest.get(entry.asset, (entry.at, set()))
        newest[entry.asset] = (entry.at, {entry.balance, *(after if at == entry.at else ())})
    return {
        each.asset: f"ledger says {each.replayed}, balance is {each.at_exchange}"
        for each in moved
        if each.asset not in newest or each.at_exchange not in newest[each.asset][1]
    }


def _hold_of(report: OrderReport) -> Decimal:
    """Return what an open order holds: of the quote for a buy, of the base for a sell."""
    left = report.qty - report.filled_qty
    return left * (report.limit_price or ZERO) if report.side is Side.BUY else left


def _deadline(order: Order) -> datetime:
    return order.deadline or order.created_at


def _recorded(desk: SearchDesk, order: Order, fact: Fact, detail: str) -> Order:
    """Write a fact, unless another writer was first: then the next look finds what is left."""
    event = Event(fact=fact, at=desk.clock(), source="settle", detail=detail)
    try:
        return desk.orders.record(order, event)
    except ConflictError:
        return desk.orders.order(order.local_id)
