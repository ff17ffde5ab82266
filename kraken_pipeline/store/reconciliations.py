"""Comparisons of the books with the exchange, as they ended."""

import json
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.reconciliations import (
    Cause,
    CleanRun,
    Finding,
    Kind,
    Outcome,
    Reconciliation,
)
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.books import reconciliations

_TABLE: Final = reconciliations
_ADD: Final = Prepared(insert(_TABLE).returning(_TABLE.c.id))
_NEWEST: Final = Prepared(select(_TABLE).order_by(_TABLE.c.id.desc()).limit(bindparam("count")))
_LAST: Final = Prepared(select(func.max(_TABLE.c.at)))
_LAST_OF: Final = Prepared(
    select(func.max(_TABLE.c.at)).where(_TABLE.c.cause.in_(bindparam("causes", expanding=True)))
)
_BROKEN: Final = Prepared(
    select(_TABLE.c.id, _TABLE.c.outcome)
    .where(_TABLE.c.outcome != Outcome.CLEAN.value)
    .order_by(_TABLE.c.id.desc())
    .limit(1)
)
_SINCE: Final = Prepared(
    select(func.min(_TABLE.c.at), func.max(_TABLE.c.at)).where(_TABLE.c.id > bindparam("after"))
)
_PRUNE: Final = Prepared(
    delete(_TABLE).where(_TABLE.c.at < bindparam("before"), _TABLE.c.outcome == Outcome.CLEAN.value)
)


class SqlReconciliationStore:
    """Reconciliations in SQL. What repaired something or found a difference is journaled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, found: Reconciliation) -> None:
        """Keep one, as the newest."""
        findings = canonical([_told(each) for each in found.findings])
        row = {
            "at": found.at,
            "cause": found.cause.value,
            "outcome": found.outcome.value,
            "findings": findings,
            "run_id": found.run_id,
        }
        with self._database.writing() as connection:
            number = _ADD.value(connection, row)
            if found.outcome is not Outcome.CLEAN:
                entry = journal.Entry(
                    at=found.at,
                    kind=f"reconcile.{found.outcome.value}",
                    subject=str(number),
                    actor=found.run_id,
                    payload={"row": row},
                )
                journal.write(connection, entry)

    def newest(self, count: int) -> tuple[Reconciliation, ...]:
        """Return the last ones, the newest first."""
        with self._database.reading() as connection:
            rows = _NEWEST.named(connection, {"count": count})
            return tuple(_found_of(row) for row in rows)

    def clean_run(self) -> CleanRun:
        """Return what is known of the clean ones since the last that was not clean."""
        with self._database.reading() as connection:
            broken = _BROKEN.first(connection)
            since = {"after": 0 if broken is None else broken["id"]}
            [(first_at, last_at)] = _SINCE.rows(connection, since)
        return CleanRun(
            broken_by=None if broken is None else Outcome(broken["outcome"]),
            first_at=first_at,
            last_at=last_at,
        )

    def last_at(self, *causes: Cause) -> datetime | None:
        """Return when the newest was made, of some causes or of any; None if there is none."""
        told = {"causes": [each.value for each in causes]}
        with self._database.reading() as connection:
            last: datetime | None = (
                _LAST_OF.value(connection, told) if causes else _LAST.value(connection)
            )
        return last

    def prune(self, before: datetime) -> int:
        """Delete the clean ones older than that and return how many; what found something stays."""
        with self._database.writing() as connection:
            return _PRUNE.run(connection, {"before": before})


def _told(finding: Finding) -> dict[str, str]:
    return {"kind": finding.kind.value, "subject": finding.subject, "said": finding.said}


def _found_of(row: Named) -> Reconciliation:
    return Reconciliation(
        at=row["at"],
        cause=Cause(row["cause"]),
        run_id=row["run_id"],
        findings=tuple(
            Finding(kind=Kind(each["kind"]), subject=each["subject"], said=each["said"])
            for each in json.loads(row["findings"])
        ),
    )
