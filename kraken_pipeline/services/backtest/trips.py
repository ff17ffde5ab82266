"""Round trips: a position from its first buy until nothing is left of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.lots import Fill, Position, booked
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """One position, in base currency where nothing else is said."""

    book: str
    pair: str
    opened_at: datetime
    closed_at: datetime
    qty: Decimal
    """Bought, in base units."""
    entry_price: Decimal
    """On average, in quote per base."""
    exit_price: Decimal
    cost: Decimal
    """Of what was bought, without fees."""
    proceeds: Decimal
    fees: Decimal
    profit: Decimal
    """After fees."""
    why_opened: str
    why_closed: str
    """The reason of the decision behind the last sale, or that a stop was hit."""


def round_trips(fills: Sequence[Fill], why: Mapping[str, str]) -> tuple[RoundTrip, ...]:
    """Return the positions that were opened and closed again, by the time of their end.

    Args:
        fills: oldest first.
        why: the id at the exchange of each order, to what was behind it.
    """
    positions: dict[tuple[str, str], Position] = {}
    parts: dict[tuple[str, str], list[Fill]] = {}
    trips = []
    for fill in fills:
        place = fill.book, fill.pair
        before = positions.get(place) or Position(book=fill.book, pair=fill.pair)
        positions[place] = now = booked(before, fill)
        parts.setdefault(place, []).append(fill)
        if not now.qty:
            trips.append(_trip(parts.pop(place), why))
    return tuple(trips)


def _trip(parts: Sequence[Fill], why: Mapping[str, str]) -> RoundTrip:
    bought = [each for each in parts if each.side is Side.BUY]
    sold = [each for each in parts if each.side is Side.SELL]
    cost, proceeds = _worth(bought), _worth(sold)
    fees = sum((each.fee * each.quote_rate for each in parts), ZERO)
    return RoundTrip(
        book=parts[0].book,
        pair=parts[0].pair,
        opened_at=parts[0].at,
        closed_at=parts[-1].at,
        qty=sum((each.qty for each in bought), ZERO),
        entry_price=_price(bought),
        exit_price=_price(sold),
        cost=cost,
        proceeds=proceeds,
        fees=fees,
        profit=proceeds - cost - fees,
        why_opened=why.get(parts[0].kraken_order_id, ""),
        why_closed=why.get(parts[-1].kraken_order_id, ""),
    )


def _worth(some: Sequence[Fill]) -> Decimal:
    return sum((each.cost * each.quote_rate for each in some), ZERO)


def _price(some: Sequence[Fill]) -> Decimal:
    qty = sum((each.qty for each in some), ZERO)
    return sum((each.cost for each in some), ZERO) / qty if qty else ZERO
