"""What people ask of orders and plans: open ones, the newest ones, why not, and on what grounds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks, order_of, order_with
from kraken_pipeline.store.schema.decisions import decisions, intents, plans, verdicts
from kraken_pipeline.store.schema.orders import (
    execution_order_events,
    execution_orders,
    execution_results,
)

_EVENTS: Final = execution_order_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of an order."""

    at: datetime
    fact: str
    from_status: str | None
    to_status: str
    source: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An order with all that happened to it, oldest first."""

    order: Order
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What an order stands on: the decision, the intent, the verdict."""

    decision_id: str
    strategy_id: str
    strategy_version: str
    timeframe: str
    closed_at: datetime
    decided_at: datetime
    decided_by: str
    """The run or the command."""
    universe_version: str
    config_hash: str
    inputs_hash: str
    reason: str
    """The strategy's, for this pair."""
    plan_id: str
    assessed_at: datetime
    figures: str
    """What the verdict was given on, as JSON."""


def recent_executions(database: Database, *, limit: int = 20) -> tuple[Execution, ...]:
    """Return the newest orders with their events, newest first."""
    table = execution_orders
    wanted = select(table).order_by(table.c.created_at.desc(), table.c.local_id).limit(limit)
    with database.reading() as connection:
        orders = [order_of(row) for row in connection.execute(wanted).mappings()]
        return _with_steps(connection, orders)


def execution(database: Database, local_id: str) -> Execution:
    """Return one order with its events.

    Raises:
        UnknownNameError: there is none of that id.
    """
    with database.reading() as connection:
        [found] = _with_steps(connection, [order_with(connection, local_id)])
        return found


def last_results(database: Database, *, limit: int = 20) -> tuple[PlanResult, ...]:
    """Return how far the newest plans came, newest first."""
    wanted = select(execution_results).order_by(execution_results.c.id.desc()).limit(limit)
    with database.reading() as connection:
        rows = connection.execute(wanted).mappings()
        return tuple(
            PlanResult(**{name: row[name] for name in PlanResult.__slots__}) for row in rows
        )


def grounds(database: Database, local_id: str) -> Grounds:
    """Return what an order stands on.

    Raises:
        UnknownNameError: there is no order of that id.
    """
    orders = execution_orders
    wanted = (
        select(
            *(decisions.c[name] for name in Grounds.__slots__ if name in _OF_THE_DECISION),
            decisions.c.run_id.label("decided_by"),
            intents.c.reason,
            plans.c.plan_id,
            plans.c.assessed_at,
            verdicts.c.figures,
        )
        .select_from(orders)
        .join(intents, intents.c.intent_id == orders.c.intent_id)
        .join(decisions, decisions.c.decision_id == intents.c.decision_id)
        .join(verdicts, verdicts.c.intent_id == intents.c.intent_id)
        .join(plans, plans.c.plan_id == orders.c.plan_id)
        .where(orders.c.local_id == local_id)
    )
    with database.reading() as connection:
        row = connection.execute(wanted).mappings().first()
    if row is None:
        raise UnknownNameError(f"no order has the local id {local_id!r}")
    return Grounds(**row)


_OF_THE_DECISION: Final = frozenset(
    {
        "decision_id",
        "strategy_id",
        "strategy_version",
        "timeframe",
        "closed_at",
        "decided_at",
        "universe_version",
        "config_hash",
        "inputs_hash",
    }
)


def _with_steps(connection: Connection, orders: list[Order]) -> tuple[Execution, ...]:
    steps: dict[str, list[Step]] = {each.local_id: [] for each in orders}
    for some in in_chunks(list(steps)):
        wanted = select(_EVENTS).where(_EVENTS.c.local_id.in_(some)).order_by(_EVENTS.c.version)
        for row in connection.execute(wanted).mappings():
            step = Step(**{name: row[name] for name in Step.__slots__})
            steps[row["local_id"]].append(step)
    return tuple(Execution(order=each, steps=tuple(steps[each.local_id])) for each in orders)
