"""Pages of a long list, kept as they come, until the list is whole and its rows are booked."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty, decimal_from
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.sync_marks import SyncMark
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.ledger import staged_rows, sync_marks

Row = TypeVar("Row", LedgerEntry, TradeReport)
_MARK_FIELDS: Final = ("since", "end", "skip", "counted", "kept_at")
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_OF: Final[BindParameter[Any]] = bindparam("of")
_MINE: Final = staged_rows.c.list == _OF
_MARK: Final = Prepared(select(sync_marks).where(sync_marks.c.list == _OF))
_SET_MARK: Final = Prepared(insert(sync_marks))
_DROP_MARK: Final = Prepared(delete(sync_marks).where(sync_marks.c.list == _OF))
_KNOWN: Final = Prepared(
    select(staged_rows.c.row_id).where(_MINE, staged_rows.c.row_id.in_(_NAMES))
)
_COUNT: Final = Prepared(select(func.count()).select_from(staged_rows).where(_MINE))
_ADD: Final = Prepared(insert(staged_rows))
_DROP: Final = Prepared(delete(staged_rows).where(_MINE, staged_rows.c.row_id.in_(_NAMES)))
_DROP_ALL: Final = Prepared(delete(staged_rows).where(_MINE))
_OLDEST: Final = Prepared(
    select(staged_rows.c.row)
    .where(_MINE)
    .order_by(staged_rows.c.at, staged_rows.c.row_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[Row]):
    """How the rows of a list are written down and read again."""

    name: str
    """Of the list."""
    id_of: Callable[[Row], str]
    read: Callable[[Mapping[str, Any]], Row]


class SqlPageStore(Generic[Row]):
    """The pages of one list in SQL."""

    def __init__(self, database: Database, written: Written[Row]) -> None:
        self._database = database
        self._written: Final[Written[Row]] = written
        self._of: Final = {"of": written.name}

    def mark(self) -> SyncMark | None:
        """Return how far the list was read; None where no reading of it is under way."""
        with self._database.reading() as connection:
            row = _MARK.first(connection, self._of)
        if row is None:
            return None
        return SyncMark(
            is_whole=bool(row["is_whole"]), **{name: row[name] for name in _MARK_FIELDS}
        )

    def known(self, rows: Sequence[Row]) -> int:
        """Return how many of these rows are kept."""
        with self._database.reading() as connection:
            ids = sorted(map(self._written.id_of, rows))
            return sum(
                len(_KNOWN.rows(connection, {**self._of, "names": some})) for some in in_chunks(ids)
            )

    def count(self) -> int:
        """Return how many rows are kept."""
        with self._database.reading() as connection:
            return int(_COUNT.value(connection, self._of))

    def keep(self, mark: SyncMark, rows: Sequence[Row]) -> None:
        """Keep a page and how far the list is read with it, in one transaction."""
        told = {self._written.id_of(each): each for each in rows}
        with self._database.writing() as connection:
            for some in in_chunks(sorted(told)):
                _DROP.run(connection, {**self._of, "names": some})
            if told:
                _ADD.run_each(connection, [self._row(name, told[name]) for name in sorted(told)])
            _DROP_MARK.run(connection, self._of)
            fields = {name: getattr(mark, name) for name in _MARK_FIELDS}
            whole = {"list": self._written.name, "is_whole": int(mark.is_whole), **fields}
            _SET_MARK.run(connection, whole)

    def oldest(self, most: int) -> tuple[Row, ...]:
        """Return the oldest rows that are kept, so many at most."""
        with self._database.reading() as connection:
            rows = _OLDEST.rows(connection, {**self._of, "most": most})
        return tuple(self._written.read(json.loads(row)) for [row] in rows)

    def drop(self, rows: Sequence[Row]) -> None:
        """Keep these rows no more: they are booked."""
        ids = sorted(map(self._written.id_of, rows))
        with self._database.writing() as connection:
            for some in in_chunks(ids):
                _DROP.run(connection, {**self._of, "names": some})

    def forget(self) -> None:
        """Forget the reading, with whatever of it is not booked."""
        with self._database.writing() as connection:
            _DROP_ALL.run(connection, self._of)
            _DROP_MARK.run(connection, self._of)

    def _row(self, name: str, row: Row) -> dict[str, Any]:
        told = {field: getattr(row, field) for field in type(row).__slots__}
        return {
            "list": self._written.name, "row_id": name, "at": row.at, "row": canonical(told),
        }  # fmt: skip


def _entry(told: Mapping[str, Any]) -> LedgerEntry:
    amounts = {name: decimal_from(told[name]) for name in ("amount", "fee", "balance")}
    return LedgerEntry(**{**told, **amounts, "at": _instant(told["at"])})


def _trade(told: Mapping[str, Any]) -> TradeReport:
    return TradeReport(
        **{
            **told,
            "side": Side(told["side"]),
            "price": Price(decimal_from(told["price"])),
            "qty": Qty(decimal_from(told["qty"])),
            "cost": decimal_from(told["cost"]),
            "fee": decimal_from(told["fee"]),
            "at": _instant(told["at"]),
        }
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


LEDGER: Final[Written[LedgerEntry]] = Written(
    name="Ledgers", id_of=lambda each: each.entry_id, read=_entry
)
TRADES: Final[Written[TradeReport]] = Written(
    name="TradesHistory", id_of=lambda each: each.trade_id, read=_trade
)
