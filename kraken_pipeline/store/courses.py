"""What a strategy decided and what came of it, close by close, as the books keep it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select

from kraken_pipeline.domain.intents import Namespace, Outcome
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.parity import WAITING, Close, Execution, Wished, answer_of, wished
from kraken_pipeline.domain.proofs import spelled_hash
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import intent_of
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.decisions import decisions, denials, intents, verdicts
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.store.schema.shared import journal

_ORDERS: Final = execution_orders
WISHED_FOR: Final = (Purpose.OPEN.value, Purpose.CLOSE.value)
"""Purposes of orders that carry a wish out; a stop is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A close as it was decided then."""

    version: str
    """Of the strategy."""
    type: str | None
    """Of the strategy; None where nothing was looked at, as of what follows."""
    parameters: str | None
    """Their hash."""
    close: Close


def course(database: Database, strategy_id: str, timeframe: str) -> tuple[Recorded, ...]:
    """Return every close of a strategy that could lead to an order, oldest first."""
    answers = _answers(database, strategy_id, timeframe)
    executions = _executions(database, strategy_id, timeframe)
    wishes: defaultdict[str, list[Wished]] = defaultdict(list)
    for row in _rows(database, select(intents).where(_traded(intents, strategy_id, timeframe))):
        intent = intent_of(row)
        answer = answers.get(intent.intent_id, WAITING)
        wishes[intent.decision_id].append(
            wished(intent, answer, executions.get(intent.intent_id, ()))
        )
    return tuple(
        _recorded(row, wishes[row["decision_id"]])
        for row in _rows(database, _decided(strategy_id, timeframe))
    )


def _decided(strategy_id: str, timeframe: str) -> Select[Any]:
    made = and_(journal.c.subject == decisions.c.decision_id, journal.c.kind == "decision.made")
    names = ("decision_id", "strategy_version", "closed_at", "outcome", "reason")
    return (
        select(*(decisions.c[each] for each in names), journal.c.payload)
        .join(journal, made)
        .where(_traded(decisions, strategy_id, timeframe))
        .order_by(decisions.c.closed_at)
    )


def _recorded(row: RowMapping, wishes: Sequence[Wished]) -> Recorded:
    seen = json.loads(row["payload"]).get("seen")
    is_skipped = row["outcome"] == Outcome.SKIPPED.value
    return Recorded(
        version=row["strategy_version"],
        type=None if seen is None else seen["strategy"],
        parameters=None if seen is None else spelled_hash(seen["parameters"]),
        close=Close(
            closed_at=row["closed_at"],
            skipped=row["reason"] if is_skipped else "",
            wishes=tuple(wishes),
        ),
    )


def _answers(database: Database, strategy_id: str, timeframe: str) -> Mapping[str, str]:
    """Return what risk answered, by intent."""
    found = (
        select(verdicts.c.intent_id, denials.c.code)
        .join(intents, intents.c.intent_id == verdicts.c.intent_id)
        .outerjoin(denials, denials.c.intent_id == verdicts.c.intent_id)
        .where(_traded(intents, strategy_id, timeframe))
    )
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(database, found):
        codes[row["intent_id"]] += [row["code"]] if row["code"] else []
    return {intent_id: answer_of(each) for intent_id, each in codes.items()}


def _executions(
    database: Database, strategy_id: str, timeframe: str
) -> Mapping[str, list[Execution]]:
    """Return what the orders of each intent traded."""
    last = (
        select(fills.c.kraken_order_id, func.max(fills.c.at).label("at"))
        .where(fills.c.book == book_of(strategy_id, timeframe))
        .group_by(fills.c.kraken_order_id)
        .subquery()
    )
    orders = (
        select(_ORDERS.c.intent_id, _ORDERS.c.filled_volume, _ORDERS.c.avg_fill_price, last.c.at)
        .outerjoin(last, last.c.kraken_order_id == _ORDERS.c.kraken_order_id)
        .where(_traded(_ORDERS, strategy_id, timeframe), _ORDERS.c.purpose.in_(WISHED_FOR))
    )
    found: defaultdict[str, list[Execution]] = defaultdict(list)
    for row in _rows(database, orders):
        found[row["intent_id"]].append(
            Execution(qty=row["filled_volume"], price=row["avg_fill_price"], at=row["at"])
        )
    return found


def _traded(of: Any, strategy_id: str, timeframe: str) -> ColumnElement[bool]:  # noqa: ANN401 - any table of the three
    return and_(
        of.c.namespace == Namespace.TRADE.value,
        of.c.strategy_id == strategy_id,
        of.c.timeframe == timeframe,
    )


def _rows(database: Database, wanted: Select[Any]) -> Sequence[RowMapping]:
    with database.reading() as connection:
        return connection.execute(wanted).mappings().all()
