"""What books hold at this instant, orders that reduce it, and what is known of its stops."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal_column, select

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, NOTHING, ZERO, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING, Order, State
from kraken_pipeline.domain.protection import Protection, is_child, is_stop
from kraken_pipeline.domain.renames import under_new_name
from kraken_pipeline.store import conversions, journal, positions, schema
from kraken_pipeline.store.assessments import reserve
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import ORDERS, in_chunks, orders_found, orders_in
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.store.unproven import unproven_sales

_ORDERS: Final = execution_orders
_FILLS: Final = fills
_TABLE: Final = schema.orders.protections
_ALL: Final = Prepared(select(_TABLE).order_by(_TABLE.c.book, _TABLE.c.pair))
_FORGET: Final = Prepared(
    delete(_TABLE).where(
        and_(_TABLE.c.book == bindparam("of_book"), _TABLE.c.pair == bindparam("of_pair"))
    )
)
_ADD: Final = Prepared(insert(_TABLE))
_UNSETTLED: Final = Prepared(
    ORDERS.where(
        # any at all: as it stands in the index, or the index is of no use
        _ORDERS.c.status.in_(sorted(each.value for each in State)),
        _ORDERS.c.settled_at.is_(None),
        _ORDERS.c.filled_volume != literal_column("'0'"),
    )
)
_BOUGHT: Final = and_(
    _ORDERS.c.strategy_id == bindparam("of_strategy"),
    _ORDERS.c.timeframe == bindparam("of_timeframe"),
    _ORDERS.c.pair == bindparam("of_pair"),
    _ORDERS.c.side == Side.BUY.value,
    _ORDERS.c.filled_volume != ZERO,
)
_ENTRY: Final = Prepared(
    ORDERS.where(
        _BOUGHT,
        _ORDERS.c.created_at
        == select(func.max(_ORDERS.c.created_at)).where(_BOUGHT).scalar_subquery(),
    )
)
_LAST_STOP: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.strategy_id == bindparam("of_strategy"),
        _ORDERS.c.timeframe == bindparam("of_timeframe"),
        _ORDERS.c.pair == bindparam("of_pair"),
        _ORDERS.c.purpose == Purpose.PROTECT.value,
    )
    .order_by(None)
    .order_by(_ORDERS.c.created_at.desc(), _ORDERS.c.attempt.desc())
    .limit(1)
)
_CLOSING: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.close.is_not(None),
        _ORDERS.c.filled_volume != ZERO,
        _ORDERS.c.updated_at >= bindparam("since"),
    )
)
_CHILDREN: Final = Prepared(
    ORDERS.where(_ORDERS.c.parent_id == bindparam("of"), _ORDERS.c.deadline.is_(None))
)
_BOOKED: Final = Prepared(
    select(_FILLS.c.kraken_order_id, _FILLS.c.book, _FILLS.c.qty).where(
        _FILLS.c.kraken_order_id.in_(bindparam("ids", expanding=True))
    )
)
_ATTEMPTS: Final = Prepared(
    select(func.max(_ORDERS.c.attempt)).where(
        _ORDERS.c.intent_id == bindparam("of_intent"), _ORDERS.c.purpose == bindparam("of_purpose")
    )
)
_KNOWN: Final = Prepared(
    select(_ORDERS.c.local_id).where(_ORDERS.c.kraken_order_id == bindparam("of_kraken_id"))
)
Place = positions.Place


class SqlProtectionStore:
    """Stops and what they protect, in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holdings(self) -> Mapping[Place, Qty]:
        """Return what each book holds of each pair, with fills that are not booked yet.

        What a person wrote off of its sales is not among it until it was looked for again.
        """
        with self._database.reading() as connection:
            return _holdings(connection)

    def entry(self, book: str, pair: str) -> Order | None:
        """Return the newest buy of a book and a pair that filled.

        Where there is none, the one of the name that the pair's asset had before, as it would have
        been under the new one (UNI-9).
        """
        with self._database.reading() as connection:
            return _entry(connection, (book, pair))

    def last_stop(self, book: str, pair: str) -> Order | None:
        """Return the stop of a book and a pair that was planned last, whatever became of it."""
        with self._database.reading() as connection:
            found = orders_found(connection, _LAST_STOP, _of(book, pair))
        return found[0] if found else None

    def closing_since(self, at: datetime) -> tuple[Order, ...]:
        """Return the orders with a conditional close of which something was heard since then."""
        with self._database.reading() as connection:
            return orders_found(connection, _CLOSING, {"since": at})

    def closed_qty(self, local_id: str) -> Decimal:
        """Return how much of an order has stops that Kraken made for it, standing or not."""
        with self._database.reading() as connection:
            children = orders_found(connection, _CHILDREN, {"of": local_id})
        return sum((each.qty for each in children if each.kraken_order_id), ZERO)

    def next_attempt(self, intent: IntentId, purpose: Purpose) -> int:
        """Return which attempt of an intent for a purpose would be the next; 1 for the first."""
        told = {"of_intent": intent, "of_purpose": purpose.value}
        with self._database.reading() as connection:
            return int(_ATTEMPTS.value(connection, told) or 0) + 1

    def plan(self, order: Order, *, by: str, why: str) -> None:
        """Reserve an order that reduces, outside an assessment.

        Raises:
            ConflictError: its book does not hold so much that nothing else sells, a stop is there
                already, or the attempt was made; nothing is written.
        """
        with self._database.writing() as connection:
            _require_room(connection, order)
            reserve(connection, order, source="protect", by=by, why=why)

    def adopt(self, order: Order, *, why: str) -> bool:
        """Write an order that the exchange made for one of ours, as it is; False if it is known."""
        with self._database.writing() as connection:
            known = _KNOWN.first(connection, {"of_kraken_id": order.kraken_order_id})
            if known is None:
                reserve(connection, order, source="exchange", by="protect", why=why)
        return known is None

    def protections(self) -> tuple[Protection, ...]:
        """Return what is known of stops, by book and pair."""
        with self._database.reading() as connection:
            rows = _ALL.named(connection)
            return tuple(
                Protection(**{name: row[name] for name in Protection.__slots__}) for row in rows
            )

    def note(self, now: Protection, *, why: str = "") -> None:
        """Keep what is known of a stop, over what was known; a reason goes to the journal."""
        row = {name: getattr(now, name) for name in Protection.__slots__}
        with self._database.writing() as connection:
            _FORGET.run(connection, positions.of_place((now.book, now.pair)))
            _ADD.run(connection, row)
            if why:
                entry = journal.Entry(
                    at=now.updated_at,
                    kind=f"protection.{why}",
                    subject=f"{now.book} {now.pair}",
                    actor="protect",
                    payload={"protection": row},
                )
                journal.write(connection, entry)

    def forget(self, book: str, pair: str) -> None:
        """Forget what was known of a stop: there is nothing to protect."""
        with self._database.writing() as connection:
            _FORGET.run(connection, positions.of_place((book, pair)))


def _of(book: str, pair: str) -> dict[str, str]:
    strategy_id, _, timeframe = book.partition("@")
    return {"of_strategy": strategy_id, "of_timeframe": timeframe, "of_pair": pair}


def _entry(connection: Connection, place: Place) -> Order | None:
    found = orders_found(connection, _ENTRY, _of(*place))
    if found:
        return found[-1]
    for each in reversed(conversions.conversions_of(connection, place)):
        before = (
            _entry(connection, (each.book, each.from_pair)) if each.to_pair == place[1] else None
        )
        if before is not None:
            return under_new_name(before, each)
    return None


def _holdings(connection: Connection) -> dict[Place, Qty]:
    held: defaultdict[Place, Qty] = defaultdict(lambda: NOTHING)
    for position in positions.all_positions(connection):
        held[position.book, position.pair] = position.qty
    unsettled = orders_found(connection, _UNSETTLED, {})
    booked = _booked(connection, unsettled)
    with localcontext(EXACT):
        for order in unsettled:
            missing = order.filled_qty - booked.get((order.kraken_order_id, _book(order)), ZERO)
            sign = 1 if order.side is Side.BUY else -1
            held[_place(order)] = Qty(held[_place(order)] + sign * max(missing, ZERO))
        for order in unproven_sales(connection):
            held[_place(order)] = Qty(max(held[_place(order)] - order.open_qty, ZERO))
    return {place: qty for place, qty in held.items() if qty}


def _booked(
    connection: Connection, orders: tuple[Order, ...]
) -> dict[tuple[str | None, str], Decimal]:
    """Return what is booked of each order, in its own book."""
    booked: defaultdict[tuple[str | None, str], Decimal] = defaultdict(lambda: ZERO)
    ids = [each.kraken_order_id for each in orders if each.kraken_order_id]
    with localcontext(EXACT):
        for some in in_chunks(ids):
            for kraken_order_id, book, qty in _BOOKED.rows(connection, {"ids": some}):
                booked[kraken_order_id, book] += qty
    return booked


def _require_room(connection: Connection, order: Order) -> None:
    place = _place(order)
    here = [each for each in orders_in(connection, RESERVING) if _place(each) == place]
    if is_stop(order) and any(is_stop(each) and not is_child(each) for each in here):
        raise ConflictError(f"a stop of {order.pair} in {place[0]} is there already")
    held = _holdings(connection).get(place, NOTHING)
    selling = sum((each.open_qty for each in here if each.side is Side.SELL), ZERO)
    if order.side is not Side.SELL or not 0 < order.qty <= held - selling:
        raise ConflictError(
            f"{order.side} {order.qty} {order.pair}: {place[0]} holds {held} and sells {selling}"
        )
    made = {"of_intent": order.intent_id, "of_purpose": order.purpose.value}
    if (_ATTEMPTS.value(connection, made) or 0) >= order.attempt:
        raise ConflictError(f"{order.local_id}: attempt {order.attempt} was made already")


def _place(order: Order) -> Place:
    return _book(order), order.pair


def _book(order: Order) -> str:
    return book_of(order.strategy_id, order.timeframe)
