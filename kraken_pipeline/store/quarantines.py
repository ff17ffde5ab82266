"""Strategies in quarantine; a row is never deleted: its release is written beside it (STG-6)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Namespace, Outcome
from kraken_pipeline.domain.quarantines import BAD, FAULT, Quarantine
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.decisions import decisions
from kraken_pipeline.store.schema.halts import quarantines

_IN_FORCE: Final = Prepared(
    select(quarantines)
    .where(quarantines.c.released_at.is_(None))
    .order_by(quarantines.c.strategy_id)
)
_KNOWN: Final = Prepared(
    select(quarantines.c.quarantine_id).where(
        or_(
            quarantines.c.quarantine_id == bindparam("of_id"),
            (quarantines.c.strategy_id == bindparam("of_strategy"))
            & quarantines.c.released_at.is_(None),
        )
    )
)
_RELEASED: Final = Prepared(
    select(func.max(quarantines.c.released_at)).where(
        quarantines.c.strategy_id == bindparam("of_strategy")
    )
)
_LATELY: Final = Prepared(
    select(decisions.c.outcome, decisions.c.reason, decisions.c.no_signals)
    .where(
        decisions.c.namespace == Namespace.TRADE.value,
        decisions.c.strategy_id == bindparam("of_strategy"),
        decisions.c.decided_at > bindparam("since"),
        or_(decisions.c.outcome != Outcome.SKIPPED.value, decisions.c.reason.startswith(FAULT)),
    )
    .order_by(decisions.c.decided_at.desc(), decisions.c.decision_id)
    .limit(bindparam("most"))
)
_ADD: Final = Prepared(insert(quarantines))
_RELEASE: Final = Prepared(
    update(quarantines)
    .where(quarantines.c.quarantine_id == bindparam("of_id"), quarantines.c.released_at.is_(None))
    .values(
        released_at=bindparam("now"),
        released_by=bindparam("whom"),
        released_reason=bindparam("why"),
    )
)


class SqlQuarantineStore:
    """Quarantines in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self) -> Mapping[str, Quarantine]:
        """Return who is not asked now, by strategy id."""
        with self._database.reading() as connection:
            rows = _IN_FORCE.named(connection)
        found = (Quarantine(**{name: row[name] for name in Quarantine.__slots__}) for row in rows)
        return {each.strategy_id: each for each in found}

    def faults(self, strategy_id: str, *, most: int) -> tuple[str, ...]:
        """Return what went wrong at the newest decisions since the last release, newest first."""
        with self._database.reading() as connection:
            since = _RELEASED.value(connection, {"of_strategy": strategy_id})
            told = {"of_strategy": strategy_id, "since": since or EPOCH, "most": most}
            rows = _LATELY.named(connection, told)
        return tuple(_fault(row["outcome"], row["reason"], row["no_signals"]) for row in rows)

    def begin(self, quarantine: Quarantine, *, by: str) -> None:
        """Keep a quarantine, once."""
        row = {
            **{name: getattr(quarantine, name) for name in Quarantine.__slots__},
            "released_at": None,
            "released_by": None,
            "released_reason": None,
        }
        of = {"of_id": quarantine.quarantine_id, "of_strategy": quarantine.strategy_id}
        with self._database.writing() as connection:
            if _KNOWN.first(connection, of) is None:
                _ADD.run(connection, row)
                _note(connection, "quarantine.begun", quarantine, row, at=quarantine.since, by=by)

    def release(self, quarantine: Quarantine, *, at: datetime, by: str, reason: str) -> None:
        """Keep that a person ended it.

        Raises:
            InvalidValueError: no reason was given.
        """
        if not reason.strip():
            raise InvalidValueError("a strategy is released with a reason; none was given")
        told = {"of_id": quarantine.quarantine_id, "now": at, "whom": by, "why": reason}
        now = {"released_at": at, "released_by": by, "released_reason": reason}
        with self._database.writing() as connection:
            if _RELEASE.run(connection, told):
                row = {name: getattr(quarantine, name) for name in Quarantine.__slots__} | now
                _note(connection, "quarantine.released", quarantine, row, at=at, by=by)


def _fault(outcome: str, reason: str, no_signals: str) -> str:
    if outcome == Outcome.SKIPPED.value:
        return reason
    refused = (why for why in json.loads(no_signals).values() if why.startswith(BAD))
    return next(refused, "")


def _note(
    connection: Connection,
    kind: str,
    quarantine: Quarantine,
    row: dict[str, Any],
    *,
    at: datetime,
    by: str,
) -> None:
    entry = journal.Entry(
        at=at, kind=kind, subject=quarantine.quarantine_id, actor=by, payload={"row": row}
    )
    journal.write(connection, entry)
