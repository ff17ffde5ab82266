"""The executions channel: what happens to the account's orders, in Kraken's sequences.

Source: kraken/ws_v2.md §5, executions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.events import (
    USER_REQUESTED,
    Event,
    OrderAmended,
    OrderEnded,
    OrderFilled,
    OrderOpened,
    OrderStarted,
    OrderTriggered,
    TriggerMoved,
)
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.order_rows import (
    Done,
    Row,
    identity,
    order_row,
    sums,
    trade_row,
    triggers,
)
from kraken_pipeline.simulator.wire import fixed, trimmed

SNAPSHOT_TRADES: Final = 50
WARNINGS: Final = (
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
)
ENDS_AND_BEGINNINGS: Final = frozenset({"new", "trade", "filled", "canceled", "expired"})
"""What a subscription without `order_status` is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that happened to an order."""

    kind: str
    """The exec_type."""
    row: Row
    rate_counter: str
    """The pair's count of order transactions then, for those who ask for it."""

    def json(self, *, rate_counter: bool) -> str:
        """Return the row."""
        more = {"ratecounter": self.rate_counter} if rate_counter else {}
        return frames.members({**self.row, **more})


class Executions:
    """Turns what happened to the account into rows."""

    def __init__(self, account: Account, counter: Callable[[Pair], Decimal]) -> None:
        """Read an account.

        Args:
            account: whose orders they are.
            counter: what a pair's counter of order transactions shows now.
        """
        self._account = account
        self._counter = counter

    def rows(self, events: Sequence[Event]) -> list[Told]:
        """Return what is to be told of events that have just happened together."""
        return list(_Story(self._account, events, self._counter).told())

    def snapshot(self, *, orders: bool, trades: bool) -> list[str]:
        """Return the open orders and the last fills."""
        rows = [*self._open_orders()] if orders else []
        if trades:
            last = list(self._account.trades.values())[-SNAPSHOT_TRADES:]
            rows += [self._trade(fill) for fill in reversed(last)]
        return [frames.members(row) for row in rows]

    def _open_orders(self) -> Iterator[Row]:
        for order in self._account.open.values():
            pair, done = self._account.pair_of(order), done_of(self._account, order, ())
            kind = "pending_new" if order.status == "pending" else "new"
            status = "partially_filled" if done.qty else kind
            yield order_row(order, pair, done, order.opened, kind, status)

    def _trade(self, fill: OrderFilled) -> Row:
        order = self._account.orders[fill.order_id]
        return trade_row(order, self._account.pair_of(order), fill)


def done_of(account: Account, order: Order, without: Sequence[OrderFilled]) -> Done:
    """Return what has traded of an order, some of its fills left out."""
    left_out, done = {fill.trade_id for fill in without}, Done()
    for trade_id in order.trades:
        if trade_id not in left_out:
            done = done.with_fill(order, account.trades[trade_id])
    return done


class _Story:
    """Events that happened together, told one by one with the sums of their moments."""

    def __init__(
        self, account: Account, events: Sequence[Event], counter: Callable[[Pair], Decimal]
    ) -> None:
        self._account = account
        self._events = events
        self._counter = counter
        self._done: dict[str, Done] = {}
        self._fills = [event for event in events if isinstance(event, OrderFilled)]
        self._ended = {e.order_id: e for e in events if isinstance(e, OrderEnded)}

    def told(self) -> Iterator[Told]:
        for event in self._events:
            tell = _TELL.get(type(event))
            if tell is None:
                continue
            order = event.order if isinstance(event, OrderOpened) else self._order(event)
            pair = self._account.pair_of(order)
            counter = trimmed(self._counter(pair).quantize(Decimal("0.01")))
            for kind, row in tell(self, order, pair, event):
                yield Told(kind=kind, row=row, rate_counter=counter)

    def _order(self, event: Any) -> Order:  # noqa: ANN401 every event in the table has an order_id
        return self._account.orders[event.order_id]

    def done(self, order: Order) -> Done:
        if order.id not in self._done:
            now = self._account.orders[order.id]
            self._done[order.id] = done_of(self._account, now, self._fills)
        return self._done[order.id]

    def opened(self, order: Order, pair: Pair, event: OrderOpened) -> Iterator[tuple[str, Row]]:
        kind = "pending_new"
        yield kind, order_row(order, pair, Done(), event.at, kind, kind)
        if order.status == "open" and self._lives(order):
            yield self._new(order, event.at)

    def _lives(self, order: Order) -> bool:
        """Tell whether a new order gets as far as the book; a post-only one may not."""
        trades = any(fill.order_id == order.id for fill in self._fills)
        return trades or order.id not in self._ended

    def started(self, order: Order, pair: Pair, event: OrderStarted) -> Iterator[tuple[str, Row]]:
        if self._lives(order):
            yield self._new(order, event.at)

    def _new(self, order: Order, at: datetime) -> tuple[str, Row]:
        return "new", self._brief(order, at, "new", "new")

    def _brief(self, order: Order, at: datetime, kind: str, status: str) -> dict[str, str]:
        return {
            "timestamp": frames.micros(at),
            "order_status": frames.text(status),
            "exec_type": frames.text(kind),
            **identity(order),
            "order_id": frames.text(order.id),
        }

    def triggered(
        self, order: Order, pair: Pair, event: OrderTriggered | TriggerMoved
    ) -> Iterator[tuple[str, Row]]:
        row = self._brief(order, event.at, "status", "new")
        if order.trigger is not None:
            row["triggers"] = triggers(order.trigger, pair)
        yield "status", row

    def filled(self, order: Order, pair: Pair, event: OrderFilled) -> Iterator[tuple[str, Row]]:
        done = self._done[order.id] = self.done(order).with_fill(order, event)
        yield (
            "trade",
            {
                **trade_row(order, pair, event),
                "order_status": frames.text("partially_filled"),
                **{name: value for name, value in sums(pair, done).items() if "usd" not in name},
            },
        )
        if event.refilled:
            kind = "iceberg_refill"
            shown = {"display_qty_remain": fixed(order.shown, pair.lot_decimals)}
            yield kind, self._brief(order, event.at, kind, "partially_filled") | shown

    def amended(self, order: Order, pair: Pair, event: OrderAmended) -> Iterator[tuple[str, Row]]:
        kind = "amended" if event.reason == USER_REQUESTED else "restated"
        row = {
            "timestamp": frames.micros(event.at),
            "exec_type": frames.text(kind),
            "order_status": frames.text("new" if event.executed == NOTHING else "partially_filled"),
            "cum_qty": fixed(event.executed, pair.lot_decimals),
            "reason": frames.text(event.reason),
            "amended": "true",
            "order_qty": fixed(event.volume, pair.lot_decimals),
        }
        if event.price is not None:
            row["limit_price"] = fixed(event.price, pair.pair_decimals)
            row["limit_price_type"] = frames.text("static")
        if event.display is not None:
            row["display_qty"] = fixed(event.display, pair.lot_decimals)
        if event.trigger is not None:
            row["triggers"] = triggers(event.trigger, pair)
        yield kind, row | identity(order) | {"order_id": frames.text(order.id)}

    def ended(self, order: Order, pair: Pair, event: OrderEnded) -> Iterator[tuple[str, Row]]:
        kind = _END[event.status]
        if kind == "filled" and event.reason is not None:
            kind = "canceled"
        row = self._brief(order, event.at, kind, kind)
        named = {name: row.pop(name) for name in (*identity(order), "order_id")}
        row |= sums(pair, self.done(order))
        if kind == "canceled":
            reason = frames.text(event.reason or "")
            row |= {"cancel_reason": reason, "reason": reason}
        yield kind, row | named


_END: Final[Mapping[str, str]] = MappingProxyType(
    {"closed": "filled", "canceled": "canceled", "expired": "expired"}
)
_TELL: Final[Mapping[type, Callable[..., Iterator[tuple[str, Row]]]]] = MappingProxyType(
    {
        OrderOpened: _Story.opened,
        OrderStarted: _Story.started,
        OrderTriggered: _Story.triggered,
        TriggerMoved: _Story.triggered,
        OrderFilled: _Story.filled,
        OrderAmended: _Story.amended,
        OrderEnded: _Story.ended,
    }
)
