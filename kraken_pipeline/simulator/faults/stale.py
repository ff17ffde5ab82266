"""Reads that lie: the account as it was, or without what happened lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.views import View, with_fewer


class Past:
    """The account of an exchange as it was a while ago."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange: Final = exchange
        self._events: list[Event] = list(exchange.journal.read())
        self._account = Account(exchange.market.listing)
        self._applied = 0
        self._until: datetime | None = None
        exchange.watchers.append(self._happened)

    def seen(self, strike: Strike) -> Exchange:
        """Return the exchange as a read sees it that a fault strikes."""
        real = self.exchange
        since = real.advance() - timedelta(seconds=strike.seconds)
        if strike.kind is Kind.STALE_READ:
            return View(real, self._at(since))
        if strike.kind is Kind.LATE_ORDER:
            return View(real, _without_young(real.account, since))
        return View(real, _before_amends(real.account, self._at(since), since))

    def _happened(self, events: Sequence[Event]) -> None:
        self._events.extend(events)

    def _at(self, instant: datetime) -> Account:
        """Return the account as it was; the one that was returned before moves with it."""
        if self._until is not None and instant < self._until:
            self._account = Account(self.exchange.market.listing)
            self._applied = 0
        self._until = instant
        while self._applied < len(self._events) and self._events[self._applied].at <= instant:
            self._account.apply(self._events[self._applied])
            self._applied += 1
        return self._account


def _without_young(account: Account, since: datetime) -> Account:
    """Return an account without the orders that were opened after a moment."""
    old = {key: order for key, order in account.orders.items() if order.opened <= since}
    still = {key: order for key, order in account.open.items() if key in old}
    return with_fewer(account, orders=old, open=still)


def _before_amends(account: Account, earlier: Account, since: datetime) -> Account:
    """Return an account in which orders that were amended after a moment are as they were then."""
    amended = {key for key, amends in account.amends.items() if amends[-1].at > since}
    was = {key: order for key, order in earlier.open.items() if key in amended}
    shown = {key: order for key, order in was.items() if key in account.open}
    return with_fewer(account, orders=account.orders | was, open=account.open | shown)
