"""The guard: cancels everything and looks what is left. It can't place anything."""

from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.switch import SwitchReport
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.replies import count_from

OFF: Final = 0
LONGEST_SECONDS: Final = 86_400
"""Source: docs.kraken.com/api/docs/rest-api/cancel-all-orders-after."""
NEVER: Final = "0"
"""What stands for the instant where the switch is off."""


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

    def cancel_all_after(self, seconds: int) -> SwitchReport:
        """Let everything be canceled unless this is called again in time; 0 turns that off.

        It is one switch for the whole account, and every call sets it anew.

        Raises:
            InvalidValueError: the seconds are none that Kraken takes; nothing was sent.
            UnreachableError: it was not done; it may be repeated.
            OrderRefusedError: the exchange refused.
            AuthError: the key was refused.
            OutcomeUnknownError: it may have been set; it may be repeated.
            UnexpectedReplyError: likewise.

        Source: DMS-2.
        """
        if not OFF <= seconds < LONGEST_SECONDS:
            raise InvalidValueError(
                f"the switch is to fire after {seconds} s; give 0 to {LONGEST_SECONDS - 1}"
            )
        method = "CancelAllOrdersAfter"
        reply = record(self._line.call(method, {"timeout": str(seconds)}, call=Call.WRITE), method)
        is_off = reply.text("triggerTime") == NEVER
        return SwitchReport(
            told_at=reply.rfc3339("currentTime"),
            fires_at=None if is_off else reply.rfc3339("triggerTime"),
        )

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
