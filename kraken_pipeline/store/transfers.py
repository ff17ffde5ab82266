"""What went from one book to another without a trade: most of it is too small to be sold."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, insert, or_, select

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lots import Position, Transfer, book_of, moved
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING
from kraken_pipeline.store import conversions, journal, positions
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import orders_where
from kraken_pipeline.store.schema.books import book_transfers
from kraken_pipeline.store.schema.decisions import denials, intents, plans, verdicts
from kraken_pipeline.store.schema.orders import execution_orders

_TABLE: Final = book_transfers
_ORDERS: Final = execution_orders
_FIELDS: Final = tuple(Transfer.__slots__)
_ALL: Final = select(_TABLE).order_by(_TABLE.c.at, _TABLE.c.transfer_id)
_OF_PLACE: Final = _ALL.where(
    _TABLE.c.pair == bindparam("of_pair"),
    or_(_TABLE.c.from_book == bindparam("of_book"), _TABLE.c.to_book == bindparam("of_book")),
)
_AS_LATE: Final = _OF_PLACE.where(_TABLE.c.at >= bindparam("first"))
_OWN: Final = and_(
    _ORDERS.c.pair == bindparam("of_pair"),
    _ORDERS.c.strategy_id == bindparam("of_strategy"),
    _ORDERS.c.timeframe == bindparam("of_timeframe"),
)
_LAST_BUY: Final = select(func.max(_ORDERS.c.created_at)).where(
    _OWN, _ORDERS.c.side == Side.BUY.value, _ORDERS.c.filled_volume != ZERO
)
_AT_WORK: Final = select(_ORDERS.c.local_id).where(
    _OWN,
    or_(
        _ORDERS.c.status.in_(sorted(each.value for each in RESERVING)),
        and_(_ORDERS.c.filled_volume != ZERO, _ORDERS.c.settled_at.is_(None)),
    ),
)
"""Orders that may still change what the book holds."""
_SOLD: Final = select(_ORDERS.c.local_id).where(
    _OWN,
    _ORDERS.c.side == Side.SELL.value,
    _ORDERS.c.created_at >= bindparam("since"),
    # a stop that nothing came of says nothing of what the strategy wants
    or_(_ORDERS.c.purpose != Purpose.PROTECT.value, _ORDERS.c.filled_volume != ZERO),
)
_DENIED: Final = (
    select(plans.c.assessed_at, verdicts.c.pair)
    .join(verdicts, verdicts.c.plan_id == plans.c.plan_id)
    .join(denials, denials.c.intent_id == verdicts.c.intent_id)
    .join(intents, intents.c.intent_id == verdicts.c.intent_id)
    .where(
        denials.c.code == "MIN_QTY",
        verdicts.c.side == Side.SELL.value,
        verdicts.c.pair == bindparam("of_pair"),
        intents.c.strategy_id == bindparam("of_strategy"),
        intents.c.timeframe == bindparam("of_timeframe"),
        plans.c.assessed_at >= bindparam("since"),
    )
    .limit(1)
)
"""Whether a book wanted to sell and had too little for an order."""


def all_transfers(connection: Connection) -> list[Transfer]:
    """Return every transfer, oldest first."""
    return [_transfer_of(row) for row in connection.execute(_ALL).mappings()]


def transfers_of(connection: Connection, place: positions.Place) -> list[Transfer]:
    """Return what went into a book's holding of a pair or out of it, oldest first."""
    rows = connection.execute(_OF_PLACE, positions.of_place(place)).mappings()
    return [_transfer_of(row) for row in rows]


def any_as_late(connection: Connection, place: positions.Place, first: datetime) -> bool:
    """Tell whether a transfer of the place is as late as that, or later."""
    told = {**positions.of_place(place), "first": first}
    return connection.execute(_AS_LATE, told).first() is not None


class SqlTransferStore:
    """Transfers in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transfers(self) -> tuple[Transfer, ...]:
        """Return every transfer, oldest first."""
        with self._database.reading() as connection:
            return tuple(all_transfers(connection))

    def wants_out(self, book: str, pair: str) -> bool:
        """Tell whether a book sold its holding of a pair as far as it could be sold.

        That is: since its newest buy that filled, an order that sells has ended, or one was denied
        because it would be too small; and nothing of the place is at work or not booked yet.
        """
        with self._database.reading() as connection:
            return _is_left_over(connection, (book, pair))

    def buyer_since(self, pair: str, at: datetime) -> str | None:
        """Return the book of the newest buy of a pair that was planned then or later and filled."""
        bought = and_(
            _ORDERS.c.pair == pair,
            _ORDERS.c.side == Side.BUY.value,
            _ORDERS.c.filled_volume != ZERO,
            _ORDERS.c.created_at >= at,
        )
        with self._database.reading() as connection:
            found = orders_where(connection, bought)
        return book_of(found[-1].strategy_id, found[-1].timeframe) if found else None

    def last_into(self, book: str, pair: str) -> Transfer | None:
        """Return the last transfer of a pair into a book."""
        with self._database.reading() as connection:
            came = [each for each in transfers_of(connection, (book, pair)) if each.to_book == book]
        return came[-1] if came else None

    def move(self, holding: Position, to_book: str, *, at: datetime, reason: str) -> Transfer:
        """Move a whole holding, with its cost to the last digit, and return the transfer.

        Args:
            holding: as it was read; it guards the write.
            to_book: where it goes.
            at: now; later if a fill of one of the books is told to be later.
            reason: for a person who asks why.

        Raises:
            ConflictError: the holding changed since it was read, or an order is at work on it.
        """
        place = holding.book, holding.pair
        with self._database.writing() as connection:
            now = position_at(connection, place)
            if now != holding or not holding.qty or _is_at_work(connection, place):
                raise ConflictError(f"{holding.pair} in {holding.book} changed: read it again")
            transfer = transfer_of(connection, holding, to_book, at=at, reason=reason)
            keep(connection, holding, transfer, actor="dust")
        return transfer


def keep(connection: Connection, holding: Position, transfer: Transfer, *, actor: str) -> None:
    """Keep a transfer out of a holding, with what it makes of both books."""
    _insert(connection, transfer, actor)
    target = position_at(connection, (transfer.to_book, transfer.pair))
    positions.keep(connection, moved(holding, transfer))
    positions.keep(connection, moved(target, transfer))


def position_at(connection: Connection, place: positions.Place) -> Position:
    """Return what a book holds of a pair, also where that is nothing."""
    held = {(each.book, each.pair): each for each in positions.all_positions(connection)}
    return held.get(place, Position(book=place[0], pair=place[1]))


def transfer_of(
    connection: Connection, holding: Position, to_book: str, *, at: datetime, reason: str
) -> Transfer:
    """Return the transfer of a whole holding, no earlier than what is booked of either book."""
    booked = [
        *positions.booked_fills(connection, (holding.book, holding.pair)),
        *positions.booked_fills(connection, (to_book, holding.pair)),
    ]
    before = transfers_of(connection, (holding.book, holding.pair))
    at = max([at, *(each.at for each in booked), *(each.at for each in before)])
    at = conversions.after_all(connection, ((holding.book, holding.pair),), at)
    identity = digest([holding.book, to_book, holding.pair, at, len(before)])
    return Transfer(
        transfer_id="X" + identity[:24],
        pair=holding.pair,
        from_book=holding.book,
        to_book=to_book,
        qty=holding.qty,
        cost=holding.cost,
        at=at,
        reason=reason,
    )


def _insert(connection: Connection, transfer: Transfer, actor: str) -> None:
    row = {name: getattr(transfer, name) for name in _FIELDS}
    connection.execute(insert(_TABLE), row)
    entry = journal.Entry(
        at=transfer.at,
        kind="transfer.kept",
        subject=transfer.transfer_id,
        actor=actor,
        payload={"row": row},
    )
    journal.write(connection, entry)


def _is_at_work(connection: Connection, place: positions.Place) -> bool:
    return connection.execute(_AT_WORK, _of_orders(place)).first() is not None


def _of_orders(place: positions.Place) -> dict[str, str]:
    book, pair = place
    strategy_id, _, timeframe = book.partition("@")
    return {"of_pair": pair, "of_strategy": strategy_id, "of_timeframe": timeframe}


def _is_left_over(connection: Connection, place: positions.Place) -> bool:
    told = _of_orders(place)
    bought_at = connection.execute(_LAST_BUY, told).scalar()
    if bought_at is None or connection.execute(_AT_WORK, told).first() is not None:
        return False
    told = {**told, "since": bought_at}
    return any(connection.execute(each, told).first() is not None for each in (_SOLD, _DENIED))


def _transfer_of(row: RowMapping) -> Transfer:
    return Transfer(**{name: row[name] for name in _FIELDS})
