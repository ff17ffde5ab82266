"""`orders list-open`, `orders recent-executions` and `orders cancel`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.names import pair_named
from kraken_pipeline.cli.output import print_json, print_rows, text
from kraken_pipeline.domain.errors import InvalidValueError, OutcomeUnknownError, PipelineError
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.order_terms import LIMITED, Trigger
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, ENDED, FATE_OPEN, Order, State
from kraken_pipeline.store import operations
from kraken_pipeline.store.executions import recent_executions
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline, connect

SHOWN: Final = (
    "local_id",
    "pair",
    "side",
    "timeframe",
    "purpose",
    "order_type",
    "status",
    "volume",
    "price",
    "trigger",
    "filled_volume",
    "avg_fill_price",
    "kraken_order_id",
    "updated_at",
    "last_error",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which orders a command is about; all that are given must hold."""

    plan: str | None
    strategy: str | None
    pair: str | None
    kraken_id: str | None
    local_id: str | None
    everything: bool

    def hold(self, order: Order) -> bool:
        """Whether the order is one that is meant."""
        return all(
            wanted is None or wanted == is_
            for wanted, is_ in (
                (self.plan, order.plan_id),
                (self.strategy, order.strategy_id),
                (self.pair, order.pair),
                (self.kraken_id, order.kraken_order_id),
                (self.local_id, order.local_id),
            )
        )

    @property
    def narrow(self) -> bool:
        """Whether they name anything, so that an order that does not fit may be a slip."""
        named = (self.plan, self.strategy, self.pair, self.kraken_id, self.local_id)
        return any(each is not None for each in named)

    @property
    def are_empty(self) -> bool:
        """Whether nothing at all was said."""
        return not self.everything and not self.narrow


def list_open_orders(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print every order that may still fill."""
    pipeline = connect(environ)
    try:
        rows = [row_of(each) for each in pipeline.stores.orders.reserving()]
    finally:
        pipeline.close()
    if as_json:
        print_json(rows)
    else:
        print_rows("open orders", _for_people(rows), nothing="no open order")


def list_recent(environ: Mapping[str, str], *, limit: int, as_json: bool) -> None:
    """Print the newest orders, newest first."""
    pipeline = connect(environ)
    try:
        rows = [
            row_of(each.order) for each in recent_executions(pipeline.stores.database, limit=limit)
        ]
    finally:
        pipeline.close()
    if as_json:
        print_json(rows)
    else:
        print_rows("recent executions", _for_people(rows), nothing="no order yet")


def cancel_orders(environ: Mapping[str, str], filters: Filters, asked: Asked) -> None:
    """Cancel what the filters name and print what became of each.

    Raises:
        InvalidValueError: no filter was given, or nothing open fits what one names.
        UnknownNameError: there is no such pair.
        RefusedError: in live, and nobody agreed.
        PipelineError: one could not be canceled; every other one was tried nevertheless.
    """
    if filters.are_empty:
        raise InvalidValueError(
            "say which orders: --plan, --strategy, --pair, --kraken-id, --local-id or --all"
        )
    pipeline = connect(environ)
    try:
        filters = _by_our_names(pipeline, filters)
        meant = _meant(pipeline, filters)
        if any(each.state in FATE_OPEN for each in meant):
            # it may be there: what the exchange shows of it gives it an id to cancel
            pipeline.settle()
            meant = _meant(pipeline, filters)
        if not meant and filters.narrow:
            raise InvalidValueError("no open order in our books fits these filters")
        if meant and pipeline.is_live:
            require_consent([f"cancel {_said(each)}" for each in meant], asked, word="cancel")
        answers = [_canceled(pipeline, each, asked) for each in meant]
    finally:
        pipeline.close()
    rows = [row_of(each) for each in answers if isinstance(each, Order)]
    if asked.as_json:
        print_json(rows)
    else:
        print_rows("canceled", _for_people(rows), nothing="nothing is open in our books")
    for each in answers:
        if isinstance(each, PipelineError):
            raise each


def _by_our_names(pipeline: Pipeline, filters: Filters) -> Filters:
    if filters.pair is None:
        return filters
    return replace(filters, pair=pair_named(pipeline, filters.pair))


def _meant(pipeline: Pipeline, filters: Filters) -> list[Order]:
    return [
        each
        for each in pipeline.stores.orders.reserving()
        if each.namespace is Namespace.TRADE and filters.hold(each)
    ]


def _canceled(pipeline: Pipeline, order: Order, asked: Asked) -> Order | PipelineError:
    """Return what became of an order, or why that is not known; the others go on all the same."""
    database = pipeline.stores.database
    operation = operations.Operation(
        act="cancel",
        subject=order.local_id,
        actor=actor(),
        reason=asked.reason,
        before=brief(order),
    )
    operations.asked(database, operation, at=system_now())
    try:
        ended = _ended(pipeline, order)
    except PipelineError as failure:
        sys.stderr.write(f"{order.pair} {order.side}: {failure}\n")
        operations.failed(database, operation, at=system_now(), why=str(failure))
        return failure
    operations.done(database, operation, at=system_now(), after=brief(ended))
    return ended


def _ended(pipeline: Pipeline, order: Order) -> Order:
    if order.state is State.PLANNED:
        return pipeline.withdraw(order, "by the operator")
    if order.state in FATE_OPEN:
        raise OutcomeUnknownError(
            f"{order.local_id}: it is not known yet whether it exists; see `orders resolve`"
        )
    ended = pipeline.cancel(order)
    if ended.state not in ENDED:
        raise OutcomeUnknownError(f"{order.local_id}: the cancel is not proven, try again")
    return ended


def brief(order: Order) -> dict[str, object]:
    """Return what of an order a person can change, and how far it came."""
    return {
        "status": order.state.value,
        "volume": order.qty,
        "price": order.limit_price,
        "trigger": None if order.trigger is None else order.trigger.price,
        "filled_volume": order.filled_qty,
        "kraken_order_id": order.kraken_order_id,
    }


def _said(order: Order) -> str:
    return (
        f"{order.side} {text(order.open_qty)} {order.pair} at {text(order.limit_price)}, "
        f"{order.state}, {order.local_id}, {order.kraken_order_id or 'not at the exchange'}"
    )


def _for_people(rows: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Leave out what only programs ask for."""
    # what is no limit at the exchange is our own bound, and would read like one
    return [
        {name: each[name] for name in SHOWN}
        | ({} if each["order_type"] in LIMITED else {"price": None})
        for each in rows
    ]


def trigger_said(trigger: Trigger | None) -> str | None:
    """Return what fires an order: a price, or how far behind the best one it follows."""
    if trigger is None:
        return None
    return f"{text(trigger.trail_pct)} %" if trigger.price is None else text(trigger.price)


def row_of(order: Order) -> dict[str, object]:
    """Return an order as programs read it."""
    return {
        "local_id": order.local_id,
        "plan_id": order.plan_id,
        "strategy_id": order.strategy_id,
        "timeframe": order.timeframe,
        "pair": order.pair,
        "side": order.side.value,
        "purpose": order.purpose.value,
        "order_type": order.order_type,
        "status": order.state.value,
        "volume": order.qty,
        "price": order.limit_price,
        "trigger": trigger_said(order.trigger),
        "filled_volume": order.filled_qty,
        "avg_fill_price": order.avg_fill_price,
        "kraken_order_id": order.kraken_order_id,
        "at_exchange": order.state in AT_THE_EXCHANGE,
        "last_error": order.last_error,
        "updated_at": order.updated_at,
    }
