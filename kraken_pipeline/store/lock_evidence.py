"""What protections judge, from books and orders: round trips, endings, slippage (RSK-7)."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, and_, bindparam, select

from kraken_pipeline.domain.book_steps import Place
from kraken_pipeline.domain.execution_quality import TOLD, slippage_bps, was_rejected
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.lots import DUST, MANUAL, Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Fact, State
from kraken_pipeline.domain.protections import Ending, Slip
from kraken_pipeline.domain.round_trips import RoundTrip, Sent, round_trips
from kraken_pipeline.store import conversions, positions, schema, transfers
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.decisions import intents
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders

_ORDERS: Final = execution_orders
_EVENTS: Final = execution_order_events
_FILLS: Final = schema.books.fills
_CLOSED: Final = Prepared(
    select(_FILLS.c.book, _FILLS.c.pair)
    .where(
        _FILLS.c.at > bindparam("since"),
        _FILLS.c.side == Side.SELL.value,
        _FILLS.c.book.not_in((MANUAL, DUST)),
    )
    .distinct()
    .order_by(_FILLS.c.book, _FILLS.c.pair)
)
_OF_PLACE: Final = Prepared(
    select(_FILLS).where(
        _FILLS.c.book == bindparam("of_book"), _FILLS.c.pair == bindparam("of_pair")
    )
)
_SENT: Final = Prepared(
    select(_ORDERS.c.kraken_order_id, _ORDERS.c.purpose, _ORDERS.c.stop_distance).where(
        _ORDERS.c.kraken_order_id.in_(bindparam("names", expanding=True))
    )
)
_ASKED_FOR: Final = (
    select(_EVENTS.c.local_id)
    .where(_EVENTS.c.local_id == _ORDERS.c.local_id, _EVENTS.c.fact == Fact.CANCEL_STARTED.value)
    .exists()
)
_WHY: Final = (
    select(_EVENTS.c.detail)
    .where(_EVENTS.c.local_id == _ORDERS.c.local_id, _EVENTS.c.fact == Fact.CANCELED_SEEN.value)
    .order_by(_EVENTS.c.version.desc())
    .limit(1)
    .scalar_subquery()
)
_ENDINGS: Final = Prepared(
    select(
        _ORDERS.c.local_id,
        _ORDERS.c.pair,
        _ORDERS.c.created_at.label("at"),
        _ORDERS.c.status,
        _ORDERS.c.filled_volume,
        _ORDERS.c.time_in_force,
        _ASKED_FOR.label("is_asked_for"),
        _WHY.label("why"),
    ).where(
        _ORDERS.c.created_at > bindparam("since"),
        _ORDERS.c.namespace == Namespace.TRADE.value,
        _ORDERS.c.status.in_(sorted(each.value for each in TOLD)),
    )
)
_FILLED: Final = Prepared(
    select(
        _ORDERS.c.local_id,
        _ORDERS.c.pair,
        _ORDERS.c.side,
        _ORDERS.c.purpose,
        _ORDERS.c.trigger,
        intents.c.decision_price,
        _FILLS.c.at,
        _FILLS.c.qty,
        _FILLS.c.cost,
    )
    .join(_ORDERS, _ORDERS.c.kraken_order_id == _FILLS.c.kraken_order_id)
    .join(intents, intents.c.intent_id == _ORDERS.c.intent_id)
    .where(
        and_(_FILLS.c.at > bindparam("since"), _ORDERS.c.purpose != Purpose.FLATTEN.value),
    )
    .order_by(_FILLS.c.at, _FILLS.c.trade_id)
)


class SqlLockEvidence:
    """What protections judge, in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def round_trips(self, since: datetime) -> tuple[RoundTrip, ...]:
        """Return what strategies closed after an instant, the oldest first."""
        with self._database.reading() as connection:
            places = [(row[0], row[1]) for row in _CLOSED.rows(connection, {"since": since})]
            found = [each for place in places for each in _trips(connection, place)]
        return tuple(sorted((each for each in found if each.at > since), key=_turn))

    def endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return what became of the orders that were planned after an instant."""
        with self._database.reading() as connection:
            return tuple(_ending(row) for row in _ENDINGS.named(connection, {"since": since}))

    def slips(self, since: datetime) -> tuple[Slip, ...]:
        """Return how far from their decisions' prices orders filled after an instant.

        Of an order that filled before that as well, what it filled since counts.
        """
        by_order: defaultdict[str, list[Named]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in _FILLED.named(connection, {"since": since}):
                by_order[row["local_id"]].append(row)
        found = (_slip(rows) for rows in by_order.values())
        return tuple(each for each in found if each is not None)


def _turn(trip: RoundTrip) -> tuple[datetime, str]:
    return trip.at, trip.trade_id


def _trips(connection: Connection, place: Place) -> list[RoundTrip]:
    told = {"of_book": place[0], "of_pair": place[1]}
    fills = [positions.fill_of(row) for row in _OF_PLACE.named(connection, told)]
    moves: list[positions.Move] = [
        *transfers.transfers_of(connection, place),
        *conversions.conversions_of(connection, place),
    ]
    return list(round_trips(place, (*fills, *moves), _sent(connection, fills)))


def _sent(connection: Connection, fills: Sequence[Fill]) -> dict[str, Sent]:
    names = sorted({each.kraken_order_id for each in fills})
    return {
        name: Sent(purpose=Purpose(purpose), stop_distance=stop_distance)
        for some in in_chunks(names)
        for name, purpose, stop_distance in _SENT.rows(connection, {"names": some})
    }


def _ending(row: Named) -> Ending:
    return Ending(
        local_id=row["local_id"],
        pair=row["pair"],
        at=row["at"],
        is_rejected=was_rejected(
            State(row["status"]),
            filled=row["filled_volume"],
            time_in_force=row["time_in_force"],
            is_asked_for=bool(row["is_asked_for"]),
            why=row["why"] or "",
        ),
    )


def _slip(rows: Sequence[Named]) -> Slip | None:
    """Return the slippage of an order from its fills; None where no price was expected of it."""
    first = rows[0]
    expected = _expected(first)
    qty = sum((each["qty"] for each in rows), ZERO)
    if not expected or not qty:
        return None
    return Slip(
        local_id=first["local_id"],
        pair=first["pair"],
        at=rows[-1]["at"],
        bps=slippage_bps(
            Side(first["side"]),
            expected=expected,
            qty=qty,
            cost=sum((each["cost"] for each in rows), ZERO),
        ),
    )


def _expected(row: Named) -> Decimal | None:
    """Return the price of the decision; of a protective stop the one that sets it off."""
    if row["purpose"] != Purpose.PROTECT.value:
        price: Decimal = row["decision_price"]
        return price
    told = json.loads(row["trigger"]) if row["trigger"] else {}
    return Decimal(told["price"]) if told.get("price") else None
