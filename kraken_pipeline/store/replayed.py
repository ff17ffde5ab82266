"""What the kept ledger adds up to: after the first time only what is new is read."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.ledger import ledger_entries

SETTLED: Final = timedelta(days=1)
"""Entries so much older than the newest are added up once: rows come late by minutes."""
_COUNT: Final = Prepared(select(func.count()).select_from(ledger_entries))
_NEWEST: Final = Prepared(select(func.max(ledger_entries.c.at)))
_COUNT_BEFORE: Final = Prepared(
    select(func.count())
    .select_from(ledger_entries)
    .where(ledger_entries.c.at < bindparam("before"))
)
_SINCE: Final = select(ledger_entries.c.asset, ledger_entries.c.amount, ledger_entries.c.fee).where(
    ledger_entries.c.at >= bindparam("since")
)
_MOVED_SINCE: Final = Prepared(_SINCE)
_MOVED_WITHIN: Final = Prepared(_SINCE.where(ledger_entries.c.at < bindparam("before")))

Sums = Mapping[str, Decimal]
"""By bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Old:
    """What the entries before an instant add up to."""

    before: datetime
    count: int
    sums: Sums


NOTHING: Final = _Old(before=EPOCH, count=0, sums={})


class Replayed:
    """The sums of one ledger, as far as this process has read it.

    Entries are added and never changed, so as many as before are the same as before.
    """

    def __init__(self) -> None:
        """Have read nothing."""
        self._known: tuple[int, Sums] = (0, {})
        self._old = NOTHING

    def sums(self, connection: Connection) -> Sums:
        """Return what all entries add up to, by bucket, exactly."""
        count = int(_COUNT.value(connection))
        if count != self._known[0]:
            self._known = count, self._read(connection)
        return self._known[1]

    def _read(self, connection: Connection) -> Sums:
        old = self._old
        if int(_COUNT_BEFORE.value(connection, {"before": old.before})) != old.count:
            old = NOTHING  # one came that is older than any should
        newest: datetime = _NEWEST.value(connection)
        before = max(old.before, newest - SETTLED)
        span = {"since": old.before, "before": before}
        # counted first: what comes in between is then one too many, and all is read again
        count = int(_COUNT_BEFORE.value(connection, {"before": before}))
        settled = _added(connection, _MOVED_WITHIN, span, old.sums)
        self._old = _Old(before=before, count=count, sums=settled)
        return _added(connection, _MOVED_SINCE, {"since": before}, settled)


def _added(
    connection: Connection, wanted: Prepared, values: Mapping[str, datetime], sums: Sums
) -> Sums:
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO, sums)
    with localcontext(EXACT):
        for asset, amount, fee in wanted.streamed(connection, values):
            found[asset] += amount - fee
    return dict(found)
