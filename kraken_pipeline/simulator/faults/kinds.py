"""Every kind of fault: where it strikes, whom, and what may be said about it.

Source: kraken/errors.md §7; safety cases B and C1 to C4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Point(StrEnum):
    """A place on the way of a call or of a stream's message where a fault may strike."""

    REQUEST = "request"
    """REST: a call came in and nothing of it was looked at. Subject: the method."""
    READ = "read"
    """REST: a call was let in and is about to be worked out. Subject: the method."""
    REPLY = "reply"
    """REST: a call succeeded and its reply is about to leave. Subject: the method."""
    CONNECT = "connect"
    """Stream: a client asks for a connection. Subject: `stream`."""
    ASKED = "asked"
    """Stream: a request came in, nothing was done. Subject: the trading method, or the channel."""
    ACKNOWLEDGED = "acknowledged"
    """Stream: a request took effect, its answer is about to leave. Subject: as in `ASKED`."""
    FRAME = "frame"
    """Stream: a frame of a channel is about to leave. Subject: the channel."""


class Kind(StrEnum):
    """What goes wrong."""

    LATE_REQUEST = "late_request"
    """The request is held up on its way and worked out `seconds` later."""
    LOST_REQUEST = "lost_request"
    """The connection is cut before the request is read."""
    CLOCK_SKEW = "clock_skew"
    """From now on the exchange's clock is `seconds` off, before or behind."""
    HTTP_ERROR = "http_error"
    """The edge answers with `status` and a page of HTML."""
    INVALID_NONCE = "invalid_nonce"
    """`EAPI:Invalid nonce` though the nonce was right."""
    RATE_LIMIT = "rate_limit"
    """`EAPI:Rate limit exceeded` though nothing was exceeded."""
    THROTTLED = "throttled"
    """`EService: Throttled:` until `seconds` from now."""
    UNAVAILABLE = "unavailable"
    """`EService:Unavailable`."""
    BUSY = "busy"
    """`EService:Busy`."""
    TIMEOUT = "timeout"
    """`EService:Timeout`."""
    INTERNAL_ERROR = "internal_error"
    """`EGeneral:Internal error`."""
    DEADLINE_ELAPSED = "deadline_elapsed"
    """`EService:Deadline elapsed`."""
    DEAF_CANCEL = "deaf_cancel"
    """A cancel is answered as done, and nothing is canceled."""
    LOST_REPLY = "lost_reply"
    """The connection is closed without a byte."""
    LATE_REPLY = "late_reply"
    """The reply is kept back for `seconds`."""
    RESET = "reset"
    """Half of the reply is written, then the connection is reset."""
    EMPTY_BODY = "empty_body"
    """HTTP 200 and nothing else."""
    TRUNCATED_BODY = "truncated_body"
    """The reply ends in the middle, and its length says that this is all."""
    DUPLICATE_DELIVERY = "duplicate_delivery"
    """The request arrives twice, and it is the second reply that the caller gets."""
    RESTART = "restart"
    """Every connection is cut and none is taken for `seconds`; orders are remembered."""
    EMPTY_PAGE = "empty_page"
    """A page of history comes without its rows; its count is right."""
    PARTIAL_PAGE = "partial_page"
    """A page of history comes with half of its rows; its count is right."""
    STALE_READ = "stale_read"
    """The answer is that of `seconds` ago: REST lags the stream."""
    LATE_ORDER = "late_order"
    """Orders that were placed in the last `seconds` are not shown yet."""
    STALE_AMEND = "stale_amend"
    """Orders that were amended in the last `seconds` are shown as they were before."""
    REFUSED_CONNECTION = "refused_connection"
    """The handshake is refused."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 a fault's name
    """`ESession:Invalid session` though the token was right."""
    CUT_BEFORE_EFFECT = "cut_before_effect"
    """The connection is cut and the request is not worked out."""
    CUT_BEFORE_ACK = "cut_before_ack"
    """The request takes effect and the connection is cut before its answer."""
    SILENT_SUBSCRIPTION = "silent_subscription"
    """The subscription is acknowledged and never gets a frame; others do."""
    DUPLICATE_FRAME = "duplicate_frame"
    """A frame is sent twice."""
    SWAPPED_FRAMES = "swapped_frames"
    """A frame is sent after the one that follows it on its channel."""
    LOST_FRAME = "lost_frame"
    """A frame is not sent."""
    BAD_CHECKSUM = "bad_checksum"
    """A book's checksum is not that of its levels."""
    NON_JSON_FRAME = "non_json_frame"
    """A frame that is no JSON is sent before it."""
    SILENT_SOCKET = "silent_socket"
    """The connection stays open and nothing is sent on it any more, not even heartbeats."""
    CUT_SOCKET = "cut_socket"
    """The connection is cut instead."""
    MAINTENANCE = "maintenance"
    """A status frame says maintenance, then the connection is closed."""


PAGED: Final = frozenset({"ClosedOrders", "TradesHistory", "Ledgers"})
READS: Final = frozenset(
    {"Balance", "BalanceEx", "TradeBalance", "OpenOrders", "ClosedOrders", "QueryOrders"}
    | {"OrderAmends", "TradesHistory", "QueryTrades", "Ledgers", "QueryLedgers", "TradeVolume"}
)
OF_ORDERS: Final = frozenset({"OpenOrders", "ClosedOrders", "QueryOrders"})
CANCELS: Final = frozenset({"CancelOrder", "CancelOrderBatch", "CancelAll"})
PRIVATE_SUBJECTS: Final = frozenset(
    {"executions", "balances", "level3", "add_order", "amend_order", "edit_order", "batch_add"}
    | {"cancel_order", "cancel_all", "cancel_all_orders_after", "batch_cancel"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Where and whom a kind of fault strikes."""

    at: Point
    with_effect: Point | None = None
    """Where it strikes if it is to strike after the effect; None if it has no such form."""
    subjects: frozenset[str] = frozenset()
    """Methods or channels; empty for all."""
    seconds: float = 0.0
    """How long, if it is not said."""
    status: int = 0
    """Of HTTP, if it is not said."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point where it may strike."""
        return (self.at,) if self.with_effect is None else (self.at, self.with_effect)

    def strikes(self, subject: str) -> bool:
        """Tell whether a method or channel can be struck."""
        return not self.subjects or subject in self.subjects


def _either(**more: float) -> Traits:
    return Traits(at=Point.REQUEST, with_effect=Point.REPLY, status=int(more.get("status", 0)))


TRAITS: Final[Mapping[Kind, Traits]] = MappingProxyType(
    {
        Kind.LATE_REQUEST: Traits(at=Point.REQUEST, seconds=5),
        Kind.LOST_REQUEST: Traits(at=Point.REQUEST),
        Kind.CLOCK_SKEW: Traits(at=Point.REQUEST, seconds=-3600),
        Kind.HTTP_ERROR: _either(status=502),
        Kind.INVALID_NONCE: Traits(at=Point.REQUEST),
        Kind.RATE_LIMIT: Traits(at=Point.REQUEST),
        Kind.THROTTLED: Traits(at=Point.REQUEST, seconds=5),
        Kind.UNAVAILABLE: _either(),
        Kind.BUSY: _either(),
        Kind.TIMEOUT: _either(),
        Kind.INTERNAL_ERROR: _either(),
        Kind.DEADLINE_ELAPSED: _either(),
        Kind.DEAF_CANCEL: Traits(at=Point.REQUEST, subjects=CANCELS),
        Kind.LOST_REPLY: Traits(at=Point.REPLY),
        Kind.LATE_REPLY: Traits(at=Point.REPLY, seconds=5),
        Kind.RESET: Traits(at=Point.REPLY),
        Kind.EMPTY_BODY: Traits(at=Point.REPLY),
        Kind.TRUNCATED_BODY: Traits(at=Point.REPLY),
        Kind.DUPLICATE_DELIVERY: Traits(at=Point.REPLY),
        Kind.RESTART: Traits(at=Point.REQUEST, with_effect=Point.REPLY, seconds=2),
        Kind.EMPTY_PAGE: Traits(at=Point.REPLY, subjects=PAGED),
        Kind.PARTIAL_PAGE: Traits(at=Point.REPLY, subjects=PAGED),
        Kind.STALE_READ: Traits(at=Point.READ, subjects=READS, seconds=60),
        Kind.LATE_ORDER: Traits(at=Point.READ, subjects=OF_ORDERS, seconds=30),
        Kind.STALE_AMEND: Traits(at=Point.READ, subjects=OF_ORDERS, seconds=1),
        Kind.REFUSED_CONNECTION: Traits(at=Point.CONNECT),
        Kind.TOKEN_REFUSED: Traits(at=Point.ASKED, subjects=PRIVATE_SUBJECTS),
        Kind.CUT_BEFORE_EFFECT: Traits(at=Point.ASKED),
        Kind.CUT_BEFORE_ACK: Traits(at=Point.ACKNOWLEDGED),
        Kind.SILENT_SUBSCRIPTION: Traits(at=Point.ACKNOWLEDGED),
        Kind.DUPLICATE_FRAME: Traits(at=Point.FRAME),
        Kind.SWAPPED_FRAMES: Traits(at=Point.FRAME),
        Kind.LOST_FRAME: Traits(at=Point.FRAME),
        Kind.BAD_CHECKSUM: Traits(at=Point.FRAME, subjects=frozenset({"book"})),
        Kind.NON_JSON_FRAME: Traits(at=Point.FRAME),
        Kind.SILENT_SOCKET: Traits(at=Point.FRAME),
        Kind.CUT_SOCKET: Traits(at=Point.FRAME),
        Kind.MAINTENANCE: Traits(at=Point.FRAME),
    }
)
