"""What the private stream tells, into the books: an equal of replies and polls (OMS-7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.services.books.reconcile import OPEN_THERE
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.ports.orders import ForeignStore, OrderStore
from kraken_pipeline.services.risk.strangers import foreign, ours_among

MOST_ASKED: Final = 10
"""Orders that are asked for at once because a fill names them (contract 11.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenDesk:
    """What listening needs."""

    orders: OrderStore
    foreign: ForeignStore
    halts: HaltStore
    hear: Callable[[Order, OrderReport], object]
    """Writes what a report says of an order of ours, unless it says nothing new."""
    patience: timedelta
    """How long REST may not show yet what the stream told (U-DUP-7)."""
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stray:
    """A fill of an order of which nothing else was heard."""

    trade: TradeReport
    heard_at: datetime


class Listener:
    """Writes what it is told, in the order in which it is told. Used by one thread.

    It holds nothing that is not in the books or told again after a restart: a process that dies
    between hearing and writing reads the same from the exchange when it begins anew (F-EVT-12).
    """

    def __init__(self, desk: ListenDesk) -> None:
        """Begin with nothing heard."""
        self._desk = desk
        self._strays: dict[str, _Stray] = {}

    def hear_order(self, report: OrderReport) -> None:
        """Write what an order is like now: one of ours as facts, another's as seen."""
        name = report.kraken_order_id
        self._strays.pop(name, None)
        ours = ours_among(self._desk.orders, [report])
        order = ours.get(name)
        if order is not None:
            self._desk.hear(order, report)
        elif name not in ours:
            # shown, and left alone (OMS-13)
            gone = () if report.status in OPEN_THERE else (name,)
            now = self._desk.clock()
            self._desk.foreign.see([foreign(report, at=now)], gone=gone, at=now)

    def hear_fill(self, trade: TradeReport) -> None:
        """Note a fill whose order is not known. What filled of ours its order's report says."""
        name = trade.kraken_order_id
        if name not in self._strays and not self._desk.orders.with_exchange_ids([name]):
            self._strays[name] = _Stray(trade=trade, heard_at=self._desk.clock())

    @property
    def strays(self) -> tuple[str, ...]:
        """Kraken's ids of orders of which only fills were told, as many as one asks for at once."""
        return tuple(self._strays)[:MOST_ASKED]

    def hear_of_strays(
        self, asked: Sequence[str], shown: Mapping[str, OrderReport], *, asked_at: datetime
    ) -> None:
        """Take what REST shows of `strays`; halt over one that is not the account's.

        Args:
            asked: what was asked for.
            shown: what was shown of it.
            asked_at: when. Exchange time, UTC.
        """
        for report in shown.values():
            self.hear_order(report)
        for name in asked:
            stray = self._strays.get(name)
            if stray is not None and asked_at > stray.heard_at + self._desk.patience:
                self._halt_over(stray)

    def _halt_over(self, stray: _Stray) -> None:
        del self._strays[stray.trade.kraken_order_id]
        trade = stray.trade
        self._desk.halts.latch(
            HaltKind.CONTRADICTION,
            reason=(
                f"the stream told of fill {trade.trade_id}, {trade.side} {trade.qty} of "
                f"{trade.pair}, of order {trade.kraken_order_id}; the account has no such order"
            ),
            at=self._desk.clock(),
            by="stream",
        )
