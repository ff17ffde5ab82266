"""What a failure means: may Kraken have done it, and may it be asked again.

Two things can fail: the way there and back, and Kraken itself, which answers with error strings.
Each failure has one kind, and each kind four answers. Nothing that is new to us is taken for
harmless: after a write, its outcome is unknown.

Source: NET-4; docs.kraken.com/api/docs/guides/spot-errors; orders that got through behind a 502,
504 or 520 are on record with several clients.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http.client import HTTPException
from types import MappingProxyType
from typing import Final

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
)

from kraken_pipeline.domain.errors import (
    AuthError,
    BlockedError,
    ExchangeError,
    FundsRefusedError,
    LockedOutError,
    ModeRefusedError,
    NonceRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.kraken.kinds import Kind, gravest, kind_of, tell

LONGEST_SHOWN: Final = 300
"""Letters of a strange answer that are repeated in a message."""


class Call(StrEnum):
    """What a request can change, which decides what its failure may be called."""

    READ = "read"
    """Nothing: it may always be asked again."""
    REHEARSAL = "rehearsal"
    """Nothing, but the order that it describes can be refused."""
    WRITE = "write"
    """Money: if its fate is not known, it is unknown."""


K = Kind

UNCLEAR: Final = (K.AMBIGUOUS, K.EXPIRED, K.UNKNOWN)

ERRORS: Final[Mapping[tuple[Kind, Call], type[ExchangeError]]] = MappingProxyType(
    {
        **{(kind, Call.READ): UnreachableError for kind in UNCLEAR},
        **{(kind, Call.REHEARSAL): UnreachableError for kind in UNCLEAR},
        **{(kind, Call.WRITE): OutcomeUnknownError for kind in UNCLEAR},
        **{(K.LOCAL, call): UnreachableError for call in Call},
        **{(K.NONCE, call): NonceRefusedError for call in Call},
        **{(K.TEMPORARY, call): RateLimitedError for call in Call},
        **{(K.AUTH, call): AuthError for call in Call},
        **{(K.LOCKOUT, call): LockedOutError for call in Call},
        (K.MODE, Call.READ): UnreachableError,
        (K.MODE, Call.REHEARSAL): ModeRefusedError,
        (K.MODE, Call.WRITE): ModeRefusedError,
        (K.ORDER, Call.READ): UnexpectedReplyError,
        (K.ORDER, Call.REHEARSAL): OrderRefusedError,
        (K.ORDER, Call.WRITE): OrderRefusedError,
    }
)
"""What a kind becomes for the caller."""

BROKEN: Final = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
"""Whatever a request that fails on its way can raise, wrapped or bare."""

NEVER_LEFT: Final = (ConnectTimeoutError, NewConnectionError)
"""urllib3's failures from before a connection stood. A name that does not resolve is among them."""

TURNED_AWAY: Final = frozenset({403, 429})
"""Statuses with which the edge before Kraken keeps somebody out who asks too often (U-RAT-2)."""

NO_FUNDS: Final = "EOrder:Insufficient funds"
THROTTLED: Final = "Throttled:"
LONGEST_PAUSE: Final = 60.0
"""Seconds. An instant further ahead is a misreading of somebody's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong with one request."""

    kind: Kind
    said: str
    """What came back, or what broke, shortened."""
    errors: tuple[str, ...] = ()
    """Kraken's own error strings, whole; none where something else answered, or nothing did."""
    is_blocked: bool = False
    """The edge before Kraken turned it away."""
    answered_at: datetime | None = None
    """By Kraken's clock, where the answer says so."""
    is_unreadable: bool = False
    """It is JSON, and not what Kraken's answers are."""

    @property
    def retry_at(self) -> datetime | None:
        """By Kraken's clock: when it said that we may ask again."""
        return next((named for named in map(named_instant, self.errors) if named), None)

    @property
    def pause_seconds(self) -> float:
        """How long it said that we must wait; zero where it did not."""
        if self.retry_at is None or self.answered_at is None:
            return 0.0
        return min(max((self.retry_at - self.answered_at).total_seconds(), 0.0), LONGEST_PAUSE)

    @property
    def is_of_the_key(self) -> bool:
        """Whether the key asked too often, and not for one pair's orders alone."""
        is_ours = any(not each.startswith("EOrder:") for each in self.errors)
        return self.kind is Kind.TEMPORARY and is_ours

    @property
    def lacks_funds(self) -> bool:
        """Whether an order was refused as the account has not what it needs."""
        return self.kind is Kind.ORDER and any(each.startswith(NO_FUNDS) for each in self.errors)

    def error(self, *, call: Call, method: str) -> ExchangeError:
        """Return what the caller is to be told."""
        message = f"{method}: {self.said}: {tell(self.kind)}"
        if self.is_unreadable:
            return UnexpectedReplyError(message)
        if self.lacks_funds and call is not Call.READ:
            return FundsRefusedError(message)
        if self.is_blocked and self.kind is Kind.TEMPORARY:
            return BlockedError(message)
        if self.kind is Kind.TEMPORARY:
            return RateLimitedError(message, retry_at=self.retry_at)
        return ERRORS[self.kind, call](message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How a call ended."""

    result: object = None
    failure: Failure | None = None
    """None where it was done."""


def failure_of(errors: Sequence[str]) -> Failure:
    """Return the failure for what Kraken answered; the gravest of several strings decides."""
    said = f"Kraken says {_shortened(', '.join(errors))!r}"
    kind = gravest(kind_of(each) for each in errors)
    return Failure(kind=kind, said=said, errors=tuple(errors))


def strange_status(status: int, body: bytes, *, call: Call) -> Failure:
    """Return the failure for an answer that is not Kraken's own but of something before it.

    A write that the edge turned away has most likely not reached Kraken; only Kraken's own words
    are taken for certain.
    """
    said = f"HTTP status {status}: {_shortened(body.decode('utf-8', 'replace'))!r}"
    is_blocked = status in TURNED_AWAY
    kind = Kind.TEMPORARY if is_blocked and call is not Call.WRITE else Kind.AMBIGUOUS
    return Failure(kind=kind, said=said, is_blocked=is_blocked)


def no_json(body: bytes) -> Failure:
    """Return the failure for a body that is no JSON: a page of the network's, or half an answer."""
    said = f"no JSON but {_shortened(body.decode('utf-8', 'replace'))!r}"
    return Failure(kind=Kind.AMBIGUOUS, said=said)


def broken_way(failure: Exception) -> Failure:
    """Return the failure for a request or an answer that got lost on its way."""
    said = _shortened(str(_cause_of(failure) or failure) or type(failure).__name__)
    kind = Kind.AMBIGUOUS if may_have_arrived(failure) else Kind.LOCAL
    return Failure(kind=kind, said=said)


def refusal(errors: Sequence[str], *, call: Call, method: str) -> ExchangeError:
    """Return the error for what Kraken answered; the gravest of several strings decides."""
    return failure_of(errors).error(call=call, method=method)


def lost(failure: Exception, *, call: Call, method: str) -> ExchangeError:
    """Return the error for a request or an answer that got lost on its way."""
    return broken_way(failure).error(call=call, method=method)


def may_have_arrived(failure: Exception) -> bool:
    """Tell whether Kraken may have seen a request that failed on the way.

    A reset, a timeout while reading, a broken or a strange reply: all mean that it may have. Only a
    connection that never stood means that it did not: none was made, or the other side could not
    prove who it is. Whatever is new to us counts as may have.
    """
    cause = _cause_of(failure)
    if isinstance(cause, NEVER_LEFT):
        return False
    inner = cause.args[0] if isinstance(cause, HTTPError) and cause.args else None
    return not isinstance(inner, ssl.SSLCertVerificationError)


def named_instant(error: str) -> datetime | None:
    """Return the instant that a throttling names, in seconds since 1970; None where it names none.

    Source: `EService: Throttled: <unix time>`, docs.kraken.com/api/docs/guides/spot-rest-ratelimits
    """
    _, found, named = error.partition(THROTTLED)
    if not found or not named.strip().isdecimal():
        return None
    try:
        return datetime.fromtimestamp(int(named), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _cause_of(failure: Exception) -> object:
    """Return what requests wrapped. urllib3 says "max retries" also where none was allowed."""
    cause = failure.args[0] if failure.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
