"""Everything that was kept of an order, a denial, a pair: for a person who asks why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Select, func, or_, select

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome, Seen
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.store import positions, schema
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks, intent_of
from kraken_pipeline.store.schema.books import book_transfers, fills
from kraken_pipeline.store.schema.decisions import decisions, plans, verdicts
from kraken_pipeline.store.schema.halts import halts
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders
from kraken_pipeline.store.schema.shared import journal

SHORTEST: Final = 4
"""Characters of an id's beginning that may stand for all of it."""
LISTED: Final = MappingProxyType(
    {
        "order": "`kraken-pipeline orders recent-executions` lists them",
        "assessed intent": "name a pair to see the newest of it",
    }
)
"""Where what was not found may be seen."""
SHOWN: Final = 10
"""How many are named where several fit."""
_ORDERS, _DECISIONS, _INTENTS = execution_orders, decisions, schema.decisions.intents
_SEEN: Final = select(journal.c.payload).where(journal.c.kind == "decision.made")
_SUMMED: Final = {"intents", "no_signals", "seen"}
"""Parts of a decision that stand elsewhere than in its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """An intent that was denied, with every objection and the figures it was denied on."""

    intent: Intent
    plan_id: str
    assessed_at: datetime
    plan_notes: dict[str, Any]
    """What bore on all of the plan; empty where nothing did, or it was not kept yet."""
    approved: bool
    qty: Decimal
    limit_price: Decimal | None
    notional: Decimal
    clamped_by: str
    figures: dict[str, Any]
    objections: tuple[tuple[str, str], ...]
    """Code and figures of each."""


def order_named(database: Database, name: str) -> str:
    """Return our id of the order that somebody names by any of its ids, or by how one begins.

    Raises:
        UnknownNameError: there is none.
        InvalidValueError: there are several.
    """
    ids = (_ORDERS.c.local_id, _ORDERS.c.kraken_order_id, _ORDERS.c.cl_ord_id)
    return _named(database, name, _ORDERS.c.local_id, ids, "order")


def intent_named(database: Database, name: str) -> str:
    """Return the id of the assessed intent that somebody names by how its id begins.

    Raises:
        UnknownNameError: there is none.
        InvalidValueError: there are several.
    """
    key = verdicts.c.intent_id
    return _named(database, name, key, (key,), "assessed intent")


def events_of(database: Database, local_id: str) -> list[dict[str, Any]]:
    """Return every event of an order, oldest first, as it stands in its table."""
    table = execution_order_events
    return _rows(database, select(table).where(table.c.local_id == local_id))


def notes_on(database: Database, subject: str) -> list[dict[str, Any]]:
    """Return what else the journal tells of something: searches, and what people did by hand."""
    table = journal
    wanted = (
        select(table.c.at, table.c.kind, table.c.actor, table.c.payload)
        .where(table.c.subject == subject, table.c.kind.not_like("order.%"))
        .order_by(table.c.seq)
    )
    found = _rows(database, wanted)
    return [{**row, "payload": json.loads(row["payload"])} for row in found]


def halts_over(database: Database, local_id: str) -> list[dict[str, Any]]:
    """Return the halts that name an order, cleared ones too, oldest first."""
    table = halts
    wanted = select(table).where(table.c.reason.contains(local_id, autoescape=True))
    return _rows(database, wanted.order_by(table.c.halt_id))


def transfers_of_order(database: Database, local_id: str) -> list[dict[str, Any]]:
    """Return what went from book to book because of an order, oldest first."""
    table = book_transfers
    wanted = select(table).where(table.c.reason.startswith(local_id, autoescape=True))
    return _rows(database, wanted.order_by(table.c.at, table.c.transfer_id))


def fills_of(database: Database, kraken_order_id: str | None) -> tuple[Fill, ...]:
    """Return the booked fills of an order, oldest first."""
    table = fills
    with database.reading() as connection:
        wanted = select(table).where(table.c.kraken_order_id == kraken_order_id)
        return tuple(
            positions.in_order(
                positions.fill_of(row) for row in connection.execute(wanted).mappings()
            )
        )


def entries_of(database: Database, trade_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the ledger's entries of trades, oldest first."""
    table, found = ledger_entries, []
    for some in in_chunks(trade_ids):
        found += _rows(database, select(table).where(table.c.refid.in_(some)).order_by(table.c.at))
    return found


def entries_in(database: Database, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """Return the newest entries of the ledger in some balances with their causes, newest first."""
    table, causes = ledger_entries, entry_causes
    told = select(table, causes.c.cause, causes.c.why).outerjoin(causes)
    mine = told.where(table.c.asset.in_(buckets))
    return _rows(database, mine.order_by(table.c.at.desc(), table.c.entry_id).limit(SHOWN))


def reconciliations(database: Database) -> list[dict[str, Any]]:
    """Return how books and exchange compared lately, newest first."""
    table = schema.books.reconciliations
    found = _rows(database, select(table).order_by(table.c.id.desc()).limit(SHOWN))
    return [{**row, "findings": json.loads(row["findings"])} for row in found]


def position_after(database: Database, fill: Fill) -> Position:
    """Return what the book of a fill held right after it, by fills alone."""
    place = (fill.book, fill.pair)
    with database.reading() as connection:
        all_of_them = positions.in_order(positions.booked_fills(connection, place))
    up_to = [each for each in all_of_them if (each.at, each.trade_id) <= (fill.at, fill.trade_id)]
    return positions.replayed(place, up_to)


def decision_of(database: Database, intent_id: str) -> Decision:
    """Return the decision behind an intent, with what it saw, as the journal keeps it.

    Raises:
        UnknownNameError: there is no such intent.
    """
    behind = select(_DECISIONS).join(_INTENTS).where(_INTENTS.c.intent_id == intent_id)
    with database.reading() as connection:
        row = connection.execute(behind).mappings().first()
        if row is None:
            raise UnknownNameError(f"no intent has the id {intent_id!r}")
        wanted = select(_INTENTS).where(_INTENTS.c.decision_id == row["decision_id"])
        intents = [intent_of(each) for each in connection.execute(wanted).mappings()]
        return _decision(row, tuple(intents), _seen(connection, row["decision_id"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """What came of the newest bar of a timeframe."""

    strategy_id: str
    timeframe: str
    closed_at: datetime
    outcome: str
    reason: str


def last_decisions(database: Database) -> tuple[LastDecision, ...]:
    """Return the newest decision of each strategy on each timeframe that can lead to an order."""
    names = tuple(_DECISIONS.c[name] for name in LastDecision.__slots__)
    return tuple(LastDecision(**row) for row in _rows(database, _newest(*names)))


def last_words_on(database: Database, pair: str) -> tuple[LastDecision, ...]:
    """Return what came of a pair in the newest decision of each strategy on each timeframe.

    A strategy that decided and did not look at the pair is left out.
    """
    names = (*(_DECISIONS.c[name] for name in LastDecision.__slots__), _DECISIONS.c.no_signals)
    mine = _INTENTS.c.reason.label("wanted")
    found = _newest(*names, mine).outerjoin(
        _INTENTS, (_INTENTS.c.decision_id == _DECISIONS.c.decision_id) & (_INTENTS.c.pair == pair)
    )
    words = (_word_on(row, pair) for row in _rows(database, found))
    return tuple(word for word in words if word is not None)


def _word_on(row: Mapping[str, Any], pair: str) -> LastDecision | None:
    """Return what a decision says of a pair: all that is skipped is so for every pair."""
    told = {name: row[name] for name in LastDecision.__slots__}
    if row["outcome"] == Outcome.SKIPPED.value:
        return LastDecision(**told)
    if row["wanted"] is not None:
        return LastDecision(**{**told, "outcome": Outcome.SIGNAL.value, "reason": row["wanted"]})
    why = json.loads(row["no_signals"]).get(pair)
    if why is None:
        return None
    return LastDecision(**{**told, "outcome": Outcome.NO_SIGNAL.value, "reason": why})


def _newest(*wanted: ColumnElement[Any]) -> Select[Any]:
    table = _DECISIONS
    place = (table.c.strategy_id, table.c.timeframe)
    newest = (
        select(*place, func.max(table.c.closed_at).label("closed_at"))
        .where(table.c.namespace == Namespace.TRADE.value)
        .group_by(*place)
        .subquery()
    )
    return (
        select(*wanted)
        .select_from(table)
        .join(
            newest,
            (table.c.strategy_id == newest.c.strategy_id)
            & (table.c.timeframe == newest.c.timeframe)
            & (table.c.closed_at == newest.c.closed_at)
            & (table.c.namespace == Namespace.TRADE.value),
        )
        .order_by(*place)
    )


def verdict_on(database: Database, intent_id: str) -> Denial:
    """Return what risk said of an intent.

    Raises:
        UnknownNameError: it said nothing of it.
    """
    found = _verdicts(database, verdicts.c.intent_id == intent_id, limit=1)
    if not found:
        raise UnknownNameError(f"no verdict was given on the intent {intent_id!r}")
    return found[0]


def denials_of_pair(database: Database, pair: str, *, limit: int) -> tuple[Denial, ...]:
    """Return the newest denials of a pair, newest first."""
    denied = verdicts.c.verdict == "denied"
    return _verdicts(database, (verdicts.c.pair == pair) & denied, limit=limit)


def _verdicts(database: Database, condition: Any, *, limit: int) -> tuple[Denial, ...]:  # noqa: ANN401 - any SQL condition
    wanted = (
        select(verdicts, plans.c.assessed_at, plans.c.notes)
        .join(plans, plans.c.plan_id == verdicts.c.plan_id)
        .where(condition)
        .order_by(plans.c.assessed_at.desc(), verdicts.c.intent_id)
        .limit(limit)
    )
    with database.reading() as connection:
        rows = list(connection.execute(wanted).mappings())
        return tuple(_denial(connection, row) for row in rows)


def _denial(connection: Connection, row: RowMapping) -> Denial:
    denials, intents = schema.decisions.denials, _INTENTS
    said = connection.execute(
        select(denials.c.code, denials.c.figures)
        .where(denials.c.intent_id == row["intent_id"])
        .order_by(denials.c.position)
    )
    of = connection.execute(select(intents).where(intents.c.intent_id == row["intent_id"]))
    return Denial(
        intent=intent_of(of.mappings().one()),
        plan_id=row["plan_id"],
        assessed_at=row["assessed_at"],
        plan_notes=json.loads(row["notes"] or "{}"),
        approved=row["verdict"] == "approved",
        qty=row["qty"],
        limit_price=row["limit_price"],
        notional=row["notional"],
        clamped_by=row["clamped_by"],
        figures=json.loads(row["figures"]),
        objections=tuple((code, figures) for code, figures in said),
    )


def _decision(row: RowMapping, intents: tuple[Intent, ...], seen: Seen | None) -> Decision:
    told = {name: row[name] for name in Decision.__slots__ if name not in _SUMMED}
    told |= {"namespace": Namespace(row["namespace"]), "outcome": Outcome(row["outcome"])}
    return Decision(**told, intents=intents, no_signals=json.loads(row["no_signals"]), seen=seen)


def _seen(connection: Connection, decision_id: str) -> Seen | None:
    wanted = _SEEN.where(journal.c.subject == decision_id)
    payload = connection.execute(wanted).scalar()
    told = None if payload is None else json.loads(payload).get("seen")
    return None if told is None else Seen(**{**told, "held": frozenset(told["held"])})


def _named(
    database: Database,
    name: str,
    key: Column[Any],
    ids: Sequence[Column[Any]],
    what: str,
) -> str:
    whole = select(key).where(or_(*(each == name for each in ids)))
    begins = select(key).where(or_(*(each.startswith(name, autoescape=True) for each in ids)))
    with database.reading() as connection:
        found = list(connection.execute(whole).scalars())
        if not found and len(name) >= SHORTEST:
            found = list(connection.execute(begins.order_by(key).limit(SHOWN)).scalars())
    if not found and len(name) < SHORTEST:
        raise UnknownNameError(
            f"no {what} has the id {name!r}; of how one begins {SHORTEST} characters are needed"
        )
    if not found:
        raise UnknownNameError(
            f"no {what} has the id {name!r}, nor one that begins so; {LISTED[what]}"
        )
    if len(found) > 1:
        raise InvalidValueError(f"{name!r} begins the id of {', '.join(found)}: write more of it")
    return str(found[0])


def _rows(database: Database, wanted: Select[Any]) -> list[dict[str, Any]]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(wanted).mappings()]
