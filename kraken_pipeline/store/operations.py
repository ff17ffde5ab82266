"""What people did by hand: who, why, what it was before and what it is after (CLI-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that a person asks for."""

    act: str
    """The command: `cancel`, `amend`, `resolve`."""
    subject: str
    """Whose: our id of the order."""
    actor: str
    """The user of the machine."""
    reason: str
    before: Mapping[str, object]
    """What it is about, as it was."""


def asked(database: Database, operation: Operation, *, at: datetime) -> None:
    """Write that somebody asks for it; before anything is done."""
    _note(database, operation, at, "asked", {"before": operation.before})


def done(
    database: Database, operation: Operation, *, at: datetime, after: Mapping[str, object]
) -> None:
    """Write what came of it."""
    _note(database, operation, at, "done", {"before": operation.before, "after": after})


def failed(database: Database, operation: Operation, *, at: datetime, why: str) -> None:
    """Write that it is not known to be done, and why."""
    _note(database, operation, at, "failed", {"before": operation.before, "why": why})


def _note(
    database: Database,
    operation: Operation,
    at: datetime,
    what: str,
    facts: Mapping[str, object],
) -> None:
    entry = journal.Entry(
        at=at,
        kind=f"operator.{operation.act}_{what}",
        subject=operation.subject,
        actor=operation.actor,
        payload={"reason": operation.reason, **facts},
    )
    with database.writing() as connection:
        journal.write(connection, entry)
