"""An exchange as somebody may see it who does not see all of it."""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import Any, Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange


class View(Exchange):
    """An exchange that is only read from, with an account of its own."""

    def __init__(self, exchange: Exchange, account: Account) -> None:
        vars(self).update(vars(exchange))
        vars(self)["account"] = account

    def advance(self) -> datetime:
        """Return now; the exchange behind it was run up to now before."""
        return self.clock.now()

    def record(self, *events: Event) -> None:
        """Refuse: what is only looked at does not change.

        Raises:
            PermissionError: always.
        """
        raise PermissionError("a view of an exchange is only read from")


def with_fewer(account: Account, **rows: Mapping[str, object]) -> Account:
    """Return an account as it is but for some of its tables, by their names."""
    fewer = copy(account)
    vars(fewer).update(rows)
    return fewer


_Moment = Callable[[Any], datetime | None]  # of rows of any table

_HISTORY: Final[Mapping[str, tuple[str, _Moment]]] = {
    "ClosedOrders": ("orders", lambda order: order.ended),
    "TradesHistory": ("trades", lambda trade: trade.at),
    "QueryTrades": ("trades", lambda trade: trade.at),
    "Ledgers": ("ledger", lambda entry: entry.at),
    "QueryLedgers": ("ledger", lambda entry: entry.at),
}
"""By method: the table that it reads, and when a row of it was."""


def within_reach(exchange: Exchange, key: Key, method: str) -> Exchange:
    """Return the exchange as a call with a key sees it: without history that is closed to it."""
    if method not in _HISTORY or (key.query_from is None and key.query_to is None):
        return exchange
    exchange.advance()
    table, moment = _HISTORY[method]
    rows = vars(exchange.account)[table]
    seen = {name: row for name, row in rows.items() if _is_open(key, moment(row))}
    return View(exchange, with_fewer(exchange.account, **{table: seen}))


def _is_open(key: Key, at: datetime | None) -> bool:
    if at is None:
        return True
    after = key.query_from is None or at >= key.query_from
    return after and (key.query_to is None or at <= key.query_to)
