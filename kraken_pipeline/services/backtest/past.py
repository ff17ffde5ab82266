"""What happened of late in a run, as protections and allocations look at it (RSK-7)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice, takewhile

from kraken_pipeline.domain.execution_quality import TOLD, slippage_bps, was_rejected
from kraken_pipeline.domain.lots import Fill, Position, booked
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Fact, Order, State
from kraken_pipeline.domain.protections import Ending, Slip
from kraken_pipeline.domain.round_trips import RoundTrip, Sent, TripWalk
from kraken_pipeline.services.backtest.kept import KeptBooks, KeptDecisions
from kraken_pipeline.services.backtest.kept_orders import KeptOrders

Place = tuple[str, str]


class KeptPast:
    """Round trips, endings and slippage of a run. Who never asks pays nothing."""

    def __init__(self, decisions: KeptDecisions, orders: KeptOrders, books: KeptBooks) -> None:
        """Take what they follow from."""
        self._decisions = decisions
        self._orders = orders
        self._books = books
        self._trips: list[RoundTrip] = []
        self._walked = 0
        """Fills whose round trips are known."""
        self._walks: dict[Place, TripWalk] = {}
        self._positions: dict[Place, Position] = {}

    def round_trips(self, since: datetime) -> tuple[RoundTrip, ...]:
        """Return what strategies closed after an instant, the newest first."""
        for fill in islice(self._books.fills, self._walked, None):
            self._walk(fill)
        self._walked = len(self._books.fills)
        return tuple(takewhile(lambda each: each.at > since, reversed(self._trips)))

    def endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return what became of the orders that were planned after an instant."""
        made = takewhile(lambda each: each.created_at > since, self._orders.newest_first())
        return tuple(self._ending(each) for each in made if each.state in TOLD)

    def slips(self, since: datetime) -> tuple[Slip, ...]:
        """Return how far from their decisions' prices orders filled after an instant."""
        by_order: defaultdict[str, list[Fill]] = defaultdict(list)
        for fill in takewhile(lambda each: each.at > since, reversed(self._books.fills)):
            by_order[fill.kraken_order_id].append(fill)
        return tuple(self._slips(by_order))

    def _walk(self, fill: Fill) -> None:
        place = fill.book, fill.pair
        before = self._positions.get(place) or Position(book=fill.book, pair=fill.pair)
        now = self._positions[place] = booked(before, fill)
        order = self._orders.with_exchange_id(fill.kraken_order_id)
        sent = Sent(purpose=order.purpose, stop_distance=order.stop_distance)
        found = self._walks.setdefault(place, TripWalk(place)).after(fill, now, sent)
        if found is not None:
            self._trips.append(found)

    def _ending(self, order: Order) -> Ending:
        told = (
            [each.event for each in self._orders.moves if each.local_id == order.local_id]
            if order.state is State.CANCELED and not order.filled_qty
            else []
        )
        return Ending(
            local_id=order.local_id,
            pair=order.pair,
            at=order.created_at,
            is_rejected=was_rejected(
                order.state,
                filled=order.filled_qty,
                time_in_force=order.time_in_force,
                is_asked_for=any(each.fact is Fact.CANCEL_STARTED for each in told),
                why=next((each.detail for each in reversed(told) if _is_cancel(each.fact)), ""),
            ),
        )

    def _slips(self, by_order: dict[str, list[Fill]]) -> Iterator[Slip]:
        for kraken_order_id, fills in by_order.items():
            order = self._orders.with_exchange_id(kraken_order_id)
            expected = self._expected(order)
            if expected is not None:
                yield Slip(
                    local_id=order.local_id,
                    pair=order.pair,
                    at=fills[0].at,
                    bps=slippage_bps(
                        order.side,
                        expected=expected,
                        qty=sum((each.qty for each in fills), ZERO),
                        cost=sum((each.cost for each in fills), ZERO),
                    ),
                )

    def _expected(self, order: Order) -> Decimal | None:
        if order.purpose is Purpose.PROTECT:
            return None if order.trigger is None else order.trigger.price
        return self._decisions.prices[order.intent_id]


def _is_cancel(fact: Fact) -> bool:
    return fact is Fact.CANCELED_SEEN
