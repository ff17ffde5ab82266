"""What is written to the exchange: orders, and its own timer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.domain.switch import SwitchReport


class Gateway(Protocol):
    """Where orders go. Which one it is was chosen when it was made (MOD-1)."""

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        """Send the order once.

        Raises:
            OrderRefusedError: it will not exist.
            UnreachableError: it never left, or was turned away; it does not exist.
            AuthError: the key was refused; it does not exist.
            InvalidValueError: it cannot be written as a request; nothing was sent.
            ConfigurationError: nothing can be sent as things are set up; nothing was.
            OutcomeUnknownError: it may exist.
            UnexpectedReplyError: it may exist.
        """
        ...

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        """Send 2 to 15 orders of one pair at once, and say what became of each, in their order.

        Raises:
            ExchangeError: what it says holds of every one of the orders; see `add`.
            InvalidValueError: they cannot be written as one request; nothing was sent.
        """
        ...

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests, once (OMS-12).

        Raises:
            OrderRefusedError: the order stays as it was, or is not open any more.
            UnreachableError: the request was not done.
            RefusedError: nothing of ours rests here that could be changed.
            OutcomeUnknownError: the order may be changed.
            UnexpectedReplyError: likewise.
        """
        ...

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without nonce, to be written down first.

        Raises:
            InvalidValueError: it cannot be written as a request.
        """
        ...

    def cancel(self, kraken_order_id: str) -> None:
        """Ask for a cancel; it is proven only by what the exchange shows later (OMS-11).

        Raises:
            OrderRefusedError: the order is not open any more.
            OutcomeUnknownError: it may be canceled.
        """
        ...

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        """Ask for up to 50 cancels at once and return how many orders were reached.

        What is not open is passed over. As with `cancel`, nothing is proven.

        Raises:
            OrderRefusedError: nothing was canceled.
            OutcomeUnknownError: each of them may be canceled.
        """
        ...


class SwitchTimer(Protocol):
    """The exchange's own timer, which cancels every order of the account when it runs out."""

    def cancel_all_after(self, seconds: int) -> SwitchReport:
        """Let it run out after so many seconds from now; 0 turns it off.

        Raises:
            UnreachableError: it was not done.
            OrderRefusedError: the exchange refused.
            AuthError: the key was refused.
            OutcomeUnknownError: it may have been done.
            UnexpectedReplyError: likewise.
        """
        ...
