"""The ten kinds of failure, what each of them answers, and which error strings are of which. Pure.

Source: NET-4; docs.kraken.com/api/docs/guides/spot-errors.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What sort of failure it is."""

    LOCAL = "local"
    """It never left this machine."""
    AMBIGUOUS = "ambiguous"
    """It left, and what came back does not say what became of it."""
    TEMPORARY = "refused, temporary"
    MODE = "refused, mode"
    NONCE = "refused, nonce"
    EXPIRED = "refused, expired"
    ORDER = "refused, order"
    AUTH = "auth"
    LOCKOUT = "lockout"
    UNKNOWN = "unknown string"
    """Kraken said something that is in no table of ours."""


class Effect(StrEnum):
    """May the request have taken effect."""

    NO = "no"
    MAYBE = "maybe"


class Retry(StrEnum):
    """When the same request may be made again."""

    ANEW = "with a new nonce"
    IF_READ = "a read at once; a write never, its outcome is settled"
    LATER = "after the named time, or when the counter has fallen"
    IN_ANOTHER_MODE = "when the exchange's status allows it"
    ONCE = "once, after looking for another program that uses the key"
    NEVER = "never"
    AFTER_LOCK = "after a quarter of an hour"


class Latch(StrEnum):
    """What must stay stopped until something or somebody lets it go on."""

    NOTHING = "nothing"
    PAIR = "new orders of the pair, until the outcome is known"
    MODE = "what the mode forbids, until the status changes"
    QUIET = "calls of this lane, until the counter has fallen"
    KEY_IF_REPEATED = "the key, if it happens again"
    KEY_AFTER_TWO = "the key, after the second one"
    KEY = "the key, for a quarter of an hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a kind of failure means to whoever asked."""

    took_effect: Effect
    retry: Retry
    latch: Latch
    tell: str
    """In a message to the operator."""


ANSWERS: Final = MappingProxyType(
    {
        Kind.LOCAL: Answers(
            took_effect=Effect.NO,
            retry=Retry.ANEW,
            latch=Latch.NOTHING,
            tell="not done; it never left this machine and may be asked again",
        ),
        Kind.AMBIGUOUS: Answers(
            took_effect=Effect.MAYBE,
            retry=Retry.IF_READ,
            latch=Latch.PAIR,
            tell="it may have been done",
        ),
        Kind.TEMPORARY: Answers(
            took_effect=Effect.NO,
            retry=Retry.LATER,
            latch=Latch.QUIET,
            tell="not done; it may be asked again after a pause",
        ),
        Kind.MODE: Answers(
            took_effect=Effect.NO,
            retry=Retry.IN_ANOTHER_MODE,
            latch=Latch.MODE,
            tell="not done; the market's mode forbids it for now",
        ),
        Kind.NONCE: Answers(
            took_effect=Effect.NO,
            retry=Retry.ONCE,
            latch=Latch.KEY_IF_REPEATED,
            tell="not done; it may be asked again. If this repeats, another program uses the key",
        ),
        # NET-4 has "no" here; Kraken's own advice is to look before an order is sent again, as it
        # may have been placed. Looking costs a moment, a second order costs money
        Kind.EXPIRED: Answers(
            took_effect=Effect.MAYBE,
            retry=Retry.NEVER,
            latch=Latch.PAIR,
            tell="it came too late by its own deadline, yet it may have been done",
        ),
        Kind.ORDER: Answers(
            took_effect=Effect.NO,
            retry=Retry.NEVER,
            latch=Latch.NOTHING,
            tell="not done; asked again, it would be refused again",
        ),
        Kind.AUTH: Answers(
            took_effect=Effect.NO,
            retry=Retry.NEVER,
            latch=Latch.KEY_AFTER_TWO,
            tell="not done; check the key: `kraken-pipeline keys doctor`",
        ),
        Kind.LOCKOUT: Answers(
            took_effect=Effect.NO,
            retry=Retry.AFTER_LOCK,
            latch=Latch.KEY,
            tell="not done; the key is locked for about 15 minutes, and each call prolongs that",
        ),
        Kind.UNKNOWN: Answers(
            took_effect=Effect.MAYBE,
            retry=Retry.IF_READ,
            latch=Latch.PAIR,
            tell="it may have been done; these words are new to us",
        ),
    }
)
"""The four answers of each kind."""

K = Kind

KINDS: Final[tuple[tuple[str, Kind], ...]] = (
    ("EAPI:Invalid key", K.AUTH),
    ("EAPI:Invalid signature", K.AUTH),
    # we never send the same bytes twice, so a nonce that is refused was seen for the first time
    ("EAPI:Invalid nonce", K.NONCE),
    ("EAPI:Rate limit exceeded", K.TEMPORARY),
    ("EAPI:", K.ORDER),
    ("EAccount:Invalid permissions", K.ORDER),
    ("EAuth:Rate limit exceeded", K.TEMPORARY),
    ("EAuth:Too many requests", K.TEMPORARY),
    ("EAuth:", K.AUTH),
    ("EBM:limit exceeded", K.ORDER),
    ("EDatabase:Internal error", K.AMBIGUOUS),
    ("EFunding:", K.ORDER),
    ("EGeneral:Internal error", K.AMBIGUOUS),
    # an order of ours with this id is open: an earlier copy of the request did get through
    ("EGeneral:Invalid arguments:cl_ord_id not unique", K.AMBIGUOUS),
    ("EGeneral:Invalid arguments", K.ORDER),
    ("EGeneral:Permission denied", K.AUTH),
    ("EGeneral:Temporary lockout", K.LOCKOUT),
    ("EGeneral:Too many requests", K.TEMPORARY),
    ("EGeneral:Unknown method", K.ORDER),
    ("EOrder:Rate limit exceeded", K.TEMPORARY),
    ("EOrder:Domain rate limit exceeded", K.TEMPORARY),
    ("EOrder:", K.ORDER),
    ("EQuery:", K.ORDER),
    ("EService:Busy", K.AMBIGUOUS),
    ("EService:Deadline elapsed", K.EXPIRED),
    ("EService:Market in ", K.MODE),
    ("EService: Throttled", K.TEMPORARY),
    ("EService:Throttled", K.TEMPORARY),
    ("EService:Timeout", K.AMBIGUOUS),
    ("EService:Unavailable", K.AMBIGUOUS),
    # a stream's token ran out. No order should have got through, but Kraken does not promise it
    ("ESession:Invalid session", K.AMBIGUOUS),
    # trading is locked; not among the answers that prove an order was not placed
    ("ETrade:", K.AMBIGUOUS),
    # the stream's plain words, which no document lists: they refuse a subscription for certain,
    # and prove nothing of an order
    ("Already subscribed", K.AMBIGUOUS),
    ("Currency pair not supported", K.AMBIGUOUS),
    ("Event(s) not found", K.AMBIGUOUS),
    ("Exceeded msg rate", K.AMBIGUOUS),
    ("Malformed request", K.AMBIGUOUS),
    ("Subscription", K.AMBIGUOUS),
    ("Token(s) not found", K.AMBIGUOUS),
    ("Unsupported", K.AMBIGUOUS),
)
"""Beginnings of error strings, the longer before the shorter, to what they are."""

FIELD_OF_WRONG_TYPE: Final = " field must be a "
"""Within the stream's complaint about a field, which begins with the field's name."""

GRAVEST_FIRST: Final = (
    K.UNKNOWN,
    K.AMBIGUOUS,
    K.EXPIRED,
    K.LOCKOUT,
    K.AUTH,
    K.ORDER,
    K.MODE,
    K.TEMPORARY,
    K.NONCE,
    K.LOCAL,
)
"""Which kind counts where Kraken gives several strings."""

BAD_KEY: Final = ("EAPI:Invalid key", "EAPI:Invalid signature", "EAuth:")
"""Refusals of the key itself, some of which in a row lock it. A permission that is missing speaks
of one method, and says nothing against the key."""


def kind_of(error: str) -> Kind:
    """Return what an error string of Kraken's is. Details follow after colons: prefixes count."""
    for start, kind in KINDS:
        if error.startswith(start):
            return kind
    return Kind.AMBIGUOUS if FIELD_OF_WRONG_TYPE in error else Kind.UNKNOWN


def gravest(kinds: Iterable[Kind]) -> Kind:
    """Return the kind that counts among several; for none at all, the unknown."""
    found = set(kinds)
    return next((each for each in GRAVEST_FIRST if each in found), Kind.UNKNOWN)


def tell(kind: Kind) -> str:
    """Return what the operator is told of a kind."""
    return ANSWERS[kind].tell


def speaks_against_the_key(error: str) -> bool:
    """Tell whether a refusal counts towards the lock of its key (U-KEY-2)."""
    return error.startswith(BAD_KEY) and kind_of(error) is Kind.AUTH
