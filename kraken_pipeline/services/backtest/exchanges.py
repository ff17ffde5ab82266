"""What a run needs of the exchange that it trades on, beside what trading live needs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.reports import Balance, OrderReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest.asked import Backtest, Rules
from kraken_pipeline.services.backtest.resting import Happened
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.services.ports.exchange import Clock, Holding, Quoting
from kraken_pipeline.services.ports.gateway import Gateway


class RunExchange(Quoting, Holding, Gateway, Protocol):
    """An exchange whose time goes as far as it is asked for, and which tells what happened."""

    source: str
    """What its prices are called, as in `Quote.source`."""

    def tickers_of(self, names: Iterable[str]) -> Mapping[str, Ticker]:
        """Return the tickers of those of some pairs that ever traded, by our names."""
        ...

    def holdings(self) -> Mapping[Asset, Balance]:
        """Return what the account has, by economic asset."""
        ...

    def next_before(self, until: float) -> float | None:
        """Return when something happens next, Unix seconds; None if nothing does up to then."""
        ...

    def happen(self) -> Happened | None:
        """Let the next thing happen, and tell of it; None where nobody would hear of it."""
        ...

    def amended(self, kraken_order_id: str, amendment: Amendment) -> OrderReport:
        """Change an order that rests, and show it.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        ...

    def withdrawn(self, kraken_order_id: str) -> OrderReport:
        """Take an order out of the market, and show it.

        Raises:
            OrderRefusedError: it is not open any more.
        """
        ...


Opens = Callable[[Backtest, Rules, Tape, Clock], RunExchange]
"""Opens the exchange of a run: what is asked, what holds, what traded, and the run's clock."""
