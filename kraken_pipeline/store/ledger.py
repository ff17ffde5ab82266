"""Why each ledger entry is there: kept with the entry, and completed by what comes later (PF-2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack, Unexplained
from kraken_pipeline.domain.accounting.explain import NO_REFID, event_of, explain
from kraken_pipeline.domain.accounting.kinds import LEG_TYPES, MAY_BE_LISTED, Kind, rule_of
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.accounting.residuals import Residual, residual_of
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.store import positions, unbooked
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.books import fill_residuals, fills
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries
from kraken_pipeline.store.schema.nav import valued_flows

AT_ONCE: Final = 2_000
"""Entries of an older version's books that are explained together."""
_FIELDS: Final = tuple(LedgerEntry.__slots__)
_CAUSE_FIELDS: Final = ("cause", "event_id", "why", "lacks")
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_CAUSES: Final = [entry_causes.c[name] for name in _CAUSE_FIELDS]
_WITH_CAUSE: Final = select(ledger_entries, *_CAUSES, entry_causes.c.explained_at).join(
    entry_causes
)
_IN_ORDER: Final = (ledger_entries.c.at, ledger_entries.c.entry_id)
_OF_CAUSE: Final = Prepared(
    _WITH_CAUSE.where(
        entry_causes.c.cause == bindparam("of_cause"), entry_causes.c.lacks == bindparam("of_lack")
    ).order_by(*_IN_ORDER)
)
_UNKNOWN: Final = Prepared(
    _WITH_CAUSE.where(entry_causes.c.cause == Cause.UNKNOWN.value).order_by(*_IN_ORDER)
)
_UNDECIDED: Final = Prepared(
    select(ledger_entries)
    .join(entry_causes)
    .where(
        entry_causes.c.cause == Cause.UNKNOWN.value,
        ledger_entries.c.type.in_(MAY_BE_LISTED),
    )
)
_COUNTS: Final = Prepared(
    select(entry_causes.c.cause, func.count())
    .group_by(entry_causes.c.cause)
    .order_by(entry_causes.c.cause)
)
_BY_REFID: Final = Prepared(select(ledger_entries).where(ledger_entries.c.refid.in_(_NAMES)))
_LEGS_OF: Final = Prepared(
    select(ledger_entries).where(
        ledger_entries.c.type.in_(LEG_TYPES), ledger_entries.c.amount.in_(_NAMES)
    )
)
_FILLS: Final = Prepared(select(fills).where(fills.c.trade_id.in_(_NAMES)))
_KNOWN: Final = Prepared(select(entry_causes).where(entry_causes.c.entry_id.in_(_NAMES)))
_FORGET: Final = Prepared(delete(entry_causes).where(entry_causes.c.entry_id.in_(_NAMES)))
_ADD: Final = Prepared(insert(entry_causes))
_RESIDUALS: Final = Prepared(select(fill_residuals).where(fill_residuals.c.trade_id.in_(_NAMES)))
_DROP: Final = Prepared(delete(fill_residuals).where(fill_residuals.c.trade_id.in_(_NAMES)))
_ADD_RESIDUAL: Final = Prepared(insert(fill_residuals))
_MOVED: Final = (
    select(
        ledger_entries.c.asset, ledger_entries.c.amount, ledger_entries.c.fee, entry_causes.c.cause
    )
    .join(entry_causes)
    .where(
        ledger_entries.c.at >= bindparam("since"),
        # its units are there: taken back, it would be missing beside them
        ledger_entries.c.entry_id.not_in(select(valued_flows.c.entry_id)),
    )
)
_MOVED_SINCE: Final = Prepared(_MOVED)
_MOVED_WITHIN: Final = Prepared(_MOVED.where(ledger_entries.c.at < bindparam("until")))
_UNEXPLAINED: Final = Prepared(
    select(ledger_entries)
    .where(ledger_entries.c.entry_id.not_in(select(entry_causes.c.entry_id)))
    .order_by(*_IN_ORDER)
    .limit(AT_ONCE)
)


class SqlLedgerStore:
    """The explained ledger in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def explained(self, since: datetime | None) -> tuple[Explained, ...]:
        """Return entries at or after an instant with their causes, oldest first; None for all."""
        wanted = _WITH_CAUSE if since is None else _WITH_CAUSE.where(ledger_entries.c.at >= since)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(*_IN_ORDER)).mappings()
            return tuple(explained_of(row) for row in rows)

    def unexplained(self) -> tuple[Unexplained, ...]:
        """Return the entries that nobody can explain, oldest first."""
        with self._database.reading() as connection:
            rows = _UNKNOWN.named(connection)
        return tuple(
            Unexplained(told=explained_of(row), found_at=row["explained_at"]) for row in rows
        )

    def without_fill(self) -> tuple[Explained, ...]:
        """Return the entries of trades whose fill is not kept, oldest first."""
        asked = {"of_cause": Cause.FILL.value, "of_lack": Lack.FILL.value}
        with self._database.reading() as connection:
            return tuple(explained_of(row) for row in _OF_CAUSE.named(connection, asked))

    def in_flight(self) -> tuple[InFlight, ...]:
        """Return the ends of moves between buckets whose other end has not come, oldest first."""
        asked = {"of_cause": Cause.INTERNAL.value, "of_lack": Lack.LEG.value}
        with self._database.reading() as connection:
            rows = _OF_CAUSE.named(connection, asked)
        return tuple(InFlight(entry=entry_of(row)) for row in rows)

    def moved(self, since: datetime, until: datetime | None) -> Mapping[str, Decimal]:
        """Return by how much entries that are in no units yet changed what the account has.

        Trades and rewards are in none, and flows until a snapshot has valued them. A move between
        buckets changes nothing but by its fee: what left one is the account's until it is in the
        other (PF-11).

        Args:
            since: the first instant that counts.
            until: the first one after that does not; None counts all.

        Returns:
            That by bucket, in its asset.
        """
        wanted = _MOVED_SINCE if until is None else _MOVED_WITHIN
        values = {"since": since} if until is None else {"since": since, "until": until}
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        with self._database.reading() as connection, localcontext(EXACT):
            for asset, amount, fee, cause in wanted.streamed(connection, values):
                found[asset] += (ZERO if cause == Cause.INTERNAL.value else amount) - fee
        return dict(found)

    def counts(self) -> Mapping[Cause, int]:
        """Return how many entries each cause has; one that has none is left out."""
        with self._database.reading() as connection:
            return {Cause(cause): count for cause, count in _COUNTS.rows(connection)}

    def residuals(self, trade_ids: Sequence[str]) -> Mapping[str, Residual]:
        """Return by how much the ledger differs from these trades; what agrees is left out."""
        with self._database.reading() as connection:
            rows = _all(connection, _RESIDUALS, trade_ids)
        return {row["trade_id"]: Residual(**row) for row in rows}


def explain_news(
    connection: Connection,
    new_fills: Iterable[Fill],
    new_entries: Iterable[LedgerEntry],
    lookup: Lookup,
    *,
    may_lack_causes: bool,
) -> None:
    """Explain what was just added, and anew what it completes.

    Args:
        connection: of the transaction that added it.
        new_fills: just added.
        new_entries: just added.
        lookup: what was known when they were read.
        may_lack_causes: whether an older version may have kept entries without a cause.
    """
    entries = list(new_entries)
    refids = {each.trade_id for each in new_fills}
    if may_lack_causes:
        _explain_the_past(connection, lookup)
    if entries or refids:
        unknown = [explained_of(row).entry for row in _UNKNOWN.named(connection)]
        _explain(connection, [*entries, *unknown], refids, lookup)


def keep_cause(connection: Connection, told: Explained, at: datetime) -> None:
    """Keep the cause of an entry of our own, which explains itself, and have it booked."""
    _keep_causes(connection, [told], at)


def entry_of(row: Named) -> LedgerEntry:
    """Return the entry that a row is."""
    return LedgerEntry(**{name: row[name] for name in _FIELDS})


def _explain_the_past(connection: Connection, lookup: Lookup) -> None:
    while rows := _UNEXPLAINED.named(connection):
        _explain(connection, [entry_of(row) for row in rows], frozenset(), lookup)


def _explain(
    connection: Connection,
    entries: Sequence[LedgerEntry],
    trade_ids: Iterable[str],
    lookup: Lookup,
) -> None:
    """Explain entries with all that their events consist of, and keep what is new of it."""
    whole = _with_their_events(connection, entries, trade_ids)
    traded: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
    for each in whole:
        if rule_of(each).kind is Kind.TRADE:
            traded[event_of(each)].append(each)
    known = {
        row["trade_id"]: positions.fill_of(row) for row in _all(connection, _FILLS, sorted(traded))
    }
    _keep_causes(connection, explain(whole, known, lookup), lookup.at)
    _keep_residuals(
        connection, [residual_of(fill, traded[name]) for name, fill in sorted(known.items())]
    )


def _with_their_events(
    connection: Connection, entries: Sequence[LedgerEntry], trade_ids: Iterable[str]
) -> list[LedgerEntry]:
    """Return entries with every other of their refids and, of moves, every end of as much."""
    whole = {each.entry_id: each for each in entries}
    asked: set[str] = set(NO_REFID)
    amounts: set[Decimal] = set()
    refids = {*trade_ids, *(each.refid for each in entries)}
    while news := sorted(refids - asked):
        asked |= refids
        found = [entry_of(row) for row in _all(connection, _BY_REFID, news)]
        whole.update((each.entry_id, each) for each in found)
        moved = {
            each.amount * sign
            for each in whole.values()
            if rule_of(each).kind is Kind.LEG
            for sign in (1, -1)
        }
        legs = [entry_of(row) for row in _all(connection, _LEGS_OF, sorted(moved - amounts))]
        amounts |= moved
        whole.update((each.entry_id, each) for each in legs)
        refids |= {each.refid for each in legs}
    return list(whole.values())


def _keep_causes(connection: Connection, told: Sequence[Explained], at: datetime) -> None:
    ids = [each.entry.entry_id for each in told]
    known = {
        row["entry_id"]: tuple(row[name] for name in _CAUSE_FIELDS)
        for row in _all(connection, _KNOWN, ids)
    }
    news = [row for row in map(_row, told) if known.get(row["entry_id"]) != _cause_in(row)]
    changed = [row["entry_id"] for row in news if row["entry_id"] in known]
    for some in in_chunks(changed):
        _FORGET.run(connection, {"names": some})
    if news:
        _ADD.run_each(connection, [{**row, "explained_at": at} for row in news])
        names = {row["entry_id"] for row in news}
        unbooked.wait(connection, [each for each in told if each.entry.entry_id in names])


def _keep_residuals(connection: Connection, told: Sequence[Residual]) -> None:
    before = {row["trade_id"] for row in _all(connection, _RESIDUALS, [e.trade_id for e in told])}
    for some in in_chunks(sorted(before)):
        _DROP.run(connection, {"names": some})
    rows = [
        {"trade_id": each.trade_id, "base": each.base, "quote": each.quote, "fee": each.fee}
        for each in told
        if not each.is_none
    ]
    if rows:
        _ADD_RESIDUAL.run_each(connection, rows)


def _all(connection: Connection, wanted: Prepared, names: Sequence[Any]) -> list[dict[str, Any]]:
    return [row for some in in_chunks(names) for row in wanted.named(connection, {"names": some})]


def _row(each: Explained) -> dict[str, Any]:
    return {
        "entry_id": each.entry.entry_id,
        "cause": each.cause.value,
        "event_id": each.event_id,
        "why": each.why,
        "lacks": each.lacks.value,
    }


def _cause_in(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _CAUSE_FIELDS)


def explained_of(row: Named) -> Explained:
    """Return the entry and the cause that a row is."""
    return Explained(
        entry=entry_of(row),
        cause=Cause(row["cause"]),
        event_id=row["event_id"],
        why=row["why"],
        lacks=Lack(row["lacks"]),
    )
