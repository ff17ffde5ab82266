"""Kraken itself: where real orders go, and what may send them there.

This is the only module that knows the address. `wiring/live.py` is the only one that may import it,
and is itself loaded only where the configuration says live, so that paper does not even hold the
name of the place (MOD-1, INV-9).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NoReturn, Protocol

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import ConfigurationError, OrderRefusedError, RefusedError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.preflight import Cleared
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.tickets import Ticket

KRAKEN: Final = "https://api.kraken.com"
"""Source: docs.kraken.com/api/docs/guides/spot-rest-auth."""
PRIVATE_STREAM: Final = "wss://ws-auth.kraken.com/v2"
"""Source: docs.kraken.com/api/docs/guides/spot-ws-intro."""


class ClosedGates(Protocol):
    """Says which gates are closed now."""

    def __call__(self, strategy_id: str | None, *, opens: bool) -> str:
        """Return those that are closed to a strategy's orders, or to any; nothing if all are open.

        Args:
            strategy_id: whose order it is; None for one that is no wish of a strategy's.
            opens: whether it is a buy.
        """
        ...


class LiveTrader(Trader):
    """Sends orders that cost real money. It cannot be made without a preflight that passed.

    The proof lasts a day. After that nothing opens, while sells and cancels still go (INV-7). The
    gates are asked before each order: once one is closed, only cancels go.
    """

    def __init__(
        self,
        line: PrivateLine,
        *,
        cleared: Cleared,
        key_id: str,
        closed_gates: ClosedGates,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the line of the trader's key, and the proof that this key was cleared.

        Args:
            line: of the trader's key.
            cleared: by the preflight.
            key_id: of the trader's key.
            closed_gates: says which gates are closed now.
            clock: tells the present.

        Raises:
            RefusedError: the proof is of another key, or too old.
        """
        if not cleared.covers(Role.TRADER, key_id, clock()):
            raise RefusedError("the preflight that passed was another key's, or is a day old")
        super().__init__(line)
        self._cleared = cleared
        self._key_id = key_id
        self._closed_gates = closed_gates
        self._clock = clock

    def add(self, order: Order, *, deadline: datetime) -> Placed:
        """Send the order once.

        Raises:
            ConfigurationError: a gate is closed to it; nothing was sent.
            ExchangeError: as with `Trader.add`.
        """
        self._require_gates(_whose(order), opens=_opens(order))
        return super().add(order, deadline=deadline)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | OrderRefusedError, ...]:
        """Send several orders in one request.

        Raises:
            ConfigurationError: a gate is closed to one of them; nothing was sent.
            ExchangeError: as with `Trader.add_batch`.
        """
        for strategy_id, opens in dict.fromkeys((_whose(each), _opens(each)) for each in orders):
            self._require_gates(strategy_id, opens=opens)
        return super().add_batch(orders, deadline=deadline)

    def place(self, ticket: Ticket, *, deadline: datetime) -> Placed:
        """Send an order of any type once.

        Raises:
            ConfigurationError: it would buy, and the preflight is too old; nothing was sent.
            ExchangeError: as with `Trader.add`.
        """
        self._require_clearance(opens=ticket.side is Side.BUY)
        return super().place(ticket, deadline=deadline)

    def place_batch(
        self, tickets: Sequence[Ticket], *, deadline: datetime
    ) -> tuple[Placed | OrderRefusedError, ...]:
        """Send orders of any type in one request.

        Raises:
            ConfigurationError: one would buy, and the preflight is too old; nothing was sent.
            ExchangeError: as with `Trader.add_batch`.
        """
        self._require_clearance(opens=any(each.side is Side.BUY for each in tickets))
        return super().place_batch(tickets, deadline=deadline)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests, once.

        Raises:
            ConfigurationError: the preflight is too old, and it may be a buy; nothing was sent.
            ExchangeError: as with `Trader.amend`.
        """
        self._require_clearance(opens=True)
        return super().amend(kraken_order_id, amendment, deadline=deadline)

    def _require_gates(self, strategy_id: str | None, *, opens: bool) -> None:
        closed = self._closed_gates(strategy_id, opens=opens)
        if closed:
            raise ConfigurationError(f"live trading is refused, nothing was sent: {closed}")

    def _require_clearance(self, *, opens: bool) -> None:
        self._require_gates(None, opens=opens)
        now = self._clock()
        if opens and not self._cleared.covers(Role.TRADER, self._key_id, now):
            raise ConfigurationError(
                f"the preflight of {self._cleared.at:%Y-%m-%d %H:%M} UTC ended at "
                f"{self._cleared.until:%Y-%m-%d %H:%M} UTC; nothing opens until the next one "
                "passed: start again"
            )


def _opens(order: Order) -> bool:
    return order.side is Side.BUY


def _whose(order: Order) -> str | None:
    """Return whose wish an order is; what ends a position for safety's sake is no strategy's."""
    is_safety = order.purpose in {Purpose.PROTECT, Purpose.FLATTEN}
    return None if is_safety else order.strategy_id


class GroundedTrader(Trader):
    """Cancels, and sends nothing: what the preflight objects to must be mended first."""

    def __init__(self, line: PrivateLine, *, objections: tuple[Objection, ...]) -> None:
        """Take the line that carries the cancels, and why nothing else may leave."""
        super().__init__(line)
        self._objections = objections

    def place(self, ticket: Ticket, *, deadline: datetime) -> NoReturn:
        """Refuse.

        Raises:
            ConfigurationError: always; every objection is named.
        """
        self._refuse()

    def place_batch(self, tickets: Sequence[Ticket], *, deadline: datetime) -> NoReturn:
        """Refuse.

        Raises:
            ConfigurationError: always; every objection is named.
        """
        self._refuse()

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> NoReturn:
        """Refuse.

        Raises:
            ConfigurationError: always; every objection is named.
        """
        self._refuse()

    def _refuse(self) -> NoReturn:
        said = "; ".join(str(each) for each in self._objections)
        raise ConfigurationError(f"live trading is refused: {said}")
