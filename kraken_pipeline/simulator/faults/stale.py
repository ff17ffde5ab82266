"""Reads that lie: the account as it was, or without what happened lately."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind


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
        account = copy(real.account)
        if strike.kind is Kind.LATE_ORDER:
            hidden = {order.id for order in account.orders.values() if order.opened > since}
            shown = {"orders": account.orders, "open": account.open}
            for name, orders in shown.items():
                vars(account)[name] = {k: each for k, each in orders.items() if k not in hidden}
        else:
            amended = {key for key, amends in account.amends.items() if amends[-1].at > since}
            before = self._at(since)
            for name, orders in (("orders", before.orders), ("open", before.open)):
                old = {key: order for key, order in orders.items() if key in amended}
                vars(account)[name] = vars(account)[name] | old
        return View(real, account)

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
