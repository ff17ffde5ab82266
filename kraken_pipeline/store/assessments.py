"""One open transaction in which intents are answered: verdicts, plan and reservations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from kraken_pipeline.domain.activity import MINUTE, Lately, day_of
from kraken_pipeline.domain.errors import ConflictError, InvalidValueError
from kraken_pipeline.domain.forms import Form
from kraken_pipeline.domain.halts import Halt
from kraken_pipeline.domain.ids import Written, canonical
from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import RESERVING, Order
from kraken_pipeline.domain.plans import Plan, Verdict
from kraken_pipeline.store import conversions, journal, nav_days, schema
from kraken_pipeline.store.cooldowns import all_cooldowns
from kraken_pipeline.store.halts import latched_halts
from kraken_pipeline.store.locks import locks_in_force
from kraken_pipeline.store.order_rows import order_row, orders_in, pending_intents
from kraken_pipeline.store.positions import all_positions
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.decisions import denials, intents, plans
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders

_ORDERS: Final = execution_orders
_NEWEST_BUY: Final = Prepared(
    select(_ORDERS.c.stop_distance)
    .where(
        _ORDERS.c.strategy_id == bindparam("of_strategy"),
        _ORDERS.c.timeframe == bindparam("of_timeframe"),
        _ORDERS.c.pair == bindparam("of_pair"),
        _ORDERS.c.side == Side.BUY.value,
        _ORDERS.c.filled_volume != ZERO,
    )
    .order_by(_ORDERS.c.created_at.desc(), _ORDERS.c.local_id.desc())
    .limit(1)
)
"""Of a book and a pair, of those that filled."""
_ANSWER: Final = Prepared(
    update(intents)
    .where(intents.c.intent_id == bindparam("of"), intents.c.plan_id.is_(None))
    .values(plan_id=bindparam("plan"))
)
_ANSWERED: Final = Prepared(
    select(intents.c.intent_id).where(intents.c.plan_id == bindparam("plan"))
)
_ORDERED: Final = Prepared(
    select(
        func.sum(case((_ORDERS.c.created_at > bindparam("minute"), 1), else_=0)),
        func.sum(case((_ORDERS.c.created_at >= bindparam("day"), 1), else_=0)),
    ).where(_ORDERS.c.namespace == bindparam("of"), _ORDERS.c.created_at >= bindparam("since"))
)
Row = dict[str, Any]
_ADD_PLAN: Final = Prepared(insert(plans))
_ADD_VERDICT: Final = Prepared(insert(schema.decisions.verdicts))
_ADD_DENIAL: Final = Prepared(insert(denials))
_ADD_ORDER: Final = Prepared(insert(execution_orders))
_ADD_EVENT: Final = Prepared(insert(execution_order_events))
_TOLD: Final = Form(
    "intent_id",
    "pair",
    "side",
    "verdict",
    "clamped_by",
    "qty",
    "limit_price",
    "notional",
    "figures",
    "objections",
)
"""A verdict as the journal tells of it."""


class OpenAssessment:
    """What an assessment reads and writes while nobody else writes."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection whose transaction is open."""
        self._connection = connection

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered."""
        return pending_intents(self._connection, namespace.value)

    def reserving_orders(self) -> tuple[Order, ...]:
        """Return every order that may still fill."""
        return orders_in(self._connection, RESERVING)

    def positions(self) -> tuple[Position, ...]:
        """Return what every book holds."""
        return all_positions(self._connection)

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the stop distance of the newest buy that filled, by book and pair that is held.

        It is a share of the price, and so the same under another name of the asset (UNI-9).
        """
        renamed = conversions.all_conversions(self._connection)
        held = [(each.book, each.pair) for each in self.positions()]
        found: dict[tuple[str, str], Decimal] = {}
        for place in dict.fromkeys([*held, *((each.book, each.from_pair) for each in renamed)]):
            distance = _NEWEST_BUY.value(self._connection, _of(*place))
            if distance is not None:
                found[place] = distance
        for each in renamed:
            before = found.get((each.book, each.from_pair))
            if before is not None:
                found.setdefault((each.book, each.to_pair), before)
        return found

    def halts(self) -> tuple[Halt, ...]:
        """Return the latched halts."""
        return latched_halts(self._connection)

    def cooldowns(self) -> Mapping[str, datetime]:
        """Return until when nothing opens on each pair that was refused for want of funds."""
        return all_cooldowns(self._connection)

    def lately(self, namespace: Namespace, now: datetime) -> Lately:
        """Return what was ordered in the last minute, and ordered and traded in the UTC day."""
        day = day_of(now)
        minute = now - MINUTE
        # the last minute may have begun in the day before
        values = {"of": namespace.value, "minute": minute, "day": day, "since": min(day, minute)}
        ((of_minute, of_day),) = _ORDERED.rows(self._connection, values)
        traded = nav_days.trades_since(self._connection, day.date())
        return Lately(
            orders_of_minute=of_minute or 0,
            orders_of_day=of_day or 0,
            traded=sum((each.traded for each in traded), ZERO),
            fees=sum((each.fees for each in traded), ZERO),
        )

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        """Return the locks of protections that are in force."""
        return locks_in_force(self._connection, now)

    def keep(self, plan: Plan, orders: Sequence[Order]) -> None:
        """Write verdicts and reservations; the transaction ends with the context.

        Raises:
            ConflictError: one of the intents was answered before.
            InvalidValueError: an order is of no intent that the plan approves (INV-6).
        """
        approved = {each.intent_id for each in plan.verdicts if each.approved}
        for order in orders:
            if order.intent_id not in approved or order.plan_id != plan.plan_id:
                raise InvalidValueError(
                    f"order {order.local_id} is of no intent that plan {plan.plan_id} approves"
                )
        plan_row, rows = _plan_row(plan), [_verdict_row(each) for each in plan.verdicts]
        _ADD_PLAN.run(self._connection, plan_row)
        self._answer(plan, rows)
        self._note(plan, plan_row, rows)
        for order in orders:
            reserve(
                self._connection,
                order,
                source="assess",
                by=plan.run_id,
                why=f"plan={plan.plan_id}",
            )

    def _answer(self, plan: Plan, rows: Sequence[Row]) -> None:
        answers = [{"of": each.intent_id, "plan": plan.plan_id} for each in plan.verdicts]
        answered = _ANSWER.change_each(self._connection, answers)
        if answered != len(answers):
            ours = {row[0] for row in _ANSWERED.rows(self._connection, {"plan": plan.plan_id})}
            taken = [each["of"] for each in answers if each["of"] not in ours]
            raise ConflictError(f"intents that are not pending any more: {', '.join(taken)}")
        verdicts = [{**row, "plan_id": plan.plan_id} for row in rows]
        _ADD_VERDICT.run_each(self._connection, verdicts)
        objections = [
            {
                "intent_id": verdict.intent_id,
                "position": position,
                "plan_id": plan.plan_id,
                "code": each.code,
                "figures": each.figures,
            }
            for verdict in plan.verdicts
            for position, each in enumerate(verdict.objections)
        ]
        _ADD_DENIAL.run_each(self._connection, objections)

    def _note(self, plan: Plan, plan_row: Row, rows: Sequence[Row]) -> None:
        verdicts = [
            Written(_TOLD.text({**row, "objections": [str(why) for why in verdict.objections]}))
            for row, verdict in zip(rows, plan.verdicts, strict=True)
        ]
        entry = journal.Entry(
            at=plan.assessed_at,
            kind="plan.assessed",
            subject=plan.plan_id,
            actor=plan.run_id,
            payload={"row": plan_row, "verdicts": verdicts},
        )
        journal.write(self._connection, entry)


def _of(book: str, pair: str) -> dict[str, str]:
    strategy_id, _, timeframe = book.partition("@")
    return {"of_strategy": strategy_id, "of_timeframe": timeframe, "of_pair": pair}


def reserve(connection: Connection, order: Order, *, source: str, by: str, why: str) -> None:
    """Write an order that may be sent from now on, with its first event.

    Args:
        connection: in whose transaction.
        order: with its reservation.
        source: what planned it.
        by: the run or the person behind it.
        why: for a person who asks.
    """
    row = order_row(order)
    _ADD_ORDER.run(connection, row)
    _ADD_EVENT.run(
        connection,
        {
            "local_id": order.local_id,
            "version": order.version,
            "to_status": order.state.value,
            "fact": "planned",
            "source": source,
            "detail": why,
            "at": order.updated_at,
        },
    )
    entry = journal.Entry(
        at=order.updated_at,
        kind="order.planned",
        subject=order.local_id,
        actor=by,
        payload={"row": row},
    )
    journal.write(connection, entry)


def _plan_row(plan: Plan) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "namespace": plan.namespace.value,
        "assessed_at": plan.assessed_at,
        "config_hash": plan.config_hash,
        "run_id": plan.run_id,
        "notes": _notes(plan),
    }


def _notes(plan: Plan) -> str:
    told = [
        {"pair": each.pair, "sellers": each.sellers, "buyers": each.buyers, "rule": each.rule}
        for each in plan.conflicts
    ]
    return canonical({"allocation": plan.allocation, "conflicts": told})


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    return {
        "intent_id": verdict.intent_id,
        "pair": verdict.pair,
        "side": verdict.side.value,
        "verdict": "approved" if verdict.approved else "denied",
        "clamped_by": canonical(list(verdict.clamped_by)),
        "qty": verdict.qty,
        "limit_price": verdict.limit_price,
        "notional": verdict.notional,
        "figures": verdict.figures,
    }
