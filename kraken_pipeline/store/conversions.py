"""Holdings that go on under another pair: one row each, journalled, never changed (UNI-9)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, insert, or_, select

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.renames import Conversion, converted
from kraken_pipeline.store import journal, positions
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.books import book_transfers, conversions

_FIELDS: Final = tuple(Conversion.__slots__)
_ALL: Final = select(conversions).order_by(conversions.c.at, conversions.c.conversion_id)
_OF_PLACE: Final = _ALL.where(
    and_(
        conversions.c.book == bindparam("of_book"),
        or_(
            conversions.c.from_pair == bindparam("of_pair"),
            conversions.c.to_pair == bindparam("of_pair"),
        ),
    )
)
_AS_LATE: Final = _OF_PLACE.where(conversions.c.at >= bindparam("first"))
_LAST_TRANSFER: Final = select(func.max(book_transfers.c.at)).where(
    book_transfers.c.pair == bindparam("of_pair")
)
INSTANT: Final = timedelta(microseconds=1)
"""The finest step of time that is kept."""


def all_conversions(connection: Connection) -> list[Conversion]:
    """Return every conversion, oldest first."""
    return [_conversion_of(row) for row in connection.execute(_ALL).mappings()]


def conversions_of(connection: Connection, place: positions.Place) -> list[Conversion]:
    """Return what went into a book's holding of a pair or out of it, oldest first."""
    rows = connection.execute(_OF_PLACE, positions.of_place(place)).mappings()
    return [_conversion_of(row) for row in rows]


def any_as_late(connection: Connection, place: positions.Place, first: datetime) -> bool:
    """Tell whether a conversion of the place is as late as that, or later."""
    told = {**positions.of_place(place), "first": first}
    return connection.execute(_AS_LATE, told).first() is not None


def after_all(connection: Connection, places: Iterable[positions.Place], at: datetime) -> datetime:
    """Return an instant, or a later one that is after every conversion of some places.

    Of one instant a conversion comes last; what follows it must be later.
    """
    found = [each.at + INSTANT for place in places for each in conversions_of(connection, place)]
    return max([at, *found])


class SqlConversionStore:
    """Conversions in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conversions(self) -> tuple[Conversion, ...]:
        """Return every conversion, oldest first."""
        with self._database.reading() as connection:
            return tuple(all_conversions(connection))

    def convert(self, wanted: Sequence[tuple[Position, Conversion]]) -> None:
        """Carry holdings over, all or none, with the positions that follow from it.

        Args:
            wanted: each holding as it was read, which guards the write, with what becomes of it.

        Raises:
            ConflictError: a holding changed since it was read.
        """
        with self._database.writing() as connection:
            for holding, conversion in wanted:
                _convert(connection, holding, conversion)


def _convert(connection: Connection, holding: Position, conversion: Conversion) -> None:
    held = {(each.book, each.pair): each for each in positions.all_positions(connection)}
    target = conversion.book, conversion.to_pair
    if held.get((holding.book, holding.pair)) != holding:
        raise ConflictError(f"{holding.pair} in {holding.book} changed: read it again")
    places = (holding.book, holding.pair), target
    conversion = replace(conversion, at=_after_everything(connection, places, conversion.at))
    row = {name: getattr(conversion, name) for name in _FIELDS}
    connection.execute(insert(conversions), row)
    entry = journal.Entry(
        at=conversion.at,
        kind="conversion.kept",
        subject=conversion.conversion_id,
        actor="books",
        payload={"row": row},
    )
    journal.write(connection, entry)
    flat = Position(book=conversion.book, pair=conversion.to_pair)
    positions.keep(connection, converted(holding, conversion))
    positions.keep(connection, converted(held.get(target, flat), conversion))


def _after_everything(
    connection: Connection, places: Sequence[positions.Place], at: datetime
) -> datetime:
    """Return an instant after all that made what is held: the replay of it gives the same."""
    booked = [each.at for place in places for each in positions.booked_fills(connection, place)]
    told = [{"of_pair": pair} for _, pair in places]
    last = [connection.execute(_LAST_TRANSFER, each).scalar() for each in told]
    moved: list[datetime] = [each for each in last if each is not None]
    return max([after_all(connection, places, at), *booked, *moved])


def _conversion_of(row: RowMapping) -> Conversion:
    return Conversion(**{name: row[name] for name in _FIELDS})
