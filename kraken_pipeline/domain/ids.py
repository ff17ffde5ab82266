"""Names that are derived from what they name, so that doing twice names the same thing."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any, Final, NewType
from uuid import UUID

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import require_utc

DecisionId = NewType("DecisionId", str)
IntentId = NewType("IntentId", str)
PlanId = NewType("PlanId", str)
ClOrdId = NewType("ClOrdId", str)

REMEMBERED: Final = 10_000
"""Amounts and instants whose text is kept: one order's are written again and again."""
ORDERS: Final = UUID("6b1f2f0e-5c58-4c0e-9d8e-3f4d6a9b7c21")
"""Under which the ids of our orders are derived. Another value would make every order a new one."""
_UNDER: Final = ORDERS.bytes


class Written(str):
    """A canonical text, to stand as it is in that of something greater: it is not written again."""

    __slots__ = ()


def written(value: object) -> Written:
    """Write a value that stands in many others; see `canonical`."""
    return Written(_text(value))


def canonical(value: object) -> str:
    """Write a value as the one JSON text that stands for it: sorted keys, no float, UTC times.

    Raises:
        InvalidValueError: the value holds something that has no exact text, such as a float, or a
            time that is not in UTC and would make another name of the same instant.
    """
    return _text(value)


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical text, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def decision_id(
    *, namespace: str, strategy_id: str, timeframe: str, closed_at: datetime
) -> DecisionId:
    """Name the decision of one strategy on one bar.

    It is one for each bar, whatever re-runs: the configuration is not part of it, so that a
    changed setting cannot decide the same bar a second time.

    Source: STG-2.
    """
    return DecisionId("D" + digest([namespace, strategy_id, timeframe, closed_at])[:24])


def chance_seed(*, strategy_id: str, timeframe: str, closed_at: datetime) -> int:
    """Return what a strategy that draws at random begins from: the same whenever it decides a bar.

    It is one for live, paper and backtest, so that all of them draw alike.

    Source: STG-1.
    """
    return int(digest([strategy_id, timeframe, closed_at])[:16], 16)


def intent_id(decision: DecisionId, *, pair: str, side: str) -> IntentId:
    """Name what a decision wants of one pair.

    Source: OMS-1. The decision stands for strategy, bar and namespace.
    """
    return IntentId("I" + digest([decision, pair, side])[:24])


def cl_ord_id(intent: IntentId, attempt: int, *, role: str = "") -> ClOrdId:
    """Name one attempt to place an intent at Kraken, as a UUID.

    Args:
        intent: what is wanted.
        attempt: counts from 1.
        role: what else than the intent itself is placed for it, such as `protect`.

    Source: OMS-1; Kraken takes a UUID of 36 characters as `cl_ord_id`.
    """
    return ClOrdId(_named(_attempt(intent, attempt, role)))


def local_order_id(intent: IntentId, attempt: int, *, role: str = "") -> str:
    """Name the same attempt in our own books; the first of an intent bears its name."""
    if attempt == 1 and not role:
        return "O" + intent[1:]
    return "O" + digest(_attempt(intent, attempt, role))[:24]


def plan_id(intents: Sequence[IntentId], assessed_at: datetime) -> PlanId:
    """Name what was approved together."""
    return PlanId("P" + digest([list(intents), assessed_at])[:16])


def _named(name: str) -> str:
    """Return the UUID of version 5 that a name has under `ORDERS`, as `uuid.uuid5` makes it.

    Without an object for each, which takes three times as long.

    Source: RFC 9562, 5.5.
    """
    hashed = bytearray(hashlib.sha1(_UNDER + name.encode(), usedforsecurity=False).digest()[:16])
    hashed[6] = hashed[6] & 0x0F | 0x50
    hashed[8] = hashed[8] & 0x3F | 0x80
    text = hashed.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _attempt(intent: IntentId, attempt: int, role: str) -> str:
    return "/".join(each for each in (intent, role, str(attempt)) if each)


@lru_cache(REMEMBERED)
def _amount(value: Decimal) -> str:
    return f'"{plain(decimal_from(value))}"'


@lru_cache(REMEMBERED)
def _instant(moment: datetime) -> str:
    return f'"{moment.isoformat()}"'


def _text(value: object) -> str:
    """Write a value of any type; each has its own way, and most are of a few types."""
    write = _WAYS.get(type(value))
    return _odd(value) if write is None else write(value)


def _odd(value: object) -> str:
    """Write a value of a type that is made of another."""
    for kind, write in _KINDS:
        if isinstance(value, kind):
            return write(value)
    raise InvalidValueError(f"{type(value).__name__} has no exact text")


def _nothing(value: object) -> str:
    return "null"


def _flag(value: object) -> str:
    return "true" if value else "false"


def _float(value: object) -> str:
    raise InvalidValueError(f"the float {value!r} has no exact text")


def _decimal(value: Decimal) -> str:
    # what is not finite is refused there, and cannot be remembered
    return _amount(value if value.is_finite() else decimal_from(value))


def _moment(value: datetime) -> str:
    # asked first: an instant of another zone is the same to the memory
    return _instant(require_utc(value))


def _mapping(value: Mapping[object, object]) -> str:
    named = {str(key): each for key, each in value.items()}
    return "{" + ",".join([f"{quoted(key)}:{_text(named[key])}" for key in sorted(named)]) + "}"


def _sequence(value: Iterable[object]) -> str:
    return "[" + ",".join([_text(each) for each in value]) + "]"


def _set(value: Iterable[str]) -> str:
    return _sequence(sorted(value))


_WAYS: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): _nothing,
    str: quoted,
    bool: _flag,
    int: int.__repr__,
    float: _float,
    Decimal: _decimal,
    datetime: _moment,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
    frozenset: _set,
    Written: str,
}
_KINDS: Final[tuple[tuple[Any, Callable[[Any], str]], ...]] = (
    (str, quoted),
    (int, int.__repr__),
    (float, _float),
    (Decimal, _decimal),
    (datetime, _moment),
    (Mapping, _mapping),
    (list | tuple, _sequence),
    (frozenset, _set),
)
"""What values are made of that are of a type of their own, such as an enum's."""
