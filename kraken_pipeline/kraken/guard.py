"""The guard: cancels everything and looks what is left. It can't place anything."""

from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.replies import count_from


class Guard:
    """Uses a key that needs no permission but to cancel, and to list where it may."""

    def __init__(self, line: PrivateLine) -> None:
        """Take the line that carries the cancels."""
        self._line = line

    def cancel_all(self) -> int:
        """Cancel every open order of the account and return how many were reached.

        Raises:
            UnreachableError: it was not done; it may be repeated.
            OrderRefusedError: the exchange refused.
            AuthError: the key was refused.
            OutcomeUnknownError: it may have been done; it may be repeated, as it is harmless.
            UnexpectedReplyError: likewise.
        """
        return count_from(self._line.call("CancelAll", {}, call=Call.WRITE), "CancelAll")

    def open_orders(self) -> dict[str, str]:
        """Return the id of every open order with its description.

        Raises:
            UnreachableError: it may be asked again.
            AuthError: the key may not list orders.
            UnexpectedReplyError: refused, or not to be read.
        """
        reply = record(self._line.call("OpenOrders", {}, call=Call.READ), "OpenOrders")
        return {
            kraken_order_id: each.record("descr").text("order")
            for kraken_order_id, each in reply.record("open").records()
        }
