"""Locks of protections: added once for each cause, over when their time is, or cleared (RSK-7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.halts import protection_locks

_TABLE: Final = protection_locks
_IN_FORCE: Final = Prepared(
    select(_TABLE)
    .where(_TABLE.c.until > bindparam("now"), _TABLE.c.cleared_at.is_(None))
    .order_by(_TABLE.c.until, _TABLE.c.lock_id)
)
_KNOWN: Final = Prepared(
    select(_TABLE.c.lock_id).where(_TABLE.c.lock_id.in_(bindparam("names", expanding=True)))
)
_ADD: Final = Prepared(insert(_TABLE))
_CLEAR: Final = Prepared(
    update(_TABLE)
    .where(_TABLE.c.lock_id == bindparam("of_lock"), _TABLE.c.cleared_at.is_(None))
    .values(
        cleared_at=bindparam("now"), cleared_by=bindparam("whom"), cleared_reason=bindparam("why")
    )
)


def locks_in_force(connection: Connection, now: datetime) -> tuple[Lock, ...]:
    """Return what is neither over nor cleared, the first to end first."""
    return tuple(_lock_of(row) for row in _IN_FORCE.named(connection, {"now": now}))


class SqlLockStore:
    """Locks in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self, now: datetime) -> tuple[Lock, ...]:
        """Return what is neither over nor cleared, the first to end first."""
        with self._database.reading() as connection:
            return locks_in_force(connection, now)

    def add(self, some: Sequence[Lock], *, at: datetime, by: str) -> tuple[Lock, ...]:
        """Keep the locks whose cause never locked before, and return them.

        Args:
            some: that are due.
            at: the present.
            by: what looked.
        """
        with self._database.reading() as connection:
            if not _unknown(connection, some):
                return ()
        with self._database.writing() as connection:
            new = _unknown(connection, some)
            for each in new:
                row = _row(each)
                _ADD.run(connection, row)
                _note(connection, "lock.begun", each, row, at=at, by=by)
        return new

    def clear(self, some: Sequence[Lock], *, reason: str, at: datetime, by: str) -> int:
        """Clear locks, and return how many of them were not cleared before.

        Raises:
            InvalidValueError: no reason was given.
        """
        if not reason.strip():
            raise InvalidValueError("locks are cleared with a reason; none was given")
        cleared = 0
        with self._database.writing() as connection:
            for each in some:
                told = {"of_lock": each.lock_id, "now": at, "whom": by, "why": reason}
                if _CLEAR.run(connection, told):
                    cleared += 1
                    now = {"cleared_at": at, "cleared_by": by, "cleared_reason": reason}
                    row = {**_row(each), **now}
                    _note(connection, "lock.cleared", each, row, at=at, by=by)
        return cleared


def _unknown(connection: Connection, some: Sequence[Lock]) -> tuple[Lock, ...]:
    if not some:
        return ()
    names = [each.lock_id for each in some]
    known = {row[0] for row in _KNOWN.rows(connection, {"names": names})}
    return tuple(each for each in some if each.lock_id not in known)


def _note(
    connection: Connection, kind: str, lock: Lock, row: dict[str, Any], *, at: datetime, by: str
) -> None:
    entry = journal.Entry(at=at, kind=kind, subject=lock.lock_id, actor=by, payload={"row": row})
    journal.write(connection, entry)


def _row(lock: Lock) -> dict[str, Any]:
    return {
        "lock_id": lock.lock_id,
        "kind": lock.kind.value,
        "pair": lock.pair,
        "since": lock.since,
        "until": lock.until,
        "reason": lock.reason,
        "cleared_at": None,
        "cleared_by": None,
        "cleared_reason": None,
    }


def _lock_of(row: Named) -> Lock:
    told = {name: row[name] for name in Lock.__slots__ if name != "kind"}
    return Lock(**told, kind=LockKind(row["kind"]))
