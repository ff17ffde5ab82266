"""What is latched. A halt is never deleted: clearing it is written beside it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import ACTIONS, EVERYTHING, Halt, HaltKind, Scope
from kraken_pipeline.domain.trading_state import after, state_of, turn_between
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.halts import halts

_OPEN: Final = halts.c.cleared_at.is_(None)
_LATCHED: Final = Prepared(select(halts).where(_OPEN).order_by(halts.c.halt_id))
_CLEARED: Final = Prepared(
    select(halts.c.scope, halts.c.cleared_at)
    .where(halts.c.kind == bindparam("of_kind"), halts.c.cleared_by != bindparam("not_by"))
    .order_by(halts.c.cleared_at)
)
EVERY: Final = frozenset(HaltKind)


def latched_halts(connection: Connection) -> tuple[Halt, ...]:
    """Return what stops opening now, oldest first."""
    rows = _LATCHED.named(connection)
    return tuple(
        Halt(
            halt_id=row["halt_id"],
            kind=HaltKind(row["kind"]),
            scope=Scope.of(row["scope"]),
            reason=row["reason"],
            action=row["action"],
            latched_at=row["latched_at"],
            latched_by=row["latched_by"],
        )
        for row in rows
    )


class SqlHaltStore:
    """Halts in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latched(self) -> tuple[Halt, ...]:
        """Return what stops opening now, oldest first."""
        with self._database.reading() as connection:
            return latched_halts(connection)

    def latch(
        self, kind: HaltKind, *, reason: str, at: datetime, by: str, scope: Scope = EVERYTHING
    ) -> bool:
        """Latch; False if one of that kind and scope is latched already."""
        with self._database.writing() as connection:
            known = {(each.kind, each.scope) for each in latched_halts(connection)}
            if (kind, scope) in known:
                return False
            with _turning(connection, at=at, by=by):
                _latch(connection, kind, scope, reason, at=at, by=by)
        return True

    def switch(
        self,
        kind: HaltKind,
        *,
        on: Mapping[Scope, str],
        off: Mapping[Scope, str],
        at: datetime,
        by: str,
    ) -> None:
        """Latch and clear halts of one kind in one transaction, so that none opens in between.

        Args:
            kind: of all of them.
            on: scope to why it is halted; one that is halted for that reason stays as it is, one
                that is for another is cleared and latched anew.
            off: scope to why it is not halted any more; one that is not halted is passed over.
            at: exchange time, UTC.
            by: who does.
        """
        with self._database.writing() as connection:
            known = {each.scope: each for each in latched_halts(connection) if each.kind is kind}
            stays = {scope for scope, each in known.items() if on.get(scope) == each.reason}
            told = {**off, **{scope: f"now {reason}" for scope, reason in on.items()}}
            with _turning(connection, at=at, by=by):
                for scope in sorted(known.keys() & (told.keys() - stays), key=str):
                    _clear(connection, [known[scope]], told[scope], at=at, by=by)
                for scope in sorted(on.keys() - stays, key=str):
                    _latch(connection, kind, scope, on[scope], at=at, by=by)

    def clear(
        self,
        *,
        reason: str,
        at: datetime,
        by: str,
        kinds: frozenset[HaltKind] = EVERY,
        scope: Scope | None = None,
    ) -> int:
        """Clear all, or those of some kinds or of one scope, and return how many there were.

        Raises:
            InvalidValueError: no reason was given.
        """
        if not reason.strip():
            raise InvalidValueError("halts are cleared with a reason; none was given")
        with self._database.writing() as connection:
            open_now = [
                each
                for each in latched_halts(connection)
                if each.kind in kinds and scope in {None, each.scope}
            ]
            with _turning(connection, at=at, by=by):
                _clear(connection, open_now, reason, at=at, by=by)
        return len(open_now)

    def cleared(self, kind: HaltKind, *, not_by: str) -> Mapping[Scope, datetime]:
        """Return when a halt of a kind was last cleared in each scope by somebody else."""
        with self._database.reading() as connection:
            rows = _CLEARED.named(connection, {"of_kind": kind.value, "not_by": not_by})
        return {Scope.of(row["scope"]): row["cleared_at"] for row in rows}


@contextmanager
def _turning(connection: Connection, *, at: datetime, by: str) -> Iterator[None]:
    """Note what trading turns to by the halts that change meanwhile (RSK-11)."""
    before = state_of(latched_halts(connection))
    yield
    latched = latched_halts(connection)
    turn = turn_between(before, latched)
    now = after(before, turn)
    if now is not before:
        entry = journal.Entry(
            at=at,
            kind=f"trading.{now}",
            subject="trading",
            actor=by,
            payload={"from": before, "turn": turn, "halts": [str(each) for each in latched]},
        )
        journal.write(connection, entry)


def _latch(
    connection: Connection, kind: HaltKind, scope: Scope, reason: str, *, at: datetime, by: str
) -> None:
    row = {
        "kind": kind.value,
        "scope": str(scope),
        "reason": reason,
        "action": ACTIONS[kind],
        "latched_at": at,
        "latched_by": by,
    }
    made = connection.execute(insert(halts).values(row).returning(halts.c.halt_id)).scalar()
    _note(connection, "halt.latched", str(made), at=at, by=by, row={**row, "cleared_at": None})


def _clear(
    connection: Connection, some: Sequence[Halt], reason: str, *, at: datetime, by: str
) -> None:
    row = {"cleared_at": at, "cleared_by": by, "cleared_reason": reason}
    wanted = halts.c.halt_id.in_([each.halt_id for each in some])
    connection.execute(update(halts).where(_OPEN, wanted).values(row))
    for each in some:
        _note(connection, "halt.cleared", str(each.halt_id), at=at, by=by, row=row)


def _note(
    connection: Connection,
    kind: str,
    subject: str,
    *,
    at: datetime,
    by: str,
    row: dict[str, object],
) -> None:
    journal.write(
        connection, journal.Entry(at=at, kind=kind, subject=subject, actor=by, payload={"row": row})
    )
