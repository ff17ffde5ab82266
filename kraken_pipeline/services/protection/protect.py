"""A stop at the exchange for everything that a strategy holds, and nothing more (OMS-14).

Stops are orders of ours like any other: planned under the intent of the entry that they protect,
sent by `submit` under its lease, heard by `settle`. Here they are planned, resized and taken away,
and it is seen to that none is missing for long.

A strategy that sells comes first: what its stop holds is freed, and proven to be free, before the
sale is sent (`make_room`, `leaves_room`). Whatever is left afterwards gets its stop again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import (
    ConflictError,
    ExchangeError,
    ImpossibleFactError,
    InvalidValueError,
    LeaseLostError,
    RefusedError,
)
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.money import NOTHING, ZERO, Qty, plain
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, Event, Fact, Order, State
from kraken_pipeline.domain.protection import (
    Left,
    Move,
    Step,
    Stop,
    is_stop,
    left_by,
    next_move,
    resized,
    stop_for,
    taken_away,
)
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline.services.orders.amend import AmendDesk, amend
from kraken_pipeline.services.orders.children import awaits_children
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline.services.protection.shortage import Stock
from kraken_pipeline.services.protection.stops import Held, Place, StopDesk, sales, stopped
from kraken_pipeline.services.risk.standing import place_of

BY: Final = "protect"
MOST_STEPS: Final = 30
"""Of one place in one pass; the next pass goes on."""
STANDS_STILL: Final = frozenset({Step.NOTHING, Step.WAIT})
FAILURES: Final = (
    # somebody else was first, or the exchange or the books do not allow it: the next pass looks
    ConflictError,
    LeaseLostError,
    ImpossibleFactError,
    ExchangeError,
    InvalidValueError,
    RefusedError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What a pass over the stops did."""

    steps: Counter[Step]
    """What was done, how often."""
    errors: Mapping[Place, str]
    """What went wrong, by book and pair."""
    left: Mapping[Place, Left]
    """What is too small to have a stop, by book and pair."""


def protect(desk: StopDesk) -> Protected:
    """Bring every stop nearer to what its book holds; what is planned then waits for `submit`.

    Every place is looked at, whatever becomes of the others. After a panic nothing is planned.
    """
    return _Protector(desk).tend(Held(desk).places())


def make_room(desk: StopDesk) -> Protected:
    """Free what stops hold of the holdings that an order which waits to be sent sells (F-STP-3)."""
    waiting = {
        place_of(each) for each in sales(desk) if each.state is State.PLANNED and not is_stop(each)
    }
    return _Protector(desk).tend(sorted(waiting))


def leaves_room(desk: StopDesk, order: Order) -> bool:
    """Tell whether an order that sells and all that may sell beside it fit into what is held.

    It is the last look before a sale is sent: two that together sell more than the book holds
    would take from another book, or from the person whose account it is.
    """
    if order.side is not Side.SELL:
        return True
    place = place_of(order)
    beside = [
        each
        for each in sales(desk)
        if place_of(each) == place
        and each.local_id != order.local_id
        and (each.state in AT_THE_EXCHANGE or _goes_before(each, order))
    ]
    held = desk.protections.holdings().get(place, NOTHING)
    return order.qty + sum((each.open_qty for each in beside), ZERO) <= held


def resize(desk: AmendDesk, order: Order, amendment: Amendment) -> Order:
    """Change a stop in place; one that was not changed is canceled, to be placed anew.

    Raises:
        PipelineError: as with `amend` and `cancel`.
    """
    now = amend(desk, order, amendment, why="it follows the holding")
    is_refused = now.state is State.LIVE and now.qty != amendment.qty
    return cancel(desk.settling, now) if is_refused else now


class _Protector:
    """One pass over the stops."""

    def __init__(self, desk: StopDesk) -> None:
        self._desk = desk
        self._steps: Counter[Step] = Counter()
        self._errors: dict[Place, str] = {}
        self._left: dict[Place, Left] = {}
        self._stock = Stock(desk)
        self._market: tuple[Mapping[str, Pair], Mapping[str, Ticker]] | None = None

    def tend(self, places: Sequence[Place]) -> Protected:
        """Do what each place needs; what fails is told, and the others are done."""
        for place in places:
            try:
                self._tend(place)
            except FAILURES as failure:
                self._errors[place] = str(failure)
        return Protected(steps=self._steps, errors=self._errors, left=self._left)

    def _tend(self, place: Place) -> None:
        for _ in range(MOST_STEPS):
            self._errors.pop(place, None)
            self._left.pop(place, None)
            held = Held(self._desk)
            stops, qty = held.stops(place), held.wanted(place)
            if held.fits(place):
                return
            stop = self._stop(place, qty) if qty and self._desk.is_on else None
            if stop is not None:
                stop = self._possible(place, stop, held)
            move = next_move(stops, stop) if self._desk.is_on else taken_away(stops, qty)
            if move.step in STANDS_STILL or self._awaits_child(place, move):
                return
            if not self._do(place, move, stop):
                return
            self._steps[move.step] += 1

    def _possible(self, place: Place, whole: Stop, held: Held) -> Stop:
        """Return the stop that there can be for a place, and note what it leaves."""
        stands, wanted = stopped(held.stops(place)), held.wanted(place)
        stop = whole
        if not whole.is_too_small and stands < whole.qty:
            pair, _ = self._listed(place[1])
            wishes = {**self._wishes(pair, held), place: whole}
            stop = self._stock.fitted(place, pair, wishes, held)
        left = left_by(wanted, whole, stop)
        if left is not None:
            self._left[place] = left
        elif stop.qty < whole.qty:
            self._errors[place] = (
                f"SHORT: qty={plain(whole.qty)}, there={plain(stop.qty)}: the rest was sold by "
                "hand, is staked or bonded, or another order holds it"
            )
        # what stands is not taken away because no more is there
        is_kept = stop.is_too_small and not whole.is_too_small
        return (
            replace(stop, smallest=Qty(min(stop.smallest, stands))) if is_kept and stands else stop
        )

    def _wishes(self, pair: Pair, held: Held) -> dict[Place, Stop]:
        """Return the stops that are wanted of an asset; one that can't be made takes nothing."""
        wishes: dict[Place, Stop] = {}
        for place in held.places():
            with suppress(InvalidValueError):
                if self._listed(place[1])[0].base == pair.base:
                    stop = self._stop(place, held.wanted(place))
                    wishes |= {} if stop is None else {place: stop}
        return wishes

    def _awaits_child(self, place: Place, move: Move) -> bool:
        """A stop that Kraken makes for a fill may show later than the fill."""
        grows = move.order is None or (move.qty is not None and move.qty > move.order.qty)
        if not grows:
            return False
        entry, desk = self._desk.protections.entry(*place), self._desk
        return entry is not None and awaits_children(desk.protections, entry, now=desk.clock())

    def _do(self, place: Place, move: Move, stop: Stop | None) -> bool:
        """Do one step; False where it must not be done."""
        desk, order = self._desk, move.order
        if move.step is Step.PLACE:
            return (
                stop is not None
                and move.qty is not None
                and self._place(place, replace(stop, qty=move.qty))
            )
        if order is None:
            return False
        if move.step is Step.WITHDRAW:
            why = "the holding changed before it was sent"
            event = Event(fact=Fact.WITHDRAWN, at=desk.clock(), source=BY, detail=why)
            desk.orders.record(order, event)
        elif move.step is Step.CANCEL or move.qty is None:
            desk.cancel(order)
        else:
            desk.resize(order, resized(order, move.qty, stop))
        self._stock.forget()
        return True

    def _place(self, place: Place, stop: Stop) -> bool:
        desk = self._desk
        entry = desk.protections.entry(*place)
        if entry is None or desk.panic_is_latched():
            return False
        what = Reduction(
            purpose=Purpose.PROTECT,
            role=Purpose.PROTECT,
            qty=stop.qty,
            order_type=stop.order_type,
            time_in_force="GTC",
            limit_price=stop.limit_price,
            trigger=stop.trigger,
        )
        attempt = desk.protections.next_attempt(entry.intent_id, what.purpose)
        order = reduction_of(entry, what, attempt=attempt, now=desk.clock())
        desk.protections.plan(order, by=BY, why=f"protects {place[0]}")
        return True

    def _stop(self, place: Place, qty: Qty) -> Stop | None:
        """Return the stop that a place should have; None where nothing of ours explains it."""
        entry = self._desk.protections.entry(*place)
        if entry is None:
            return None
        pair, ticker = self._listed(entry.pair)
        return stop_for(
            qty,
            entry_price=entry.avg_fill_price or entry.limit_price,
            stop_distance=entry.stop_distance,
            style=self._desk.style,
            pair=pair,
            ticker=ticker,
        )

    def _listed(self, name: str) -> tuple[Pair, Ticker]:
        if self._market is None:
            market = self._desk.market
            self._market = market.listing().pairs, market.tickers()
        pairs, tickers = self._market
        if name not in pairs or name not in tickers:
            raise InvalidValueError(f"{name} is not listed, or nobody quotes it: no stop is placed")
        return pairs[name], tickers[name]


def _goes_before(other: Order, order: Order) -> bool:
    """Of several that wait the oldest goes first; they may leave in one request."""
    is_older = (other.created_at, other.local_id) < (order.created_at, order.local_id)
    return other.state is State.PLANNED and is_older
