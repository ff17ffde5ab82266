"""Orders of the account that are not ours, as they were last seen."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.reconciliations import ForeignOrder
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.orders import foreign_orders

_TABLE: Final = foreign_orders
_FIELDS: Final = tuple(ForeignOrder.__slots__)
_OPEN: Final = Prepared(
    select(_TABLE)
    .where(_TABLE.c.gone_at.is_(None))
    .order_by(_TABLE.c.first_seen_at, _TABLE.c.kraken_order_id)
)
_KNOWN: Final = Prepared(
    select(_TABLE.c.kraken_order_id).where(
        _TABLE.c.kraken_order_id.in_(bindparam("ids", expanding=True))
    )
)
_CHANGE: Final = Prepared(update(_TABLE).where(_TABLE.c.kraken_order_id == bindparam("of")))
_ADD: Final = Prepared(insert(_TABLE))


class SqlForeignStore:
    """Foreign orders in SQL. A row stays when its order is gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> tuple[ForeignOrder, ...]:
        """Return those that are open as far as is known, the first seen first."""
        with self._database.reading() as connection:
            return tuple(_order_of(row) for row in _OPEN.named(connection))

    def see(
        self, orders: Sequence[ForeignOrder], *, gone: Collection[str], at: datetime
    ) -> tuple[ForeignOrder, ...]:
        """Keep what is open now and what is not any more, and return what was not known before.

        Args:
            orders: those that are open; what is known of one keeps the time it was first seen.
            gone: ids of Kraken's of those that are open no more.
            at: exchange time.
        """
        if not orders and not gone:
            return ()
        with self._database.writing() as connection:
            known = _known(connection, [each.kraken_order_id for each in orders])
            new = [each for each in orders if each.kraken_order_id not in known]
            for each in orders:
                _refresh(connection, each, is_new=each in new)
            for kraken_order_id in sorted(gone):
                row = {"gone_at": at}
                _change(connection, kraken_order_id, row)
                _note(connection, "foreign.gone", kraken_order_id, at=at, row=row)
        return tuple(new)


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    return {name for some in in_chunks(ids) for [name] in _KNOWN.rows(connection, {"ids": some})}


def _refresh(connection: Connection, order: ForeignOrder, *, is_new: bool) -> None:
    row = {name: getattr(order, name) for name in _FIELDS}
    row["side"] = order.side.value
    if is_new:
        _ADD.run(connection, row)
        _note(connection, "foreign.seen", order.kraken_order_id, at=order.last_seen_at, row=row)
        return
    del row["kraken_order_id"], row["first_seen_at"]
    _change(connection, order.kraken_order_id, row)


def _change(connection: Connection, kraken_order_id: str, row: dict[str, Any]) -> None:
    _CHANGE.run(connection, {**row, "of": kraken_order_id})


def _note(
    connection: Connection, kind: str, subject: str, *, at: datetime, row: dict[str, Any]
) -> None:
    entry = journal.Entry(
        at=at, kind=kind, subject=subject, actor="reconcile", payload={"row": row}
    )
    journal.write(connection, entry)


def _order_of(row: Named) -> ForeignOrder:
    told = {name: row[name] for name in _FIELDS}
    return ForeignOrder(**{**told, "side": Side(row["side"])})
