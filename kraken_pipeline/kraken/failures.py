"""What a failure means: may Kraken have done it, and may it be asked again.

Two things can fail: the way there and back, and Kraken itself, which answers with error strings.
Nothing that is new to us is taken for harmless: after a write, its outcome is unknown.

Source: NET-4; docs.kraken.com/api/docs/guides/spot-errors; orders that got through behind a 502,
504 or 520 are on record with several clients.
"""

import ssl
from collections.abc import Sequence
from enum import Enum, StrEnum
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
    ExchangeError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)

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


class Meaning(Enum):
    """What an error string says of the request."""

    REFUSED = "not done; asked again, it would be refused again"
    TURNED_AWAY = "not done; it may be asked again"
    TOO_OFTEN = "not done; it may be asked again after a pause"
    KEY_REFUSED = "not done; nothing of this key will be"
    UNCLEAR = "it may have been done"


M = Meaning

MEANINGS: Final[tuple[tuple[str, Meaning], ...]] = (
    ("EAPI:Invalid key", M.KEY_REFUSED),
    ("EAPI:Invalid signature", M.KEY_REFUSED),
    # we never send the same bytes twice, so a nonce that is refused was seen for the first time
    ("EAPI:Invalid nonce", M.TURNED_AWAY),
    ("EAPI:Rate limit exceeded", M.TOO_OFTEN),
    ("EAPI:", M.REFUSED),
    ("EAccount:Invalid permissions", M.REFUSED),
    ("EAuth:Rate limit exceeded", M.TOO_OFTEN),
    ("EAuth:Too many requests", M.TOO_OFTEN),
    ("EAuth:", M.KEY_REFUSED),
    ("EBM:limit exceeded", M.REFUSED),
    # an order of ours with this id is open: an earlier copy of the request did get through
    ("EGeneral:Invalid arguments:cl_ord_id not unique", M.UNCLEAR),
    ("EGeneral:Invalid arguments", M.REFUSED),
    ("EGeneral:Permission denied", M.KEY_REFUSED),
    # the key is locked for a quarter of an hour, and each further call prolongs it
    ("EGeneral:Temporary lockout", M.KEY_REFUSED),
    ("EGeneral:Too many requests", M.TOO_OFTEN),
    ("EGeneral:Unknown method", M.REFUSED),
    ("EOrder:Rate limit exceeded", M.TOO_OFTEN),
    ("EOrder:Domain rate limit exceeded", M.TOO_OFTEN),
    ("EOrder:", M.REFUSED),
    ("EQuery:", M.REFUSED),
    ("EService:Market in ", M.REFUSED),
    ("EService: Throttled", M.TOO_OFTEN),
    ("EService:Throttled", M.TOO_OFTEN),
)
"""Beginnings of error strings, the longer before the shorter, to what they say.

Whatever is not here is unclear, and so are these on purpose: `EService:Deadline elapsed`,
`EService:Unavailable`, `EService:Busy`, `EService:Timeout`, `EGeneral:Internal error`.
"""

GRAVEST_FIRST: Final = (M.UNCLEAR, M.KEY_REFUSED, M.REFUSED, M.TOO_OFTEN, M.TURNED_AWAY)
"""Which meaning counts where Kraken gives several strings."""

ERRORS: Final = MappingProxyType(
    {
        (M.REFUSED, Call.READ): UnexpectedReplyError,
        (M.REFUSED, Call.REHEARSAL): OrderRefusedError,
        (M.REFUSED, Call.WRITE): OrderRefusedError,
        (M.UNCLEAR, Call.READ): UnreachableError,
        (M.UNCLEAR, Call.REHEARSAL): UnreachableError,
        (M.UNCLEAR, Call.WRITE): OutcomeUnknownError,
        **{(M.TURNED_AWAY, call): UnreachableError for call in Call},
        **{(M.TOO_OFTEN, call): RateLimitedError for call in Call},
        **{(M.KEY_REFUSED, call): AuthError for call in Call},
    }
)
"""What a meaning becomes for the caller."""

BROKEN: Final = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
"""Whatever a request that fails on its way can raise, wrapped or bare."""

NEVER_LEFT: Final = (ConnectTimeoutError, NewConnectionError)
"""urllib3's failures from before a connection stood. A name that does not resolve is among them."""

TOO_MANY_REQUESTS: Final = 429


def meaning_of(error: str) -> Meaning:
    """Return what an error string of Kraken's says. Details follow after colons: prefixes count."""
    return next((known for start, known in MEANINGS if error.startswith(start)), M.UNCLEAR)


def refusal(errors: Sequence[str], *, call: Call, method: str) -> ExchangeError:
    """Return the error for what Kraken answered; the gravest of several strings decides."""
    found = {meaning_of(each) for each in errors}
    meaning = next(each for each in GRAVEST_FIRST if each in found)
    said = _shortened(", ".join(errors))
    return ERRORS[meaning, call](f"{method}: Kraken says {said!r}: {meaning.value}")


def wrong_status(status: int, body: bytes, *, call: Call, method: str) -> ExchangeError:
    """Return the error for an answer that is not Kraken's own but of something before it."""
    meaning = M.TOO_OFTEN if status == TOO_MANY_REQUESTS and call is Call.READ else M.UNCLEAR
    said = _shortened(body.decode("utf-8", "replace"))
    return ERRORS[meaning, call](f"{method}: HTTP status {status}: {said!r}: {meaning.value}")


def garbled(body: bytes, *, call: Call, method: str) -> ExchangeError:
    """Return the error for a body that is no JSON: a page of the network's, or half an answer."""
    said = _shortened(body.decode("utf-8", "replace"))
    return ERRORS[M.UNCLEAR, call](f"{method}: no JSON but {said!r}: {M.UNCLEAR.value}")


def lost(failure: Exception, *, call: Call, method: str) -> ExchangeError:
    """Return the error for a request or an answer that got lost on its way."""
    meaning = M.UNCLEAR if may_have_arrived(failure) else M.TURNED_AWAY
    said = _shortened(str(_cause_of(failure) or failure) or type(failure).__name__)
    return ERRORS[meaning, call](f"{method}: {said}: {meaning.value}")


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


def _cause_of(failure: Exception) -> object:
    """Return what requests wrapped. urllib3 says "max retries" also where none was allowed."""
    cause = failure.args[0] if failure.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
