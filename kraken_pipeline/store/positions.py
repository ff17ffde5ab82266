"""Positions: what the fills and transfers of a book make of it, kept beside them."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from kraken_pipeline.domain import book_steps
from kraken_pipeline.domain.lots import Fill, Position, booked
from kraken_pipeline.domain.market import Side
from kraken_pipeline.store.prepared import Makings, Named, Prepared
from kraken_pipeline.store.schema.books import fills, strategy_positions

_TABLE: Final = strategy_positions
Place = book_steps.Place
Move = book_steps.Move
_ALL: Final = Prepared(select(_TABLE).order_by(_TABLE.c.book, _TABLE.c.pair))
FORGET: Final = Prepared(
    delete(_TABLE).where(
        and_(_TABLE.c.book == bindparam("of_book"), _TABLE.c.pair == bindparam("of_pair"))
    )
)
"""Takes the position of a book and a pair away."""
_ADD: Final = Prepared(insert(_TABLE))
_BOOKED: Final = Prepared(
    select(fills).where(fills.c.book == bindparam("of_book"), fills.c.pair == bindparam("of_pair"))
)


def all_positions(connection: Connection) -> tuple[Position, ...]:
    """Return every position, also flat ones, by book and pair."""
    return _ALL.made(connection, {}, _READ)


def _position_of(row: Named) -> Position:
    return Position(**{name: row[name] for name in Position.__slots__})


_READ: Final = Makings(_position_of)


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return a fill as its row."""
    return {
        "trade_id": fill.trade_id,
        "kraken_order_id": fill.kraken_order_id,
        "pair": fill.pair,
        "side": fill.side.value,
        "price": fill.price,
        "qty": fill.qty,
        "cost": fill.cost,
        "fee": fill.fee,
        "liquidity": "maker" if fill.maker else "taker",
        "at": fill.at,
        "quote_rate": fill.quote_rate,
        "book": fill.book,
    }


def fill_of(row: Named) -> Fill:
    """Return the fill that a row tells of."""
    told = {name: row[name] for name in Fill.__slots__ if name not in {"maker", "side"}}
    return Fill(**told, side=Side(row["side"]), maker=row["liquidity"] == "maker")


def in_order(some: Iterable[Fill]) -> list[Fill]:
    """Return fills in the order in which they change a position: by time, then by trade id."""
    return sorted(some, key=lambda each: (each.at, each.trade_id))


def replayed(
    place: Place, some: Iterable[book_steps.Step], others: Iterable[Move] = ()
) -> Position:
    """Return what fills, transfers and conversions make of a flat position, in the order of time.

    Of one instant the fills come first, then transfers: what is moved was bought before.
    """
    book, pair = place
    position = Position(book=book, pair=pair)
    for _, after_it in book_steps.walked(place, [*some, *others]):
        position = after_it
    return position


def after(position: Position, some: Iterable[Fill]) -> Position:
    """Return what the fills make of a position."""
    for fill in in_order(some):
        position = booked(position, fill)
    return position


def booked_fills(connection: Connection, place: Place) -> list[Fill]:
    """Return the fills that are kept of a book and a pair."""
    return [fill_of(row) for row in _BOOKED.named(connection, of_place(place))]


def keep(connection: Connection, position: Position) -> None:
    """Write a position over what was there."""
    FORGET.run(connection, of_place((position.book, position.pair)))
    _ADD.run(connection, {name: getattr(position, name) for name in Position.__slots__})


def of_place(place: Place) -> dict[str, str]:
    """Return a book and a pair as the values that statements of a place take."""
    book, pair = place
    return {"of_book": book, "of_pair": pair}
