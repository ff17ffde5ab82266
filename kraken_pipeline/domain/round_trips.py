"""Round trips: what a book bought of a pair and sold again, from flat to flat."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from kraken_pipeline.domain.book_steps import Place, Step, walked
from kraken_pipeline.domain.lots import Fill, Position, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.renames import Conversion


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is to be known of the order behind a fill."""

    purpose: Purpose
    stop_distance: Decimal
    """Share of the price; zero for a sell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A position that was opened and is flat again. Amounts in base currency."""

    trade_id: str
    """Of the last sale, or of the transfer that took the rest."""
    book: str
    pair: str
    opened_at: datetime
    at: datetime
    """When it was flat again."""
    cost: Decimal
    """Of all that was bought, without fees; above zero."""
    profit: Decimal
    """Of all that was sold, after all fees."""
    is_stopped: bool
    """Whether a protective stop ended it, or it lost as much as its stop allows."""

    @property
    def share(self) -> Decimal:
        """The profit as a share of the cost."""
        return self.profit / self.cost


@dataclass(slots=True)
class _Open:
    """A round trip that is not over."""

    at: datetime
    realised_before: Decimal
    cost: Decimal = ZERO
    stop_distance: Decimal = ZERO
    ends_by_stop: bool = False


class TripWalk:
    """The round trips of one book and pair, told step after step.

    What goes to another name of its asset (UNI-9) ends no round trip and begins none: nothing was
    won or lost by it.
    """

    def __init__(self, place: Place) -> None:
        """Begin flat."""
        self._before = Position(book=place[0], pair=place[1])
        self._trip: _Open | None = None

    def after(self, step: Step, now: Position, sent: Sent | None) -> RoundTrip | None:
        """Return the round trip that a step ends, if it ends one.

        Args:
            step: the next one.
            now: what it makes of the position.
            sent: the order behind it; one that is not known counts as no stop.
        """
        before, self._before = self._before, now
        if not before.qty and now.qty:
            self._trip = _Open(at=step.at, realised_before=before.realised)
        trip = self._trip
        if trip is None:
            return None
        trip.cost += max(now.cost - before.cost, ZERO)
        if isinstance(step, Fill):
            trip.ends_by_stop = sent is not None and sent.purpose is Purpose.PROTECT
            if sent is not None and step.side is Side.BUY:
                trip.stop_distance = sent.stop_distance
        if now.qty:
            return None
        self._trip = None
        return None if trip.cost <= 0 or isinstance(step, Conversion) else _ended(trip, step, now)


def round_trips(
    place: Place, steps: Iterable[Step], sent: Mapping[str, Sent]
) -> Iterator[RoundTrip]:
    """Yield the round trips of a book and a pair, in the order in which they ended.

    Args:
        place: book and pair.
        steps: all that changed the position, in any order.
        sent: the orders behind the fills, by Kraken's id.
    """
    walk = TripWalk(place)
    for step, now in walked(place, steps):
        order = sent.get(step.kraken_order_id) if isinstance(step, Fill) else None
        found = walk.after(step, now, order)
        if found is not None:
            yield found


def _ended(trip: _Open, step: Fill | Transfer, after: Position) -> RoundTrip:
    with localcontext(EXACT):
        profit = after.realised - trip.realised_before
        lost_its_stop = 0 < trip.cost * trip.stop_distance <= -profit
    return RoundTrip(
        trade_id=step.trade_id if isinstance(step, Fill) else step.transfer_id,
        book=after.book,
        pair=after.pair,
        opened_at=trip.at,
        at=step.at,
        cost=trip.cost,
        profit=profit,
        is_stopped=trip.ends_by_stop or lost_its_stop,
    )
