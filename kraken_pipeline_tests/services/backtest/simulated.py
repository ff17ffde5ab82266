"""A run's exchange that is the simulator, asked by the client that trades live."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import (
    Balance,
    Listing,
    OrderReport,
    Placed,
    Rehearsed,
)
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest.resting import Happened
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.risk.world import funds_of
from kraken_pipeline.wiring.edge import Edge

LOOK_BACK = timedelta(minutes=1)
LOOKS = timedelta(minutes=5)
"""How often what rests is looked at, as the books of life are read."""


class SimulatedExchange:
    """The simulator: its clock is turned as far as the run asks, then it is looked at."""

    source = "rest"

    def __init__(self, edge: Edge, turn: Callable[[datetime], None], clock: Clock) -> None:
        self._edge = edge
        self._turn = turn
        self._clock = clock
        self._open: set[str] = set()
        self._seen: set[str] = set()
        self._since = self._looked_at = clock()
        self._news: list[Happened] = []

    # what it says

    def listing(self) -> Listing:
        return self._edge.market.listing()

    def system_status(self) -> str:
        return self._edge.market.system_status()

    def tickers(self) -> Mapping[str, Ticker]:
        return self._edge.market.tickers()

    def tickers_of(self, names: Iterable[str]) -> Mapping[str, Ticker]:
        told = self.tickers()
        return {name: told[name] for name in names if name in told}

    def balances(self) -> Mapping[str, Balance]:
        return self._edge.account.balances()

    def holdings(self) -> Mapping[Asset, Balance]:
        funds = funds_of(self._edge.account, self.listing(), names=())
        return {asset: each for asset, each in funds.balances.items() if each.total}

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        return self._edge.account.fee_rates(pairs) if pairs else {}

    # what it is told

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        return self._edge.gateway.request_of(order, deadline=deadline)

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        placed = self._edge.gateway.add(order, deadline=deadline)
        assert isinstance(placed, Placed)
        self._open.add(placed.kraken_order_id)
        return placed

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        answers = self._edge.gateway.add_batch(orders, deadline=deadline)
        self._open |= {each.kraken_order_id for each in answers if isinstance(each, Placed)}
        return answers

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        return self._edge.gateway.amend(kraken_order_id, amendment, deadline=deadline)

    def cancel(self, kraken_order_id: str) -> None:
        self._edge.gateway.cancel(kraken_order_id)

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        return self._edge.gateway.cancel_many(kraken_order_ids)

    def amended(self, kraken_order_id: str, amendment: Amendment) -> OrderReport:
        self.amend(kraken_order_id, amendment, deadline=self._clock() + LOOK_BACK)
        return self._edge.account.orders([kraken_order_id])[kraken_order_id]

    def withdrawn(self, kraken_order_id: str) -> OrderReport:
        self.cancel(kraken_order_id)
        return self._edge.account.orders([kraken_order_id])[kraken_order_id]

    # what happens

    def next_before(self, until: float) -> float | None:
        end = datetime.fromtimestamp(until, UTC)
        if not self._news:
            self._looked_at = max(self._looked_at, self._clock())
        # what filled at once is news at once
        self._look()
        while not self._news and self._open and self._looked_at < end:
            self._looked_at = min(self._looked_at + LOOKS, end)
            self._turn(self._looked_at)
            self._look()
        if not self._news:
            self._looked_at = end
            self._turn(end)
        # the account is already as it is after all of them, so that they are told together
        return self._looked_at.timestamp() if self._news else None

    def happen(self) -> Happened | None:
        return self._news.pop(0)

    def _look(self) -> None:
        """Read what became of what was open, and what it traded."""
        if self._news or not self._open:
            return
        reports = self._edge.account.orders(sorted(self._open))
        trades = self._edge.account.trades(since=self._since - LOOK_BACK)
        for trade in trades:
            if trade.trade_id not in self._seen and trade.kraken_order_id in reports:
                self._seen.add(trade.trade_id)
                self._news.append(Happened(report=reports[trade.kraken_order_id], trade=trade))
        for name, report in reports.items():
            if report.status not in {"open", "pending"}:
                self._open.discard(name)
                self._news.append(Happened(report=report, trade=None))
